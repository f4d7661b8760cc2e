import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from encoder.alignment import Similarity, fit_similarity, invert_similarity, similarity_scale, warp_faces
from tests.encoder.golden.inputs import CHIPS, CROP_SIZE, gradient_photo

CPU = torch.device("cpu")
Pixels = npt.NDArray[np.uint8]
REFERENCE = Path(__file__).parent / "golden" / "dlib_reference.npz"


def similarity(scale: float, degrees: float, x: float, y: float) -> Similarity:
    cosine, sine = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def moved(points: npt.NDArray[np.float64], by: Similarity) -> npt.NDArray[np.float64]:
    return points @ by[:, :2].T + by[:, 2]


def residual(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64], by: Similarity) -> float:
    return float(((moved(source, by) - target) ** 2).sum())


def umeyama_by_singular_values(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> Similarity:
    """The general form of the paper, equations 40 to 42, with its sums as loops."""
    count = len(source)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    covariance, variance = np.zeros((2, 2)), 0.0
    for a, b in zip(source, target, strict=True):
        variance += sum((a - source_mean) ** 2) / count
        for i in range(2):
            for j in range(2):
                covariance[i, j] += (b - target_mean)[i] * (a - source_mean)[j] / count
    u, singular, v = np.linalg.svd(covariance)
    sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(v))])
    linear = (u @ sign @ v) * (np.trace(np.diag(singular) @ sign) / variance)
    return np.column_stack([linear, target_mean - linear @ source_mean])


def test_a_known_similarity_is_found_again() -> None:
    points = np.random.default_rng(0).normal(0, 30, (5, 2))
    for known in (similarity(1, 0, 0, 0), similarity(2.5, 33, -10, 4), similarity(0.1, -170, 3, 99)):
        assert np.allclose(fit_similarity(points, moved(points, known)), known)


def test_the_fit_agrees_with_umeyama_s_general_form() -> None:
    generator = np.random.default_rng(1)
    for _ in range(50):
        source, target = generator.normal(0, 30, (5, 2)), generator.normal(5, 20, (5, 2))
        assert np.allclose(fit_similarity(source, target), umeyama_by_singular_values(source, target))


def test_no_similarity_near_by_fits_better() -> None:
    generator = np.random.default_rng(2)
    source, target = generator.normal(0, 30, (5, 2)), generator.normal(5, 20, (5, 2))
    best = fit_similarity(source, target)
    for scale in (0.99, 1, 1.01):
        for degrees in (-1, 0, 1):
            for x in (-0.5, 0, 0.5):
                change = similarity(scale, degrees, x, -x)
                other = np.column_stack([change[:, :2] @ best[:, :2], change[:, :2] @ best[:, 2] + change[:, 2]])
                assert residual(source, target, best) <= residual(source, target, other) + 1e-9


def test_a_quarter_turn_by_hand() -> None:
    square = [(0, 0), (1, 0), (1, 1), (0, 1)]
    turned = [(0, 0), (0, 2), (-2, 2), (-2, 0)]  # clockwise as seen in a picture, and twice as large
    assert np.allclose(fit_similarity(square, turned), [[0, -2, 0], [2, 0, 0]])


def test_a_mirror_image_is_not_reached_by_a_reflection() -> None:
    points = np.array([(0, 0), (4, 0), (0, 1), (2, 5), (1, 1)], dtype=float)
    fit = fit_similarity(points, points * [-1, 1])
    assert np.linalg.det(fit[:, :2]) >= 0


def test_points_that_are_all_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="not all the same"):
        fit_similarity([(3, 3)] * 5, [(0, 0), (1, 0), (0, 1), (1, 1), (2, 2)])


def test_an_inverse_undoes_its_similarity() -> None:
    points = np.random.default_rng(0).normal(0, 30, (5, 2))
    there = similarity(0.7, 25, 13, -6)
    assert np.allclose(moved(moved(points, there), invert_similarity(there)), points)
    assert similarity_scale(invert_similarity(there)) == pytest.approx(1 / 0.7)


def test_a_similarity_of_scale_zero_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="scale 0"):
        invert_similarity(np.array([[0, 0, 5], [0, 0, 5.0]]))


def warp(photo: Pixels, to_photo: Similarity, size: int) -> Pixels:
    result: Pixels = warp_faces([photo], [0], [to_photo], size, CPU)[0].permute(1, 2, 0).numpy()
    return result


def test_a_warp_by_whole_pixels_copies() -> None:
    photo = gradient_photo()
    assert np.array_equal(warp(photo, similarity(1, 0, 40, 30), 100), photo[30:130, 40:140])


