"""The whole encoder on real photographs."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from encoder.backbones import DlibResNet
from encoder.checkpoints import load_detector_networks, load_factory_backbone, save_backbone
from encoder.detection import DetectorSettings, FaceDetector
from encoder.embedding import CROPS_AT_ONCE
from encoder.exceptions import EmbeddingInvalid, WeightsMissing
from encoder.geometry import DetectedFace, EncodedPhoto, FloatArray, Landmarks
from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC, MIRRORED_PAIR, EncoderSpec, View
from encoder.views import ViewMaker
from tests.encoder.golden.inputs import random_crops
from tests.encoder.golden.package_photos import astronaut, hopper

Pixels = npt.NDArray[np.uint8]

FLOAT32_TOLERANCE = 1e-4
"""Of squared distances between batch sizes in float32."""
BFLOAT16_TOLERANCE = 0.01
"""Of squared distances between bfloat16 and float32, and between batch sizes in bfloat16."""


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return FaceEncoder.load(device="cpu", precision="float32")


@pytest.fixture(scope="module")
def photos() -> list[Pixels]:
    """Different sizes, and one without a face."""
    one, other = astronaut(), hopper()
    return [one, np.full((80, 60, 3), 127, np.uint8), other, np.ascontiguousarray(one[::2, ::2]), other[:, 30:-30]]


@pytest.fixture(scope="module")
def encoded(encoder: FaceEncoder, photos: list[Pixels]) -> list[EncodedPhoto]:
    return encoder.encode(photos)


def embeddings_of(photos: list[EncodedPhoto]) -> npt.NDArray[np.float32]:
    return np.stack([face.embedding for photo in photos for face in photo.faces])


def squared_distances(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    values = embeddings.astype(np.float64)
    result: npt.NDArray[np.float64] = ((values[:, None] - values[None]) ** 2).sum(axis=2)
    return result


def faces_of_lfw(folder: Path, count: int) -> list[Pixels]:
    return [decode_image(path).pixels for path in sorted((folder / "lfw").glob("*/*_0001.jpg"))[: 10 * count : 10]]


def test_every_photo_has_its_answer_in_its_place(encoded: list[EncodedPhoto], photos: list[Pixels]) -> None:
    assert [len(photo.faces) for photo in encoded] == [1, 0, 1, 1, 1]
    assert [(photo.height, photo.width) for photo in encoded] == [photo.shape[:2] for photo in photos]


def test_an_embedding_is_128_float32_of_unit_length(encoded: list[EncodedPhoto]) -> None:
    embeddings = embeddings_of(encoded)
    assert embeddings.shape == (4, 128)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-6)


def test_the_same_person_is_near_and_another_is_far(encoded: list[EncodedPhoto]) -> None:
    distances = squared_distances(embeddings_of(encoded))  # astronaut, hopper, astronaut smaller, hopper cut
    assert distances[0, 2] < 0.02
    assert distances[1, 3] < 0.02
    assert distances[0, 1] > 0.2


def test_two_photos_of_a_president_are_near_and_two_people_are_far(encoder: FaceEncoder, shared_data: Path) -> None:
    folder = shared_data / "photos"
    photos = [decode_image(folder / name).pixels for name in ("obama-1080p.jpg", "two_people.jpg")]
    alone, together = encoder.encode(photos)
    distances = sorted(float(((alone.faces[0].embedding - face.embedding) ** 2).sum()) for face in together.faces)
    assert len(distances) == 2
    assert distances[0] < 0.08
    assert distances[1] > 0.25


def lfw_photo(folder: Path, name: str, number: str) -> Pixels:
    return decode_image(folder / "lfw" / name / f"{name}_{int(number):04d}.jpg").pixels


def test_of_a_hundred_lfw_pairs_at_most_three_are_judged_wrongly_at_a_tau_of_0_18(
    encoder: FaceEncoder, shared_data: Path
) -> None:
    lines = (shared_data / "lfw_pairs.txt").read_text(encoding="utf-8").splitlines()[::41][:100]
    wrong = 0
    for line in lines:
        fields = line.split("\t")
        mated = len(fields) == 3
        name, number, *_ = fields
        other_name, other_number = (name, fields[2]) if mated else (fields[2], fields[3])
        both = encoder.encode([lfw_photo(shared_data, name, number), lfw_photo(shared_data, other_name, other_number)])
        one, other = (encoder.main_face(photo) for photo in both)
        assert one is not None
        assert other is not None
        distance = float(((one.embedding - other.embedding) ** 2).sum())
        wrong += (distance <= 0.18) is not mated
    assert len(lines) == 100
    assert wrong <= 3


def test_quality_speaks_of_the_face_in_the_photo(encoded: list[EncodedPhoto]) -> None:
    large, small = encoded[0].faces[0].quality, encoded[3].faces[0].quality
    assert large.size == pytest.approx(90, abs=8)
    assert small.size == pytest.approx(45, abs=5)
    assert small.brightness == pytest.approx(large.brightness, abs=0.03)
    assert small.score == pytest.approx(large.score, abs=0.1)


def test_photos_together_are_as_each_alone(
    encoder: FaceEncoder, photos: list[Pixels], encoded: list[EncodedPhoto]
) -> None:
    alone = [encoder.encode([photo])[0] for photo in photos]
    difference = squared_distances(embeddings_of(alone)) - squared_distances(embeddings_of(encoded))
    assert np.abs(difference).max() < FLOAT32_TOLERANCE
    own = ((embeddings_of(alone) - embeddings_of(encoded)) ** 2).sum(axis=1)
    assert own.max() < FLOAT32_TOLERANCE


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_squared_distances_do_not_depend_on_the_batch_size(precision: str, shared_data: Path) -> None:
    encoder = FaceEncoder.load(device="cpu", precision=precision)
    photos = faces_of_lfw(shared_data, CROPS_AT_ONCE["cpu"] // 2 + 3)
    landmarks = [[face.landmarks for face in faces[:1]] for faces in encoder.detect(photos)]
    crops = encoder.align(photos, landmarks)
    whole = encoder.embed(crops)
    expected = squared_distances(whole)
    for size in (1, 7):
        parts = np.concatenate([encoder.embed(crops[start : start + size]) for start in range(0, len(crops), size)])
        tolerance = FLOAT32_TOLERANCE if precision == "float32" else BFLOAT16_TOLERANCE
        assert np.abs(squared_distances(parts) - expected).max() < tolerance


def test_squared_distances_do_not_depend_on_the_precision(encoder: FaceEncoder, shared_data: Path) -> None:
    photos = faces_of_lfw(shared_data, 20)
    landmarks = [[face.landmarks for face in faces[:1]] for faces in encoder.detect(photos)]
    crops = encoder.align(photos, landmarks)
    exact, fast = encoder.embed(crops), FaceEncoder.load(device="cpu", precision="bfloat16").embed(crops)
    assert np.abs(squared_distances(exact) - squared_distances(fast)).max() < BFLOAT16_TOLERANCE
    assert ((exact - fast) ** 2).sum(axis=1).max() < BFLOAT16_TOLERANCE


def of_views(*views: View) -> FaceEncoder:
    return FaceEncoder.load(replace(DLIB_RESNET_SPEC, views=views), device="cpu", precision="float32")


def test_an_embedding_is_the_normalized_mean_of_the_unit_embeddings_of_its_views(encoder: FaceEncoder) -> None:
    crops = random_crops()
    (of_one_view, *others) = [of_views(view).embed(crops) for view in encoder.spec.views]
    assert all(np.abs(of_one_view - other).max() > 0.01 for other in others)
    mean = np.mean([of_one_view, *others], axis=0)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    assert np.allclose(encoder.embed(crops), mean, atol=1e-5)


def test_of_the_mirrored_pair_a_face_and_its_mirror_image_are_the_same() -> None:
    pair = of_views(*MIRRORED_PAIR)
    crops = random_crops()
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    assert np.allclose(pair.embed(crops), pair.embed(mirrored), atol=1e-5)


def test_a_spec_stored_before_there_were_views_still_makes_the_mirrored_pair() -> None:
    facts = json.loads(DLIB_RESNET_SPEC.to_json()) | {"preprocessing_version": 1}
    del facts["views"]
    stored = FaceEncoder.load(EncoderSpec.from_json(json.dumps(facts)), device="cpu", precision="float32")
    assert np.allclose(stored.embed(random_crops()), of_views(*MIRRORED_PAIR).embed(random_crops()), atol=1e-5)


def test_a_view_is_embedded_as_the_crop_that_it_shows(encoder: FaceEncoder) -> None:
    view, plain = View(degrees=9, scale=1.1, mirrored=True), of_views(View())
    crops = random_crops()
    shown = ViewMaker([view], 150, plain.device)(torch.from_numpy(crops))[0].numpy()
    assert np.allclose(of_views(view).embed(crops), plain.embed(shown), atol=1e-5)


def test_a_face_too_small_for_the_usual_settings_is_found_in_a_second_search(encoder: FaceEncoder) -> None:
    sixth = astronaut()[:510, :510].reshape(85, 6, 85, 6, 3).mean(axis=(1, 3)).astype(np.uint8)
    first_photo, second_photo = encoder.encode([sixth, astronaut()])
    assert [len(first_photo.faces), len(second_photo.faces)] == [1, 1]
    assert first_photo.faces[0].box.width < 20


def test_the_main_face_of_a_photo_is_the_large_central_one(encoder: FaceEncoder) -> None:
    both = np.zeros((600, 1100, 3), dtype=np.uint8)
    both[:512, :512], both[:, 512:1024] = astronaut(), hopper()
    (photo,) = encoder.encode([both])
    assert len(photo.faces) == 2
    face = encoder.main_face(photo)
    assert face is photo.faces[0]


class MisreadingDetector:
    """The real one, but that what it first says of landmarks is moved, turned and too small."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector

    def detect(self, photos: list[Pixels], settings: DetectorSettings) -> list[list[DetectedFace]]:
        return [[self._misread(face) for face in faces] for faces in self._detector.detect(photos, settings)]

    def _misread(self, face: DetectedFace) -> DetectedFace:
        points = face.landmarks.as_array()
        turned = (points - points.mean(axis=0)) @ np.array([[0.83, 0.15], [-0.15, 0.83]]) + points.mean(axis=0)
        return replace(face, landmarks=Landmarks.from_array(turned + 0.06 * face.box.width))

    def read_landmarks(self, squares: torch.Tensor) -> tuple[FloatArray, FloatArray]:
        return self._detector.read_landmarks(squares)


