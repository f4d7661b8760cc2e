"""Copies of faces: turned, lit, and spoiled as by poor cameras."""

import io
from math import floor

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from torch import Tensor

from encoder.images import Pixels
from tests.encoder.golden.inputs import random_crops
from tests.encoder.golden.package_photos import astronaut
from training.configuration import Augmentation
from training.learning.augmentation import Augmenter, Key, Looks, Poverty, poor_copy, seen

CPU = torch.device("cpu")
UPRIGHT = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def faces(count: int = 3) -> Pixels:
    photo = astronaut()
    return np.stack([photo[40 + 3 * i : 190 + 3 * i, 147 : 147 + 150] for i in range(count)])


def copies(kind: Augmentation, keys: list[Key], *, seed: int = 0) -> Pixels:
    made: Pixels = Augmenter(kind, seed, CPU)(faces(len(keys)), keys).numpy()
    return made


def looked_at(picture: Pixels, turn: npt.NDArray[np.float32], light: tuple[float, float] = (1, 1)) -> Pixels:
    looks = Looks(turn[None].astype(np.float32), np.array([light], np.float32), [None])
    found: Tensor = seen(torch.from_numpy(picture[None]), looks)
    result: Pixels = found[0].numpy()
    return result


def detail(picture: Pixels) -> float:
    """How much neighboring pixels differ."""
    return float(np.abs(np.diff(picture.astype(float), axis=0)).mean())


def test_without_an_augmentation_faces_stay_as_they_are() -> None:
    assert np.array_equal(copies(Augmentation.NONE, [(1,), (2,), (3,)]), faces())


@pytest.mark.parametrize("kind", [Augmentation.USUAL, Augmentation.POOR_CAMERAS])
def test_a_copy_follows_from_seed_and_key_alone(kind: Augmentation) -> None:
    three = copies(kind, [(5, 1), (5, 2), (5, 3)])
    assert np.array_equal(copies(kind, [(5, 1), (5, 2), (5, 3)]), three)
    assert np.array_equal(copies(kind, [(5, 1), (9, 9)])[0], three[0])
    assert not np.array_equal(copies(kind, [(5, 4), (5, 2), (5, 3)])[0], three[0])
    assert not np.array_equal(copies(kind, [(5, 1), (5, 2), (5, 3)], seed=1)[0], three[0])


def test_the_usual_copies_are_the_same_face_a_little_different() -> None:
    originals = faces(40)
    made = copies(Augmentation.USUAL, [(key,) for key in range(40)])
    as_they_are = np.abs(made.astype(float) - originals).mean(axis=(1, 2, 3))
    mirrored = np.abs(made.astype(float) - originals[:, :, ::-1]).mean(axis=(1, 2, 3))
    assert np.minimum(as_they_are, mirrored).max() < 50
    assert 8 < (mirrored < as_they_are).sum() < 32
    assert not (made == originals).all(axis=(1, 2, 3)).any()


def test_poor_cameras_take_about_three_faces_of_four_and_leave_the_others_sharp() -> None:
    keys: list[Key] = [(key,) for key in range(60)]
    usual, mixed = copies(Augmentation.USUAL, keys), copies(Augmentation.POOR_CAMERAS, keys)
    is_sharp = (usual == mixed).all(axis=(1, 2, 3))
    assert 6 <= is_sharp.sum() <= 24
    for sharp, poor in zip(usual[~is_sharp], mixed[~is_sharp], strict=True):
        assert detail(poor) < 0.95 * detail(sharp)


def test_the_poor_copy_is_reduced_compressed_and_enlarged() -> None:
    face = faces(1)[0]
    file = io.BytesIO()
    Image.fromarray(face).resize((30, 30), Image.Resampling.BOX).save(file, "JPEG", quality=30)
    expected = Image.open(file).resize((150, 150), Image.Resampling.BICUBIC)
    assert np.array_equal(poor_copy(face, Poverty(side=30, quality=30, blur=0.0)), np.asarray(expected))


