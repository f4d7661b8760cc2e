import numpy as np
import numpy.typing as npt
import pytest

from encoder.geometry import BoundingBox, FaceQuality, Landmarks
from encoder.quality import HEAD, QualityLimits, QualityProblem, assess, head_pose, quality_problems
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.inputs import astronaut_crop
from tests.encoder.golden.package_photos import astronaut

BOX = BoundingBox(0, 0, 100, 120)
FRONTAL = Landmarks.from_array(DLIB_RESNET_SPEC.alignment)
GOOD = FaceQuality(size=100, sharpness=0.8, brightness=0.5, yaw=5, pitch=-5, roll=20, score=0.9)


def turned_head(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float64]:
    """The five points of a head that is first tipped, then turned, then tilted, seen from far away."""
    y, p, r = np.radians([-yaw, -pitch, roll])  # right-handed about y (down) and x (right)
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points: npt.NDArray[np.float64] = (HEAD @ (about_z @ about_y @ about_x).T)[:, :2] * 54 + (200, 300)
    return points


@pytest.mark.parametrize("yaw", [-60, -15, 0, 30])
@pytest.mark.parametrize("pitch", [-40, 0, 25])
@pytest.mark.parametrize("roll", [-90, -10, 0, 45])
def test_the_pose_of_a_turned_head_is_found_again(yaw: float, pitch: float, roll: float) -> None:
    assert head_pose(turned_head(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_the_pose_depends_neither_on_place_nor_on_size() -> None:
    points = turned_head(20, -10, 5)
    assert head_pose(points * 7 - 1000) == pytest.approx(head_pose(points))


def test_the_factory_alignment_looks_straight_ahead() -> None:
    assert np.abs(head_pose(DLIB_RESNET_SPEC.alignment)).max() < 1


def test_a_nose_moved_to_the_right_is_a_face_turned_to_the_right() -> None:
    points = FRONTAL.as_array()
    points[2, 0] += 10
    assert head_pose(points)[0] > 5


def test_a_nose_moved_up_is_a_face_that_looks_up() -> None:
    points = FRONTAL.as_array()
    points[2, 1] -= 10
    assert head_pose(points)[1] > 5


def test_eyes_that_fall_to_the_right_are_a_head_tilted_clockwise() -> None:
    assert head_pose(turned_head(0, 0, 12))[2] == pytest.approx(12)
    left_eye, right_eye = turned_head(0, 0, 12)[:2]
    assert right_eye[1] > left_eye[1]


def test_landmarks_in_one_heap_have_a_pose_all_the_same() -> None:
    assert np.isfinite(head_pose(np.full((5, 2), 7.0))).all()


def blurred(crop: npt.NDArray[np.uint8], times: int) -> npt.NDArray[np.uint8]:
    """A box blur of 3 x 3 pixels, so many times."""
    values = crop.astype(float)
    for _ in range(times):
        padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
        values = sum(padded[i : i + 150, j : j + 150] for i in range(3) for j in range(3)) / 9  # type: ignore[assignment]
    return values.round().astype(np.uint8)


def test_sharpness_falls_with_every_blur_and_the_score_with_it() -> None:
    crops = [blurred(astronaut_crop(astronaut()), times) for times in (0, 2, 8, 30)]
    qualities = [assess(BOX, FRONTAL, crop) for crop in crops]
    sharpness = [quality.sharpness for quality in qualities]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 0.8
    assert sharpness[3] < 0.2
    scores = [quality.score for quality in qualities]
    assert scores == sorted(scores, reverse=True)


def test_sharpness_does_not_depend_on_contrast() -> None:
    crop = blurred(astronaut_crop(astronaut()), 3)
    pale = (crop.astype(float) * 0.5 + 60).round().astype(np.uint8)
    assert assess(BOX, FRONTAL, pale).sharpness == pytest.approx(assess(BOX, FRONTAL, crop).sharpness, abs=0.05)


@pytest.mark.parametrize("value", [0, 64, 128, 255])
def test_brightness_is_the_mean_luma_and_a_flat_crop_has_no_sharpness(value: int) -> None:
    quality = assess(BOX, FRONTAL, np.full((150, 150, 3), value, np.uint8))
    assert quality.brightness == pytest.approx(value / 255, abs=1e-3)
    assert quality.sharpness == 0


def test_size_is_the_shorter_side_of_the_box() -> None:
    assert assess(BoundingBox(10, 10, 70, 50), FRONTAL, astronaut_crop(astronaut())).size == 40


@pytest.mark.parametrize("side", [1, 10, 50, 500])
@pytest.mark.parametrize("value", [0, 100, 255])
def test_the_score_lies_between_0_and_1(side: float, value: int) -> None:
    crop = astronaut_crop(astronaut()) // 2 + np.uint8(value // 2)
    assert 0 <= assess(BoundingBox(0, 0, side, side), FRONTAL, crop).score <= 1


def test_a_better_face_has_a_better_score() -> None:
    crop = astronaut_crop(astronaut())
    good = assess(BOX, FRONTAL, crop).score
    assert good > 0.8
    assert assess(BoundingBox(0, 0, 30, 30), FRONTAL, crop).score < good
    assert assess(BOX, Landmarks.from_array(turned_head(60, 0, 0)), crop).score < good
    assert assess(BOX, FRONTAL, crop // 8).score < good
    assert assess(BOX, Landmarks.from_array(turned_head(0, 0, 40)), crop).score == pytest.approx(good, abs=0.02)


def changed(**change: float) -> FaceQuality:
    return FaceQuality(**{**{name: getattr(GOOD, name) for name in FaceQuality.__slots__}, **change})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"size": 39.9}, "too_small"),
        ({"sharpness": 0.1}, "too_blurred"),
        ({"brightness": 0.05}, "too_dark"),
        ({"brightness": 0.95}, "too_bright"),
        ({"yaw": -55.0}, "turned_away"),
        ({"pitch": 50.0}, "turned_away"),
    ],
)
def test_each_problem_is_named(change: dict[str, float], problem: str) -> None:
    assert quality_problems(changed(**change)) == (problem,)


def test_a_good_face_has_no_problem_even_if_it_is_tilted() -> None:
    assert quality_problems(GOOD) == ()
    assert quality_problems(changed(roll=90.0)) == ()


def test_a_value_exactly_at_a_limit_is_within_it() -> None:
    limits = QualityLimits()
    assert quality_problems(changed(size=limits.min_size, sharpness=limits.min_sharpness)) == ()
    assert quality_problems(changed(brightness=limits.max_brightness, yaw=limits.max_yaw)) == ()


def test_several_problems_come_gravest_first() -> None:
    found = quality_problems(changed(sharpness=0.0, size=1.0, brightness=0.0))
    assert found == (QualityProblem.TOO_SMALL, QualityProblem.TOO_BLURRED, QualityProblem.TOO_DARK)


def test_the_limits_may_be_others() -> None:
    assert quality_problems(GOOD, QualityLimits(min_size=200)) == ("too_small",)
