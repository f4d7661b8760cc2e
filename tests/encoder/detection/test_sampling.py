import numpy as np
import pytest
import torch

from encoder.detection.sampling import cut_squares, resize, shrink_to_area, to_tensor

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


def test_a_cut_within_the_picture_at_its_own_size_is_a_copy() -> None:
    pixels = noise(60, 80)
    cut = cut_squares([to_tensor(pixels, CPU)], [0], np.array([[10, 20, 34, 44]], np.float32), 24)
    assert np.array_equal(cut[0].permute(1, 2, 0).numpy(), pixels[20:44, 10:34])


def test_what_lies_outside_of_the_picture_is_black() -> None:
    pixels = np.full((30, 40, 3), 200, dtype=np.uint8)
    squares = np.array([[-12, -6, 12, 18], [30, 20, 54, 44], [100, 100, 124, 124], [-60, 0, -36, 24]], np.float32)
    cuts = cut_squares([to_tensor(pixels, CPU)], [0] * 4, squares, 24)
    for cut, (left, top, _, _) in zip(cuts, squares.astype(int).tolist(), strict=True):
        for row in range(24):
            for column in range(24):
                inside = 0 <= top + row < 30 and 0 <= left + column < 40
                assert cut[:, row, column].tolist() == [200 * inside] * 3


def test_each_square_is_cut_out_of_its_own_picture() -> None:
    pictures = [to_tensor(np.full((30, 30 + index, 3), 10 * index, np.uint8), CPU) for index in range(5)]
    owners = [3, 1, 4, 0]
    cuts = cut_squares(pictures, owners, np.tile(np.array([[2, 2, 20, 20]], np.float32), (4, 1)), 24)
    assert cuts[:, 0, 12, 12].tolist() == [30, 10, 40, 0]


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
