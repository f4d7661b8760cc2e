from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from encoder.geometry import BoundingBox, DetectedFace, FaceQuality, Landmarks
from encoder.pipeline import FaceEncoder
from encoder.quality import (
    FACES_AT_ONCE,
    TYPICAL_AGREEMENT,
    QualityLimits,
    QualityProblem,
    Weaknesses,
    assess,
    quality_problems,
    score,
)
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.inputs import astronaut_crop, hopper_crop, random_crops
from tests.encoder.golden.package_photos import astronaut, hopper
from tests.encoder.heads import turned_head

Pixels = npt.NDArray[np.uint8]

BOX = BoundingBox(0, 0, 100, 120)
ALIGNMENT = DLIB_RESNET_SPEC.alignment
FRONTAL = DetectedFace(BOX, Landmarks.from_array(ALIGNMENT), 1.0)
GOOD = FaceQuality(size=100, sharpness=0.8, brightness=0.5, yaw=5, pitch=-5, roll=20, score=0.9)


def turned(yaw: float, pitch: float = 0, roll: float = 0) -> DetectedFace:
    return DetectedFace(BOX, Landmarks.from_array(turned_head(yaw, pitch, roll)), 1.0)


def quality_of(crop: Pixels, face: DetectedFace = FRONTAL, agreement: float = TYPICAL_AGREEMENT) -> FaceQuality:
    return assess([face], crop[None], ALIGNMENT, np.array([agreement], np.float32))[0]


def blurred(crop: Pixels, times: int) -> Pixels:
    """A box blur of 3 x 3 pixels, so many times."""
    values = crop.astype(float)
    for _ in range(times):
        padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
        values = sum(padded[i : i + 150, j : j + 150] for i in range(3) for j in range(3)) / 9  # type: ignore[assignment]
    return values.round().astype(np.uint8)


def falls(values: Sequence[float]) -> bool:
    return all(later < earlier for earlier, later in pairwise(values))


def test_sharpness_falls_with_every_blur_and_the_score_with_it() -> None:
    qualities = [quality_of(blurred(astronaut_crop(astronaut()), times)) for times in (0, 4, 8, 16, 40)]
    assert falls([quality.sharpness for quality in qualities])
    assert falls([quality.score for quality in qualities])
    assert qualities[0].sharpness > 0.8
    assert qualities[-1].sharpness < 0.3


def test_sharpness_does_not_depend_on_contrast() -> None:
    crop = blurred(astronaut_crop(astronaut()), 8)
    pale = (crop.astype(float) * 0.5 + 60).round().astype(np.uint8)
    assert quality_of(pale).sharpness == pytest.approx(quality_of(crop).sharpness, abs=0.02)


def test_noise_lowers_the_score_although_it_looks_like_detail() -> None:
    crop, rng = astronaut_crop(astronaut()), np.random.default_rng(0)
    noisy = [
        quality_of((crop + rng.normal(0, sigma, crop.shape)).round().clip(0, 255).astype(np.uint8))
        for sigma in (0, 30, 60, 100)
    ]
    assert falls([quality.score for quality in noisy])
    assert noisy[-1].sharpness >= noisy[0].sharpness


@pytest.mark.parametrize("value", [0, 64, 128, 255])
def test_brightness_is_the_mean_luma_and_a_flat_crop_has_no_sharpness(value: int) -> None:
    quality = quality_of(np.full((150, 150, 3), value, np.uint8))
    assert quality.brightness == pytest.approx(value / 255, abs=1e-3)
    assert quality.sharpness == 0


def test_brightness_is_that_of_the_face_and_not_of_what_surrounds_it() -> None:
    crop = np.full((150, 150, 3), 255, np.uint8)
    crop[24:127, 24:127] = 51
    assert quality_of(crop).brightness == pytest.approx(0.2, abs=1e-3)


def test_a_face_reads_the_same_in_a_crop_of_another_size() -> None:
    crop = blurred(hopper_crop(hopper()), 2)
    smaller = np.asarray(Image.fromarray(crop).resize((112, 112), Image.Resampling.BOX))
    alignment = tuple((x * 112 / 150, y * 112 / 150) for x, y in ALIGNMENT)
    same = assess([FRONTAL], smaller[None], alignment, np.array([TYPICAL_AGREEMENT], np.float32))[0]
    assert same.brightness == pytest.approx(quality_of(crop).brightness, abs=0.005)
    assert same.sharpness == pytest.approx(quality_of(crop).sharpness, abs=0.05)


