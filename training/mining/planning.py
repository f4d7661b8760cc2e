"""Which faces meet in which step of an epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.configuration import Augmentation, Negatives, TrainingConfiguration
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Embeddings, Mask
from training.mining.barred import BarredPairs
from training.mining.batches import Batch
from training.mining.gathering import Crowd, Gatherer
from training.mining.neighbors import Neighbors, as_stored
from training.mining.triplets import Shares, choose_triplets


def plan_epoch(
    *,
    faces: Counts,
    people: Counts,
    rows: Counts,
    neighbors: Neighbors | None,
    vectors: Embeddings | None,
    configuration: TrainingConfiguration,
    barred: BarredPairs,
    rng: np.random.Generator,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Batch]:
    """Draw up the batches of an epoch.

    A batch has `people_per_batch` x `photos_per_person` faces. With neighbors it grows from a face whose turn it is by
    the people who are nearest to those who are in it already, so that look-alikes meet, until only the share of random
    negatives is left; the rest, and without neighbors all of it, are people whose turn it is. Everybody comes with at
    most `photos_per_person` faces. Who has fewer photos is there with each of them twice at most, and not twice where
    nothing is done to faces; more people then take the room. People with a single photo have at most half of a batch.

    Each face is seen about equally often: it has its turn once in each round, and once it was seen in a round nobody's
    nearness brings it in.

    Args:
        faces: (M,) ids of the faces that are trained on.
        people: (M,) whose each is.
        rows: (M,) which row of the training set each is.
        neighbors: of these M faces, of other people; barred ones should have been masked. None for people by chance,
            and no triplets.
        vectors: (M, D), by which triplets are hard or semi-hard; needed with neighbors.
        configuration: of the run.
        barred: pairs that are not to be negatives of each other.
        rng: of the run's seed and the epoch; the same one gives the same batches.
        progress: told of batches that were drawn up since the last call.

    Raises:
        ValueError: neighbors without vectors, or arrays of different lengths.
    """
    listed = None if neighbors is None else neighbors.rows
    lengths = {len(array) for array in (faces, people, rows, vectors, listed) if array is not None}
    if len(lengths) > 1:
        raise ValueError(f"All arrays have a row a face; these have {sorted(lengths)}.")
    if configuration.negatives in (Negatives.IN_BATCH, Negatives.RANDOM):
        neighbors = None
    gatherer = Gatherer(
        Crowd.of(people),
        neighbors,
        batch=configuration.batch,
        each=configuration.photos_per_person,
        has_copies=configuration.augmentation != Augmentation.NONE,
        random_share=configuration.random_share,
        rng=rng,
    )
    triplets = None
    if neighbors is not None:
        if vectors is None:
            raise ValueError("Triplets are hard or not by vectors; there are none.")
        triplets = _Triplets(neighbors, as_stored(vectors), configuration, rng)
    batches = []
    for _ in range(configuration.steps_per_epoch):
        places = gatherer.gather()
        owners = people[places]
        apart = barred.matrix(faces[places], owners)
        chosen = np.empty((0, 3), dtype=np.int64) if triplets is None else triplets.of(places, owners, apart)
        batches.append(Batch(rows=rows[places], people=owners, triplets=chosen, barred=apart))
        progress(1)
    return batches


class _Triplets:
    """The mined triplets whose three faces are in a batch."""

    def __init__(
        self,
        neighbors: Neighbors,
        stored: Embeddings,
        configuration: TrainingConfiguration,
        rng: np.random.Generator,
    ) -> None:
        self._neighbors = neighbors
        self._stored = stored
        self._alpha = configuration.alpha
        self._shares = Shares(
            hard=configuration.hard_share,
            semi_hard=configuration.semi_hard_share,
            random=configuration.random_share,
        )
        self._rng = rng

    def of(self, places: Counts, people: Counts, barred: Mask) -> Counts:
        """Return (T, 3) places in the batch.

        Args:
            places: (B,) which face of the M each is.
            people: (B,) whose.
            barred: (B, B).
        """
        vectors = self._stored[places]
        return choose_triplets(
            squared_distances(vectors, vectors),
            people,
            listed=self._listed(places),
            barred=barred,
            alpha=self._alpha,
            shares=self._shares,
            rng=self._rng,
        )

    def _listed(self, places: Counts) -> Mask:
        """(B, B) whether a column's face is among the neighbors of a row's."""
        there, inverse = np.unique(places, return_inverse=True)
        listed = self._neighbors.rows[there]  # (U, k)
        found = np.minimum(np.searchsorted(there, listed), len(there) - 1)
        row, column = np.nonzero(there[found] == listed)
        among = np.zeros((len(there), len(there)), dtype=np.bool_)
        among[row, found[row, column]] = True
        return among[np.ix_(inverse, inverse)]
