"""A pyramid laid out in one picture answers as its levels do alone."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from encoder.checkpoints import load_detector_networks
from encoder.convolution import centered
from encoder.detection.mosaic import CELL, FACTOR, NO_LEVEL, STRIDE, Mosaic, lay_out, strips_of
from encoder.detection.networks import DetectorInference
from encoder.detection.sampling import Stack, stack_alike, to_tensor
from tests.encoder.golden.package_photos import astronaut

SIDES = [(250, 250, 40), (97, 211, 20), (400, 90, 24), (41, 41, 40), (1080, 1920, 40)]


def mosaic_of(height: int, width: int, min_face: int) -> Mosaic:
    mosaic = lay_out(height, width, min_face)
    assert mosaic is not None
    return mosaic


def stack_of(*pictures: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Stack:
    (stack,) = stack_alike([to_tensor(picture, torch.device("cpu")) for picture in pictures], 10_000_000)
    return stack


@pytest.mark.parametrize(("height", "width", "min_face"), SIDES)
def test_levels_lie_within_the_mosaic_at_even_places_and_not_over_each_other(
    height: int, width: int, min_face: int
) -> None:
    mosaic = mosaic_of(height, width, min_face)
    taken = np.zeros((mosaic.height, mosaic.width), np.int64)
    for level in mosaic.levels:
        assert level.top % STRIDE == level.left % STRIDE == 0
        assert level.top + level.height <= mosaic.height
        assert level.left + level.width <= mosaic.width
        taken[level.top : level.top + level.height, level.left : level.left + level.width] += 1
    assert taken.max() == 1


@pytest.mark.parametrize(("height", "width", "min_face"), SIDES)
def test_levels_shrink_by_one_factor_from_the_smallest_face_until_a_cell_is_left(
    height: int, width: int, min_face: int
) -> None:
    levels = mosaic_of(height, width, min_face).levels
    assert levels[0].scale == CELL / min_face
    for larger, smaller in pairwise(levels):
        assert smaller.scale == pytest.approx(larger.scale * FACTOR)
    assert min(levels[-1].height, levels[-1].width) >= CELL > min(height, width) * levels[-1].scale * FACTOR


@pytest.mark.parametrize(("height", "width", "min_face"), SIDES)
def test_a_cell_counts_where_all_of_its_pixels_are_of_one_level(height: int, width: int, min_face: int) -> None:
    mosaic = mosaic_of(height, width, min_face)
    expected = np.full_like(mosaic.level_of, NO_LEVEL)
    for row in range(mosaic.level_of.shape[0]):
        for column in range(mosaic.level_of.shape[1]):
            top, left = row * STRIDE, column * STRIDE
            for index, level in enumerate(mosaic.levels):
                inside_down = level.top <= top and top + CELL <= level.top + level.height
                inside_across = level.left <= left and left + CELL <= level.left + level.width
                if inside_down and inside_across:
                    expected[row, column] = index
    assert np.array_equal(mosaic.level_of, expected)


def test_a_picture_smaller_than_the_faces_looked_for_has_no_mosaic() -> None:
    assert lay_out(39, 500, 40) is None
    assert lay_out(40, 40, 40) is not None


def test_every_cell_of_the_mosaic_answers_as_in_its_level_alone() -> None:
    network = DetectorInference(load_detector_networks()[0], torch.float32)
    photo = astronaut()
    stack = stack_of(photo, photo[::-1].copy())
    mosaic = mosaic_of(512, 512, 40)
    with torch.inference_mode():
        canvas = mosaic.draw(stack)
        together, together_offsets = network(centered(canvas, torch.float32))
        assert together.shape[1:] == mosaic.level_of.shape
        for index, level in enumerate(mosaic.levels):
            copy = canvas[:, :, level.top : level.top + level.height, level.left : level.left + level.width]
            alone, alone_offsets = network(centered(copy.contiguous(memory_format=torch.channels_last), torch.float32))
            rows, columns = np.nonzero(mosaic.level_of == index)
            own_rows, own_columns = rows - level.top // STRIDE, columns - level.left // STRIDE
            assert torch.allclose(together[:, rows, columns], alone[:, own_rows, own_columns], atol=1e-5)
            assert torch.allclose(
                together_offsets[:, :, rows, columns], alone_offsets[:, :, own_rows, own_columns], atol=1e-4
            )


def test_cells_come_back_with_their_corners_in_their_levels() -> None:
    mosaic = mosaic_of(250, 250, 40)
    probabilities = torch.zeros((2, *mosaic.level_of.shape))
    for place, index in ((0, 0), (1, 2)):
        level = mosaic.levels[index]
        probabilities[place, level.top // STRIDE + 3, level.left // STRIDE + 1] = 0.9
    outside = np.argwhere(mosaic.level_of == NO_LEVEL)[0]
    probabilities[0, outside[0], outside[1]] = 0.9
    picture, row, column = mosaic.cells(probabilities, 0.6)
    corners, scales = mosaic.corners(row.numpy(), column.numpy())
    assert picture.tolist() == [0, 1]
    assert corners.tolist() == [[2, 6], [2, 6]]
    assert scales.tolist() == pytest.approx([mosaic.levels[0].scale, mosaic.levels[2].scale])


@pytest.mark.parametrize("height", [12, 13, 75, 76, 324])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_strips_of_a_mosaic_answer_as_the_whole_does(height: int, count: int) -> None:
    network = DetectorInference(load_detector_networks()[0], torch.float32)
    generator = torch.Generator().manual_seed(height)
    pixels = torch.randint(0, 256, (2, height, 40, 3), generator=generator, dtype=torch.uint8).permute(0, 3, 1, 2)
    with torch.inference_mode():
        whole, whole_offsets = network(centered(pixels, torch.float32))
        strips = strips_of(pixels, count)
        answers = [network(centered(strip, torch.float32)) for strip in strips]
    assert 1 <= len(strips) <= count
    assert torch.allclose(torch.cat([chances for chances, _ in answers], dim=1), whole, atol=1e-5)
    assert torch.allclose(torch.cat([moves for _, moves in answers], dim=2), whole_offsets, atol=1e-4)
