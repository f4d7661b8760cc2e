"""What can be done with a run: finish it early, try it again, delete it; and its state follows its job's."""

import pytest

from faces.exceptions import ConflictError, WrongStateError
from faces.models import EncoderVersion, Job
from faces.services.jobs import cancel_job
from tests import factories as rows
from tests.training.models import factories
from training.models import EvaluationReport, TrainingRun
from training.services.run_actions import delete_run, finish_run, retry_run
from training.services.run_candidates import discard_candidate
from training.services.run_states import settle_runs

pytestmark = pytest.mark.django_db

S = TrainingRun.State


def run_with_job(state: S, job: Job.State, **values: object) -> TrainingRun:
    run = factories.run()
    run.job = rows.job(gallery=run.gallery, kind=Job.Kind.TRAINING, state=job, **values)
    run.save()
    for step in {S.QUEUED: (), S.TRAINING: (S.TRAINING,), S.EVALUATING: (S.TRAINING, S.EVALUATING)}.get(
        state, (state,)
    ):
        run.move_to(step, error="It broke." if step == S.FAILED else "")
    return run


class TestFinish:
    @pytest.mark.parametrize("state", [S.QUEUED, S.TRAINING])
    def test_a_run_that_trains_or_will_is_wished_to_finish(self, state: S) -> None:
        run = finish_run(run=run_with_job(state, Job.State.RUNNING))
        assert run.finish_requested_at is not None
        assert run.state == state

    @pytest.mark.parametrize("state", [S.EVALUATING, S.CANCELLED, S.FAILED])
    def test_any_other_one_has_nothing_to_finish(self, state: S) -> None:
        with pytest.raises(WrongStateError, match="it has no training to finish"):
            finish_run(run=run_with_job(state, Job.State.RUNNING))


class TestTryAgain:
    @pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED])
    def test_a_run_that_ended_waits_again_with_its_job(self, state: S) -> None:
        ended = Job.State.FAILED if state == S.FAILED else Job.State.CANCELLED
        run = retry_run(run=run_with_job(state, ended, attempts=4))
        assert run.job is not None
        assert (run.state, run.error, run.finished_at) == (S.QUEUED, "", None)
        assert (run.job.state, run.job.attempts) == (Job.State.QUEUED, 0)

    def test_where_the_job_waits_again_already_the_run_does_too(self) -> None:
        run = retry_run(run=run_with_job(S.CANCELLED, Job.State.QUEUED))
        assert run.state == S.QUEUED

    def test_not_beside_another_run_of_the_gallery(self) -> None:
        run = run_with_job(S.CANCELLED, Job.State.CANCELLED)
        rows.job(gallery=run.gallery, kind=Job.Kind.TRAINING, state=Job.State.RUNNING)
        with pytest.raises(ConflictError, match="Another job of this kind is under way"):
            retry_run(run=run)
        run.refresh_from_db()
        assert run.state == S.CANCELLED

    def test_not_while_it_is_under_way_and_not_without_a_job(self) -> None:
        with pytest.raises(WrongStateError):
            retry_run(run=run_with_job(S.TRAINING, Job.State.RUNNING))
        with pytest.raises(WrongStateError, match="Start a new run"):
            retry_run(run=factories.run(state=S.CANCELLED, finished_at="2026-01-01T00:00Z"))


class TestDelete:
    def test_its_version_stays_and_everything_else_goes(self) -> None:
        run = run_with_job(S.EVALUATING, Job.State.RUNNING)
        candidate = rows.encoder_version(state=EncoderVersion.State.CANDIDATE)
        run.move_to(S.SUCCEEDED, candidate=candidate)
        factories.epoch(run=run)
        factories.report(kind="held_out", training_run=run, encoder_version=candidate)
        delete_run(run=run)
        assert not TrainingRun.objects.exists()
        assert not EvaluationReport.objects.exists()
        assert EncoderVersion.objects.filter(pk=candidate.pk).exists()

    def test_not_while_it_is_under_way(self) -> None:
        with pytest.raises(WrongStateError, match="Cancel it first"):
            delete_run(run=run_with_job(S.TRAINING, Job.State.RUNNING))


class TestSettle:
    @pytest.mark.parametrize("state", [S.QUEUED, S.TRAINING, S.EVALUATING])
    def test_a_run_whose_job_was_cancelled_without_it_is_cancelled(self, state: S) -> None:
        run = run_with_job(state, Job.State.QUEUED)
        assert settle_runs() == 0
        assert run.job is not None
        cancel_job(job=run.job)
        assert settle_runs() == 1
        run.refresh_from_db()
        assert (run.state, run.finished_at is None) == (S.CANCELLED, False)
        assert settle_runs() == 0

    def test_a_run_whose_job_failed_without_it_failed_for_the_same_reason(self) -> None:
        run = run_with_job(S.TRAINING, Job.State.FAILED, error="4 workers stopped while they did it.")
        settle_runs(gallery=rows.gallery())
        run.refresh_from_db()
        assert run.state == S.TRAINING
        settle_runs(gallery=run.gallery)
        run.refresh_from_db()
        assert (run.state, run.error) == (S.FAILED, "4 workers stopped while they did it.")

    def test_a_run_whose_job_was_deleted_is_cancelled(self) -> None:
        run = factories.run()
        settle_runs()
        run.refresh_from_db()
        assert run.state == S.CANCELLED

    def test_a_candidate_that_was_not_judged_goes(self) -> None:
        run = run_with_job(S.EVALUATING, Job.State.FAILED, error="4 workers stopped while they did it.")
        candidate = rows.encoder_version(state=EncoderVersion.State.CANDIDATE)
        TrainingRun.objects.filter(pk=run.pk).update(candidate=candidate)
        settle_runs()
        run.refresh_from_db()
        assert (run.state, run.candidate) == (S.FAILED, None)
        assert not EncoderVersion.objects.filter(pk=candidate.pk).exists()

    def test_the_candidate_of_a_run_that_succeeded_stays(self) -> None:
        run = run_with_job(S.EVALUATING, Job.State.RUNNING)
        candidate = rows.encoder_version(state=EncoderVersion.State.CANDIDATE)
        run.move_to(S.SUCCEEDED, candidate=candidate)
        discard_candidate(run)
        assert TrainingRun.objects.get(pk=run.pk).candidate == candidate
