"""Whether 95 % intervals hold the truth: many galleries of the same making, drawn from a fixed seed.

People differ in how alike their photos are and in how alike others they are, so that errors of one person go together
(goats, lambs and wolves: Doddington et al. 1998). Each gallery is small; the truth is the mean of all of them.
"""

import numpy as np
import pytest

from training.metrics.distances import row_distances, squared_distances
from training.metrics.evidence import Comparisons, Searches
from training.metrics.rates import Rates
from training.metrics.recognition import recognition_rates
from training.metrics.resampling import draws_of_people
from training.metrics.types import Distances, Labels
from training.metrics.verification import verification_rates

PEOPLE, PHOTOS, DIMENSION = 70, 3, 12
GALLERIES, RESAMPLES = 200, 100
FMR = (3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)
FPIR = (0.01, 0.03, 0.1, 0.3)
FNMR = (0.02, 0.05, 0.1, 0.2, 0.5)


def unit(vectors: Distances) -> Distances:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def comparisons(first: Labels, second: Labels, distances: Distances) -> Comparisons:
    order = np.argsort(distances, kind="stable")
    trials = np.bincount(first, minlength=PEOPLE).astype(np.float64)
    return Comparisons(first[order], second[order], distances[order], np.ones(len(order)), trials)


def gallery(seed: int) -> tuple[Comparisons, Comparisons, Searches]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(PEOPLE), PHOTOS)
    centers = rng.normal(size=(PEOPLE, DIMENSION))
    centers[:, 0] += 2.0 * (rng.random(PEOPLE) < 0.5)  # half of the people are more alike
    unlike = np.exp(0.5 * rng.normal(size=PEOPLE))[labels, None]  # photos of some are less alike
    vectors = unit(unit(centers)[labels] + 0.55 * unlike * unit(rng.normal(size=(len(labels), DIMENSION))))
    sums = vectors.reshape(PEOPLE, PHOTOS, -1).sum(axis=1)
    own = row_distances(vectors, unit(sums[labels] - vectors))
    distances = squared_distances(vectors, unit(sums))
    distances[np.arange(len(labels)), labels] = np.inf
    rows, columns = np.nonzero(np.isfinite(distances))
    who = np.argsort(distances, axis=1)[:, :10]
    searches = Searches(
        person=labels,
        face=np.arange(len(labels)),
        quality=np.ones(len(labels)),
        own=own,
        nearer=np.sum(distances <= own[:, None], axis=1),
        others=np.take_along_axis(distances, who, axis=1),
        who=who,
        gallery_size=PEOPLE,
    )
    return comparisons(labels, labels, own), comparisons(labels[rows], columns, distances[rows, columns]), searches


@pytest.fixture(scope="module")
def covered() -> dict[str, Distances]:
    """Of each rate (T,): how often its interval held the truth."""
    galleries = [gallery(seed) for seed in range(GALLERIES)]
    mated = np.concatenate([same.distances for same, _, _ in galleries])
    non_mated = np.concatenate([different.distances for _, different, _ in galleries])
    nearest = np.concatenate([searches.others[:, 0] for _, _, searches in galleries])
    taus = np.unique(
        np.concatenate(
            [np.quantile(non_mated, FMR), np.quantile(nearest, FPIR), np.quantile(mated, [1 - rate for rate in FNMR])]
        )
    )
    found: dict[str, list[Rates]] = {"fmr": [], "fnmr": [], "fpir": [], "fnir": []}
    for seed, (same, different, searches) in enumerate(galleries):
        draws = draws_of_people(PEOPLE, RESAMPLES, seed)
        verified = verification_rates(same, different, taus, draws)
        recognized = recognition_rates(searches, taus, draws)
        for name, rate in zip(found, (verified.fmr, verified.fnmr, recognized.fpir, recognized.fnir), strict=True):
            found[name].append(rate)
    shares = {}
    for name, rates in found.items():
        truth = np.mean([rate.value for rate in rates], axis=0)
        told = (truth > 2e-4) & (truth < 0.95)
        shares[name] = np.mean([(rate.low <= truth) & (truth <= rate.high) for rate in rates], axis=0)[told]
    return shares


@pytest.mark.parametrize("name", ["fmr", "fnmr", "fpir", "fnir"])
def test_intervals_hold_the_truth_as_often_as_they_say(covered: dict[str, Distances], name: str) -> None:
    assert len(covered[name]) >= 8
    assert covered[name].min() >= 0.88  # the worst of some taus, of 200 galleries of few and very different people
    assert covered[name].mean() >= 0.94


def test_intervals_are_not_so_wide_as_to_hold_everything(covered: dict[str, Distances]) -> None:
    for name in ("fmr", "fnmr"):
        assert covered[name].min() < 0.99