def test_each_way_of_being_poor_takes_detail_away() -> None:
    face = faces(1)[0]
    best = detail(poor_copy(face, Poverty(side=60, quality=60, blur=0.0)))
    assert best < detail(face)
    assert detail(poor_copy(face, Poverty(side=20, quality=60, blur=0.0))) < best
    assert detail(poor_copy(face, Poverty(side=60, quality=60, blur=1.0))) < best


def test_sizes_are_those_of_the_face_however_large_the_crop_is() -> None:
    small = np.asarray(Image.fromarray(faces(1)[0]).resize((75, 75), Image.Resampling.BOX))
    file = io.BytesIO()
    Image.fromarray(small).resize((15, 15), Image.Resampling.BOX).save(file, "JPEG", quality=50)
    expected = Image.open(file).resize((75, 75), Image.Resampling.BICUBIC)
    assert np.array_equal(poor_copy(small, Poverty(side=30, quality=50, blur=0.0)), np.asarray(expected))


def test_probes_are_all_poor_and_the_same_each_time_whoever_is_beside_them() -> None:
    augmenter = Augmenter(Augmentation.POOR_CAMERAS, 0, CPU)
    three = augmenter.probes(faces(), [4, 5, 6])
    assert np.array_equal(augmenter.probes(faces()[1:2], [5])[0], three[1])
    assert all(detail(probe) < 0.8 * detail(face) for probe, face in zip(three, faces(), strict=True))
    assert not np.array_equal(augmenter.probes(faces(), [7, 8, 9]), three)


@pytest.mark.parametrize("kind", [Augmentation.NONE, Augmentation.USUAL])
def test_without_poor_cameras_probes_are_the_faces(kind: Augmentation) -> None:
    assert np.array_equal(Augmenter(kind, 0, CPU).probes(faces(), [0, 1, 2]), faces())


def test_a_look_that_changes_nothing_changes_nothing() -> None:
    for crop in random_crops():
        assert np.array_equal(looked_at(crop, UPRIGHT), crop)


def test_a_mirrored_look_is_the_mirror_image() -> None:
    crop = random_crops()[5]
    assert np.array_equal(looked_at(crop, UPRIGHT * np.array([[-1], [1]])), crop[:, ::-1])


def test_a_turned_look_is_what_loops_over_pixels_make_of_it() -> None:
    picture = random_crops()[2, 30:42, 30:42]
    turn = np.array([[0.9, 0.2, 0.15], [-0.2, 0.9, -0.1]], np.float32)
    found, size = looked_at(picture, turn).astype(float), len(picture)
    for row in range(size):
        for column in range(size):
            place = np.array([(2 * column + 1) / size - 1, (2 * row + 1) / size - 1, 1])  # of the pixel's center
            x, y = (((turn @ place + 1) * size - 1) / 2).clip(0, size - 1)
            left, top = min(floor(x), size - 2), min(floor(y), size - 2)
            right, bottom = x - left, y - top
            expected = (1 - bottom) * (
                (1 - right) * picture[top, left] + right * picture[top, left + 1].astype(float)
            ) + bottom * ((1 - right) * picture[top + 1, left] + right * picture[top + 1, left + 1].astype(float))
            assert found[row, column] == pytest.approx(expected, abs=0.51)


def test_light_changes_contrast_about_middle_grey_and_then_brightness() -> None:
    picture = np.array([[[0, 128, 255], [28, 128, 228]], [[128, 128, 128], [1, 2, 3]]], np.uint8)
    assert looked_at(picture, UPRIGHT, (0.5, 1.0))[0].tolist() == [[64, 128, 192], [78, 128, 178]]
    assert looked_at(picture, UPRIGHT, (1.0, 1.25))[0].tolist() == [[0, 160, 255], [35, 160, 255]]
