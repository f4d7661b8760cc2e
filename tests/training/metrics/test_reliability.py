"""How good probabilities are said to be, against plain loops, hand-made cases, scikit-learn and a known truth."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_curve

from training.metrics.judged import Judged
from training.metrics.reliability import EDGES, Losses, Ranked, reliability, resampled_weights, true_at_false
from training.metrics.types import Distances


def judged(is_right: list[bool], weights: list[float] | None = None) -> Judged:
    """Comparisons of one person each."""
    right = np.array(is_right)
    people = np.arange(len(right))
    even = np.where(right, 0.5 / max(right.sum(), 1), 0.5 / max((~right).sum(), 1))
    return Judged(np.zeros(len(right)), right, right, people, people, np.array(weights) if weights else even)


def many(seed: int, count: int = 40_000) -> tuple[Distances, Judged]:
    """Claims that are true as often as they say, by 400 people."""
    rng = np.random.default_rng(seed)
    claimed = np.clip(rng.beta(0.3, 0.3, size=count), 0.001, 0.999)
    right = rng.uniform(size=count) < claimed
    people = rng.integers(0, 400, size=count)
    return claimed, Judged(1 - claimed, right, right, people, people, np.full(count, 1 / count))


def test_the_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    claimed = rng.uniform(0.01, 0.99, size=500)
    cases = judged((rng.uniform(size=500) < 0.3).tolist())
    brier, logs, _ = Losses.of(claimed, cases).mean(cases.weights)
    assert brier == pytest.approx(brier_score_loss(cases.is_right, claimed, sample_weight=cases.weights))
    assert logs == pytest.approx(log_loss(cases.is_right, claimed, sample_weight=cases.weights))


def test_the_bins_hold_what_was_claimed_and_seen_by_hand() -> None:
    claimed = np.array([0.95, 0.97, 0.96, 0.2, 0.99])
    cases = judged([True, False, True, False, True], [0.1, 0.2, 0.1, 0.5, 0.1])
    told = reliability(claimed, cases, resamples=5)
    by_low = {found.low: found for found in told.bins}
    high = by_low[0.95]
    assert (high.comparisons, high.people) == (3, 3)
    assert high.share == pytest.approx(0.4)
    mean = (0.1 * 0.95 + 0.2 * 0.97 + 0.1 * 0.96) / 0.4
    assert high.claimed == pytest.approx(mean)
    assert high.seen == pytest.approx(0.2 / 0.4)
    assert by_low[0.2].seen == 0
    assert by_low[0.99].seen == 1
    assert by_low[0.5].claimed is by_low[0.5].seen is None
    assert sum(found.comparisons for found in told.bins) == 5
    expected = abs(0.4 * mean - 0.2) + 0.5 * 0.2 + 0.1 * 0.01
    assert told.calibration_error.value == pytest.approx(expected)
    assert told.constant_brier == pytest.approx(0.3 * 0.7)


def test_true_probabilities_are_found_reliable_and_exaggerated_ones_are_not() -> None:
    claimed, cases = many(1)
    told = reliability(claimed, cases, resamples=20)
    assert told.calibration_error.value < 0.01
    for found in told.bins:
        if found.comparisons > 500:
            assert found.seen == pytest.approx(found.claimed, abs=0.04)
    exaggerated = np.clip(0.5 + 1.6 * (claimed - 0.5), 0.001, 0.999)
    assert reliability(exaggerated, cases, resamples=20).calibration_error.low > 0.03


def test_the_interval_holds_the_value_and_is_wider_with_fewer_people() -> None:
    claimed, cases = many(2)
    few = cases.first < 20
    small = Judged(
        cases.distances[few],
        cases.is_right[few],
        cases.is_mated[few],
        cases.first[few],
        cases.second[few],
        cases.weights[few] / cases.weights[few].sum(),
    )
    wide, narrow = (
        reliability(claims, some, resamples=100).brier for claims, some in ((claimed[few], small), (claimed, cases))
    )
    assert wide.low < wide.value < wide.high
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.parametrize("claimed", [0.0, 1.0, 1.5, float("nan")])
def test_what_is_certain_or_no_probability_is_refused(claimed: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability(np.array([0.5, claimed]), judged([True, False]))


def test_the_right_answers_at_a_false_rate_are_those_of_plain_loops_and_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    scores = np.round(np.concatenate([rng.normal(0, 1, 300), rng.normal(2, 1, 700)]), 1)  # with many ties
    cases = judged([True] * 300 + [False] * 700)
    for rate in (0.001, 0.01, 0.1, 0.5):
        told = true_at_false(scores, cases, rate, resamples=3)
        best, last = 0.0, None
        for score in sorted(set(scores.tolist())):
            if np.mean(scores[300:] <= score) <= rate:
                best, last = float(np.mean(scores[:300] <= score)), score
        assert told.true.value == pytest.approx(best)
        assert told.score == last
        fpr, tpr, _ = roc_curve(cases.is_right, -scores, drop_intermediate=False)
        assert told.true.value == pytest.approx(tpr[fpr <= rate].max())


def test_where_the_best_score_is_false_already_nothing_can_be_found() -> None:
    told = true_at_false(np.array([1.0, 2.0, 3.0]), judged([False, True, True]), 0.5, resamples=3)
    assert told.score is None
    assert told.true.value == 0


def test_a_falling_function_of_the_distance_finds_as_many_as_the_distance() -> None:
    rng = np.random.default_rng(4)
    distances, cases = rng.uniform(size=1000), judged((rng.uniform(size=1000) < 0.5).tolist())
    values = [
        Ranked.of(scores, cases).at(0.01, cases.weights)[0] for scores in (distances, -1 / (1 + np.exp(distances)))
    ]
    assert values[0] == values[1]


def test_people_drawn_anew_bring_all_of_their_comparisons_and_both_kinds_stay_as_heavy() -> None:
    is_right = np.array([True, True, True, False, False, False])
    first, second = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])
    cases = Judged(np.zeros(6), is_right, is_right, first, second, np.full(6, 1 / 6))
    for weights in resampled_weights(cases, 50, seed=1):
        drawn = weights[:3] > 0
        np.testing.assert_array_equal(weights[3:] > 0, drawn[first[3:]] & drawn[second[3:]])
        assert weights[:3].sum() == pytest.approx(0.5)
        assert weights[3:].sum() == pytest.approx(0.5 if drawn.sum() > 1 else 0)


def test_an_interval_holds_its_value_even_where_chance_can_only_make_it_worse() -> None:
    claimed, cases = many(5, count=300)
    error = reliability(claimed, cases, resamples=200).calibration_error
    drawn = [Losses.of(claimed, cases).mean(weights)[2] for weights in resampled_weights(cases, 200, seed=0)]
    assert np.mean(np.array(drawn) > error.value) > 0.8
    assert error.low <= error.value < error.high


def test_the_bins_reach_from_0_to_1() -> None:
    assert (EDGES[0], EDGES[-1]) == (0, 1)
    assert list(EDGES) == sorted(set(EDGES))
