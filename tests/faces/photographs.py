"""Real photographs that ordinary packages carry, as files somebody might upload."""

import io
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image, ImageOps


def jpeg(image: Image.Image, quality: int = 95) -> bytes:
    """The bytes of a JPEG."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _of_skimage(name: str) -> Image.Image:
    load: Callable[[], npt.NDArray[np.uint8]] = getattr(skimage.data, name)
    return Image.fromarray(load())


def astronaut() -> Image.Image:
    """Eileen Collins, 512 x 512 (scikit-image; NASA, public domain)."""
    return _of_skimage("astronaut")


def grace_hopper() -> Image.Image:
    """Grace Hopper, 512 x 600 (matplotlib; U.S. Navy, public domain)."""
    with Image.open(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg") as image:
        return image.copy()


def another_photo(image: Image.Image) -> Image.Image:
    """The same person on a photo that shares no byte with the first: mirrored, smaller, another light."""
    mirrored = ImageOps.mirror(image.convert("RGB"))
    return ImageOps.autocontrast(mirrored.resize((mirrored.width * 3 // 4, mirrored.height * 3 // 4)), cutoff=2)


def coffee() -> Image.Image:
    """A cup of coffee: a photograph without a face, 600 x 400 (scikit-image; Rachel Michetti, CC0)."""
    return _of_skimage("coffee")
