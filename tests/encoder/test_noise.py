"""The scatter of a person's embeddings, against nested loops, cases made by hand, and faces of a known scatter."""

import numpy as np
import numpy.typing as npt
import pytest

from encoder.noise import MOST_PAIRS, probe_noise, scatter
from encoder.templates import template
from tests.encoder import loops
from tests.encoder.test_templates import album, units

Floats = npt.NDArray[np.float64]


def crowd(
    seed: int, people: int, faces: int, spread: float, apart: float = 0.25
) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """People some 0.3 from each other, as real ones are, and their faces, scattered by `spread` along all 128 axes."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), faces)
    centers = units(np.eye(128)[0] + apart * units(rng.normal(size=(people, 128))))
    return units(centers[owner] + spread * rng.normal(size=(len(owner), 128))), owner, np.ones(len(owner))


@pytest.mark.parametrize("block", [1, 7, 256])
@pytest.mark.parametrize("seed", range(5))
def test_the_noise_is_that_of_nested_loops(seed: int, block: int) -> None:
    vectors, people, qualities = album(seed, 80, 16)
    expected = loops.probe_noise(vectors.tolist(), people.tolist(), qualities.tolist())

    noise = scatter(vectors, people, qualities, block=block).noise

    assert noise is not None
    assert expected is not None
    assert noise.sigma == pytest.approx(expected[0], rel=1e-9)
    assert noise.people == expected[1]


def test_a_case_made_by_hand() -> None:
    # Ada's template without the pair lies along axis 0, Bob's along axis 1: u = (1, -1) / sqrt(2). Cleo is farther.
    ada, bob, cleo = [[0.8, 0.6, 0], [0.8, -0.6, 0], [1, 0, 0]], [[0, 1, 0]], [[-1, 0, 0]]
    vectors, people = np.array([*ada, *bob, *cleo]), np.array([4, 4, 4, 7, 9])
    measured = scatter(vectors, people, np.ones(5))

    assert measured.pairs.tolist() == [[0, 1]]
    assert measured.people.tolist() == [4]
    assert measured.apart.tolist() == [pytest.approx(np.sqrt(2))]
    assert measured.z.tolist() == [pytest.approx(-1.2 / 2)]  # (0, 1.2, 0)·u / sqrt(2)
    noise = measured.noise
    assert noise is not None
    assert noise.sigma == pytest.approx(0.6)
    assert noise.people == 1


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_faces_of_a_known_scatter_have_that_noise_and_gaps_move_by_it(spread: float) -> None:
    vectors, people, qualities = crowd(1, 300, 8, spread)
    noise = probe_noise(vectors, people, qualities)

    assert noise is not None
    expected = spread / np.sqrt(1 + 128 * spread**2)  # cutting to unit length draws the faces together
    assert noise.sigma == pytest.approx(expected, rel=0.05)
    assert noise.people == 300

    own, other = (template(vectors[8 * person : 8 * person + 8], np.ones(8)).vector for person in (0, 1))
    new = units(own + spread * np.random.default_rng(2).normal(size=(2000, 128)))  # other photos of the first
    gaps = np.sum((new - other) ** 2, axis=1) - np.sum((new - own) ** 2, axis=1)
    assert np.std(gaps) == pytest.approx(2 * noise.sigma * np.linalg.norm(own - other), rel=0.1)


def test_wrong_labels_are_no_noise() -> None:
    vectors, people, qualities = crowd(2, 100, 8, 0.02, apart=1)
    right = probe_noise(vectors, people, qualities)
    people[::8] = np.roll(people[::8], 8)
    wrong = probe_noise(vectors, people, qualities)

    assert right is not None
    assert wrong is not None
    assert wrong.sigma == pytest.approx(right.sigma, rel=0.1)


def test_a_person_counts_once_however_many_photos_there_are() -> None:
    vectors, people, qualities = crowd(3, 2, 100, 0.02)
    measured = scatter(vectors, people, qualities)

    assert np.bincount(measured.people).tolist() == [MOST_PAIRS, MOST_PAIRS]
    assert len(np.unique(measured.pairs)) == 4 * MOST_PAIRS
    means = [np.mean(measured.z[measured.people == person] ** 2) for person in (0, 1)]
    fewer = scatter(np.delete(vectors, range(110, 200), axis=0), np.delete(people, range(110, 200)), np.ones(110))
    assert np.bincount(fewer.people).tolist()[0] == MOST_PAIRS
    assert measured.noise is not None
    assert measured.noise.sigma == pytest.approx(np.sqrt(np.mean(means)))


@pytest.mark.parametrize(
    "people", [[0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0]], ids=["two photos each", "one photo each", "nobody else"]
)
def test_where_nobody_can_take_part_there_is_no_noise(people: list[int]) -> None:
    assert probe_noise(np.eye(4), np.array(people), np.ones(4)) is None


def test_an_empty_gallery_is_refused() -> None:
    with pytest.raises(ValueError, match="M at least 1"):
        probe_noise(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
