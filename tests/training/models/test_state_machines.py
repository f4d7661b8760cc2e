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


@pytest.fixture
def item() -> ReviewItem:
    gallery = factories.gallery()
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    return question(first, second)


A = ReviewItem.Answer


@pytest.mark.parametrize("answer", [A.SAME, A.DIFFERENT, A.WRONG])
def test_a_question_is_answered_once(item: ReviewItem, answer: ReviewItem.Answer) -> None:
    user = factories.user()
    item.decide(answer, by=user, changes={"face": 1})

    assert (item.state, item.answer, item.changes) == (ReviewItem.State.ANSWERED, answer, {"face": 1})
    assert item.decided_by == user
    assert item.decided_at is not None
    with pytest.raises(WrongStateError, match="meanwhile"):
        item.decide(A.DIFFERENT, by=user)
    assert item.answer == answer


def test_no_answer_is_none(item: ReviewItem) -> None:
    with pytest.raises(WrongStateError):
        item.decide(A.NONE, by=None)
    assert item.state == ReviewItem.State.OPEN


def test_an_answer_is_taken_back_once_and_can_be_given_again(item: ReviewItem) -> None:
    first, second = factories.user(), factories.user()
    item.decide(A.SAME, by=first, changes={"face": 1})
    item.reopen(by=second)

    assert (item.state, item.answer, item.changes) == (ReviewItem.State.OPEN, A.NONE, {})
    assert (item.decided_by, item.decided_at, item.undone_by) == (None, None, second)
    assert item.undone_at is not None
    with pytest.raises(WrongStateError, match="no answer"):
        item.reopen(by=second)
    item.decide(A.DIFFERENT, by=first)
    assert item.answer == A.DIFFERENT
