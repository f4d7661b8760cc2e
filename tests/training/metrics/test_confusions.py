"""Pairs of people that would be taken for each other, against nested loops."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training import made
from training.metrics import confusions as module
from training.metrics.confusions import confusions

EVIDENCE = made.evidence(people=25, photos=3, seed=4)
TAUS = np.linspace(0, 2, 30)


def nearest_of_each_pair() -> dict[tuple[int, int], tuple[float, int, int, int]]:
    found: dict[tuple[int, int], tuple[float, int, int, int]] = {}
    searches = EVIDENCE.searches
    for row, person in enumerate(searches.person.tolist()):
        for distance, other in zip(searches.others[row].tolist(), searches.who[row].tolist(), strict=True):
            pair = (min(person, other), max(person, other))
            if pair not in found or distance < found[pair][0]:
                found[pair] = (distance, int(searches.face[row]), person + 101, other + 101)
    return found


def test_each_pair_of_people_is_counted_once_and_shown_by_its_nearest_face() -> None:
    expected = sorted(nearest_of_each_pair().values())

    counts, shown = confusions(EVIDENCE, TAUS)

    assert counts == [sum(1 for distance, *_ in expected if distance <= tau) for tau in TAUS]
    assert [(each.distance, each.face, each.person, each.other) for each in shown] == expected[:200]


def test_only_the_nearest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN", 3)

    counts, shown = confusions(EVIDENCE, TAUS)

    assert len(shown) == 3
    assert counts[-1] > 3


def test_nobody_is_confused_who_is_alone() -> None:
    alone = replace(EVIDENCE, searches=made.evidence(people=1).searches)

    assert confusions(alone, TAUS) == ([0] * 30, [])
