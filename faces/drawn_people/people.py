"""Many drawn people."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from faces.drawn_people.identity import Identity, draw_identity
from faces.drawn_people.photo import draw_photo


def draw_people(
    count: int, photos_each: int, seed: int = 0, *, size: tuple[int, int] = (400, 400)
) -> Iterator[tuple[Identity, int, npt.NDArray[np.uint8]]]:
    """Draw count people with photos_each photos: (person, number of the photo from 0, picture), one at a time.

    The people are draw_identity(seed), draw_identity(seed + 1), ... Every picture depends on its numbers only, so parts
    of the work can be done elsewhere and in any order by draw_photo(draw_identity(seed + i), number).
    """
    for person in range(count):
        identity = draw_identity(seed + person)
        for number in range(photos_each):
            yield identity, number, draw_photo(identity, number, size)
