"""Leave-one-out recognition, against nested loops and hand-made ties."""

import numpy as np
import pytest

from tests.training.metrics import loops
from tests.training.metrics.test_distances import unit_vectors
from training.metrics import identification
from training.metrics.identification import LeaveOneOut, leave_one_out, leave_one_out_by_faces


@pytest.mark.parametrize("block", [1, 7, 64])
@pytest.mark.parametrize("seed", range(8))
def test_distances_to_single_faces_are_those_of_nested_loops(seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, people = unit_vectors(seed, 50), rng.integers(0, 12, size=50)
    photos = rng.integers(0, 40, size=50)  # some photos show several faces
    own, other = loops.leave_one_out_by_faces(vectors.tolist(), people.tolist(), photos.tolist())

    result = leave_one_out_by_faces(vectors, people, photos, block=block)

    np.testing.assert_allclose(result.own, own, atol=1e-14)
    np.testing.assert_allclose(result.other, other, atol=1e-14)
    assert result.gallery_size == len(set(people.tolist()))


@pytest.mark.parametrize("faces_at_once", [1, 20, 50_000])
@pytest.mark.parametrize("block", [1, 7, 64])
@pytest.mark.parametrize("seed", range(4))
def test_distances_to_templates_are_those_of_nested_loops(
    seed: int, block: int, faces_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identification, "FACES_AT_ONCE", faces_at_once)
    rng = np.random.default_rng(seed)
    people, photos = rng.integers(0, 12, size=50), rng.integers(0, 40, size=50)
    vectors = unit_vectors(seed, 50) + 1.5 * unit_vectors(seed + 100, 12)[people]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    qualities = rng.uniform(size=50)
    own, other = loops.leave_one_out_of_templates(
        vectors.tolist(), people.tolist(), photos.tolist(), qualities.tolist()
    )

    result = leave_one_out(vectors, people, photos, qualities, block=block)

    np.testing.assert_allclose(result.own, own, atol=1e-12)
    np.testing.assert_allclose(result.other, other, atol=1e-12)
    assert result.gallery_size == len(set(people.tolist()))


def test_an_outlier_is_found_anew_without_the_probe() -> None:
    # With all five the two strangers to the others are left out; without one of the three they are in the majority.
    vectors = np.eye(4)[[0, 0, 0, 1, 1]]
    own = leave_one_out(vectors, np.zeros(5, np.int64), np.arange(5), np.ones(5)).own

    assert own[:3].tolist() == pytest.approx([2 - np.sqrt(2)] * 3)  # of two and two nobody is left out
    assert own[3:].tolist() == pytest.approx([2, 2])  # and of three and one that one


def test_progress_is_told_of_every_probe() -> None:
    told: list[int] = []
    leave_one_out(np.eye(5), np.arange(5), np.arange(5), np.ones(5), block=2, progress=told.append)

    assert told == [2, 2, 1]


@pytest.mark.parametrize("seed", range(8))
def test_rates_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, people, photos = unit_vectors(seed, 60, 3), rng.integers(0, 25, size=60), np.arange(60)
    own, other = loops.leave_one_out_by_faces(vectors.tolist(), people.tolist(), photos.tolist())
    result = leave_one_out_by_faces(vectors, people, photos)

    for tau in (0.0, 0.01, 0.1, 0.5, 4.0):
        mated = [(o, x) for o, x in zip(own, other, strict=True) if o < float("inf")]
        missed = sum(1 for o, x in mated if not (o < x and o <= tau))
        assert (result.fnir(tau).count, result.fnir(tau).total) == (missed, len(mated))
        assert result.fpir(tau).count == sum(1 for x in other if x <= tau)
        assert result.fpir(tau).total == 60
    assert result.rank_1().count == sum(1 for o, x in mated if o < x)


def by_hand(own: list[float], other: list[float]) -> LeaveOneOut:
    return LeaveOneOut(people=np.arange(len(own)), own=np.array(own), other=np.array(other), gallery_size=len(own))


def test_a_distance_of_exactly_tau_finds_the_person() -> None:
    result = by_hand([0.5], [2.0])

    assert result.fnir(0.5).count == 0
    assert result.fnir(0.4999).count == 1


def test_a_stranger_at_exactly_tau_is_a_false_positive() -> None:
    result = by_hand([0.1], [0.5])

    assert result.fpir(0.5).count == 1
    assert result.fpir(0.4999).count == 0


def test_a_tie_between_two_people_is_not_rank_1() -> None:
    result = by_hand([0.5, 0.25], [0.5, 0.5])

    assert result.rank_1().count == 1
    assert result.fnir(1.0).count == 1


def test_a_right_person_within_tau_behind_a_wrong_one_is_missed() -> None:
    assert by_hand([0.5], [0.4]).fnir(1.0).count == 1


def test_people_with_one_photo_are_strangers_to_be_kept_out_and_nothing_else() -> None:
    result = by_hand([0.1, float("inf")], [0.9, 0.2])

    assert (result.rank_1().total, result.fnir(1.0).total, result.fpir(0.5).total) == (1, 1, 2)
    assert result.fpir(0.5).count == 1


def test_other_faces_of_the_probes_own_photo_are_never_found() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 0, 1]]
    result = leave_one_out_by_faces(vectors, np.array([0, 1, 0, 1]), np.array([7, 7, 8, 9]))

    assert result.own.tolist() == [0.0, 2.0, 0.0, 2.0]
    assert result.other.tolist() == [2.0, 0.0, 0.0, 2.0]


def test_a_gallery_of_one_person_has_no_false_positive() -> None:
    result = leave_one_out_by_faces(np.eye(2, dtype=np.float32), np.array([5, 5]), np.array([1, 2]))

    assert result.own.tolist() == [2.0, 2.0]
    assert result.fpir(4.0).count == 0


def test_an_empty_gallery_is_refused() -> None:
    with pytest.raises(ValueError, match="M at least 1"):
        leave_one_out(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    with pytest.raises(ValueError, match="M at least 1"):
        leave_one_out_by_faces(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
