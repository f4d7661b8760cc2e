"""A share of searches is answered twice, beside the searches and never in their way."""

import logging
import threading
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import connection
from rest_framework.test import APIClient

from faces import live_recall
from faces.live_recall import Meter, Sample, after_answer, answer_twice
from faces.models import Gallery, RecallCount, SearchPlan
from faces.services.nearest import Route
from faces.services.recognition import Recognition, recognize
from tests import factories
from tests.faces.indexed import Vectors, clustered, fill, index

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 500


@pytest.fixture
def vectors() -> Vectors:
    return clustered(PEOPLE)


@pytest.fixture
def gallery(vectors: Vectors) -> Gallery:
    gallery = factories.gallery(name="Staff")
    fill(gallery, vectors)
    return gallery


@pytest.fixture
def plan(gallery: Gallery) -> SearchPlan:
    """A bad index."""
    return index(gallery, lists=100, lists_searched=1)


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """A meter that takes every search and does not rest."""
    meter = Meter(share=1.0, part_of_a_core=1.0)
    monkeypatch.setattr(live_recall, "METER", meter)
    yield meter
    meter.wait()


def search(gallery: Gallery, *vectors: np.ndarray) -> list[Recognition]:
    return recognize(gallery=gallery, probes=[factories.encoded_face(vector) for vector in vectors])


def end_request() -> None:
    request_finished.send(sender=object)


def counted() -> int:
    return sum(RecallCount.objects.values_list("asked", flat=True))