def test_landmarks_that_were_misread_at_first_are_put_right(encoder: FaceEncoder) -> None:
    photos = [astronaut(), hopper()]
    detector = FaceDetector(*load_detector_networks(), encoder.device)
    misreading = MisreadingDetector(detector)
    misled = FaceEncoder(DLIB_RESNET_SPEC, encoder._backbone, misreading, device=encoder.device)  # type: ignore[arg-type]
    for (right,), (first,), (second,) in zip(
        encoder.detect(photos), misreading.detect(photos, DetectorSettings()), misled.detect(photos), strict=True
    ):
        misread = np.abs(first.landmarks.as_array() - right.landmarks.as_array()).max()
        remaining = np.abs(second.landmarks.as_array() - right.landmarks.as_array()).max()
        assert misread > 0.08 * right.box.width
        assert remaining < 0.03 * right.box.width
        assert (second.box, second.detection_score) == (first.box, first.detection_score)


def test_landmarks_of_a_turned_photo_are_those_of_the_upright_one_turned(encoder: FaceEncoder) -> None:
    upright, turned = astronaut(), np.array(Image.fromarray(astronaut()).rotate(-20, Image.Resampling.BICUBIC))
    (face,), (tilted,) = encoder.detect([upright, turned])
    angle, middle = np.radians(20), 256
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (face.landmarks.as_array() - middle) @ rotation + middle
    assert np.abs(tilted.landmarks.as_array() - expected).max() < 0.04 * face.box.width


