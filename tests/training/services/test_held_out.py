"""A candidate beside its parent, judged by people who were held out."""

from dataclasses import replace

import numpy as np
import pytest

from faces.exceptions import JobCancelledError
from faces.models import Face
from tests.training.services.held_out import HeldOut, held_out, unit
from training.exceptions import TooFewComparisonsError
from training.metrics.figures import AtRate, Figures
from training.metrics.paired import Outcome
from training.mining.sets import Part
from training.models import EvaluationReport
from training.services.held_out import judge_candidate
from training.services.held_out_faces import held_out_faces
from training.services.held_out_outcome import judgement_of

pytestmark = pytest.mark.django_db


def judged(made: HeldOut, **more: object) -> EvaluationReport:
    """What a run does at its end."""
    return judge_candidate(
        run=made.run,
        candidate=made.candidate,
        training_set=made.training_set,
        parent_vectors=made.parent_vectors,
        candidate_vectors=made.candidate_vectors,
        **more,  # type: ignore[arg-type]
    )


def tar_at(row: AtRate) -> float:
    """1 - FNMR."""
    assert row.missed is not None
    assert row.missed.value is not None
    return 1 - row.missed.value


def test_both_versions_get_a_report_of_the_same_people() -> None:
    made = held_out(after=0.4)

    report = judged(made)

    parent = EvaluationReport.objects.get(encoder_version=made.run.parent, training_run=made.run)
    report.refresh_from_db()
    assert (report.kind, report.encoder_version, report.compared_with) == ("held_out", made.candidate, made.run.parent)
    assert (parent.kind, parent.compared_with) == ("held_out", None)
    assert (report.people, report.photos, report.mated) == (parent.people, parent.photos, parent.mated) == (30, 90, 90)
    assert report.snapshot["faces_sha256"] == parent.snapshot["faces_sha256"]
    judgement = judgement_of(report)
    assert judgement is not None
    assert judgement.outcome is Outcome.BETTER
    before, after = (Figures.from_json(each.figures).photo.at_fmr[0] for each in (parent, report))
    assert [tar_at(before), tar_at(after)] == pytest.approx([judgement.plain.tar.before, judgement.plain.tar.after])


def test_the_report_of_the_candidate_keeps_the_difference_and_its_interval() -> None:
    report = judged(held_out(12, after=0.4))

    judgement = judgement_of(report)
    assert judgement is not None
    tar = judgement.plain.tar
    assert (report.difference, report.difference_low, report.difference_high) == (tar.difference, tar.low, tar.high)
    assert report.snapshot["fmr"] == judgement.plain.fmr == 0.1
    assert report.snapshot["comparison"]["outcome"] == judgement.outcome


def test_the_same_vectors_are_no_clear_difference() -> None:
    made = held_out(12)

    judgement = judgement_of(judged(made))

    assert judgement is not None
    assert judgement.plain.tar.difference == 0
    assert judgement.outcome is Outcome.NO_CLEAR_DIFFERENCE


def test_a_run_that_is_judged_again_has_one_report_of_each_version() -> None:
    made = held_out(8)
    first = judged(made)

    second = judged(made)

    reports = EvaluationReport.objects.filter(training_run=made.run)
    assert {report.pk for report in reports} == {second.pk, second.pk - 1}
    assert first.pk not in {report.pk for report in reports}
    assert second.figures == first.figures


def test_probes_are_judged_beside_photos_as_they_are() -> None:
    made = held_out(40)
    rng = np.random.default_rng(2)
    blurred = [unit(made.parent_vectors + much * rng.normal(size=made.parent_vectors.shape)) for much in (0.4, 0.1)]

    judgement = judgement_of(judged(made, parent_probes=blurred[0], candidate_probes=blurred[1]))

    assert judgement is not None
    assert judgement.probes is not None
    assert judgement.plain.outcome is Outcome.NO_CLEAR_DIFFERENCE
    assert judgement.probes.outcome is Outcome.BETTER
    assert (judgement.plain.mated, judgement.probes.mated) == (120, 240)  # a copy of each photo with the other two


def test_faces_that_are_gone_or_belong_to_somebody_else_by_now_are_left_out() -> None:
    made = held_out(6)
    rows = np.flatnonzero(made.training_set.parts == Part.HELD_OUT)
    ids = made.training_set.faces[rows]
    Face.objects.filter(pk=ids[0]).delete()
    Face.objects.filter(pk=ids[4]).update(person=made.training_set.people[rows[17]])

    report = judged(made)

    found = held_out_faces(made.training_set)
    assert found.faces.tolist() == [face for place, face in enumerate(ids.tolist()) if place not in (0, 4)]
    assert found.rows.tolist() == [place for place in range(18) if place not in (0, 4)]
    assert (report.people, report.snapshot["faces"]) == (6, 16)
    vectors = found.enrolled(made.parent_vectors)
    assert vectors.face_vectors(slice(0, 1))[0] == pytest.approx(made.parent_vectors[1], abs=1e-3)


def test_nobody_counts_with_more_photos_than_most_have() -> None:
    made = held_out(6, photos=2)
    rows = np.flatnonzero(made.training_set.parts == Part.HELD_OUT)
    ids = made.training_set.faces[rows]
    person = made.training_set.people[rows[0]]
    Face.objects.filter(pk__in=ids[:9].tolist()).update(person=int(person))
    people = made.training_set.people.copy()
    people[rows[:9]] = person

    found = held_out_faces(replace(made.training_set, people=people))

    assert found.most_photos == 5
    assert np.bincount(found.people).tolist() == [5, 1, 2]
    assert set(found.faces[found.people == 0].tolist()) < set(ids[:9].tolist())


@pytest.mark.parametrize(("people", "photos"), [(1, 3), (4, 1)])
def test_too_few_people_or_photos_to_judge_by_are_an_end_that_says_so(people: int, photos: int) -> None:
    made = held_out(people, photos)

    with pytest.raises(TooFewComparisonsError, match="at least two people, one of whom has two photos"):
        judged(made)

    assert not EvaluationReport.objects.exists()


def test_vectors_of_other_faces_are_refused() -> None:
    made = held_out(4)

    with pytest.raises(ValueError, match="12 faces are held out, and there are 11 vectors"):
        judged(replace(made, candidate_vectors=made.candidate_vectors[:-1]))
    with pytest.raises(ValueError, match="by both versions or by none"):
        judged(made, parent_probes=made.parent_vectors)


def test_whoever_stops_it_finds_nothing_stored() -> None:
    made = held_out(4)

    def stop(note: str) -> None:
        if note.startswith("Comparing"):
            raise JobCancelledError("Stopped.")

    with pytest.raises(JobCancelledError):
        judged(made, tell=stop)
    assert not EvaluationReport.objects.exists()
