"""Pictures that are the same on every machine: the inputs of the stored reference outputs."""

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

CROP_SIZE = 150


def random_crops() -> Pixels:
    """(16, 150, 150, 3): mosaics from coarse to fine, noise, and the two flat extremes, in whole numbers only."""
    generator = np.random.Generator(np.random.PCG64(20170212))
    mosaics = []
    for tile in (50, 50, 30, 30, 25, 15, 15, 10, 10, 6, 5, 3, 2, 1):
        cells = CROP_SIZE // tile
        colors = generator.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        mosaics.append(colors.repeat(tile, axis=0).repeat(tile, axis=1))
    flat = [np.full((CROP_SIZE, CROP_SIZE, 3), value, dtype=np.uint8) for value in (0, 255)]
    return np.stack([*mosaics, *flat])


def astronaut_crop(photo: Pixels) -> Pixels:
    """The face of scikit-image's astronaut, cut out without resampling."""
    return photo[40:190, 147:297]


def hopper_crop(photo: Pixels) -> Pixels:
    """The face of matplotlib's Grace Hopper, every second pixel."""
    return photo[70:370:2, 110:410:2]


def gradient_photo() -> Pixels:
    """(240, 320, 3): three ramps with a period of their own, so that each place looks different and is smooth."""
    y, x = np.mgrid[0:240, 0:320]

    def wave(phase: npt.NDArray[np.int64], period: int) -> npt.NDArray[np.int64]:
        """A triangle from 0 to 255 and back."""
        return np.abs((phase * 510 // period) % 510 - 255)

    return np.stack([wave(x + y, 67), wave(2 * x - y, 131), wave(3 * y - x, 197)], axis=2).astype(np.uint8)


CHIPS = (
    # left, top, right, bottom (centers of the first and the last pixel of the chip), clockwise degrees
    (80.0, 60.0, 229.0, 209.0, 0.0),
    (100.0, 40.0, 220.0, 160.0, 0.0),
    (90.5, 50.25, 210.5, 170.25, 25.0),
    (60.0, 45.0, 200.0, 185.0, -40.0),
    (-30.0, -20.0, 90.0, 100.0, 10.0),
)
"""Places of `gradient_photo` that dlib cut chips from, without shrinking; the last one reaches beyond the photo."""
