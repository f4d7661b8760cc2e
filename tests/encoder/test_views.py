import itertools
import math

import numpy as np
import pytest
import torch

from encoder.images import Pixels
from encoder.spec import View
from encoder.views import ViewMaker

CPU = torch.device("cpu")
VIEWS = [
    View(degrees=9),
    View(degrees=-33, mirrored=True),
    View(scale=1.25),
    View(degrees=4, scale=0.8),
    View(degrees=170, scale=2, mirrored=True),
]


def random_crops(count: int, size: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def views_of(crops: Pixels, *views: View) -> Pixels:
    result: Pixels = ViewMaker(views, crops.shape[1], CPU)(torch.from_numpy(crops)).numpy()
    return result


def view_by_loops(crop: Pixels, view: View) -> Pixels:
    """Turned, then enlarged, then mirrored: each pixel looks up, backwards, where it comes from."""
    size = len(crop)
    result = np.empty_like(crop)
    for row, column, channel in itertools.product(range(size), range(size), range(3)):
        x, y = column + 0.5 - size / 2, row + 0.5 - size / 2
        if view.mirrored:
            x = -x
        x, y = x / view.scale, y / view.scale
        back = math.radians(-view.degrees)
        x, y = x * math.cos(back) - y * math.sin(back), x * math.sin(back) + y * math.cos(back)
        across = min(max(x + size / 2 - 0.5, 0.0), size - 1.0)
        down = min(max(y + size / 2 - 0.5, 0.0), size - 1.0)
        value = 0.0
        for i, j in itertools.product(range(size), range(size)):
            share = max(0.0, 1 - abs(down - i)) * max(0.0, 1 - abs(across - j))
            value += share * float(crop[i, j, channel]) if share else 0.0
        result[row, column, channel] = round(value)
    return result


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_view_is_what_loops_over_its_pixels_make(view: View) -> None:
    (crop,) = random_crops(1, 12)
    ((ours,),) = views_of(crop[None], view)
    assert np.abs(ours.astype(int) - view_by_loops(crop, view).astype(int)).max() <= 1  # float32 against float64


def test_the_plain_view_is_the_crop_and_the_mirrored_one_its_mirror_image() -> None:
    crops = random_crops(3, 8)
    plain, mirrored = views_of(crops, View(), View(mirrored=True))
    assert np.array_equal(plain, crops)
    assert np.array_equal(mirrored, crops[:, :, ::-1])


def test_a_quarter_turn_goes_clockwise_and_moves_whole_pixels() -> None:
    crops = random_crops(2, 7)
    (turned,) = views_of(crops, View(degrees=90))
    assert np.array_equal(turned, np.rot90(crops, k=-1, axes=(1, 2)))


def test_a_crop_twice_as_large_shows_its_middle() -> None:
    crop = np.zeros((1, 8, 8, 3), np.uint8)
    crop[:, 2:6, 2:6] = 160
    ((larger,),) = views_of(crop, View(scale=2))
    assert (larger[1:7, 1:7] == 160).all()
    assert larger[0, 0].tolist() == [90, 90, 90]  # 160 * 0.75 * 0.75


def test_beyond_the_edge_its_pixels_go_on() -> None:
    crop = np.full((1, 10, 10, 3), 90, np.uint8)
    (turned, smaller) = views_of(crop, View(degrees=45), View(scale=0.5))
    assert (turned == 90).all()
    assert (smaller == 90).all()


def test_views_come_in_their_order_and_crops_in_theirs() -> None:
    crops = random_crops(4, 9)
    views = (View(degrees=5), View(mirrored=True), View(degrees=-5, mirrored=True), View())
    together = views_of(crops, *views)
    assert together.shape == (4, 4, 9, 9, 3)
    for view, made in zip(views, together, strict=True):
        for crop, one in zip(crops, made, strict=True):
            assert np.array_equal(one, views_of(crop[None], view)[0, 0])


def test_without_crops_there_are_no_views() -> None:
    assert views_of(random_crops(0, 9), View(), View(degrees=5)).shape == (2, 0, 9, 9, 3)
