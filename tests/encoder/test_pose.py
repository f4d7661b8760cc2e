import numpy as np
import pytest

from encoder.pose import head_poses
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.heads import turned_head

FRONTAL = np.array(DLIB_RESNET_SPEC.alignment)


@pytest.mark.parametrize("yaw", [-60, -15, 0, 30])
@pytest.mark.parametrize("pitch", [-40, 0, 25])
@pytest.mark.parametrize("roll", [-90, -10, 0, 45])
def test_the_pose_of_a_turned_head_is_found_again(yaw: float, pitch: float, roll: float) -> None:
    assert head_poses([turned_head(yaw, pitch, roll)])[0] == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_heads_are_told_apart_in_one_batch() -> None:
    angles = [(-30, 10, 0), (0, 0, 45), (50, -20, -5)]
    assert head_poses([turned_head(*angle) for angle in angles]) == pytest.approx(np.array(angles), abs=1e-6)
    assert head_poses(np.empty((0, 5, 2))).shape == (0, 3)


def test_the_pose_depends_neither_on_place_nor_on_size() -> None:
    points = turned_head(20, -10, 5)
    assert head_poses([points * 7 - 1000]) == pytest.approx(head_poses([points]))


def test_the_factory_alignment_looks_straight_ahead() -> None:
    assert np.abs(head_poses([FRONTAL])).max() < 1


def test_a_nose_moved_to_the_right_is_a_face_turned_to_the_right() -> None:
    points = FRONTAL.copy()
    points[2, 0] += 10
    assert head_poses([points])[0, 0] > 5


def test_a_nose_moved_up_is_a_face_that_looks_up() -> None:
    points = FRONTAL.copy()
    points[2, 1] -= 10
    assert head_poses([points])[0, 1] > 5


def test_eyes_that_fall_to_the_right_are_a_head_tilted_clockwise() -> None:
    assert head_poses([turned_head(0, 0, 12)])[0, 2] == pytest.approx(12)
    left_eye, right_eye = turned_head(0, 0, 12)[:2]
    assert right_eye[1] > left_eye[1]


def test_landmarks_in_one_heap_have_a_pose_all_the_same() -> None:
    assert np.isfinite(head_poses(np.full((1, 5, 2), 7.0))).all()
