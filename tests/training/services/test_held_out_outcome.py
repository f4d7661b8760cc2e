"""What counts as better, and how it is said."""

from dataclasses import replace

import pytest

from training.metrics.paired import Change, Outcome, Paired
from training.services.held_out_outcome import (
    Judgement,
    change_words,
    judgement_sentences,
    outcome_words,
    paired_words,
    points,
)


def compared(low: float, high: float, *, before: float = 0.941) -> Paired:
    difference = (low + high) / 2
    tar = Change(before, before + difference, difference, low, high)
    return Paired(
        fmr=1e-3,
        tau_before=0.1,
        tau_after=0.1,
        tar=tar,
        eer=Change(0.02, 0.02, 0, -0.01, 0.01),
        mated=1000,
        non_mated=100_000,
        people=300,
    )


BETTER, SAME, WORSE = compared(0.01, 0.03), compared(-0.01, 0.02), compared(-0.03, -0.015)
A_LITTLE_WORSE = compared(-0.008, -0.001)


@pytest.mark.parametrize(
    ("plain", "probes", "outcome"),
    [
        (BETTER, None, Outcome.BETTER),
        (SAME, None, Outcome.NO_CLEAR_DIFFERENCE),
        (WORSE, None, Outcome.WORSE),
        (compared(0, 0.02), None, Outcome.NO_CLEAR_DIFFERENCE),  # zero may be true
        (SAME, BETTER, Outcome.BETTER),
        (A_LITTLE_WORSE, BETTER, Outcome.BETTER),  # next to nothing is lost where it was not trained for
        (WORSE, BETTER, Outcome.WORSE),
        (compared(-0.02, 0.01), BETTER, Outcome.NO_CLEAR_DIFFERENCE),  # perhaps more is lost than may be
        (BETTER, SAME, Outcome.BETTER),
        (SAME, SAME, Outcome.NO_CLEAR_DIFFERENCE),
        (BETTER, WORSE, Outcome.WORSE),
        (A_LITTLE_WORSE, SAME, Outcome.WORSE),
    ],
)
def test_the_outcome_follows_from_the_intervals(plain: Paired, probes: Paired | None, outcome: Outcome) -> None:
    assert Judgement(plain, probes).outcome is outcome


def test_a_judgement_is_stored_and_read_back() -> None:
    for judgement in (Judgement(BETTER), Judgement(SAME, WORSE)):
        assert Judgement.from_json(judgement.as_json()) == judgement


def test_a_comparison_is_said_in_comparisons_and_points() -> None:
    found = replace(BETTER, tar=Change(0.941, 0.962, 0.021, 0.008, 0.034))

    assert paired_words(found) == (
        "Of 1,000 mated comparisons, 962 match instead of 941 at an FMR of 1 in 1,000; the difference is +2.1 points "
        "(95 %: +0.8 to +3.4)."
    )


@pytest.mark.parametrize(
    ("share", "words"), [(0.0213, "+2.1"), (-0.005, "-0.5"), (0.0004, "+0.04"), (0, "0.0"), (-0.00001, "0.0")]
)
def test_points_keep_their_sign_and_small_ones_are_not_lost(share: float, words: str) -> None:
    assert points(share) == words


def test_every_outcome_has_its_sentence() -> None:
    sentences = {outcome_words(Judgement(each)) for each in (BETTER, SAME, WORSE)}
    assert len(sentences) == 3
    assert "worse on good ones" in outcome_words(Judgement(WORSE, BETTER))
    assert "loses more than 1 point on good ones" in outcome_words(Judgement(compared(-0.02, 0.01), BETTER))
    assert change_words(SAME.tar) == "+0.5 points (95 %: -1.0 to +2.0)"


def test_what_the_run_trained_for_is_said_first() -> None:
    first, second = judgement_sentences(Judgement(SAME, BETTER))

    assert first.startswith("Copies as poor as the run trained for, looked for among good photos: of 1,000 mated")
    assert second.startswith("Good photos among each other: of 1,000 mated comparisons")
    assert list(judgement_sentences(Judgement(SAME))) == [paired_words(SAME)]
