"""The constants of the quality score, and the relation from which the limits of the gate were chosen."""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize

from benchmarks.degradations import DEGRADATIONS
from benchmarks.quality_faces import AS_IT_IS, Floats, MeasuredFaces
from encoder.quality import Weaknesses, quality_problems

MIN_FACES = 10
"""Of fewer nothing is said."""

EDGES = {
    "size": (0, 14, 16, 18, 20, 22, 24, 27, 30, 35, 40, 50, 70, 1000),
    "sharpness": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1, 1.01),
    "brightness": (0, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.4, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.01),
    "yaw": (0, 10, 20, 30, 35, 40, 45, 50, 55, 90),
    "pitch": (0, 10, 20, 25, 30, 35, 40, 45, 90),
    "score": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.01),
}


@dataclass(frozen=True)
class Comparisons:
    """Each of M faces against the good photos of the same person.

    Attributes:
        count: (M,) how many there are.
        misses: (M,) how many of them do not match at tau.
    """

    count: Floats
    misses: Floats

    @property
    def rate(self) -> Floats:
        """(M,) share of misses; 0 where nothing was compared."""
        return self.misses / np.maximum(self.count, 1)


def compare_with_originals(faces: MeasuredFaces, tau: float) -> Comparisons:
    """A photo is compared neither with itself nor with its own copies."""
    count, misses = np.zeros(len(faces)), np.zeros(len(faces))
    for person in np.unique(faces.person):
        members = np.flatnonzero(faces.person == person)
        good = members[faces.is_original[members]]
        distances = 2 - 2 * faces.embedding[members] @ faces.embedding[good].T
        other = faces.photo[members][:, None] != faces.photo[good][None]
        count[members], misses[members] = other.sum(axis=1), (other & (distances > tau)).sum(axis=1)
    return Comparisons(count, misses)


@dataclass(frozen=True)
class Fitted:
    """A logistic model of a miss: log odds = terms @ weights - offset."""

    offset: float
    weights: Floats


def fit(faces: MeasuredFaces, tau: float) -> Fitted:
    """Find the weights that make the misses of the fitted half of the people most likely.

    A weakness may not raise the score, so weights are at least 0. Each face counts once, however many photos it was
    compared with.
    """
    compared = compare_with_originals(faces, tau)
    rows = faces.half & (compared.count > 0)
    terms = np.column_stack([faces.weaknesses[rows], -np.ones(rows.sum())])
    missed = compared.rate[rows]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        odds = terms @ parameters
        slope = terms.T @ (1 / (1 + np.exp(-odds)) - missed) / len(odds)
        return float((np.logaddexp(0, odds) - missed * odds).mean()), slope

    count = terms.shape[1]
    bounds = [(0.0, None)] * (count - 1) + [(None, None)]
    found = minimize(loss, np.zeros(count), jac=True, method="L-BFGS-B", bounds=bounds)
    return Fitted(float(found.x[-1]), found.x[:-1])


def print_fit(fitted: Fitted) -> None:
    """Print what encoder/quality.py should say."""
    print(f"SCORE_OFFSET = {fitted.offset:.2f}")
    print("SCORE_WEIGHTS = (" + ", ".join(f"{weight:.2f}" for weight in fitted.weights) + ")")
    print("  in the order: " + ", ".join(field.name for field in fields(Weaknesses)) + "\n")


def print_bins(faces: MeasuredFaces, tau: float) -> None:
    """Print error rates by each property: against good photos, and false matches among the faces of the bin."""
    compared = compare_with_originals(faces, tau)
    print(f"{'property':12}{'from':>8}{'to':>8}{'faces':>8}{'FNMR':>9}{'FMR':>9}   (FMR among themselves)")
    for name, edges in EDGES.items():
        values = np.abs(getattr(faces, name))
        for low, high in pairwise(edges):
            inside = (values >= low) & (values < high) & (compared.count > 0)
            if inside.sum() >= MIN_FACES:
                fnmr = compared.misses[inside].sum() / compared.count[inside].sum()
                fmr = _fmr(faces[inside], tau)
                print(f"{name:12}{low:8.2f}{high:8.2f}{inside.sum():8,}{fnmr:9.3f}{fmr:9.4f}")
    print()


def print_kinds(faces: MeasuredFaces, tau: float) -> None:
    """Print, for each kind of copy, error rates as `print_bins` does, the score, and what the gate says."""
    compared = compare_with_originals(faces, tau)
    reasons = np.array([next(iter(quality_problems(quality)), "") for quality in faces.qualities()])
    print(f"{'kind':16}{'faces':>7}{'FNMR':>8}{'FMR':>9}{'score':>8}{'refused':>9}  reasons")
    for kind in (AS_IT_IS, *DEGRADATIONS):
        inside = faces.kind == kind
        if inside.sum() < MIN_FACES:
            continue
        names, counts = np.unique(reasons[inside & (reasons != "")], return_counts=True)
        why = ", ".join(f"{name} {count / inside.sum():.0%}" for name, count in zip(names, counts, strict=True))
        fnmr = compared.misses[inside].sum() / max(compared.count[inside].sum(), 1)
        print(
            f"{kind or 'as it is':16}{inside.sum():7,}{fnmr:8.3f}{_fmr(faces[inside], tau):9.4f}"
            f"{faces.score[inside].mean():8.2f}{(reasons[inside] != '').mean():9.1%}  {why}"
        )
    print()


def _fmr(faces: MeasuredFaces, tau: float) -> float:
    some = np.random.default_rng(0).permutation(len(faces))[:2000]
    embedding, person = faces.embedding[some], faces.person[some]
    distances = 2 - 2 * embedding @ embedding.T
    return float((distances[person[:, None] != person[None]] <= tau).mean())
