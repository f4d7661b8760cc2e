"""Real photographs that ordinary packages carry."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import skimage
from PIL import Image

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"
HOPPER = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def astronaut() -> npt.NDArray[np.uint8]:
    """Eileen Collins, 512 x 512 (NASA, in the public domain)."""
    return np.array(Image.open(ASTRONAUT).convert("RGB"))


def hopper() -> npt.NDArray[np.uint8]:
    """Grace Hopper, 512 wide and 600 high (US Navy, in the public domain)."""
    return np.array(Image.open(HOPPER).convert("RGB"))