def test_no_photos_no_answers(encoder: FaceEncoder) -> None:
    assert encoder.encode([]) == []
    assert encoder.detect([]) == []


def test_no_crops_no_embeddings(encoder: FaceEncoder) -> None:
    assert encoder.embed(np.empty((0, 150, 150, 3), np.uint8)).shape == (0, 128)


@pytest.mark.parametrize(
    "photo",
    [
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((50, 50, 3), np.float32),
        np.zeros((0, 50, 3), np.uint8),
    ],
    ids=["grey", "four channels", "floats", "no rows"],
)
def test_what_is_no_rgb_photo_is_refused_with_its_place_and_shape(encoder: FaceEncoder, photo: Pixels) -> None:
    with pytest.raises(ValueError, match=r"photo 1 is \(.*50"):
        encoder.encode([astronaut(), photo])


@pytest.mark.parametrize("shape", [(2, 149, 150, 3), (2, 3, 150, 150), (150, 150, 3)])
def test_crops_of_another_shape_are_refused(encoder: FaceEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Crops are \(B, 150, 150, 3\) uint8"):
        encoder.embed(np.zeros(shape, np.uint8))


def test_read_only_and_turned_photos_are_encoded_like_any_other(encoder: FaceEncoder) -> None:
    photo = astronaut()
    photo.flags.writeable = False
    stored_turned = np.ascontiguousarray(astronaut().transpose(1, 0, 2)).transpose(1, 0, 2)
    crops = random_crops()
    crops.flags.writeable = False
    one, other = encoder.encode([photo, stored_turned])
    assert np.allclose(one.faces[0].embedding, other.faces[0].embedding, atol=1e-4)
    assert encoder.embed(crops).shape == (16, 128)


def test_threads_share_one_encoder(encoder: FaceEncoder, photos: list[Pixels], encoded: list[EncodedPhoto]) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda photo: encoder.encode([photo])[0], photos * 2))
    expected = embeddings_of(encoded)
    assert np.allclose(embeddings_of(answers), np.concatenate([expected, expected]), atol=1e-4)


