"""A candidate beside its parent, judged by people who were held out."""

import pytest

from tests.training.services.held_out import HeldOut, held_out
from training.metrics.figures import AtRate, Figures
from training.metrics.paired import Outcome
from training.models import EvaluationReport
from training.services.held_out import judge_candidate
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