def test_size_is_the_shorter_side_of_the_box() -> None:
    face = DetectedFace(BoundingBox(10, 10, 70, 50), FRONTAL.landmarks, 1.0)
    assert quality_of(astronaut_crop(astronaut()), face).size == 40


def test_faces_of_a_batch_are_assessed_as_each_alone() -> None:
    crops = np.concatenate([random_crops()] * 3)
    rng = np.random.default_rng(0)
    faces = [
        DetectedFace(BoundingBox(0, 0, *rng.uniform(20, 200, 2)), turned(*rng.uniform(-60, 60, 3)).landmarks, value)
        for value in rng.uniform(0.7, 1, len(crops))
    ]
    agreement = rng.uniform(0.9, 1, len(crops)).astype(np.float32)
    assert len(crops) > FACES_AT_ONCE
    together = assess(faces, crops, ALIGNMENT, agreement)
    for index, quality in enumerate(together):
        alone = assess(faces[index : index + 1], crops[index : index + 1], ALIGNMENT, agreement[index : index + 1])[0]
        assert [getattr(quality, name) for name in FaceQuality.__slots__] == pytest.approx(
            [getattr(alone, name) for name in FaceQuality.__slots__], abs=1e-4
        )


def test_no_faces_have_no_qualities() -> None:
    assert assess([], np.empty((0, 150, 150, 3), np.uint8), ALIGNMENT) == []


@pytest.mark.parametrize("crop", random_crops(), ids=str)
@pytest.mark.parametrize("detection_score", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("agreement", [0.0, 1.0])
def test_the_score_lies_between_0_and_1(crop: Pixels, detection_score: float, agreement: float) -> None:
    face = DetectedFace(BOX, turned(80, 60).landmarks, detection_score)
    assert 0 <= quality_of(crop, face, agreement).score <= 1


def test_the_score_falls_as_the_head_turns_but_not_as_it_tilts() -> None:
    crop = astronaut_crop(astronaut())
    assert falls([quality_of(crop, turned(yaw)).score for yaw in (20, 42, 50, 65)])
    assert falls([quality_of(crop, turned(0, pitch)).score for pitch in (0, 38, 50)])
    assert quality_of(crop, turned(0, 0, 40)).score == pytest.approx(quality_of(crop).score)


def test_the_score_falls_as_views_disagree_and_as_the_detector_doubts() -> None:
    crop = astronaut_crop(astronaut())
    assert falls([quality_of(crop, agreement=value).score for value in (0.999, 0.995, 0.99, 0.95)])
    doubted = [DetectedFace(BOX, FRONTAL.landmarks, value) for value in (1.0, 0.999, 0.99, 0.9)]
    assert falls([quality_of(crop, face).score for face in doubted])


def test_a_face_seen_once_passes_for_one_whose_views_agree_as_usual() -> None:
    crops = astronaut_crop(astronaut())[None]
    assert assess([FRONTAL], crops, ALIGNMENT)[0].score == pytest.approx(quality_of(crops[0]).score, abs=1e-5)


def test_each_weakness_lowers_the_score_or_leaves_it() -> None:
    for row in np.eye(6):
        weaknesses = Weaknesses(*np.array([0 * row, row, 2 * row]).T)
        scores = score(weaknesses)
        assert scores[0] >= scores[1] >= scores[2] > 0
        assert np.array_equal(weaknesses.as_array(), [0 * row, row, 2 * row])
    assert score(Weaknesses(*np.zeros((6, 1)))) > 0.95


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return FaceEncoder.load(device="cpu", precision="float32")


def test_views_agree_by_the_length_of_the_mean_of_their_embeddings(encoder: FaceEncoder) -> None:
    single = [
        FaceEncoder.load(replace(DLIB_RESNET_SPEC, views=(view,)), device="cpu", precision="float32")
        for view in encoder.spec.views
    ]
    crops = random_crops()[:6]
    views = np.stack([alone.embed(crops) for alone in single])
    embeddings, agreement = encoder.embed_views(crops)
    assert agreement is not None
    assert np.allclose(agreement, np.linalg.norm(views.mean(axis=0), axis=1), atol=1e-5)
    assert np.allclose(embeddings, encoder.embed(crops))
    assert single[0].embed_views(crops)[1] is None


def scores_of(encoder: FaceEncoder, pictures: Sequence[Image.Image]) -> list[float]:
    encoded = encoder.encode([np.asarray(picture) for picture in pictures])
    return [photo.faces[0].quality.score for photo in encoded]


def portrait() -> Image.Image:
    return Image.fromarray(astronaut()[:260, 90:350])


def test_a_real_photo_made_smaller_and_smaller_falls_in_score(encoder: FaceEncoder) -> None:
    sides = (260, 50, 36)
    smaller = [portrait().resize((side, side), Image.Resampling.BOX) for side in sides]
    assert falls(scores_of(encoder, smaller))


def test_a_real_photo_blurred_more_and_more_falls_in_score(encoder: FaceEncoder) -> None:
    radii = (0, 3, 4, 5, 6)
    assert falls(scores_of(encoder, [portrait().filter(ImageFilter.GaussianBlur(radius)) for radius in radii]))


@pytest.mark.parametrize("gains", [(0.5, 1, 1.7), (0.5, 0.25, 0.1)])
def test_a_real_photo_made_brighter_and_brighter_or_darker_and_darker_falls_in_score(
    encoder: FaceEncoder, gains: tuple[float, ...]
) -> None:
    lit = [Image.fromarray((astronaut()[:260, 90:350] * gain).clip(0, 255).astype(np.uint8)) for gain in gains]
    assert falls(scores_of(encoder, lit))


def changed(**change: float) -> FaceQuality:
    return FaceQuality(**{**{name: getattr(GOOD, name) for name in FaceQuality.__slots__}, **change})


LIMITS = QualityLimits()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"size": LIMITS.min_size - 0.1}, "too_small"),
        ({"sharpness": 0.1}, "too_blurred"),
        ({"brightness": 0.05}, "too_dark"),
        ({"brightness": 0.95}, "too_bright"),
        ({"yaw": -55.0}, "turned_away"),
        ({"pitch": 50.0}, "turned_away"),
        ({"score": 0.2}, "unclear"),
    ],
)
def test_each_problem_is_named(change: dict[str, float], problem: str) -> None:
    assert quality_problems(changed(**change)) == (problem,)