def test_broken_weights_are_noticed_in_the_first_embedding(tmp_path: Path) -> None:
    network = load_factory_backbone()
    network.head.weight[0, 0] = float("nan")
    spec = save_backbone(tmp_path / "broken", network, DLIB_RESNET_SPEC)
    broken = FaceEncoder.load(spec, tmp_path / "broken", device="cpu", precision="float32")
    with pytest.raises(EmbeddingInvalid, match="crop 0 is zero or not finite"):
        broken.embed(random_crops())


def test_weights_of_our_own_serve_like_the_factory_s(tmp_path: Path, encoder: FaceEncoder) -> None:
    spec = save_backbone(tmp_path / "own", load_factory_backbone(), replace(DLIB_RESNET_SPEC, name="Own"))
    own = FaceEncoder.load(spec, tmp_path / "own", device="cpu", precision="float32")
    assert np.allclose(own.embed(random_crops()), encoder.embed(random_crops()), atol=1e-5)
    assert own.spec.name == "Own"


def test_an_encoder_of_another_dimension_embeds_in_it(tmp_path: Path) -> None:
    spec = replace(DLIB_RESNET_SPEC, name="Small", dimension=32)
    torch.manual_seed(0)
    spec = save_backbone(tmp_path / "small", DlibResNet(32, affine=False), spec)
    small = FaceEncoder.load(spec, tmp_path / "small", device="cpu", precision="float32")
    (photo,) = small.encode([astronaut()])
    assert photo.faces[0].embedding.shape == (32,)


def test_weights_that_are_not_there_are_named() -> None:
    with pytest.raises(WeightsMissing, match="nowhere"):
        FaceEncoder.load(weights=Path("nowhere"))


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="use one of auto, float32, bfloat16, float16"):
        FaceEncoder.load(precision="half")


MEASURE_LARGE_PHOTO = """
import resource, sys
import numpy as np, torch
from encoder.pipeline import FaceEncoder
from tests.encoder.golden.package_photos import hopper

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

torch.set_num_threads(1)
encoder = FaceEncoder.load(device="cpu", precision="float32")
large = np.full((8660, 11547, 3), 90, dtype=np.uint8)
large[1000:7000, 3000:8120] = hopper().repeat(10, axis=0).repeat(10, axis=1)
encoder.encode([hopper()])
before = peak()
(photo,) = encoder.encode([large])
print(len(photo.faces), photo.faces[0].box.width, peak() - before)
"""


def test_a_photo_of_100_megapixels_needs_little_more_memory_than_itself() -> None:
    command = [sys.executable, "-c", MEASURE_LARGE_PHOTO]
    faces, width, more = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(faces) == 1
    assert float(width) > 1500
    assert int(more) < 500_000_000  # the photo itself has 300 MB
