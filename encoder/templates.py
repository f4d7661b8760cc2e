"""What stands for a person in a search: one vector made of all enrolled faces.

Definition, for the M embeddings x_i of one person, of unit length, with qualities q_i:

1. center = mean of x_i; the core are the M // 2 + 1 faces nearest to it (of equals the earlier ones).
2. m = mean of the core's x_i; d_i = ||x_i - m||², and of the k faces of the core d_i = (k / (k - 1))² ||x_i - m||²,
   which is the distance from the mean of the others.
3. With three faces or more, those outside the core are left out whose d_i is larger than `FARTHEST` * median d and than
   `NEAR`; the median of an even number is the lower one of the two in the middle.
4. The template is the mean of the others, weighted by w_i = max(q_i, `LEAST_WEIGHT`), to unit length.

So a majority always stays, and how far is too far follows from how far the person's own faces lie apart, but for
faces that are too near to be doubted at all. Steps 1 and 2
are one concentration step of Rousseeuw and Van Driessen, "A fast algorithm for the minimum covariance determinant
estimator", 1999. `benchmarks/templates.py` measures what it is worth. The database does the same in SQL
(`faces_templates_of` in the migrations), within half precision.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FARTHEST = 2.5
"""Times the median distance: farther faces are left out. Of wrong labels planted in LFW 95 % are caught with both
limits, and 0.3 % of the right ones are lost (`benchmarks/templates.py`)."""

NEAR = 0.12
"""A face nearer than this is kept however alike the others are. Without it a burst of four photos of one moment made
one in five of a person's other photos an outlier. Of 1,450 faces one is as near to the template of another person (LFW,
the factory encoder). It means nothing to encoders whose distances are much longer, and does no harm there."""

LEAST_WEIGHT = 0.05
"""Of a face of no quality at all, so that a person of such faces alone has a template, too."""

FEWEST_TO_DOUBT = 3
"""Of two faces that disagree, nobody can say which is the wrong one."""

Vectors: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Values: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Doubles: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Template:
    """What stands for one person.

    Attributes:
        vector: (D,) float64 of unit length; zeros where the mean has no direction (two opposite faces).
        kept: (M,) which of the faces it is the mean of.
    """

    vector: Doubles
    kept: Mask


@dataclass(frozen=True, eq=False)
class Templates:
    """What stands for each of N people.

    Attributes:
        people: (N,) ascending.
        vectors: (N, D) float64, as `Template.vector`.
        kept: (M,) which of all faces they are the means of.
    """

    people: Labels
    vectors: Doubles
    kept: Mask


def template(embeddings: Vectors, qualities: Values) -> Template:
    """Make the template of one person, as the definition says it.

    Args:
        embeddings: (M, D) of unit length, M at least 1.
        qualities: (M,) scores, 0 to 1.

    Raises:
        ValueError: shapes do not fit, or there is no face.
    """
    _check(embeddings, qualities)
    vectors = embeddings.astype(np.float64)
    kept = np.ones(len(vectors), dtype=np.bool_)
    if len(vectors) >= FEWEST_TO_DOUBT:
        is_core = np.zeros(len(vectors), dtype=np.bool_)
        size = len(vectors) // 2 + 1
        is_core[np.argsort(_squares(vectors - vectors.mean(axis=0)), kind="stable")[:size]] = True
        distances = _squares(vectors - vectors[is_core].mean(axis=0))
        distances[is_core] *= (size / (size - 1)) ** 2
        median = np.sort(distances)[(len(distances) - 1) // 2]
        kept = is_core | (distances <= max(FARTHEST * median, NEAR))
    mean = np.maximum(qualities[kept].astype(np.float64), LEAST_WEIGHT) @ vectors[kept]  # (D,)
    return Template(vector=_units(mean[None])[0], kept=kept)


def templates(embeddings: Vectors, people: Labels, qualities: Values, *, farthest: float = FARTHEST) -> Templates:
    """Make the templates of many people at once.

    Args:
        embeddings: (M, D) of unit length, M at least 1.
        people: (M,) whose face each is.
        qualities: (M,) scores, 0 to 1.
        farthest: another multiple of the median than searches use, to see what it does.

    Raises:
        ValueError: shapes do not fit, or there is no face.
    """
    _check(embeddings, qualities)
    if people.shape != qualities.shape:
        raise ValueError(f"{embeddings.shape} embeddings need as many people, not {people.shape}.")
    order = np.argsort(people, kind="stable")
    names, starts, faces = np.unique(people[order], return_index=True, return_counts=True)  # (N,) each
    vectors = embeddings[order].astype(np.float64)
    owner = np.repeat(np.arange(len(names)), faces)  # (M,)
    core = faces // 2 + 1  # (N,)

    centers = np.add.reduceat(vectors, starts) / faces[:, None]
    nearest = np.lexsort((_squares(vectors - centers[owner]), owner))
    is_core = np.empty(len(vectors), dtype=np.bool_)
    is_core[nearest] = np.arange(len(vectors)) - starts[owner] < core[owner]
    centers = np.add.reduceat(np.where(is_core[:, None], vectors, 0), starts) / core[:, None]
    distances = _squares(vectors - centers[owner])
    alone = (core / np.maximum(core - 1, 1)) ** 2
    distances[is_core] *= alone[owner][is_core]
    medians = distances[np.lexsort((distances, owner))][starts + (faces - 1) // 2]  # (N,)
    doubted = faces >= FEWEST_TO_DOUBT
    kept = is_core | (distances <= np.maximum(farthest * medians, NEAR)[owner]) | ~doubted[owner]

    weights = np.where(kept, np.maximum(qualities[order].astype(np.float64), LEAST_WEIGHT), 0)
    back = np.empty(len(order), dtype=np.bool_)
    back[order] = kept
    return Templates(people=names, vectors=_units(np.add.reduceat(vectors * weights[:, None], starts)), kept=back)


def _check(embeddings: Vectors, qualities: Values) -> None:
    if embeddings.ndim != 2 or not len(embeddings):
        raise ValueError(f"Embeddings have the shape (M, D) with M at least 1, not {embeddings.shape}.")
    if qualities.shape != embeddings.shape[:1]:
        raise ValueError(f"{embeddings.shape} embeddings need as many qualities, not {qualities.shape}.")


def _squares(differences: Doubles) -> Doubles:
    squares: Doubles = np.einsum("ij,ij->i", differences, differences)
    return squares


def _units(vectors: Doubles) -> Doubles:
    """Return (N, D) of unit length; rows of zeros stay so."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Doubles = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return units
