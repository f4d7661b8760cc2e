"""What the detector looks at, against nested loops."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch

from encoder.detection.sampling import cut_squares, resize, shrink_to_area, stack_alike, to_tensor

Pixels = npt.NDArray[np.uint8]

CPU = torch.device("cpu")


def noise(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_tensor_shares_the_memory_of_a_writable_array() -> None:
    pixels = noise(20, 30)
    tensor = to_tensor(pixels, CPU)
    pixels[3, 4, 1] = 77
    assert tensor.shape == (1, 3, 20, 30)
    assert tensor[0, 1, 3, 4] == 77


def test_a_tensor_of_a_read_only_or_turned_array_is_a_copy() -> None:
    pixels = noise(20, 30)
    pixels.flags.writeable = False
    assert np.array_equal(to_tensor(pixels, CPU)[0].permute(1, 2, 0).numpy(), pixels)
    turned = pixels[::-1].transpose(1, 0, 2)
    assert np.array_equal(to_tensor(turned, CPU)[0].permute(1, 2, 0).numpy(), turned)


def cut(pictures: Sequence[Pixels], owners: list[int], squares: npt.ArrayLike, size: int) -> npt.NDArray[np.float32]:
    """Whole pixel values, (K, size, size, 3)."""
    stacks = stack_alike([to_tensor(picture, CPU) for picture in pictures], 1_000_000)
    crops = cut_squares(stacks, np.array(owners), np.array(squares, np.float32), size)
    return crops.permute(0, 2, 3, 1).numpy() + 128


def bilinear(picture: npt.NDArray[np.float64], x: float, y: float) -> npt.NDArray[np.float64]:
    """The value at a point, pixel centers at halves, the border going on outwards."""
    height, width = picture.shape[:2]
    column, row = min(max(x - 0.5, 0), width - 1), min(max(y - 0.5, 0), height - 1)
    left, top = int(column), int(row)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = column - left, row - top
    above = picture[top, left] * (1 - across) + picture[top, right] * across
    below = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    result: npt.NDArray[np.float64] = above * (1 - down) + below * down
    return result


def test_a_cut_within_the_picture_at_its_own_size_is_a_copy() -> None:
    pixels = noise(60, 80)
    assert np.allclose(cut([pixels], [0], [[10, 20, 34, 44]], 24)[0], pixels[20:44, 10:34], atol=1e-2)


def test_what_lies_outside_of_the_picture_is_black() -> None:
    pixels = np.full((30, 40, 3), 200, dtype=np.uint8)
    squares = [[-12, -6, 12, 18], [30, 20, 54, 44], [100, 100, 124, 124], [-60, 0, -36, 24]]
    for crop, (left, top, _, _) in zip(cut([pixels], [0] * 4, squares, 24), squares, strict=True):
        for row in range(24):
            for column in range(24):
                inside = 0 <= top + row < 30 and 0 <= left + column < 40
                assert crop[row, column].tolist() == pytest.approx([200 * inside] * 3, abs=1e-3)


def test_a_square_reaches_not_into_the_picture_stacked_below_its_own() -> None:
    pictures = [np.full((30, 40, 3), value, dtype=np.uint8) for value in (50, 250)]
    upper, lower = cut(pictures, [0, 1], [[0, 6, 24, 30], [0, 0, 24, 24]], 24)
    assert np.allclose(upper, 50, atol=1e-3)
    assert np.allclose(lower, 250, atol=1e-3)


@pytest.mark.parametrize("side", [12, 20, 24, 30])
def test_cutting_interpolates_between_pixels_as_nested_loops_do(side: int) -> None:
    pictures = [noise(33, 41), noise(40, 50), noise(33, 41)[::-1].copy()]
    squares = [[3, 2, 3 + side, 2 + side], [10, 2, 10 + side, 2 + side], [7, 1, 7 + side, 1 + side]]
    for owner, (crop, (left, top, _, _)) in enumerate(zip(cut(pictures, [0, 1, 2], squares, 24), squares, strict=True)):
        for row in range(24):
            for column in range(24):
                x, y = left + (column + 0.5) * side / 24, top + (row + 0.5) * side / 24
                assert np.allclose(crop[row, column], bilinear(pictures[owner].astype(float), x, y), atol=0.02)


@pytest.mark.parametrize(("side", "halvings"), [(48, 1), (50, 1), (96, 2), (200, 3)])
def test_a_large_square_is_cut_out_of_a_reduced_picture(side: int, halvings: int) -> None:
    picture = noise(211, 207)
    reduced = stack_alike([to_tensor(picture, CPU)], 1_000_000)[0].reduced(halvings)[0].permute(1, 2, 0).numpy()
    assert reduced.shape[:2] == (-(-211 // 2**halvings), -(-207 // 2**halvings))
    (crop,) = cut([picture], [0], [[4, 3, 4 + side, 3 + side]], 24)
    for row in range(24):
        for column in range(24):
            x = (4 + (column + 0.5) * side / 24) * reduced.shape[1] / 207
            y = (3 + (row + 0.5) * side / 24) * reduced.shape[0] / 211
            assert np.allclose(crop[row, column], bilinear(reduced.astype(float), x, y), atol=0.02)


def test_each_square_is_cut_out_of_its_own_picture_whatever_their_sizes_and_order() -> None:
    pictures = [np.full((30 + index % 2, 30 + index % 3, 3), 10 * index, np.uint8) for index in range(7)]
    owners = [3, 1, 6, 4, 0, 6]
    assert cut(pictures, owners, [[2, 2, 20, 20]] * 6, 24)[:, 12, 12, 0].tolist() == [30, 10, 60, 40, 0, 60]


def test_no_squares_make_no_crops() -> None:
    assert cut([noise(30, 30)], [], np.empty((0, 4)), 24).shape == (0, 24, 24, 3)


def test_pictures_are_stacked_with_those_of_their_size_up_to_an_area() -> None:
    sizes = [(20, 30), (30, 20), (20, 30), (20, 30), (90, 90)]
    stacks = stack_alike([to_tensor(noise(*size), CPU) for size in sizes], 1200)
    assert [stack.owners.tolist() for stack in stacks] == [[0, 2], [3], [1], [4]]


def test_shrinking_averages_instead_of_picking_single_pixels() -> None:
    stripes = np.zeros((128, 128, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = resize(to_tensor(stripes, CPU), 16, 16)
    assert small[:, :, :, 1:-1].float().sub(127.5).abs().max() <= 6


def test_a_picture_within_the_area_stays_as_it_is() -> None:
    picture = to_tensor(noise(50, 80), CPU)
    assert shrink_to_area(picture, 50 * 80) is picture


@pytest.mark.parametrize(("height", "width"), [(300, 400), (1, 5000), (4000, 3)])
def test_a_larger_picture_shrinks_to_about_the_area_in_its_proportions(height: int, width: int) -> None:
    small = shrink_to_area(to_tensor(noise(height, width), CPU), 1000)
    small_height, small_width = small.shape[2:]
    assert small_height == max(round(height * (1000 / (height * width)) ** 0.5), 1)
    assert small_width == max(round(width * (1000 / (height * width)) ** 0.5), 1)
