"""Photos: deterministic, of the asked size, different where they should be, and faces to the encoder's eyes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from encoder.pipeline import FaceEncoder
from faces.drawn_people import draw_identity, draw_people, draw_photo, draw_shot, render_shot
from faces.drawn_people.photo import SMALLEST_SIDE

Picture: TypeAlias = npt.NDArray[np.uint8]


def test_the_same_seeds_give_the_same_pixels() -> None:
    first, second = draw_photo(draw_identity(3), 1, (160, 160)), draw_photo(draw_identity(3), 1, (160, 160))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("size", [(400, 400), (120, 200), (33, 32)])
def test_a_photo_has_the_asked_width_and_height(size: tuple[int, int]) -> None:
    photo = draw_photo(draw_identity(0), 0, size)
    assert photo.shape == (size[1], size[0], 3)
    assert photo.dtype == np.uint8


def test_a_photo_too_small_to_show_a_face_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{SMALLEST_SIDE} or more pixels a side, not 400x31"):
        draw_photo(draw_identity(0), 0, (400, 31))


def test_different_people_and_different_photos_of_one_person_differ() -> None:
    rng = np.random.default_rng(5)
    shot = draw_shot(rng)
    pictures = [
        render_shot(draw_identity(1), shot, (160, 160)),
        render_shot(draw_identity(2), shot, (160, 160)),
        render_shot(draw_identity(1), draw_shot(rng), (160, 160)),
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        difference = np.abs(pictures[one].astype(int) - pictures[other].astype(int))
        assert difference.mean() > 5


def test_draw_people_is_lazy_and_agrees_with_single_photos() -> None:
    some = list(islice(draw_people(1_000_000, 2, seed=8, size=(64, 64)), 3))
    assert [(identity.seed, number) for identity, number, _ in some] == [(8, 0), (8, 1), (9, 0)]
    np.testing.assert_array_equal(some[2][2], draw_photo(draw_identity(9), 0, (64, 64)))


def test_drawing_needs_neither_django_nor_torch() -> None:
    code = (
        "import sys; before = set(sys.modules); import faces.drawn_people; "
        "bad = {'django', 'torch', 'rest_framework'} & {name.split('.')[0] for name in set(sys.modules) - before}; "
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def photos() -> list[Picture]:
    """One photo of each of 40 people."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda seed: draw_photo(draw_identity(seed), seed, (200, 200)), range(40)))


@pytest.mark.slow
def test_the_detector_finds_95_of_100_drawn_faces(photos: list[Picture]) -> None:
    found = FaceEncoder.load().detect(photos)
    assert sum(len(faces) > 0 for faces in found) >= 38
