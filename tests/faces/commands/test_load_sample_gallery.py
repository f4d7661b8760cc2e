"""`load_sample_gallery`: once, for a database with nobody in it, and whole in the end."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from faces.models import Gallery, Job, Person, Photo, Threshold
from faces.services import sample
from faces.services.drawing import draw_file
from faces.services.galleries import delete_gallery
from faces.services.sample import TAUS, add_sample_photo, begin_sample, renew_sample_taus, sample_is_due
from faces.services.thresholds import tau_in_force
from tests import factories
from tests.faces.commands.running import run

PHOTOS = 4


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people with two photos each: the rest is more of the same."""
    monkeypatch.setattr(sample, "PEOPLE", 2)
    monkeypatch.setattr(sample, "PHOTOS_EACH", 2)


@pytest.mark.django_db
class TestLoading:
    def test_drawn_people_are_taken_in_as_portraits_and_wait_for_the_workers(self) -> None:
        ended = run("load_sample_gallery", "--processes", 2)
        gallery = Gallery.objects.get()

        assert (ended.status, gallery.name) == (0, "Sample people")
        assert list(Person.objects.order_by("pk").values_list("external_id", flat=True)) == ["drawn-0", "drawn-1"]
        photos = Photo.objects.values_list("state", "portrait_of__external_id", "job__kind").order_by("pk")
        assert list(photos) == [("pending", f"drawn-{n}", "import") for n in (0, 0, 1, 1)]
        job = Job.objects.get()
        assert (job.inputs_complete, job.total, job.state) == (True, PHOTOS, "running")

    def test_the_gallery_has_taus_of_its_own_that_say_why(self) -> None:
        run("load_sample_gallery", "--processes", 1)
        gallery = Gallery.objects.get()

        for measured in TAUS:
            found = tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=measured.use)
            told = (found.tau, found.threshold.gallery, found.threshold.error_rate)
            assert told == (measured.tau, gallery, measured.fmr)
            assert "Drawn people" in found.threshold.reason
            assert "drawn photos" in found.threshold.evidence
        other = factories.gallery()
        for use in Threshold.Use:
            found = tau_in_force(gallery=other, encoder_version=other.encoder_version, use=use)
            assert found.threshold.gallery is None

    def test_its_taus_of_an_earlier_facet_are_followed_by_those_of_today_and_an_admins_stay(self) -> None:
        gallery = begin_sample().gallery
        verification, recognition = (gallery.thresholds.get(use=measured.use) for measured in TAUS)
        gallery.thresholds.filter(pk=verification.pk).update(tau=0.069, measured={})
        gallery.thresholds.filter(pk=recognition.pk).update(tau=0.05, reason="My own")
        renew_sample_taus()
        renew_sample_taus()

        assert [float(row.tau or 0) for row in gallery.thresholds.filter(use="verification")] == [TAUS[0].tau, 0.069]
        assert [row.tau for row in gallery.thresholds.filter(use="recognition")] == [0.05]
        delete_gallery(gallery=gallery)
        renew_sample_taus()
        assert not Threshold.objects.exclude(gallery=None).exists()

    def test_a_second_time_nothing_happens(self) -> None:
        run("load_sample_gallery", "--processes", 1)
        ended = run("load_sample_gallery")

        assert (ended.status, ended.out) == (0, "There are people already; nothing to draw.\n")
        assert (
            Photo.objects.count(),
            Job.objects.count(),
            Threshold.objects.filter(gallery__isnull=False).count(),
        ) == (
            PHOTOS,
            1,
            len(TAUS),
        )

    def test_where_there_is_anybody_nothing_is_drawn(self) -> None:
        factories.person()
        run("load_sample_gallery")

        assert not Photo.objects.exists()

    def test_a_sample_that_an_admin_emptied_stays_empty(self) -> None:
        run("load_sample_gallery", "--processes", 1)
        Photo.objects.all().delete()
        Person.objects.all().delete()

        assert not sample_is_due()

    def test_after_the_gallery_is_deleted_and_nobody_is_left_it_is_due_again(self) -> None:
        run("load_sample_gallery", "--processes", 1)
        delete_gallery(gallery=Gallery.objects.get())

        assert sample_is_due()

    def test_a_start_that_was_killed_is_taken_up_where_it_stopped(self) -> None:
        begun = begin_sample()
        drawn = begun.missing[0]
        add_sample_photo(sample=begun, drawn=drawn, data=draw_file(drawn))
        assert sample_is_due()
        run("load_sample_gallery", "--processes", 1)

        assert not sample_is_due()
        assert (Photo.objects.count(), Person.objects.count(), Gallery.objects.count()) == (PHOTOS, 2, 1)
        assert Job.objects.order_by("pk").last() != begun.job
        assert Threshold.objects.filter(gallery__isnull=False).count() == len(TAUS)


@pytest.mark.django_db
class TestTwoAtOnce:
    @pytest.fixture
    def other_process(self) -> Iterator[psycopg.Connection]:
        """A connection of somebody else to the same database."""
        parameters = connection.get_connection_params()
        names = ("dbname", "user", "host", "port", "password")
        with psycopg.connect(**{name: parameters[name] for name in names if name in parameters}) as other:
            yield other

    def test_while_another_process_draws_this_one_leaves_it_alone(self, other_process: psycopg.Connection) -> None:
        other_process.execute("SELECT pg_advisory_lock(%s)", [sample._LOCK])
        ended = run("load_sample_gallery")

        assert (ended.status, "Another process is drawing" in ended.out) == (0, True)
        assert not Gallery.objects.exists()
