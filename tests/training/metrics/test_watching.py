"""The figures of each epoch, against loops and at their bounds."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from tests.training.metrics import loops
from training.metrics.distances import GRID
from training.metrics.watching import WatchedFigures, pairs_of_people, smallest_fmr, watched_figures

Vectors = npt.NDArray[np.float32]


def unit(vectors: npt.NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def faces(
    people: int, photos: int, *, seed: int = 1, noise: float = 0.6
) -> tuple[Vectors, Vectors, npt.NDArray[np.int64]]:
    """Poorer probes, the photos, and whose they are."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), photos)
    photo = rng.normal(size=(people, 8))[labels] + noise * rng.normal(size=(len(labels), 8))
    return unit(photo + noise * rng.normal(size=photo.shape)), unit(photo), labels


def up_to_the_grid(distance: float) -> float:
    return math.ceil(distance / GRID) * GRID


def looped(probes: Vectors, gallery: Vectors, people: npt.NDArray[np.int64], fmr: float) -> tuple[float, float]:
    """EER and TAR."""
    mated: list[float] = []
    non_mated: list[float] = []
    for i in range(len(probes)):
        for j in range(len(probes)):
            if i == j:
                continue
            distance = loops.squared_distance([float(x) for x in probes[i]], [float(x) for x in gallery[j]])
            (mated if people[i] == people[j] else non_mated).append(up_to_the_grid(distance))
    taus = sorted({*mated, *non_mated})
    equal = min(taus, key=lambda tau: (abs(loops.fmr(non_mated, tau) - loops.fnmr(mated, tau)), tau))
    allowed = [tau for tau in taus if loops.fmr(non_mated, tau) <= fmr]
    eer = (loops.fmr(non_mated, equal) + loops.fnmr(mated, equal)) / 2
    return eer, 1 - loops.fnmr(mated, allowed[-1]) if allowed else 0.0


@pytest.mark.parametrize("block", [7, 512])
def test_the_rates_are_those_of_nested_loops(block: int) -> None:
    probes, gallery, people = faces(30, 3)

    found = watched_figures(probes, gallery, people, block=block)

    assert found.fmr == 0.01
    eer, tar = looped(probes, gallery, people, 0.01)
    assert [found.eer, found.tar] == pytest.approx([eer, tar])
    assert (found.mated, found.non_mated) == (30 * 3 * 2, 90 * 87)


def test_a_probe_is_never_compared_with_its_own_photo() -> None:
    same = unit(np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]]))  # each photo is nearest to itself

    found = watched_figures(same, same, np.array([0, 1, 0, 1]))

    assert (found.mated, found.non_mated) == (4, 8)
    assert found.eer is not None
    assert found.eer > 0.4  # with its own photo each would find its person


def test_people_told_apart_without_fail_have_no_error() -> None:
    labels = np.repeat(np.arange(60), 2)
    apart = np.eye(60)[labels].astype(np.float32)

    assert watched_figures(apart, apart, labels) == WatchedFigures(0.0, 1.0, 0.01, 120, 120 * 118)


def test_where_everybody_looks_the_same_nobody_is_accepted() -> None:
    labels = np.repeat(np.arange(60), 2)
    alike = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (120, 1))

    found = watched_figures(alike, alike, labels)

    assert (found.eer, found.tar) == (0.5, 0.0)


@pytest.mark.parametrize("people", [[1, 1, 1], [1, 2, 3], [7], []])
def test_without_both_kinds_of_comparisons_there_is_no_rate(people: list[int]) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(len(people), 4)))

    found = watched_figures(vectors, vectors, np.array(people, dtype=np.int64))

    assert (found.eer, found.tar, found.fmr) == (None, None, None)


def test_the_fmr_is_one_that_so_many_comparisons_can_show() -> None:
    assert [smallest_fmr(pairs, (1e-3, 1e-2)) for pairs in (30_000, 29_999, 3_000, 2_999, 0)] == [
        1e-3,
        1e-2,
        1e-2,
        None,
        None,
    ]


def test_the_fmr_hangs_on_how_many_there_are_and_not_on_what_the_weights_do() -> None:
    found = [watched_figures(*faces(50, 5, noise=noise)).fmr for noise in (0.1, 3.0)]

    assert found == [1e-3, 1e-3]


def test_pairs_of_different_people_are_counted_once() -> None:
    assert pairs_of_people(np.array([5, 5, 5, 9, 9, 2])) == 3 * 2 + 3 * 1 + 2 * 1
    assert pairs_of_people(np.array([5, 5, 5])) == 0


def test_probes_of_other_faces_than_the_gallery_are_refused() -> None:
    probes, gallery, people = faces(3, 2)

    with pytest.raises(ValueError, match="do not fit"):
        watched_figures(probes[:-1], gallery, people)
