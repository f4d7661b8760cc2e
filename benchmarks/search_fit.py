"""Where the constants of benchmarks/search_shape.py come from: real embeddings in, a few dozen numbers out.

Variances are measured; what they cannot say (poles, groups, spread of the noise) is searched for, so that the distances
of generated faces have the quantiles of the real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.search_shape import CROWDS, QUANTILES, EmbeddingShape, MeasuredDistances
from benchmarks.synthetic_gallery import Floats, Integers, Population

FACES_COMPARED = 6
"""Of one person at most; else the few with hundreds would be all there is."""
LEAST_VARIANCE = 2e-5
"""Axes with less hold nothing: the factory encoder's last layer has no full rank."""
PEOPLE_DRAWN = 4000
ROUNDS = 240

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RealFaces:
    """Embeddings of known people, in the order of people: (F, D), (F,), (F,)."""

    vector: Floats
    person: Integers
    quality: Floats

    @classmethod
    def load(cls, path: Path) -> RealFaces:
        """Read an .npz with `embeddings` (F, D), `people` (F,) names, `quality` (F,)."""
        with np.load(path, allow_pickle=False) as stored:
            person = np.unique(stored["people"], return_inverse=True)[1]
            order = np.argsort(person, kind="stable")
            vector = stored["embeddings"][order].astype(np.float32)
            vector /= np.linalg.norm(vector, axis=1, keepdims=True)
            return cls(vector, person[order].astype(np.int64), stored["quality"][order].astype(np.float32))


def distances_of(vector: Floats, person: Integers, *, seed: int = 0) -> MeasuredDistances:
    """Quantiles of the squared distances among faces that are in the order of people."""
    first = np.flatnonzero(np.append(True, person[1:] != person[:-1]))
    rng = np.random.default_rng(seed)
    crowd = vector[rng.permutation(first)]
    table = 2 - 2 * crowd @ crowd.T
    non_mated = table[np.triu_indices(len(crowd), 1)]
    np.fill_diagonal(table, np.inf)
    nearest = [float(table[:size, :size].min(axis=1).mean()) for size in CROWDS if size <= len(crowd)]
    return MeasuredDistances(
        mated=_quantiles(_mated(vector, first, rng)), non_mated=_quantiles(non_mated), nearest=tuple(nearest)
    )


def _mated(vector: Floats, first: npt.NDArray[np.intp], rng: np.random.Generator) -> Floats:
    ends = np.append(first[1:], len(vector))
    found = []
    for start, end in zip(first, ends, strict=True):
        size = min(int(end - start), FACES_COMPARED)
        chosen = vector[start + rng.choice(int(end - start), size, replace=False)]
        found.append((2 - 2 * chosen @ chosen.T)[np.triu_indices(size, 1)])
    return np.concatenate(found)


def _quantiles(distances: Floats) -> tuple[float, ...]:
    if not len(distances):
        raise ValueError("There is nothing to compare: no two faces of one person, or of two people.")
    return tuple(float(value) for value in np.quantile(np.maximum(distances, 0), QUANTILES))


def variances(faces: RealFaces) -> EmbeddingShape:
    """What can be measured of the shape; the rest has a first guess."""
    vector = faces.vector.astype(np.float64)
    mean = vector.mean(axis=0)
    direction = mean / np.linalg.norm(mean)
    counts = np.bincount(faces.person)
    means = np.zeros((len(counts), vector.shape[1]))
    np.add.at(means, faces.person, vector)
    means /= counts[:, None]
    residual = (vector - means[faces.person])[counts[faces.person] >= 2]
    within = residual.T @ residual / (counts[counts >= 2] - 1).sum()
    first = np.flatnonzero(np.append(True, faces.person[1:] != faces.person[:-1]))
    between = np.cov(vector[first].T) - within

    # Without the direction of the mean: along it unit vectors hardly vary.
    full = np.linalg.qr(np.column_stack([direction, np.eye(len(mean))[:, 1:]]))[0][:, 1:]
    values, axes = np.linalg.eigh(full.T @ between @ full)
    values, axes = values[::-1], full @ axes[:, ::-1]
    kept = values > LEAST_VARIANCE
    log_noise = np.log((residual**2).sum(axis=1)) / 2
    quality = faces.quality[counts[faces.person] >= 2]
    return EmbeddingShape(
        dimension=vector.shape[1],
        mean_length=float(np.linalg.norm(mean)),
        between=_rounded(values[kept]),
        within=_rounded(np.einsum("ij,ik,kj->j", axes, within, axes)[kept]),
        pole_share=0.8,
        group_share=0.5,
        noise_spread=0.22,
        same_occasion=0.03,
        quality_of_noise=float(-np.corrcoef(quality, log_noise)[0, 1]),
        quality=_rounded(np.quantile(faces.quality, np.linspace(0, 1, 21)), 4),
    )


