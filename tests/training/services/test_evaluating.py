"""Error rates of a gallery as a job."""

from typing import Any

import pytest

from faces.exceptions import ConflictError, InvalidRequestError, JobCancelledError
from faces.models import Gallery, Job, PairClassifier, Person, Threshold
from faces.services.jobs import cancel_job
from faces.services.people import delete_person
from faces.services.thresholds import set_tau
from faces.services.working import perform
from faces.tasks import work_of
from tests import factories
from tests.factories import at_distance, axis
from tests.training.services.people import random_gallery
from training.exceptions import TooFewComparisonsError
from training.metrics.figures import Figures, Verdict
from training.models import EvaluationReport
from training.services.evaluating import evaluate_gallery
from training.services.report_words import rate_of
from training.services.requesting import request_evaluation

pytestmark = pytest.mark.django_db


def evaluate(gallery: Gallery, **wanted: Any) -> EvaluationReport:
    """Ask, and do what a worker does."""
    job = request_evaluation(gallery=gallery, **wanted)
    assert perform(job=job, work=work_of(job.kind))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED, job.error
    return EvaluationReport.objects.get(job=job)


@pytest.fixture
def gallery() -> Gallery:
    gallery = factories.gallery(name="Staff")
    for use, tau in ((Threshold.Use.RECOGNITION, 0.5), (Threshold.Use.VERIFICATION, 0.9)):
        set_tau(
            gallery=gallery,
            encoder_version=gallery.encoder_version,
            use=use,
            tau=tau,
            reason="For this test",
            user=None,
        )
    return gallery


def three_people(gallery: Gallery) -> list[Person]:
    """Ada's photos are 0.25 apart, Bob's 1; Cleo has one photo, 0.25 from Bob's first; all else is far apart."""
    ada, bob, cleo = people = [factories.person(gallery=gallery, name=name) for name in ("Ada", "Bob", "Cleo")]
    factories.face(person=ada, vector=axis(0))
    factories.face(person=ada, vector=at_distance(0.25, of=0, towards=1))
    factories.face(person=bob, vector=axis(2))
    factories.face(person=bob, vector=at_distance(1, of=2, towards=3))
    factories.face(person=cleo, vector=at_distance(0.25, of=2, towards=4))
    return people


def test_rates_of_a_small_gallery_are_those_one_counts_by_hand(gallery: Gallery) -> None:
    three_people(gallery)
    report = evaluate(gallery)
    figures = Figures.from_json(report.figures)
    recognition, at = figures.recognition, figures.taus.index(0.5)

    assert (report.people, report.photos, report.mated, report.non_mated) == (3, 5, 2, 8)
    assert figures.tau == {"recognition": 0.5, "verification": 0.9}
    # Ada finds Ada twice. Bob's first photo finds Cleo, his second Bob's first at 1, which is nearest but beyond tau.
    fnir = rate_of(recognition.fnir, at)
    assert (fnir.errors, fnir.trials, fnir.people) == (2, 4, 1)
    assert recognition.ranks.value[0] == 0.75
    # Without their own photos, Bob's first is taken for Cleo and Cleo for Bob.
    fpir = rate_of(recognition.fpir, at)
    assert (fpir.value, fpir.trials) == (0.4, 5)
    # Of single photos at 0.9, Ada's match and Bob's do not; Cleo matches Bob's first.
    at = figures.taus.index(0.9)
    assert (rate_of(figures.photo.fnmr, at).value, rate_of(figures.photo.fmr, at).value) == (0.5, 0.125)


def test_a_report_says_what_was_measured_on_what(gallery: Gallery) -> None:
    three_people(gallery)
    report = evaluate(gallery, seed=7, minimum_people=5)
    version = gallery.encoder_version
    snapshot = report.snapshot

    assert (report.kind, report.gallery, report.encoder_version) == ("gallery", gallery, version)
    assert report.measured_on == "Gallery “Staff”: 5 faces of 3 people, each compared with all others"
    assert report.seconds > 0
    assert snapshot.pop("moment").startswith("20")
    assert snapshot == {
        "gallery": {"id": gallery.pk, "slug": "staff", "people": 3},
        "faces": 5,
        "photos": 5,
        "probes": 5,
        "is_complete": True,
        "encoder_version": {
            "id": version.pk,
            "name": version.name,
            "weights_sha256": version.weights_sha256,
            "preprocessing_version": version.preprocessing_version,
        },
        "tau": {
            use: {"tau": tau, "threshold": Threshold.objects.get(gallery=gallery, use=use).pk}
            for use, tau in (("recognition", 0.5), ("verification", 0.9))
        },
        "seed": 7,
        "resamples": 200,
        "minimum_people": 5,
        "fields": [],
        "fields_left_out": {},
    }


