"""Probes of several requests at once: what is asked about together, and what when too many ask."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from encoder.geometry import EncodedPhoto
from encoder.images import Pixels
from encoder.pipeline import FaceEncoder
from faces import encoding
from faces.models import EncoderVersion, Gallery
from faces.services.encoders import default_encoder_version
from tests import factories
from tests.faces.photographs import astronaut, coffee, jpeg
from tests.faces.test_gathering import PATIENCE_SECONDS, until

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery(name="Staff")


@pytest.fixture
def version() -> EncoderVersion:
    return default_encoder_version()


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def limited(settings: Any) -> Iterator[Callable[..., None]]:
    """Sets what probes are held to, for one test."""

    def limit(**values: object) -> None:
        for name, value in values.items():
            setattr(settings, name, value)
        encoding._probes.cache_clear()

    yield limit
    encoding._probes.cache_clear()


@contextmanager
def encoder_at_work(monkeypatch: pytest.MonkeyPatch, version: EncoderVersion) -> Iterator[None]:
    """Somebody's probe stands in the encoder for as long as the block lasts."""
    real = FaceEncoder.encode
    begun, go_on = threading.Event(), threading.Event()

    def encode(self: FaceEncoder, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return real(self, photos)

    encoding.get_encoder(version)
    monkeypatch.setattr(FaceEncoder, "encode", encode)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(encoding.encode_probe, jpeg(astronaut()), version)
        try:
            assert begun.wait(PATIENCE_SECONDS)
            yield
        finally:
            go_on.set()
        assert len(answer.result(PATIENCE_SECONDS).faces) == 1


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("probe.jpg", jpeg(coffee()))


def test_when_too_many_ask_the_api_says_so_and_when_to_come_again(
    limited: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    gallery: Gallery,
    version: EncoderVersion,
    client: Client,
) -> None:
    limited(PROBES_AT_ONCE=1)
    with encoder_at_work(monkeypatch, version):
        answer = client.post("/api/v1/recognize", {"gallery": gallery.slug, "photo": upload()})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
    assert "Try again in a moment" in answer.json()["detail"]
    assert int(answer["Retry-After"]) > 0
    again = client.post("/api/v1/recognize", {"gallery": gallery.slug, "photo": upload()})
    assert (again.status_code, again.json()["code"]) == (422, "no_face_found")


def test_when_too_many_ask_the_page_says_so(
    limited: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    gallery: Gallery,
    version: EncoderVersion,
    client: Client,
) -> None:
    limited(PROBES_AT_ONCE=1)
    with encoder_at_work(monkeypatch, version):
        answer = client.post(reverse("pages:recognize"), {"gallery": gallery.pk, "photo": upload()})
    assert "Try again in a moment" in answer.content.decode()


def test_probes_of_two_encoder_versions_come_together_but_share_no_batch(
    limited: Callable[..., None], monkeypatch: pytest.MonkeyPatch, version: EncoderVersion
) -> None:
    limited(ENCODER_THREADS=1)  # one batch at a time
    twin = factories.encoder_version(spec=version.spec, weights=version.weights)
    encoding.get_encoder(twin)
    batches: list[tuple[FaceEncoder, int]] = []
    with ThreadPoolExecutor(4) as pool:
        with encoder_at_work(monkeypatch, version):
            standing = FaceEncoder.encode

            def encode(self: FaceEncoder, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
                batches.append((self, len(photos)))
                return standing(self, photos)

            monkeypatch.setattr(FaceEncoder, "encode", encode)
            answers = []
            for which in (twin, version, twin, version):
                line = encoding._probes("cpu").waiting
                answers.append(pool.submit(encoding.encode_probe, jpeg(coffee()), which))
                until(lambda: encoding._probes("cpu").waiting == line + 1)  # noqa: B023 - called at once
        assert [answer.result(PATIENCE_SECONDS).faces for answer in answers] == [()] * 4
    assert batches == [(encoding.get_encoder(twin), 2), (encoding.get_encoder(version), 2)]


def test_without_gathering_every_probe_goes_alone(
    limited: Callable[..., None], monkeypatch: pytest.MonkeyPatch, version: EncoderVersion
) -> None:
    limited(GATHER_PROBES=False)
    sizes: list[int] = []
    real = FaceEncoder.encode

    def encode(self: FaceEncoder, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
        sizes.append(len(photos))
        return real(self, photos)

    monkeypatch.setattr(FaceEncoder, "encode", encode)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: encoding.encode_probe(jpeg(coffee()), version), range(6)))
    assert sizes == [1] * 6