def test_a_warp_by_a_quarter_turn_copies() -> None:
    photo = gradient_photo()
    crop = warp(photo, similarity(1, 90, 140, 30), 100)  # x of the crop runs down the photo, y to its left
    for row in range(0, 100, 9):
        for column in range(0, 100, 9):
            assert crop[row, column].tolist() == photo[30 + column, 139 - row].tolist()


def warp_by_loops(photo: Pixels, to_photo: Similarity, size: int) -> npt.NDArray[np.float64]:
    """Bilinear, pixel by pixel: each value stands at the center of its pixel, and black lies around the photo."""
    height, width = photo.shape[:2]
    crop = np.zeros((size, size, 3))
    for row in range(size):
        for column in range(size):
            x, y = to_photo @ (column + 0.5, row + 0.5, 1)
            left, top = math.floor(x - 0.5), math.floor(y - 0.5)
            for j, weight_y in ((top, top + 1.5 - y), (top + 1, y - top - 0.5)):
                for i, weight_x in ((left, left + 1.5 - x), (left + 1, x - left - 0.5)):
                    if 0 <= i < width and 0 <= j < height:
                        crop[row, column] += weight_x * weight_y * photo[j, i]
    return crop


@pytest.mark.parametrize(
    "to_photo",
    [
        similarity(1, 17, 60, 20),
        similarity(0.37, -40, 100.3, 90.7),
        similarity(0.8, 180, 150, 150),
        similarity(0.9, 5, -20, -13),
        similarity(0.95, 0, 290, 210),
        similarity(0.5, 0, 1000, 1000),
    ],
    ids=["turned", "enlarged", "upside down", "beyond top left", "beyond bottom right", "wholly outside"],
)
def test_a_warp_that_does_not_shrink_agrees_with_loops(to_photo: Similarity) -> None:
    photo = gradient_photo()
    assert np.abs(warp(photo, to_photo, 40) - warp_by_loops(photo, to_photo, 40)).max() < 0.6  # it rounds


def test_a_warp_agrees_with_the_chips_that_dlib_cuts() -> None:
    stored = np.load(REFERENCE)["chips"].astype(int)  # every seventh row and column
    photo = gradient_photo()
    for chip, place in zip(stored, CHIPS, strict=True):
        crop = warp(photo, chip_to_photo(*place), CROP_SIZE)[::7, ::7]
        difference = chip - crop
        # dlib cuts decimals off where we round, and is black already where half of a pixel is outside of the photo
        assert ((difference == 0) | (difference == -1)).mean() > 0.98
        if place[0] >= 0:
            assert set(np.unique(difference)) <= {-1, 0}


def chip_to_photo(left: float, top: float, right: float, bottom: float, degrees: float) -> Similarity:
    """dlib's chips: the centers of the corner pixels lie on the rectangle's corners, turned about its center."""
    scale = (right - left) / (CROP_SIZE - 1)
    turn = similarity(scale, degrees, 0, 0)
    center = np.array([(left + right) / 2 + 0.5, (top + bottom) / 2 + 0.5])
    turn[:, 2] = center - turn[:, :2] @ (CROP_SIZE / 2, CROP_SIZE / 2)
    return turn


def test_strong_shrinking_averages_instead_of_picking_single_pixels() -> None:
    stripes = np.zeros((1200, 1200, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    for degrees in (0, 20):
        crop = warp(stripes, similarity(7.3, degrees, 350, 150), 60)
        assert np.abs(crop.astype(float) - 127.5).max() < 12


def test_shrinking_keeps_things_in_their_places() -> None:
    photo = np.zeros((800, 800, 3), dtype=np.uint8)
    photo[392:408, 492:508] = 255  # centered on (500, 400)
    to_photo = similarity(6, 30, 300, 100)
    weights = warp(photo, to_photo, 100)[:, :, 0].astype(float)
    rows, columns = np.mgrid[0:100, 0:100] + 0.5
    x, y = (columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()
    assert np.allclose(to_photo @ (x, y, 1), (500, 400), atol=1.5)  # a quarter of a pixel of the crop


def test_crops_of_photos_of_different_sizes_together_are_as_each_alone() -> None:
    photo = gradient_photo()
    photos = [photo, photo[:100, :120], photo[::-1]]
    owners = [2, 0, 1, 0]
    maps = [similarity(1, 10, 50, 50), similarity(3, -5, 10, 5), similarity(0.4, 60, 50, 20), similarity(1, 0, 0, 0)]
    together = warp_faces(photos, owners, maps, 50, CPU)
    for crop, owner, to_photo in zip(together, owners, maps, strict=True):
        alone = warp_faces([photos[owner]], [0], [to_photo], 50, CPU)[0]
        assert (crop.int() - alone.int()).abs().max() <= 1


def test_no_faces_make_no_crops() -> None:
    assert warp_faces([gradient_photo()], [], [], 50, CPU).shape == (0, 3, 50, 50)
