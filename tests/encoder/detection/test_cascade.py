"""The detector on real photographs and on pictures of nothing."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from encoder.checkpoints import load_detector_networks
from encoder.detection import EAGER, DetectorSettings, FaceDetector
from encoder.geometry import BoundingBox, DetectedFace
from encoder.images import decode_image
from tests.encoder.golden.package_photos import astronaut, hopper

Pixels = npt.NDArray[np.uint8]

# Marked by eye on the photographs: a face from the hairline (or the hat) to the chin without ears, and the landmarks.
# A detector trained on other boxes agrees with such marks to about 0.8 of the union.
ASTRONAUT_FACE = BoundingBox(181, 70, 269, 178)
ASTRONAUT_LANDMARKS = ((203, 101), (247, 103.5), (226, 127), (203, 140), (247, 138))
HOPPER_FACE = BoundingBox(178, 132, 350, 328)
AGREEMENT = 0.75


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(*load_detector_networks(), torch.device("cpu"))


def intersection_over_union(one: BoundingBox, other: BoundingBox) -> float:
    common = BoundingBox(
        max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom)
    ).area
    return common / (one.area + other.area - common)


def same_faces(ones: list[DetectedFace], others: list[DetectedFace], pixels: float) -> bool:
    return len(ones) == len(others) and all(
        np.abs(one.landmarks.as_array() - other.landmarks.as_array()).max() < pixels
        and abs(one.box.left - other.box.left) < pixels
        and abs(one.box.bottom - other.box.bottom) < pixels
        for one, other in zip(ones, others, strict=True)
    )


def test_the_astronaut_s_face_is_found_where_it_is(detector: FaceDetector) -> None:
    (face,) = detector.detect([astronaut()])[0]
    assert intersection_over_union(face.box, ASTRONAUT_FACE) > AGREEMENT
    assert face.detection_score > 0.99
    assert np.abs(face.landmarks.as_array() - ASTRONAUT_LANDMARKS).max() < 5


def test_grace_hopper_s_face_is_found_where_it_is(detector: FaceDetector) -> None:
    (face,) = detector.detect([hopper()])[0]
    assert intersection_over_union(face.box, HOPPER_FACE) > AGREEMENT


@pytest.mark.parametrize(
    ("name", "faces"),
    [
        ("two_people.jpg", [BoundingBox(785, 50, 945, 250), BoundingBox(235, 35, 383, 225)]),
        ("obama-1080p.jpg", [BoundingBox(877, 85, 1115, 428)]),
    ],
)
def test_larger_photos_of_one_and_two_people(
    detector: FaceDetector, shared_data: Path, name: str, faces: list[BoundingBox]
) -> None:
    photo = decode_image(shared_data / "photos" / name).pixels
    found = detector.detect([photo])[0]
    assert len(found) == len(faces)
    for box in faces:
        assert max(intersection_over_union(face.box, box) for face in found) > AGREEMENT


def test_a_face_partly_outside_of_the_photo_has_a_box_within_it(detector: FaceDetector, shared_data: Path) -> None:
    photo = decode_image(shared_data / "photos" / "obama_partial_face2.jpg").pixels
    (face,) = detector.detect([photo])[0]
    assert face.box.right == photo.shape[1]


def test_a_face_mirrored_is_found_mirrored(detector: FaceDetector) -> None:
    photo = astronaut()
    (face,), (mirrored,) = detector.detect([photo, np.ascontiguousarray(photo[:, ::-1])])
    assert mirrored.box.left == pytest.approx(512 - face.box.right, abs=8)
    assert mirrored.landmarks.left_eye.x == pytest.approx(512 - face.landmarks.right_eye.x, abs=4)


def test_faces_come_largest_first(detector: FaceDetector) -> None:
    both = np.zeros((600, 1100, 3), dtype=np.uint8)
    both[:512, :512] = astronaut()
    both[:, 512:1024] = hopper()
    large, small = detector.detect([both])[0]
    assert large.box.area > small.box.area
    assert large.box.left > 512 > small.box.right


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((400, 300, 3), np.uint8),
        np.full((300, 400, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((11, 5000, 3), np.uint8),
    ],
    ids=["black", "white", "noise", "one pixel", "a thin strip"],
)
def test_a_picture_of_nothing_has_no_face(detector: FaceDetector, photo: Pixels) -> None:
    assert detector.detect([photo]) == [[]]
    assert detector.detect([photo], EAGER) == [[]]


def test_no_photos_make_no_answers(detector: FaceDetector) -> None:
    assert detector.detect([]) == []


def test_photos_of_different_sizes_together_are_as_each_alone(detector: FaceDetector) -> None:
    large, wide = astronaut(), np.pad(hopper(), ((0, 0), (40, 3), (0, 0)))
    small = np.ascontiguousarray(large[::2, ::2])
    photos = [large, small, np.zeros((90, 70, 3), np.uint8), wide, hopper(), large]
    together = detector.detect(photos)
    assert [len(faces) for faces in together] == [1, 1, 0, 1, 1, 1]
    for photo, faces in zip(photos, together, strict=True):
        assert same_faces(detector.detect([photo])[0], faces, pixels=0.01)


def test_a_photo_too_large_to_work_on_is_searched_in_a_reduced_copy_and_told_in_its_own_pixels(
    detector: FaceDetector,
) -> None:
    photo = hopper()
    (face,) = detector.detect([photo])[0]
    (reduced,) = detector.detect([photo], DetectorSettings(max_pixels=100_000))[0]
    assert intersection_over_union(face.box, reduced.box) > 0.85
    assert np.abs(face.landmarks.as_array() - reduced.landmarks.as_array()).max() < 10


def test_a_face_much_smaller_than_asked_for_is_not_found(detector: FaceDetector) -> None:
    assert detector.detect([astronaut()], DetectorSettings(min_face=500)) == [[]]


def test_eager_settings_find_a_face_too_small_for_the_usual_ones(detector: FaceDetector) -> None:
    tiny = decimated(astronaut(), 6)  # the face has about 15 x 18 pixels
    assert detector.detect([tiny]) == [[]]
    (face,) = detector.detect([tiny], EAGER)[0]
    assert intersection_over_union(face.box, BoundingBox(181 / 6, 70 / 6, 269 / 6, 178 / 6)) > 0.6


def decimated(pixels: Pixels, factor: int) -> Pixels:
    """Averages of squares of `factor` pixels."""
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    squares = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    result: Pixels = squares.mean(axis=(1, 3)).round().astype(np.uint8)
    return result
