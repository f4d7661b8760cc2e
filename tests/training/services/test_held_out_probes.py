"""Copies of faces looked for among the faces, against loops; and with less effort."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from training.metrics.distances import squared_distances
from training.services.effort import USUAL
from training.services.held_out_faces import HeldOutFaces
from training.services.held_out_probes import compare_probes

Vectors = npt.NDArray[np.float32]


def faces(people: int, photos: int, *, seed: int = 1) -> tuple[HeldOutFaces, Vectors, Vectors]:
    """The faces, their vectors, and those of poorer copies; one photo shows the first two people."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), photos)
    shown = np.arange(len(labels))
    shown[photos] = 0
    known = HeldOutFaces(
        most_photos=photos,
        rows=np.arange(len(labels)),
        faces=np.arange(len(labels)) + 100,
        everybody=np.arange(people) + 50,
        people=labels,
        photos=shown,
        qualities=np.ones(len(labels)),
    )
    vectors = rng.normal(size=(people, 12))[labels] + 0.6 * rng.normal(size=(len(labels), 12))
    copies = vectors + 0.6 * rng.normal(size=vectors.shape)
    vectors, copies = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (vectors, copies))
    return known, vectors.astype(np.float32), copies.astype(np.float32)


def test_every_copy_is_compared_with_all_faces_of_other_photos() -> None:
    known, vectors, copies = faces(7, 3)

    found = compare_probes(known, copies, vectors)

    mated: list[tuple[float, int, int]] = []
    non_mated: list[tuple[float, int, int]] = []
    distances = squared_distances(known.as_stored(copies), known.as_stored(vectors))
    for probe in range(21):
        for face in range(21):
            if known.photos[probe] != known.photos[face]:
                one, other = int(known.people[probe]), int(known.people[face])
                (mated if one == other else non_mated).append((float(distances[probe, face]), one, other))
    for kind, wanted in ((found.mated, mated), (found.non_mated, non_mated)):
        told = zip(kind.distances.tolist(), kind.first.tolist(), kind.second.tolist(), strict=True)
        assert sorted(told) == sorted(wanted)
        assert (kind.total, set(kind.weights.tolist())) == (len(wanted), {1.0})
        assert kind.trials.tolist() == [sum(1 for _, one, _ in wanted if one == person) for person in range(7)]


def test_of_very_many_comparisons_the_near_ones_are_all_there_and_the_others_stand_for_the_rest() -> None:
    known, vectors, copies = faces(60, 4)
    every = compare_probes(known, copies, vectors)

    found = compare_probes(known, copies, vectors, effort=replace(USUAL, near=2_000, far=3_000, far_of_a_probe=2))

    kept = found.non_mated
    assert len(kept.distances) < 0.2 * len(every.non_mated.distances)
    assert kept.total == every.non_mated.total
    assert kept.weights.sum() == pytest.approx(every.non_mated.total)
    near = int(np.sum(kept.weights == 1))
    assert near > 1_000
    assert kept.distances[:near].tolist() == every.non_mated.distances[:near].tolist()
    for share in (0.1, 0.5):
        tau = np.quantile(every.non_mated.distances, share)
        assert kept.weights[kept.distances <= tau].sum() / kept.total == pytest.approx(share, abs=0.03)


def test_of_a_person_with_very_many_photos_some_comparisons_stand_for_all() -> None:
    known, vectors, copies = faces(4, 30)
    every = compare_probes(known, copies, vectors)

    found = compare_probes(known, copies, vectors, effort=replace(USUAL, mated=120 * 5))

    assert len(found.mated.distances) == 120 * 5
    assert found.mated.total == pytest.approx(every.mated.total)
    assert found.mated.trials == pytest.approx(every.mated.trials)


def test_where_nobody_has_two_photos_there_is_no_mated_comparison() -> None:
    known, vectors, copies = faces(5, 1)

    assert compare_probes(known, copies, vectors).mated.total == 0
