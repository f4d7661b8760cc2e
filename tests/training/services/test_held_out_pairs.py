"""Pairs of faces whose distance a training changed most, against loops."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.training.models.factories import report as new_report
from training.metrics.distances import squared_distances
from training.services import held_out_pairs
from training.services.changed_pairs import KEY, ChangedPair, as_json, changed_between, changed_pairs
from training.services.held_out_faces import HeldOutFaces
from training.services.held_out_pairs import most_changed

Vectors = npt.NDArray[np.float32]

PEOPLE, PHOTOS = 6, 3


def faces(seed: int = 1) -> tuple[HeldOutFaces, Vectors, Vectors]:
    """Six people with three photos each, two of which show two people; before and after."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(PEOPLE), PHOTOS)
    photos = np.arange(len(people))
    photos[[3, 9]] = photos[[0, 6]]
    before, after = (rng.normal(size=(len(people), 5)) for _ in range(2))
    known = HeldOutFaces(
        most_photos=5,
        rows=np.arange(len(people)),
        faces=np.arange(len(people)) + 100,
        everybody=np.arange(PEOPLE) + 50,
        people=people,
        photos=photos,
        qualities=np.ones(len(people)),
    )
    before, after = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (before, after))
    return known, before.astype(np.float32), after.astype(np.float32)


def looped(known: HeldOutFaces, before: Vectors, after: Vectors) -> list[ChangedPair]:
    """Every pair of different photos."""
    old, new = squared_distances(before, before), squared_distances(after, after)
    return [
        ChangedPair(100 + i, 100 + j, bool(known.people[i] == known.people[j]), float(old[i, j]), float(new[i, j]))
        for i in range(len(known))
        for j in range(i + 1, len(known))
        if known.photos[i] != known.photos[j]
    ]


def who(pair: ChangedPair) -> frozenset[int]:
    return frozenset(((pair.first_face - 100) // PHOTOS, (pair.second_face - 100) // PHOTOS))


def best_of_each(pairs: list[ChangedPair], most: int) -> list[ChangedPair]:
    """The first pair of each two people, or of each person."""
    found: dict[frozenset[int], ChangedPair] = {}
    for pair in pairs:
        found.setdefault(who(pair), pair)
    return list(found.values())[:most]


@pytest.mark.parametrize("rows", [4, 256])
def test_the_pairs_are_those_of_nested_loops(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(held_out_pairs, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(held_out_pairs, "MOST", {"closer": 4, "apart": 4, "hardest": 3})
    known, before, after = faces()
    every = looped(known, before, after)

    found = most_changed(known, before, after)

    wanted: set[ChangedPair] = set()
    for is_mated in (True, False):
        kind = [pair for pair in every if pair.is_mated == is_mated]
        closer = sorted((pair for pair in kind if pair.change < 0), key=lambda pair: pair.change)
        apart = sorted((pair for pair in kind if pair.change > 0), key=lambda pair: -pair.change)
        hardest = sorted(kind, key=lambda pair: -pair.before if is_mated else pair.before)
        wanted |= {*best_of_each(closer, 4), *best_of_each(apart, 4), *best_of_each(hardest, 3)}
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_faces_of_one_photo_are_no_pair() -> None:
    known, before, after = faces()

    found = {(pair.first_face, pair.second_face) for pair in most_changed(known, before, after)}

    assert not found & {(100, 103), (106, 109)}


@pytest.mark.django_db
def test_a_report_keeps_ids_and_distances_and_shows_what_changed_most() -> None:
    pairs = [
        ChangedPair(1, 2, is_mated=True, before=0.5, after=0.2),
        ChangedPair(1, 3, is_mated=True, before=0.5, after=0.1),
        ChangedPair(4, 5, is_mated=True, before=0.1, after=0.123456789),
        ChangedPair(1, 4, is_mated=False, before=0.3, after=0.2),
        ChangedPair(2, 5, is_mated=False, before=0.3, after=0.9),
        ChangedPair(3, 5, is_mated=False, before=0.3, after=0.3),
    ]
    report = new_report(figures={KEY: as_json(pairs)})
    report.refresh_from_db()

    found = changed_pairs(report)

    assert found.mated_closer == [pairs[1], pairs[0]]
    assert found.mated_apart == [ChangedPair(4, 5, is_mated=True, before=0.1, after=0.12346)]
    assert (found.non_mated_closer, found.non_mated_apart) == ([pairs[3]], [pairs[4]])
    assert changed_pairs(report, shown=1).mated_closer == [pairs[1]]


@pytest.mark.django_db
def test_a_report_without_a_comparison_has_no_changed_pairs() -> None:
    assert changed_pairs(new_report()).all == []


@pytest.mark.django_db
def test_two_candidates_are_compared_by_the_pairs_that_both_reports_keep() -> None:
    first = new_report(figures={KEY: as_json([ChangedPair(1, 2, True, 0.5, 0.2), ChangedPair(3, 4, False, 0.5, 0.4)])})
    second = new_report(figures={KEY: as_json([ChangedPair(1, 2, True, 0.5, 0.3), ChangedPair(5, 6, True, 0.5, 0.1)])})

    found = changed_between(first, second)

    assert found.all == found.mated_apart == [ChangedPair(1, 2, is_mated=True, before=0.2, after=0.3)]
