"""Evidence and figures of made-up people: synthetic vectors, every comparison exact."""

from collections.abc import Mapping, Sequence

import numpy as np

from encoder.templates import templates
from training.metrics.distances import row_distances, squared_distances
from training.metrics.evidence import Comparisons, Evidence, Searches
from training.metrics.figures import Figures
from training.metrics.identification import templates_without_photo
from training.metrics.measuring import figures_of
from training.metrics.types import Counts, Distances, Labels

TAU = {"verification": 0.5, "recognition": 0.4}


def evidence(
    people: int = 60,
    photos: int = 4,
    seed: int = 1,
    *,
    dimension: int = 16,
    noise: float = 0.6,
    singles: int = 0,
    nearest: int = 50,
) -> Evidence:
    """Return all there is to measure of `people` made-up people with `photos` photos each, one face a photo.

    The more `noise`, the farther are the faces of one person from each other; the fewer dimensions, the more alike are
    people. `singles` of the people have one photo only. Ids of people are 101, 102, ...; of faces 1001, 1002, ...
    """
    rng = np.random.default_rng(seed)
    count = np.full(people, photos)
    count[:singles] = 1
    labels = np.repeat(np.arange(people), count)  # (M,)
    qualities = rng.uniform(0.2, 1.0, size=len(labels))
    centers = _unit(rng.normal(size=(people, dimension)))
    spread = noise * (1.5 - qualities)[:, None] * _unit(rng.normal(size=(len(labels), dimension)))
    vectors = _unit(centers[labels] + spread)
    everybody = templates(vectors, labels, qualities).vectors  # (P, D)
    rest, is_mated = templates_without_photo(vectors, labels, np.arange(len(labels)), qualities)
    own = np.where(is_mated, row_distances(vectors, rest), np.inf)
    to_people = squared_distances(vectors, everybody)
    to_people[np.arange(len(labels)), labels] = np.inf
    to_faces = squared_distances(vectors, vectors)
    pairs = np.column_stack(np.tril_indices(len(labels), -1))
    is_same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    between = to_faces[pairs[:, 0], pairs[:, 1]]
    return Evidence(
        people=np.arange(people) + 101,
        faces=len(labels),
        photos=len(labels),
        is_complete=True,
        photo_mated=_comparisons(labels[pairs[is_same, 0]], labels[pairs[is_same, 1]], between[is_same], people),
        photo_non_mated=_comparisons(labels[pairs[~is_same, 0]], labels[pairs[~is_same, 1]], between[~is_same], people),
        person_mated=_comparisons(labels[is_mated], labels[is_mated], own[is_mated], people),
        person_non_mated=_comparisons(*_others(labels, to_people), people),
        searches=_searches(labels, qualities, own, to_people, nearest),
    )


def figures(
    people: int = 60,
    photos: int = 4,
    seed: int = 1,
    *,
    tau: Mapping[str, float] = TAU,
    fields: Mapping[str, Sequence[str | None]] | None = None,
    resamples: int = 40,
    **shape: float,
) -> Figures:
    """Return the figures of such people; by default half of them have the site "north", the others "south"."""
    if fields is None:
        fields = {"site": ["north" if row % 2 else "south" for row in range(people)]}
    return figures_of(
        evidence(people, photos, seed, **shape),  # type: ignore[arg-type]  # the rest is given by name
        tau=tau,
        fields=fields,
        resamples=resamples,
        minimum_people=20,
    )


def _searches(labels: Labels, qualities: Distances, own: Distances, to_people: Distances, nearest: int) -> Searches:
    kept = max(1, min(nearest, to_people.shape[1] - 1))
    who: Counts = np.argsort(to_people, axis=1, kind="stable")[:, :kept]
    others = np.take_along_axis(to_people, who, axis=1)
    return Searches(
        person=labels,
        face=np.arange(len(labels)) + 1001,
        quality=qualities,
        own=own,
        nearer=np.where(np.isfinite(own), np.sum(to_people <= own[:, None], axis=1), 0),
        others=others,
        who=np.where(np.isfinite(others), who, -1),
        gallery_size=to_people.shape[1],
    )


def _others(labels: Labels, to_people: Distances) -> tuple[Labels, Labels, Distances]:
    rows, columns = np.nonzero(np.isfinite(to_people))
    return labels[rows], columns, to_people[rows, columns]


def _comparisons(first: Labels, second: Labels, distances: Distances, people: int) -> Comparisons:
    order = np.argsort(distances, kind="stable")
    return Comparisons(
        first=first[order],
        second=second[order],
        distances=distances[order],
        weights=np.ones(len(order)),
        trials=np.bincount(first, minlength=people).astype(np.float64),
    )


def _unit(vectors: Distances) -> Distances:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