def test_the_job_ends_with_the_rates_at_the_taus_in_force(gallery: Gallery) -> None:
    three_people(gallery)
    report = evaluate(gallery)
    job = Job.objects.get(kind=Job.Kind.EVALUATION)

    assert job.result == {
        "report": report.pk,
        "people": 3,
        "photos": 5,
        "fmr": 0.2,
        "fnmr": 0.5,
        "fpir": 0.4,
        "fnir": 0.5,
    }
    assert (job.title, job.percent, job.note) == ("Error rates of “Staff”", 100, "Done")


def test_no_name_of_a_person_is_in_a_report(gallery: Gallery) -> None:
    people = three_people(gallery)
    report = evaluate(gallery)
    told = f"{report.figures}{report.snapshot}{report.measured_on}"
    assert not any(person.name in told for person in people)


def test_the_same_photos_and_seed_give_the_same_figures() -> None:
    gallery = random_gallery(12)
    first, second = evaluate(gallery, seed=3), evaluate(gallery, seed=3)
    assert first.pk != second.pk
    assert first.figures == second.figures


def test_probabilities_are_fitted_to_the_same_evidence(gallery: Gallery) -> None:
    three_people(gallery)
    evaluate(gallery)
    rows = PairClassifier.objects.filter(gallery=gallery, encoder_version=gallery.encoder_version)
    assert {row.compares for row in rows} == {"person", "photo", "search"}
    assert not any(row.is_calibrated for row in rows)  # of three people nothing can be said


def test_single_photos_have_false_matches_but_nobody_who_could_be_missed(gallery: Gallery) -> None:
    for number in range(3):
        factories.face(person=factories.person(gallery=gallery), vector=axis(number))
    figures = Figures.from_json(evaluate(gallery).figures)
    at = figures.taus.index(0.5)
    assert rate_of(figures.recognition.fnir, at).verdict is Verdict.NO_TRIALS
    assert rate_of(figures.photo.fnmr, at).verdict is Verdict.NO_TRIALS
    fpir = rate_of(figures.recognition.fpir, at)
    assert (fpir.value, fpir.trials, fpir.verdict) == (0, 3, Verdict.NONE_SEEN)


def test_people_are_told_apart_by_metadata_of_a_few_values(gallery: Gallery) -> None:
    people = [factories.person(gallery=gallery) for _ in range(6)]
    for number, person in enumerate(people):
        factories.face(person=person, vector=axis(number))
        site: Any = {0: None, 1: "", 2: "north"}.get(number, "south")
        Person.objects.filter(pk=person.pk).update(
            metadata={
                "site": site,
                "shift": number % 2,
                "badge": number,
                "country": "NL",
                "tags": ["a"],
                "vip": number < 3,
            }
        )
    outsider = factories.person(gallery=gallery, metadata={"site": "moon"})
    odd = factories.person(gallery=gallery, metadata=["no", "fields"])
    factories.face(person=odd, vector=axis(40))
    report = evaluate(gallery, minimum_people=2)

    assert outsider.faces.count() == 0
    assert report.snapshot["fields"] == ["shift", "site", "vip"]
    assert report.snapshot["fields_left_out"] == {
        "badge": "it has 6 different values for 6 people",
        "country": "everybody has the same value",
        "tags": "some of its values are lists or objects",
    }
    groups = Figures.from_json(report.figures).groups
    told = {(group.field, group.value): group.people for group in groups if group.field}
    assert told == {
        ("shift", "0"): 3,
        ("shift", "1"): 3,
        ("site", "north"): 1,
        ("site", "south"): 3,
        ("vip", "false"): 3,
        ("vip", "true"): 3,
    }