def test_a_good_face_has_no_problem_even_if_it_is_tilted() -> None:
    assert quality_problems(GOOD) == ()
    assert quality_problems(changed(roll=90.0)) == ()


def test_a_value_exactly_at_a_limit_is_within_it() -> None:
    assert quality_problems(changed(size=LIMITS.min_size, sharpness=LIMITS.min_sharpness)) == ()
    assert quality_problems(changed(brightness=LIMITS.max_brightness, yaw=LIMITS.max_yaw)) == ()
    assert quality_problems(changed(score=LIMITS.min_score)) == ()


def test_several_problems_come_gravest_first() -> None:
    found = quality_problems(changed(sharpness=0.0, size=1.0, brightness=0.0))
    assert found == (QualityProblem.TOO_SMALL, QualityProblem.TOO_BLURRED, QualityProblem.TOO_DARK)


def test_a_low_score_is_named_by_its_most_probable_cause() -> None:
    assert quality_problems(changed(sharpness=0.7, size=30)) == ()
    assert quality_problems(changed(score=0.4, sharpness=0.7)) == ("too_blurred",)
    assert quality_problems(changed(score=0.4, sharpness=0.7, size=30)) == ("too_small",)
    assert quality_problems(changed(score=0.4, yaw=-45)) == ("turned_away",)
    assert quality_problems(changed(score=0.4)) == ("unclear",)


def test_what_is_beyond_its_own_limit_needs_no_other_cause() -> None:
    assert quality_problems(changed(score=0.1, sharpness=0.1, size=30)) == ("too_blurred",)


def test_the_limits_may_be_others() -> None:
    assert quality_problems(GOOD, QualityLimits(min_size=200)) == ("too_small",)
