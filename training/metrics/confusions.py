"""Which people of a gallery would be taken for each other."""

import numpy as np

from training.metrics.evidence import Evidence
from training.metrics.figures import Confusion
from training.metrics.types import Distances

SHOWN = 200


def confusions(evidence: Evidence, taus: Distances) -> tuple[list[int], list[Confusion]]:
    """Return how many pairs of people are confused within each tau, and the nearest `SHOWN` pairs.

    Two people are confused within tau if a face of one lies within tau of the template of the other. Of each face only
    the nearest others are known, so that at a loose tau there may be more.
    """
    searches = evidence.searches
    rows, columns = np.nonzero(np.isfinite(searches.others))
    person, other = searches.person[rows], searches.who[rows, columns]
    distances = searches.others[rows, columns]
    order = np.argsort(distances, kind="stable")
    pairs = np.minimum(person, other) * len(evidence.people) + np.maximum(person, other)
    _, first = np.unique(pairs[order], return_index=True)  # of each pair the nearest
    nearest = order[np.sort(first)]
    counts = np.searchsorted(distances[nearest], taus, side="right")
    return [int(count) for count in counts], [
        Confusion(
            distance=float(distances[row]),
            face=int(searches.face[rows[row]]),
            person=int(evidence.people[person[row]]),
            other=int(evidence.people[other[row]]),
        )
        for row in nearest[:SHOWN]
    ]
