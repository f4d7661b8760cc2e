"""The same photo has the same faces and embeddings, whichever way it comes in."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import ExifTags, Image

from encoder.geometry import EncodedFace, EncodedPhoto
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from faces import encoding
from faces.models import Embedding, Gallery, Person, Photo
from faces.services.encoders import default_encoder_version
from faces.tasks import encode_photos
from tests import factories
from tests.encoder.test_pipeline import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE
from tests.faces.commands.running import run
from tests.faces.photographs import another_photo, astronaut, coffee, grace_hopper, jpeg
from tests.faces.test_gathering import until

pytestmark = pytest.mark.django_db

TOLERANCES = {"float32": FLOAT32_TOLERANCE, "bfloat16": BFLOAT16_TOLERANCE}
"""Of squared distances between a photo alone and the same photo in a batch, as the encoder's own tests hold them."""

HALF_PRECISION = 2.0**-22
"""The squared distance at most from a unit vector to itself in half precision: each number is off by 2^-11 of it."""

SHARES = {"float32": 0.0005, "bfloat16": 0.01}
"""Of the face's width, for boxes and landmarks: the detector's later networks round as the backbone does."""


@dataclass
class Witness:
    """Stands behind the encoder and keeps what it answered, in order; `photos` are those it was given.

    `before` is called before a batch is encoded, in the thread that encodes it.
    """

    photos: list[Pixels] = field(default_factory=list)
    answers: list[EncodedPhoto] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def of(self, photo: Pixels) -> list[EncodedPhoto]:
        """The answers about this photo, pixel for pixel."""
        both = zip(self.photos, self.answers, strict=True)
        return [answer for given, answer in both if np.array_equal(given, photo)]