def test_a_cancelled_measurement_stores_nothing(gallery: Gallery) -> None:
    three_people(gallery)
    job = request_evaluation(gallery=gallery)

    def cancelled(job: Job) -> Any:
        cancel_job(job=job)
        return evaluate_gallery(job)

    assert perform(job=job, work=cancelled)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not EvaluationReport.objects.exists()
    assert not PairClassifier.objects.exists()


def test_one_that_is_cancelled_while_people_are_resampled_stores_nothing(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_people(gallery)
    job = request_evaluation(gallery=gallery)
    monkeypatch.setattr("training.services.evaluating.SECONDS_BETWEEN_REPORTS", 0)
    notes = []

    def show(_done: int, _total: int, note: str) -> None:
        notes.append(note)
        if note.startswith("Resampling"):
            Job.objects.filter(pk=job.pk).update(cancel_requested_at=job.created_at)

    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    with pytest.raises(JobCancelledError, match="no report was stored"):
        evaluate_gallery(job, show=show)
    assert notes[-1] == "Resampling 3 people"
    assert "Compared with 5 of 5 faces" in notes
    assert not EvaluationReport.objects.exists()


def test_begun_again_after_its_report_was_stored_it_measures_nothing_anew(gallery: Gallery) -> None:
    three_people(gallery)
    report = evaluate(gallery)
    assert report.job is not None
    Job.objects.filter(pk=report.job.pk).update(state=Job.State.QUEUED, finished_at=None, result={})
    job = Job.objects.get(pk=report.job.pk)
    assert perform(job=job, work=work_of(job.kind))
    job.refresh_from_db()
    assert job.result["report"] == report.pk
    assert EvaluationReport.objects.count() == 1


def test_people_who_go_between_asking_and_measuring_leave_a_reason(gallery: Gallery) -> None:
    people = three_people(gallery)
    job = request_evaluation(gallery=gallery)
    for person in people:
        delete_person(person=person)
    assert perform(job=job, work=work_of(job.kind))
    job.refresh_from_db()
    assert (job.state, "fewer than 2 people" in job.error) == (Job.State.FAILED, True)


def test_a_job_without_a_gallery_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="names none"):
        evaluate_gallery(Job(kind=Job.Kind.EVALUATION, title="Error rates"))


class TestAsking:
    def test_of_too_few_people_is_refused(self, gallery: Gallery) -> None:
        with pytest.raises(TooFewComparisonsError, match="Nobody is enrolled in gallery “staff” yet"):
            request_evaluation(gallery=gallery)
        factories.face(person=factories.person(gallery=gallery), vector=axis(0))
        with pytest.raises(TooFewComparisonsError, match="Only one person"):
            request_evaluation(gallery=gallery)
        assert not Job.objects.exists()

    def test_for_a_version_without_embeddings_is_refused(self, gallery: Gallery) -> None:
        three_people(gallery)
        version = factories.encoder_version(name="New one")
        with pytest.raises(TooFewComparisonsError, match="has an embedding by encoder version “New one”"):
            request_evaluation(gallery=gallery, encoder_version=version)

    def test_for_another_version_measures_its_embeddings(self, gallery: Gallery) -> None:
        people = three_people(gallery)
        version = factories.encoder_version(dimension=4)
        for number, person in enumerate(people):
            vector = axis(number, dimension=4)
            factories.embedding(face=person.faces.all()[0], vector=vector, encoder_version=version)
        report = evaluate(gallery, encoder_version=version)
        assert report.encoder_version == version
        assert report.snapshot["faces"] == 3
        assert Figures.from_json(report.figures).tau == {}

    @pytest.mark.parametrize("wrong", [{"minimum_people": 1}, {"seed": -1}, {"seed": 2**32}])
    def test_with_numbers_out_of_range_is_refused(self, gallery: Gallery, wrong: dict[str, int]) -> None:
        three_people(gallery)
        with pytest.raises(InvalidRequestError):
            request_evaluation(gallery=gallery, **wrong)  # type: ignore[arg-type]  # one of the two numbers

    def test_twice_at_a_time_is_refused(self, gallery: Gallery) -> None:
        three_people(gallery)
        user = factories.user()
        job = request_evaluation(gallery=gallery, user=user)
        assert job.created_by == user
        with pytest.raises(ConflictError, match="under way"):
            request_evaluation(gallery=gallery)
