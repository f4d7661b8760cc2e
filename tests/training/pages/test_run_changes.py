"""What can be done with a training run on its page."""

import pytest
from django.test import Client
from django.urls import reverse

from faces.models import EncoderVersion, Gallery, Job
from tests import factories
from tests.faces.pages.test_people import said
from tests.training.pages.runs import judged_run, run_with_job
from training.models import EvaluationReport, TrainingRun

State = TrainingRun.State


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Staff")


def posted(client: Client, run: TrainingRun, what: str) -> str:
    """What is said after a button was pressed."""
    referer = f"http://testserver{reverse('training:run', args=[run.pk])}"
    text = said(client.post(reverse(f"training:run-{what}", args=[run.pk]), headers={"Referer": referer}))
    if TrainingRun.objects.filter(pk=run.pk).exists():
        run.refresh_from_db()
    return text


def job_of(run: TrainingRun) -> Job:
    """Its job as it stands."""
    assert run.job is not None
    run.job.refresh_from_db()
    return run.job


def test_a_waiting_run_is_cancelled_at_once(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, State.QUEUED)
    assert "The run is cancelled" in posted(client, run, "cancel")
    assert run.state == State.CANCELLED
    assert job_of(run).state == Job.State.CANCELLED


def test_a_training_run_is_told_to_stop_by_its_job(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    posted(client, run, "cancel")
    assert run.state == State.TRAINING
    assert job_of(run).cancel_requested_at is not None
    page = client.get(reverse("training:run", args=[run.pk])).content.decode()
    assert "It is being cancelled" in page
    assert reverse("training:run-cancel", args=[run.pk]) not in page


def test_a_training_run_can_be_finished_early(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    assert "becomes a candidate" in posted(client, run, "finish")
    assert run.finish_requested_at is not None
    page = client.get(reverse("training:run", args=[run.pk])).content.decode()
    assert reverse("training:run-finish", args=[run.pk]) not in page


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_an_ended_run_goes_on(client: Client, gallery: Gallery, state: TrainingRun.State) -> None:
    run = run_with_job(gallery, state)
    assert "goes to a worker again" in posted(client, run, "retry")
    assert run.state == State.QUEUED
    assert job_of(run).state == Job.State.QUEUED


def test_a_finished_run_is_deleted_and_the_version_that_it_made_stays(client: Client) -> None:
    run, made = judged_run(people=8)
    assert f"Run {run.pk} is deleted." in posted(client, run, "delete")
    assert not TrainingRun.objects.exists()
    assert not EvaluationReport.objects.exists()
    assert EncoderVersion.objects.filter(pk=made.candidate.pk).exists()


@pytest.mark.parametrize(
    ("state", "what", "words"),
    [
        (State.SUCCEEDED, "cancel", "there is nothing to cancel"),
        (State.CANCELLED, "finish", "no training to finish"),
        (State.TRAINING, "delete", "Cancel it first"),
        (State.TRAINING, "retry", "training"),
    ],
)
def test_what_cannot_be_done_now_is_refused_in_words(
    client: Client, gallery: Gallery, state: TrainingRun.State, what: str, words: str
) -> None:
    candidate = factories.encoder_version() if state == State.SUCCEEDED else None
    run = run_with_job(gallery, state, candidate=candidate)
    assert words in posted(client, run, what)
    assert run.state == state


def test_the_buttons_of_a_run_fit_its_state(client: Client, gallery: Gallery) -> None:
    offered = {
        State.QUEUED: {"cancel"},
        State.TRAINING: {"cancel", "finish"},
        State.EVALUATING: {"cancel"},
        State.SUCCEEDED: {"delete"},
        State.FAILED: {"retry", "delete"},
        State.CANCELLED: {"retry", "delete"},
    }
    for state, wanted in offered.items():
        candidate = factories.encoder_version() if state == State.SUCCEEDED else None
        run = run_with_job(factories.gallery(), state, candidate=candidate)
        page = client.get(reverse("training:run", args=[run.pk])).content.decode()
        there = {
            what
            for what in ("cancel", "finish", "retry", "delete")
            if reverse(f"training:run-{what}", args=[run.pk]) in page
        }
        assert (state, there) == (state, wanted)
