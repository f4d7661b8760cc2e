"""Templates of people, against nested loops and cases made by hand."""

import numpy as np
import numpy.typing as npt
import pytest

from encoder.templates import FARTHEST, LEAST_WEIGHT, template, templates
from tests.encoder import loops

Floats = npt.NDArray[np.float64]

DIMENSION = 16


def units(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float64)


def album(seed: int, faces: int, people: int) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """Faces of people in any order, every tenth one labelled wrong; people's numbers have gaps."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, people, size=faces)
    vectors = units(rng.normal(size=(people, DIMENSION)))[owner] + 0.15 * rng.normal(size=(faces, DIMENSION))
    owner[::10] = rng.permutation(owner[::10])
    return units(vectors), 3 * owner.astype(np.int64) - 7, rng.uniform(size=faces)


def on_a_line(*degrees: float) -> Floats:
    """Unit vectors in a plane, by their angles."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_one_person_is_as_the_loops_say() -> None:
    left_out = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        vectors = units(np.eye(DIMENSION)[0] + rng.uniform(0.02, 0.5) * rng.normal(size=(1 + seed % 12, DIMENSION)))
        vectors[: rng.integers(0, 3)] *= -1
        qualities = rng.uniform(size=len(vectors))
        vector, kept = loops.template(vectors.tolist(), qualities.tolist())

        result = template(vectors, qualities)

        np.testing.assert_allclose(result.vector, vector, atol=1e-12)
        assert result.kept.tolist() == kept
        left_out += len(kept) - sum(kept)
    assert left_out > 20


@pytest.mark.parametrize("seed", range(6))
def test_many_people_at_once_are_as_each_alone(seed: int) -> None:
    vectors, people, qualities = album(seed, 300, 60)

    result = templates(vectors, people, qualities)

    assert result.people.tolist() == sorted(set(people.tolist()))
    for person, vector in zip(result.people, result.vectors, strict=True):
        alone = template(vectors[people == person], qualities[people == person])
        np.testing.assert_allclose(vector, alone.vector, atol=1e-12)
        assert result.kept[people == person].tolist() == alone.kept.tolist()
    assert 0 < (~result.kept).sum() < 100


def test_a_single_face_is_its_own_template() -> None:
    result = template(on_a_line(30).astype(np.float32), np.array([0.2]))

    np.testing.assert_allclose(result.vector, on_a_line(30)[0], atol=1e-7)
    assert result.kept.tolist() == [True]


def test_of_two_faces_none_is_left_out_however_far_they_are_apart() -> None:
    result = template(on_a_line(0, 170), np.ones(2))

    assert result.kept.tolist() == [True, True]
    np.testing.assert_allclose(result.vector, on_a_line(85)[0], atol=1e-12)


def test_two_opposite_faces_have_no_direction_between_them() -> None:
    assert template(np.array([[1.0, 0], [-1, 0]]), np.ones(2)).vector.tolist() == [0, 0]
    assert templates(np.array([[1.0, 0], [-1, 0]]), np.zeros(2, np.int64), np.ones(2)).vectors.tolist() == [[0, 0]]


def test_a_wrong_face_among_three_is_left_out_and_the_template_is_that_of_the_others() -> None:
    result = template(on_a_line(0, 80, 10), np.ones(3))

    assert result.kept.tolist() == [True, False, True]
    np.testing.assert_allclose(result.vector, on_a_line(5)[0], atol=1e-12)


def test_three_faces_as_far_from_each_other_are_all_kept() -> None:
    assert template(np.eye(3), np.ones(3)).kept.all()


def test_a_face_at_exactly_the_largest_distance_is_kept() -> None:
    # Only differences count, so that whole numbers do: two faces 4 apart, and a third 10 from the middle of the two.
    assert FARTHEST == 2.5
    for last, is_kept in ((1.0, True), (1.0001, False)):
        vectors = np.array([[1, 0, 0], [-1, 0, 0], [0, 3, last]])
        assert template(vectors, np.ones(3)).kept[2] == is_kept
        assert templates(vectors, np.zeros(3, np.int64), np.ones(3)).kept[2] == is_kept


def test_photos_of_one_moment_make_no_outlier_of_another_photo_of_the_same_person() -> None:
    for distance, is_kept in ((0.1199, True), (0.1201, False)):
        vectors = np.array([[1, 0], [1, 0], [1, 0], [1, np.sqrt(distance)]])  # `distance` from the mean of the others
        assert template(vectors, np.ones(4)).kept.tolist() == [True, True, True, is_kept]
        assert templates(vectors, np.zeros(4, np.int64), np.ones(4)).kept.tolist() == [True, True, True, is_kept]


@pytest.mark.parametrize("faces", range(3, 12))
def test_a_majority_always_stays(faces: int) -> None:
    # As many as possible are one point; all others lie far away, each in another direction
    together = faces // 2 + 1
    vectors = np.eye(faces)[[0] * together + list(range(1, faces - together + 1))]
    shuffled = np.random.default_rng(faces).permutation(faces)

    kept = template(vectors[shuffled], np.ones(faces)).kept

    assert kept.tolist() == [number < together for number in shuffled]


def test_the_mean_is_weighted_by_quality() -> None:
    np.testing.assert_allclose(template(np.eye(2), np.array([0.9, 0.3])).vector, units(np.array([3.0, 1])))


def test_faces_of_no_quality_count_a_little() -> None:
    assert template(np.eye(2), np.array([0.0, 0])).vector.tolist() == pytest.approx([np.sqrt(0.5)] * 2)
    expected = units(np.array([1, LEAST_WEIGHT]))
    np.testing.assert_allclose(template(np.eye(2), np.array([1.0, 0])).vector, expected)


def test_quality_does_not_decide_who_is_an_outlier() -> None:
    vectors = on_a_line(0, 80, 10)
    for qualities in ([1, 1, 1], [0.1, 1, 0.1], [1, 0.01, 1]):
        assert template(vectors, np.array(qualities, np.float64)).kept.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("embeddings", "people", "qualities", "says"),
    [
        (np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0), "M at least 1"),
        (np.zeros(4), np.zeros(4, np.int64), np.zeros(4), "M at least 1"),
        (np.eye(2), np.zeros(2, np.int64), np.zeros(3), "as many qualities"),
        (np.eye(2), np.zeros(3, np.int64), np.zeros(2), "as many people"),
    ],
)
def test_what_does_not_fit_is_refused(
    embeddings: Floats, people: npt.NDArray[np.int64], qualities: Floats, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        templates(embeddings, people, qualities)
