import numpy as np
import pytest

from encoder.geometry import (
    BoundingBox,
    EncodedFace,
    EncodedPhoto,
    FaceQuality,
    Landmarks,
    Point,
    main_face,
)

LANDMARKS = Landmarks(Point(1, 2), Point(3, 4), Point(5, 6), Point(7, 8), Point(9.5, 10.25))


def face(left: float, top: float, side: float) -> EncodedFace:
    quality = FaceQuality(side, 1, 0.5, 0, 0, 0, 1)
    box = BoundingBox(left, top, left + side, top + side)
    return EncodedFace(box, LANDMARKS, 0.9, quality, np.eye(1, 128, dtype=np.float32)[0])


def test_a_box_tells_width_height_area_and_center() -> None:
    box = BoundingBox(left=10, top=20, right=40, bottom=80)
    assert (box.width, box.height, box.area, box.center) == (30, 60, 1800, Point(25, 50))


def test_a_box_turned_inside_out_has_no_area() -> None:
    assert BoundingBox(10, 10, 5, 5).area == 0
    assert BoundingBox(10, 10, 5, 20).area == 0


def test_landmarks_become_five_rows_of_x_and_y_in_the_order_of_their_fields() -> None:
    rows = LANDMARKS.as_array()
    assert rows.dtype == np.float32
    assert rows.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [9.5, 10.25]]


def test_landmarks_survive_the_way_through_an_array() -> None:
    assert Landmarks.from_array(LANDMARKS.as_array()) == LANDMARKS


@pytest.mark.parametrize("shape", [(4, 2), (5, 3), (10,)])
def test_landmarks_refuse_an_array_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(5, 2\)"):
        Landmarks.from_array(np.zeros(shape))


def test_a_photo_without_faces_has_no_main_face() -> None:
    assert main_face(EncodedPhoto(100, 100, ())) is None


def test_of_two_equal_faces_the_central_one_is_the_main_face() -> None:
    central, marginal = face(40, 40, 20), face(5, 40, 20)
    assert main_face(EncodedPhoto(100, 100, (marginal, central))) is central


def test_a_much_larger_face_beside_the_center_is_the_main_face() -> None:
    large, small = face(5, 20, 60), face(45, 45, 10)
    assert main_face(EncodedPhoto(100, 100, (large, small))) is large


def test_a_small_face_exactly_in_the_center_loses_only_to_more_area_than_twice_the_squared_distance() -> None:
    # 20 pixels from the photo's center cost 800: of an area of 30² = 900 that leaves 100, as much as the small one has
    small, tied = face(45, 45, 10), face(55, 35, 30)
    larger = face(54.5, 34.5, 31)  # 961 - 800 = 161
    assert main_face(EncodedPhoto(100, 100, (small, tied))) is small  # a tie goes to the first
    assert main_face(EncodedPhoto(100, 100, (small, larger))) is larger