def fit(
    faces: RealFaces, *, rounds: int = ROUNDS, people: int = PEOPLE_DRAWN
) -> tuple[EmbeddingShape, MeasuredDistances]:
    """Measure, and search at random for the shape whose generated distances come nearest to the measured ones.

    `people` are drawn in each of so many rounds.
    """
    measured = distances_of(faces.vector, faces.person)
    shape = best = variances(faces)
    rng = np.random.default_rng(0)
    # pole_share, group_share, noise_spread, same_occasion, and factors of the two variances
    start = np.array([shape.pole_share, shape.group_share, shape.noise_spread, shape.same_occasion, 1.0, 1.0])
    step = np.array([0.08, 0.12, 0.04, 0.04, 0.04, 0.04])
    low, high = np.array([0.0, 0.0, 0.02, 0.0, 0.7, 0.7]), np.array([0.95, 0.95, 0.6, 0.5, 1.3, 1.3])
    least = mismatch(generated(best, people=people), measured)
    for _ in range(rounds):
        tried = np.clip(start + step * rng.standard_normal(6) * (rng.random(6) < 0.5), low, high)
        shaped = with_guesses(shape, tried)
        loss = mismatch(generated(shaped, people=people), measured)
        if loss < least:
            least, best, start = loss, shaped, tried
    return best, measured


def with_guesses(shape: EmbeddingShape, guesses: Doubles) -> EmbeddingShape:
    """The shape with what `fit` searches for."""
    pole, group, spread, occasion, between, within = guesses.tolist()
    return replace(
        shape,
        pole_share=round(pole, 3),
        group_share=round(group, 3),
        noise_spread=round(spread, 3),
        same_occasion=round(occasion, 3),
        between=_rounded(np.array(shape.between) * between),
        within=_rounded(np.array(shape.within) * within),
    )


def generated(shape: EmbeddingShape, *, people: int = PEOPLE_DRAWN, seed: int = 1) -> MeasuredDistances:
    """Distances among two faces each of people drawn by this shape."""
    rng = np.random.default_rng(seed)
    population = Population(shape)
    person = np.repeat(np.arange(people), 2)
    vector, _ = population.faces(population.identities(people, rng)[person], rng, person)
    return distances_of(vector, person)


def mismatch(one: MeasuredDistances, other: MeasuredDistances) -> float:
    """Sum of squared logarithms of ratios; the extremes of few mated pairs count less."""
    weights = np.array([0.1, 0.3, 0.7, 1, 1, 1, 1, 1, 1])
    return float(
        (weights * _squared_ratio(one.mated, other.mated)).sum()
        + _squared_ratio(one.non_mated, other.non_mated).sum()
        + 2 * _squared_ratio(one.nearest, other.nearest).sum()
    )


def _squared_ratio(one: Sequence[float], other: Sequence[float]) -> Doubles:
    count = min(len(one), len(other))
    result: Doubles = np.log(np.array(one[:count]) / np.array(other[:count])) ** 2
    return result


def print_fit(path: Path) -> None:
    """Print what benchmarks/search_shape.py should say."""
    shape, measured = fit(RealFaces.load(path))
    for name, value in (("LFW_SHAPE", shape), ("LFW_MEASURED", measured)):
        print(f"{name} = {value}")
    print(f"# generated: {generated(shape)}")


def _rounded(values: Doubles, digits: int = 3) -> tuple[float, ...]:
    return tuple(float(f"{value:.{digits}g}") for value in values)
