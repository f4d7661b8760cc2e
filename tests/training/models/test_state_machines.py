"""Transitions that exist are made once; all others are refused."""

import itertools
from typing import Any

import pytest

from faces.exceptions import WrongStateError
from tests import factories
from tests.training.models.factories import question, run
from training.models import ReviewItem, TrainingRun

pytestmark = pytest.mark.django_db

S = TrainingRun.State
ALLOWED = {
    (S.QUEUED, S.TRAINING),
    (S.TRAINING, S.EVALUATING),
    (S.EVALUATING, S.SUCCEEDED),
    *((state, end) for state in (S.QUEUED, S.TRAINING, S.EVALUATING) for end in (S.FAILED, S.CANCELLED)),
    (S.FAILED, S.QUEUED),
    (S.CANCELLED, S.QUEUED),
}
WAY_TO = {
    S.QUEUED: (),
    S.TRAINING: (S.TRAINING,),
    S.EVALUATING: (S.TRAINING, S.EVALUATING),
    S.SUCCEEDED: (S.TRAINING, S.EVALUATING, S.SUCCEEDED),
    S.FAILED: (S.FAILED,),
    S.CANCELLED: (S.CANCELLED,),
}


def moved(row: TrainingRun, state: TrainingRun.State) -> TrainingRun:
    values: dict[str, Any] = {}
    if state == S.FAILED:
        values["error"] = "The loss is not finite."
    if state == S.SUCCEEDED:
        values["candidate"] = factories.encoder_version()
    row.move_to(state, **values)
    return row


def run_in(state: TrainingRun.State) -> TrainingRun:
    row = run()
    for step in WAY_TO[state]:
        moved(row, step)
    assert row.state == state
    return row


@pytest.mark.parametrize(("old", "new"), list(itertools.product(S, S)))
def test_a_run_moves_as_its_states_allow_and_not_otherwise(old: TrainingRun.State, new: TrainingRun.State) -> None:
    row = run_in(old)
    if (old, new) in ALLOWED:
        assert moved(row, new).state == new
        return
    with pytest.raises(WrongStateError):
        moved(row, new)
    row.refresh_from_db()
    assert row.state == old


def test_of_two_who_end_a_run_the_second_is_told() -> None:
    row = run_in(S.TRAINING)
    other = TrainingRun.objects.get(pk=row.pk)
    moved(row, S.CANCELLED)
    with pytest.raises(WrongStateError, match="it cannot become failed"):
        moved(other, S.FAILED)

    assert other.state == S.CANCELLED


def test_a_run_notes_when_it_began_and_ended_and_what_it_made() -> None:
    row = run()
    assert (row.started_at, row.finished_at, row.is_finished) == (None, None, False)
    moved(row, S.TRAINING)
    assert row.started_at is not None
    moved(row, S.EVALUATING)
    moved(row, S.SUCCEEDED)

    assert row.finished_at is not None
    assert row.is_finished
    assert row.candidate is not None
    assert TrainingRun.objects.get(candidate=row.candidate) == row


@pytest.mark.parametrize("answer", [ReviewItem.State.CONFIRMED, ReviewItem.State.DISMISSED])
def test_a_question_is_answered_once(answer: ReviewItem.State) -> None:
    gallery = factories.gallery()
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    item, user = question(first, second), factories.user()
    item.decide(answer, by=user)

    assert (item.state, item.decided_by) == (answer, user)
    assert item.decided_at is not None
    with pytest.raises(WrongStateError):
        item.decide(ReviewItem.State.DISMISSED, by=user)
    with pytest.raises(WrongStateError):
        item.decide(ReviewItem.State.OPEN, by=user)
    assert item.state == answer
