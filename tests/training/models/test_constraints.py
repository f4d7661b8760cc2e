"""What the database refuses, whoever writes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from faces.models import Face, Gallery
from faces.services.galleries import delete_gallery
from faces.services.people import delete_person
from tests import factories
from tests.training.models.factories import epoch, question, report, run
from training.models import EpochRecord, EvaluationReport, ReviewItem, TrainingRun

pytestmark = pytest.mark.django_db


def refused(constraint: str, write: Callable[[], object]) -> None:
    """The database refuses this with the constraint of this name, at once or at the end of the transaction."""

    def write_and_check() -> None:
        with transaction.atomic():
            write()
            connection.check_constraints()

    with pytest.raises(IntegrityError, match=constraint):
        write_and_check()


@pytest.fixture
def faces() -> tuple[Face, Face]:
    gallery = factories.gallery()
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    return first, second


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("training_run_finished_has_a_time", {"state": "dreaming"}),
        ("training_run_finished_has_a_time", {"state": "cancelled"}),
        ("training_run_finished_has_a_time", {"finished_at": timezone.now()}),
        ("training_run_succeeds_with_a_candidate", {"state": "succeeded", "finished_at": timezone.now()}),
        ("training_run_failed_with_an_error", {"state": "failed", "finished_at": timezone.now()}),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(constraint: str, values: dict[str, Any]) -> None:
    refused(constraint, partial(run, **values))


def test_a_run_cannot_make_its_own_parent() -> None:
    gallery = factories.gallery()
    refused("training_run_candidate_is_new", partial(run, gallery=gallery, candidate=gallery.encoder_version))


def test_two_runs_cannot_make_the_same_candidate() -> None:
    candidate = factories.encoder_version(state="candidate")
    run(candidate=candidate)
    refused("candidate_id", partial(run, candidate=candidate))


def test_a_gallery_trains_once_at_a_time() -> None:
    gallery = factories.gallery()
    run(gallery=gallery, state="cancelled", finished_at=timezone.now())
    run(gallery=gallery)
    run()
    refused("training_run_one_at_a_time", partial(run, gallery=gallery))


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("epoch_record_shares_0_to_1", {"held_out_eer": 1.2}),
        ("epoch_record_shares_0_to_1", {"held_out_tar": -0.1, "held_out_fmr": 0.01}),
        ("epoch_record_tar_names_its_fmr", {"held_out_tar": 0.9}),
        ("epoch_record_distances_0_to_4", {"mean_positive_distance": 4.5}),
        ("epoch_record_distances_0_to_4", {"mean_negative_distance": -1}),
        ("epoch_record_kinds_within_triplets", {"triplets": 3, "semi_hard": 2, "hard": 2}),
        ("epoch_record_loss_not_negative", {"loss": -0.1}),
        ("epoch_record_time_not_negative", {"seconds": -1}),
    ],
)
def test_an_epoch_that_makes_no_sense_is_refused(constraint: str, values: dict[str, Any]) -> None:
    row = run()
    refused(constraint, partial(epoch, run=row, **values))


def test_an_epoch_is_recorded_once() -> None:
    row = run()
    epoch(run=row, number=0)
    epoch(run=row, number=1)
    refused("epoch_record_once", partial(epoch, run=row, number=1))


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("evaluation_report_kind_known", {"kind": "gut feeling"}),
        ("evaluation_report_says_on_what", {"measured_on": ""}),
        ("evaluation_report_of_a_gallery", {"kind": "gallery"}),
        ("evaluation_report_of_a_run", {"kind": "held_out"}),
        ("evaluation_report_difference_within_its_interval", {"difference": 0.1}),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(constraint: str, values: dict[str, Any]) -> None:
    refused(constraint, partial(report, **values))


@pytest.mark.parametrize(
    ("low", "difference", "high", "is_right"),
    [
        (0.01, 0.02, 0.03, True),
        (0.02, 0.02, 0.02, True),
        (0.03, 0.02, 0.04, False),
        (0.01, 0.05, 0.04, False),
        (-1.5, 0, 1, False),
        (-1, 0, 1.5, False),
        (None, 0.02, 0.03, False),
        (0.01, None, 0.03, False),
    ],
)
def test_a_comparison_has_all_of_its_numbers_in_order(
    low: float | None, difference: float | None, high: float | None, is_right: bool
) -> None:
    values = {"difference_low": low, "difference": difference, "difference_high": high}
    values["compared_with"] = factories.encoder_version()  # type: ignore[assignment]
    if is_right:
        assert report(**values).pk
        return
    refused("evaluation_report_difference_within_its_interval", partial(report, **values))


def test_a_version_is_not_compared_with_itself() -> None:
    version = factories.encoder_version()
    numbers = {"difference_low": 0, "difference": 0, "difference_high": 0}
    refused(
        "evaluation_report_compares_two_versions",
        partial(report, encoder_version=version, compared_with=version, **numbers),
    )


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("review_item_distance_0_to_4", {"distance": -0.1}),
        ("review_item_distance_0_to_4", {"distance": 4.1}),
        ("review_item_kind_known", {"kind": "odd"}),
        ("review_item_by_chance_not_negative", {"by_chance": -0.1}),
        ("review_item_answered_has_a_time", {"state": "answered", "answer": "same"}),
        ("review_item_answered_has_a_time", {"state": "answered", "decided_at": timezone.now()}),
        ("review_item_answered_has_a_time", {"state": "perhaps", "answer": "same", "decided_at": timezone.now()}),
        ("review_item_answered_has_a_time", {"answer": "same"}),
        ("review_item_answered_has_a_time", {"decided_at": timezone.now()}),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    faces: tuple[Face, Face], constraint: str, values: dict[str, Any]
) -> None:
    refused(constraint, partial(question, *faces, **values))


def test_two_people_are_asked_about_once_in_one_order(faces: tuple[Face, Face]) -> None:
    first, second = faces
    question(first, second)
    another = factories.face(person=first.person)
    refused("review_item_people_once", partial(question, another, second))
    refused("review_item_people_in_order", partial(question, second, first))
    refused("review_item_of_two_faces", partial(question, first, first, second_person=second.person))
    refused("review_item_of_two_people", partial(question, first, another, kind=ReviewItem.Kind.WRONG_LABEL))


def test_a_face_and_a_person_are_asked_about_once_in_either_order(faces: tuple[Face, Face]) -> None:
    first, second = faces
    ask = partial(question, kind=ReviewItem.Kind.WRONG_LABEL)
    ask(first, second)
    ask(second, first)
    refused("review_item_face_once", partial(ask, first, factories.face(person=second.person)))


def test_faces_and_people_belong_to_the_questions_gallery(faces: tuple[Face, Face]) -> None:
    first, second = faces
    stranger = factories.face(person=factories.person(gallery=factories.gallery()))
    wrong: dict[str, dict[str, Any]] = {
        "review_item_first_face_of_gallery": {"first_face": stranger},
        "review_item_second_face_of_gallery": {"second_face": stranger},
        "review_item_first_person_of_gallery": {"first_person": stranger.person},
        "review_item_second_person_of_gallery": {"second_person": stranger.person},
    }
    right = {
        "gallery": first.gallery,
        "first_face": first,
        "second_face": second,
        "first_person": first.person,
        "second_person": second.person,
        "kind": ReviewItem.Kind.WRONG_LABEL,
        "distance": 0,
    }
    for constraint, values in wrong.items():
        refused(constraint, partial(ReviewItem.objects.create, **right | values))


def test_a_question_goes_with_either_of_its_faces(faces: tuple[Face, Face]) -> None:
    for face in faces:
        question(*faces)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM faces_face WHERE id = %s", [face.pk])
            assert not ReviewItem.objects.exists()
            transaction.set_rollback(True)
        ReviewItem.objects.all().delete()


def test_a_question_goes_with_either_of_its_people(faces: tuple[Face, Face]) -> None:
    first, second = faces
    question(first, second)
    assert second.person is not None
    delete_person(person=second.person)

    assert not ReviewItem.objects.exists()


def test_a_gallery_takes_its_runs_reports_and_questions_with_it(faces: tuple[Face, Face]) -> None:
    gallery: Gallery = faces[0].gallery
    row = run(gallery=gallery)
    epoch(run=row)
    report(kind="held_out", training_run=row)
    report(kind="gallery", gallery=gallery)
    question(*faces, training_run=row)
    delete_gallery(gallery=gallery)

    for model in (TrainingRun, EpochRecord, EvaluationReport, ReviewItem):
        assert model._default_manager.count() == 0