@pytest.fixture(params=list(TOLERANCES))
def precision(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The encoders of this process are loaded anew with it."""
    settings.ENCODER_PRECISION = request.param
    monkeypatch.setattr(encoding, "_encoders", {})
    return str(request.param)


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    seen = Witness()
    real = FaceEncoder.encode

    def encode(self: FaceEncoder, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
        seen.before()
        answers = real(self, photos)
        seen.batches.append(len(photos))
        seen.photos += photos
        seen.answers += answers
        return answers

    monkeypatch.setattr(FaceEncoder, "encode", encode)
    return seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One folder a person: a JPEG that lies on its side and says so in its EXIF, and a PNG."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn it by 90 degrees clockwise to look at it
    for name in ("Eileen", "Grace"):
        (tmp_path / name).mkdir()
    on_its_side = astronaut().transpose(Image.Transpose.ROTATE_90).resize((800, 700))
    on_its_side.save(tmp_path / "Eileen" / "turned.jpg", quality=95, exif=exif)
    grace_hopper().save(tmp_path / "Grace" / "portrait.png")
    return tmp_path


def file(path: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(path.name, path.read_bytes())


def upload_by_command(folder: Path) -> Gallery:
    ended = run("import_photos", folder, "--gallery", "By command", "--create", "--no-wait")
    assert ended.status == 0, ended.err
    return Gallery.objects.get(name="By command")


def upload_by_api(client: Client, paths: Sequence[Path]) -> Gallery:
    gallery = factories.gallery(name="By API")
    for path in paths:
        form = {"gallery": "by-api", "photos": file(path), "person_name": path.parent.name}
        assert client.post("/api/v1/photos", form).status_code == 201
    return gallery


def upload_by_page(client: Client, paths: Sequence[Path]) -> Gallery:
    gallery = factories.gallery(name="By page")
    form = {"gallery": gallery.pk, "whom": "nobody", "photos": [file(path) for path in paths]}
    client.post(reverse("pages:upload"), form)
    return gallery


def ask_everywhere(client: Client, path: Path, person: Person) -> int:
    """Ask about a photo on every way there is; returns how often it was encoded for that."""
    gallery = person.gallery
    asked = [
        client.post("/api/v1/recognize", {"gallery": gallery.slug, "photo": file(path)}),
        client.post("/api/v1/verify", {"person": person.pk, "photo": file(path)}),
        client.post("/api/v1/verify", {"second_photo": file(path), "photo": file(path)}),
        client.post(reverse("pages:recognize"), {"gallery": gallery.pk, "photo": file(path)}),
        client.post(
            reverse("pages:verify"),
            {"gallery": gallery.pk, "photo": file(path), "against": "person", "person": person.pk},
        ),
    ]
    assert [answer.status_code for answer in asked] == [200] * len(asked)
    commands = [
        run("recognize", path, "--gallery", gallery.slug),
        run("verify", path, "--person", person.name, "--gallery", gallery.slug),
        run("verify", path, path),
    ]
    assert [ended.status for ended in commands] == [0] * len(commands), [ended.err for ended in commands]
    return len(asked) + len(commands) + 2  # two of them take two photos


def assert_same(face: EncodedFace, other: EncodedFace, precision: str) -> None:
    assert squared_distance(face.embedding, other.embedding) <= TOLERANCES[precision]
    assert_same_place(face, face.landmarks.as_array(), other, precision)


def assert_same_place(face: Any, landmarks: npt.ArrayLike, other: EncodedFace, precision: str) -> None:
    """`face` is an encoded one or a stored one."""
    pixels = SHARES[precision] * other.box.width
    assert np.abs(edges(face) - edges(other)).max() <= pixels
    assert np.abs(np.asarray(landmarks) - other.landmarks.as_array()).max() <= pixels


def edges(face: Any) -> npt.NDArray[np.float64]:
    box = getattr(face, "box", face)
    return np.array([box.left, box.top, box.right, box.bottom])


def squared_distance(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    return float(difference @ difference)


def test_a_photo_has_the_same_faces_and_embeddings_on_every_way_in(
    precision: str, witness: Witness, folder: Path
) -> None:
    client = Client()
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    paths = sorted(folder.glob("*/*"))
    galleries = [upload_by_command(folder), upload_by_api(client, paths), upload_by_page(client, paths)]
    encode_photos(list(Photo.objects.values_list("pk", flat=True)))
    assert list(Photo.objects.values_list("state", flat=True)) == ["ready"] * 6
    stored_bound = (TOLERANCES[precision] ** 0.5 + HALF_PRECISION**0.5) ** 2

    for path in paths:
        photo = decode_image(path).pixels
        alone = FaceEncoder.load(device="cpu", precision=precision).encode([photo])[0]
        uploads = len(witness.of(photo)) - 1
        probes = ask_everywhere(client, path, Person.objects.get(name=path.parent.name, gallery=galleries[0]))
        seen = witness.of(photo)
        assert uploads == len(galleries)
        assert len(seen) == 1 + uploads + probes, "every way in decodes to the very same pixels"
        for answer in seen:
            assert (answer.width, answer.height, len(answer.faces)) == (photo.shape[1], photo.shape[0], 1)
            assert_same(answer.faces[0], alone.faces[0], precision)

        stored = Embedding.objects.filter(face__photo__name__endswith=path.name).select_related("face")
        assert [row.gallery_id for row in stored.order_by("gallery_id")] == [gallery.pk for gallery in galleries]
        for row in stored:
            assert_same_place(row.face, row.face.landmarks, alone.faces[0], precision)
            assert squared_distance(row.vector, alone.faces[0].embedding) <= stored_bound


def test_half_precision_takes_a_unit_vector_no_farther_than_said(rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(1000, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stored = vectors.astype(np.float16).astype(np.float64)
    distances = ((vectors - stored) ** 2).sum(axis=1)
    assert 0 < distances.max() <= HALF_PRECISION


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_probes_that_share_a_batch_have_the_embeddings_they_have_alone(precision: str, witness: Witness) -> None:
    version = default_encoder_version()
    images = [astronaut(), grace_hopper(), another_photo(astronaut()), coffee(), another_photo(grace_hopper())]
    files = [jpeg(image) for image in images for _ in range(2)]
    alone = [encoding.encode_probe(data, version) for data in files]
    gatherer = encoding._probes("cpu")
    in_line = threading.Event()

    def wait_for_all() -> None:
        line = len(files) - gatherer.limits.side_by_side
        until(lambda: in_line.is_set() or gatherer.waiting == line)
        in_line.set()

    witness.before = wait_for_all
    with ThreadPoolExecutor(len(files)) as pool:
        together = list(pool.map(lambda data: encoding.encode_probe(data, version), files))
    assert sum(witness.batches) == 2 * len(files)
    assert max(witness.batches) == gatherer.limits.batch_items > 1
    for one, other in zip(alone, together, strict=True):
        assert (one.width, one.height, len(one.faces)) == (other.width, other.height, len(other.faces))
        for face, same in zip(one.faces, other.faces, strict=True):
            assert_same(face, same, precision)
