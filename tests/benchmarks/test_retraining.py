"""The benchmark of retraining: who is judged, by what, and what several runs say together; and a small run of it."""

import numpy as np
import pytest

from benchmarks.retraining_faces import Album, Domain, among_few, judged_people, poor_copy
from benchmarks.retraining_figures import Interval, figures, first_to_reach, rank_1
from training.metrics.types import Counts, Embeddings
from training.mining.sets import Part


def album(*photos: int, size: int = 24) -> Album:
    """So many photos of each person, of noise."""
    people = np.repeat(np.arange(len(photos)), photos).astype(np.int64)
    return Album(np.random.default_rng(1).integers(0, 256, (len(people), size, size, 3), dtype=np.uint8), people)


def distance(a: Embeddings, b: Embeddings) -> float:
    return float(((a.astype(np.float64) - b) ** 2).sum())


def crowd(seed: int, people: int, photos: int) -> tuple[Embeddings, Embeddings, Counts]:
    """Photos, worse probes of the same photos, and whose they are."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), photos)
    gallery = rng.normal(size=(people, 6))[owner] + 0.4 * rng.normal(size=(len(owner), 6))
    probes = gallery + 0.5 * rng.normal(size=gallery.shape)
    unit = [(part / np.linalg.norm(part, axis=1, keepdims=True)).astype(np.float32) for part in (gallery, probes)]
    return unit[0], unit[1], owner.astype(np.int64)


def test_half_of_those_with_several_photos_are_judged_and_then_people_with_one() -> None:
    sizes = [1, 3] * 100
    people = album(*sizes, size=4).people

    judged = judged_people(people, 70)

    several = np.array(sizes)[judged] > 1
    assert len(set(judged.tolist())) == 70
    assert 30 <= several.sum() <= 70
    assert several[: several.sum()].all()
    assert judged.tolist() == judged_people(people, 70).tolist()


def test_no_more_than_a_few_photos_of_anybody_are_judged() -> None:
    people = np.array([4, 2, 4, 4, 2, 7, 4])

    assert among_few(people, np.array([4, 2]), most=2).tolist() == [True, True, True, False, True, False, False]


def test_nobody_who_is_judged_by_poor_copies_is_trained_on() -> None:
    domain = Domain.poor_cameras(album(*[1, 2, 12] * 20), people_judged=25)

    trained_on = set(domain.faces.people[domain.faces.rows_of(Part.TRAINED_ON)].tolist())
    assert len(set(domain.people.tolist())) == 25
    assert not trained_on & set(domain.people.tolist())
    assert domain.has_copies
    assert np.bincount(domain.people).max() == 10
    np.testing.assert_array_equal(domain.faces.people[domain.probes], domain.people)
    row = 3
    np.testing.assert_array_equal(
        domain.faces.crops[domain.probes[row]], poor_copy(domain.faces.crops[domain.judged[row]])
    )


def test_the_last_drawn_people_are_judged_by_their_photos() -> None:
    domain = Domain.drawn(album(3, 3, 3, 2), people_judged=2)

    assert set(domain.people.tolist()) == {2, 3}
    assert not domain.has_copies
    assert domain.faces.rows_of(Part.TRAINED_ON).tolist() == list(range(6))


def test_a_poor_copy_has_the_means_of_blocks_of_pixels_but_for_its_compression() -> None:
    steps = np.repeat(np.repeat(np.linspace(40, 200, 30), 5)[:, None], 150, axis=1)
    crop = np.repeat(steps[:, :, None], 3, axis=2).astype(np.uint8)
    crop[::2] += 10  # gone in the mean of five rows, but for a tenth of them

    copy = poor_copy(crop)

    assert copy.shape == (150, 150, 3)
    assert np.abs(copy[10:-10].astype(float) - steps[10:-10, :, None] - 5).mean() < 4
    assert np.abs(np.diff(copy[10:-10, 75, 0].astype(int))).max() < 8


def test_figures_are_those_of_nested_loops() -> None:
    gallery, probes, people = crowd(3, 12, 3)

    found = figures(gallery, probes, people, has_copies=True)

    count = range(len(people))
    mated = [distance(probes[i], gallery[j]) for i in count for j in count if i != j and people[i] == people[j]]
    non_mated = [distance(probes[i], gallery[j]) for i in count for j in count if people[i] != people[j]]
    allowed = int(0.01 * len(non_mated))
    tau = sorted(non_mated)[allowed]  # the first that must not match
    assert found.tar == pytest.approx(np.mean(np.array(mated) < tau), abs=1 / len(mated))
    rates = [(np.mean(np.array(non_mated) <= t), np.mean(np.array(mated) > t)) for t in mated + non_mated]
    assert found.eer == pytest.approx(min((abs(f - m), (f + m) / 2) for f, m in rates)[1], abs=0.01)
    firsts = [min(i for i in count if people[i] == person) for person in range(12)]
    hits = [
        people[min(firsts, key=lambda j: distance(probes[i], gallery[j]))] == people[i]
        for i in count
        if i not in firsts
    ]
    assert found.rank_1 == pytest.approx(np.mean(hits))


def test_photos_against_photos_count_each_pair_once_and_none_with_itself() -> None:
    gallery, _, people = crowd(4, 10, 2)

    found = figures(gallery, gallery, people, has_copies=False)

    assert found.plain_tar <= found.tar
    assert figures(gallery, gallery, people, has_copies=True).eer == pytest.approx(found.eer, abs=0.01)


def test_rank_1_needs_a_second_photo() -> None:
    gallery, _, _ = crowd(5, 4, 1)

    with pytest.raises(ValueError, match="second photo"):
        rank_1(gallery, gallery, np.arange(4))


def test_an_interval_is_students() -> None:
    found = Interval.of([1.0, 2.0, 3.0])

    assert (found.mean, found.high - found.mean) == pytest.approx((2.0, 4.302653 / np.sqrt(3)), rel=1e-5)
    assert Interval.of([0.5]) == Interval(0.5, 0.5, 0.5)


def test_a_goal_is_reached_at_the_first_step_that_has_it() -> None:
    assert first_to_reach([0, 10, 20, 30], [0.1, 0.5, 0.4, 0.9], 0.5) == 10
    assert first_to_reach([0, 10], [0.1, 0.2], 0.5) is None
