"""Events of searches, against counting in every gallery there could be."""

from itertools import combinations
from math import comb, inf

import numpy as np
import pytest

from training.metrics.events import Events, false_positives, identified, share_reached
from training.metrics.evidence import Searches
from training.metrics.identification import LeaveOneOut


def searches(
    others: list[list[float]],
    *,
    size: int,
    person: list[int] | None = None,
    who: list[list[int]] | None = None,
    own: list[float] | None = None,
    nearer: list[int] | None = None,
) -> Searches:
    count = len(others)
    distances = np.array(others, dtype=np.float64).reshape(count, -1)
    known = np.arange(1, distances.shape[1] + 1)[None, :].repeat(count, axis=0)
    return Searches(
        person=np.array(person or [0] * count, dtype=np.int64),
        face=np.arange(count) + 1,
        quality=np.full(count, 0.5),
        own=np.array(own or [inf] * count),
        nearer=np.array(nearer or [0] * count, dtype=np.int64),
        others=distances,
        who=np.array(who, dtype=np.int64) if who else np.where(np.isfinite(distances), known, -1),
        gallery_size=size,
    )


def at(events: Events, tau: float) -> float:
    return float(events.weights[events.distances <= tau].sum())


@pytest.mark.parametrize(("others", "gallery"), [(1, 1), (5, 5), (5, 4), (7, 3), (9, 1)])
def test_the_share_of_galleries_with_one_of_the_nearest_is_that_of_binomial_coefficients(
    others: int, gallery: int
) -> None:
    expected = [1 - comb(others - c, gallery) / comb(others, gallery) for c in range(others + 1)]

    assert share_reached(others, others, gallery).tolist() == pytest.approx(expected, abs=1e-12)


def test_half_a_gallery_lies_between_whole_numbers_of_people() -> None:
    halves, fewer, more = (share_reached(5, 5, gallery) for gallery in (2.5, 2, 3))

    assert halves[0] == 0
    assert halves[1] == pytest.approx(0.5)  # of one person: as likely in as out
    assert bool(np.all((fewer <= halves) & (halves <= more)))


@pytest.mark.parametrize("gallery", [1, 2, 3, 5])
def test_fpir_of_a_smaller_gallery_is_the_mean_over_every_such_gallery(gallery: int) -> None:
    rng = np.random.default_rng(gallery)
    distances = np.sort(rng.uniform(0.1, 1, size=(8, 5)), axis=1)
    taus = [0.05, *distances.ravel().tolist(), 2.0]
    events = false_positives(searches(distances.tolist(), size=6), gallery)

    for tau in taus:
        expected = [
            np.mean([min(chosen) <= tau for chosen in combinations(row, gallery)]) for row in distances.tolist()
        ]
        assert at(events, tau) == pytest.approx(sum(expected), abs=1e-9)


def test_fpir_of_the_whole_gallery_is_that_of_leaving_one_out() -> None:
    rng = np.random.default_rng(0)
    distances = np.sort(rng.integers(1, 9, size=(30, 4)) / 8, axis=1)  # with ties
    events = false_positives(searches(distances.tolist(), size=5), 5)
    plain = LeaveOneOut(np.zeros(30, np.int64), np.full(30, inf), distances[:, 0], 5)

    for tau in [0.0, *(np.arange(1, 9) / 8)]:
        assert at(events, tau) == plain.fpir(tau).count


def test_a_distance_of_exactly_tau_is_an_answer() -> None:
    events = false_positives(searches([[0.25, 0.5]], size=3), 3)

    assert [at(events, tau) for tau in (np.nextafter(0.25, 0), 0.25, 0.5, 4)] == [0, 1, 1, 1]


def test_a_wrong_answer_rests_on_the_other_person_until_a_second_one_is_reached() -> None:
    events = false_positives(searches([[0.2, 0.6]], size=3, person=[4], who=[[7, 9]]), 3)

    def resting_on(tau: float) -> dict[tuple[int, int], float]:
        found: dict[tuple[int, int], float] = {}
        for first, second, distance, weight in zip(
            events.first.tolist(), events.second.tolist(), events.distances, events.weights, strict=True
        ):
            if distance <= tau:
                found[first, second] = found.get((first, second), 0.0) + float(weight)
        return {pair: weight for pair, weight in found.items() if weight}

    assert resting_on(0.2) == {(4, 7): 1}
    assert resting_on(0.6) == {(4, 4): 1}


def test_who_has_nobody_else_to_be_taken_for_is_never_mistaken() -> None:
    alone = searches([[inf]], size=1)
    few = searches([[0.3, inf, inf]], size=2)

    assert not len(false_positives(alone, 1).distances)
    assert at(false_positives(few, 2), 4) == 1
    assert at(false_positives(few, 0.5), 4) == pytest.approx(0.5)


def test_only_the_nearest_that_are_known_count_where_the_gallery_is_smaller() -> None:
    # Of 100 others 2 are known, so a gallery of 1 has one of them in 2 of 100 cases, however loose tau is.
    events = false_positives(searches([[0.1, 0.2]], size=101), 1)

    assert at(events, 4) == pytest.approx(2 / 100)


def test_the_right_person_must_be_first_and_ties_are_lost() -> None:
    found = identified(searches([[0.3]] * 4, size=2, own=[0.2, 0.3, 0.4, inf], nearer=[0, 1, 1, 0]))

    assert found.distances.tolist() == [0.2]
    assert found.first.tolist() == found.second.tolist() == [0]