def others_connected() -> int:
    """Connections to this database besides the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def test_a_search_is_counted_only_after_its_request(
    gallery: Gallery, plan: SearchPlan, meter: Meter, vectors: Vectors
) -> None:
    after_answer(search(gallery, vectors[0]))
    meter.wait()
    assert counted() == 0
    end_request()
    meter.wait()
    row = RecallCount.objects.get()
    assert (row.plan, row.index_name, row.source, row.asked) == (plan, plan.index_name, "live", 1)
    end_request()
    meter.wait()
    assert counted() == 1, "a sample is taken once"


def test_a_bad_index_is_found_out_by_live_searches_and_more_lists_are_searched(
    gallery: Gallery, plan: SearchPlan, meter: Meter
) -> None:
    for vector in clustered(60, seed=3):
        after_answer(search(gallery, vector))
        end_request()
        meter.wait()
    plan.refresh_from_db()
    assert plan.lists_searched > 1
    assert plan.raised_from is not None
    assert counted() == 60


def test_an_exact_search_is_never_answered_twice(gallery: Gallery, meter: Meter, vectors: Vectors) -> None:
    assert meter.choose(search(gallery, vectors[0])) is None


def test_one_face_of_a_photo_is_enough(gallery: Gallery, plan: SearchPlan, vectors: Vectors) -> None:
    answers = search(gallery, *vectors[:4])
    draws = cycle([0.0, 0.3, 0.6, 0.99])
    meter = Meter(quiet_seconds=0, draw=lambda: next(draws))
    chosen = [sample.vector for _ in range(4) if (sample := meter.choose(answers))]
    assert [vector.tolist() for vector in chosen] == vectors[:4].tolist()


def test_about_one_in_a_hundred_is_taken_and_of_a_quiet_gallery_the_next_one(
    gallery: Gallery, plan: SearchPlan, vectors: Vectors
) -> None:
    answers = search(gallery, vectors[0])
    numbers = count()
    meter = Meter(draw=lambda: (next(numbers) % 100) / 100)
    assert meter.choose(answers) is not None, "the first of a process"
    assert sum(meter.choose(answers) is not None for _ in range(1000)) in (9, 10, 11)
    quiet = Meter(quiet_seconds=0.0, draw=lambda: 0.999)
    assert all(quiet.choose(answers) is not None for _ in range(3))
    busy = Meter(quiet_seconds=900.0, draw=lambda: 0.999)
    assert [busy.choose(answers) is not None for _ in range(3)] == [True, False, False]


def test_what_is_too_much_is_dropped_and_nobody_waits(
    gallery: Gallery, plan: SearchPlan, vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, may_end = threading.Event(), threading.Event()

    def answer_slowly(_: Sample) -> None:
        going_on.set()
        assert may_end.wait(30)

    monkeypatch.setattr(live_recall, "answer_twice", answer_slowly)
    meter = Meter(part_of_a_core=1.0)
    sample = Sample(Route.of(plan, gallery, gallery.encoder_version), vectors[0], 0.1)
    assert meter.take(sample)
    assert going_on.wait(30)
    assert meter.take(sample)
    assert not meter.take(sample)
    may_end.set()
    meter.wait()


def test_the_thread_rests_so_that_it_takes_a_small_part_of_a_core(
    gallery: Gallery, plan: SearchPlan, vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    rested = threading.Event()

    def rest(seconds: float) -> None:
        rests.append(seconds)
        rested.set()

    monkeypatch.setattr(live_recall, "answer_twice", lambda _: threading.Event().wait(0.2))
    monkeypatch.setattr(time, "sleep", rest)
    Meter(part_of_a_core=0.05).take(Sample(Route.of(plan, gallery, gallery.encoder_version), vectors[0], 0.1))
    assert rested.wait(30)
    assert rests[0] >= 0.2 * 18.9


def test_an_error_in_the_meter_is_logged_without_the_vector_and_breaks_nothing(
    gallery: Gallery, plan: SearchPlan, meter: Meter, vectors: Vectors, caplog: pytest.LogCaptureFixture
) -> None:
    route = Route.of(plan, gallery, gallery.encoder_version)
    with caplog.at_level(logging.DEBUG):
        meter.take(Sample(route, vectors[0][:5], 0.1))  # the database refuses five numbers, and quotes them
        meter.wait()
    (record,) = [record for record in caplog.records if record.name == "faces.live_recall"]
    assert "could not be answered twice" in record.getMessage()
    text = logging.Formatter().format(record)
    assert not any(f"{number:.3}"[:5] in text for number in vectors[0][:5].tolist())
    assert record.exc_info is None
    after_answer(search(gallery, vectors[0]))
    end_request()
    meter.wait()
    assert counted() == 1, "the thread goes on"


def test_the_thread_leaves_no_connection_open(
    gallery: Gallery, plan: SearchPlan, meter: Meter, vectors: Vectors
) -> None:
    meter.take(Sample(Route.of(plan, gallery, gallery.encoder_version), vectors[0], 0.1))
    meter.wait()
    end = time.monotonic() + 30  # the server takes its time to notice
    while others_connected() and time.monotonic() < end:
        time.sleep(0.05)
    assert others_connected() == 0


def test_what_is_enrolled_while_a_search_waits_is_no_miss(gallery: Gallery, vectors: Vectors, meter: Meter) -> None:
    plan = index(gallery, lists_searched=20)
    (answer,) = search(gallery, vectors[0])
    nearer = factories.face(person=factories.person(gallery=gallery), vector=vectors[0])
    assert nearer.person_id != answer.candidates[0].face.person_id
    answer_twice(Sample(answer.route, vectors[0], answer.tau.tau))
    row = RecallCount.objects.get(plan=plan)
    assert (row.asked, row.agreed) == (1, 1)


def as_upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("probe.png", data, content_type="image/png")


class TestWhereOneAsks:
    """Each place where somebody is recognized offers its searches; the encoder is replaced by known vectors."""

    @pytest.fixture(autouse=True)
    def _encoder(self, monkeypatch: pytest.MonkeyPatch, vectors: Vectors) -> None:
        photo = factories.encoded_photo([factories.encoded_face(vectors[0])])
        monkeypatch.setattr("faces.api.views.searches.encode_probe", lambda *_: photo)
        monkeypatch.setattr("faces.management.commands.recognize.encode_probe", lambda *_: photo)
        pixels = np.zeros((180, 200, 3), dtype=np.uint8)
        monkeypatch.setattr("faces.views.probes.encode_and_keep", lambda *_: (pixels, photo))

    @pytest.fixture
    def client(self) -> APIClient:
        client = APIClient()
        client.force_login(factories.user(is_staff=True, is_superuser=True))
        return client

    def test_the_api(self, gallery: Gallery, plan: SearchPlan, meter: Meter, client: APIClient) -> None:
        answer = client.post(
            "/api/v1/recognize", {"gallery": "staff", "photo": as_upload(factories.picture())}, format="multipart"
        )
        assert answer.status_code == 200
        meter.wait()
        assert counted() == 1

    def test_the_page(self, gallery: Gallery, plan: SearchPlan, meter: Meter, client: APIClient) -> None:
        answer = client.post(
            "/admin/recognize/", {"gallery": gallery.pk, "photo": as_upload(factories.picture())}, format="multipart"
        )
        assert answer.status_code == 200
        meter.wait()
        assert counted() == 1

    def test_the_command_line(
        self, gallery: Gallery, plan: SearchPlan, meter: Meter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "probe.png"
        path.write_bytes(factories.picture())
        call_command("recognize", str(path), gallery="Staff")
        assert counted() == 1
        assert "Face 1 of 1" in capsys.readouterr().out
