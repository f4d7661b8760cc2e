"""Probes against all faces and all templates, a block at a time.

Distances are screened in single precision, which is twice as fast, and whatever may be within reach is measured again
in double precision: nothing is decided by a rounded number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.metrics.distances import MAX_DISTANCE
from training.metrics.types import Counts, Distances, Labels, Progress, ignore
from training.services.enrolled import ROWS_AT_ONCE, Enrolled, Vectors
from training.services.near_pairs import FarDraws, NearPairs, exact_distances
from training.services.probes import Probes

PROBES_AT_ONCE = 128
"""Rows of distances at a time: 4 MB with a block of 8,192."""

NEAREST = 64
"""Other people that are kept for each probe: what is needed to say what FPIR fewer or more people make."""

Screen = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tile:
    """Some probes against a block.

    Attributes:
        rows: which probes.
        distances: (T, B) float32, off by at most `Probes.slack`.
    """

    rows: slice
    distances: Screen

    def within(self, limits: Distances | float) -> tuple[Counts, Counts]:
        """Return (probe, column) of all distances that are at most `limits`, one number or (T,)."""
        limits = np.broadcast_to(np.asarray(limits, dtype=np.float32), self.distances.shape[0])
        found = np.flatnonzero(self.distances <= limits[:, None])
        rows, columns = np.divmod(found, self.distances.shape[1])
        return rows + self.rows.start, columns


def tiles(probes: Probes, block: Vectors) -> Iterator[Tile]:
    """Yield all distances of probes to a block: |a|² + |b|² - 2ab as one product of longer vectors."""
    right = np.column_stack([block, np.ones(len(block)), _squares(block)]).astype(np.float32).T
    for start in range(0, len(probes), PROBES_AT_ONCE):
        rows = slice(start, min(start + PROBES_AT_ONCE, len(probes)))
        part = probes.vectors[rows]
        left = np.column_stack([-2.0 * part, _squares(part), np.ones(len(part))]).astype(np.float32)
        yield Tile(rows, left @ right)


def _squares(vectors: Vectors) -> Distances:
    wide = vectors.astype(np.float64)
    squares: Distances = np.einsum("ij,ij->i", wide, wide)
    return squares


def scan_faces(
    enrolled: Enrolled, probes: Probes, *, near: NearPairs, far: FarDraws, progress: Progress = ignore
) -> None:
    """Compare probes with all faces of other people in other photos; each pair of two probes counts once.

    `near` gets (probe, place of the face), `far` its distances.
    """
    is_probe = np.zeros(len(enrolled.faces), dtype=np.bool_)
    is_probe[probes.places] = True
    for start in range(0, len(enrolled.faces), ROWS_AT_ONCE):
        block = enrolled.face_vectors(slice(start, start + ROWS_AT_ONCE))
        far.measure(probes.vectors, block, start)
        for tile in tiles(probes, block):
            rows, columns = tile.within(near.limit + probes.slack)
            places = columns + start
            own, other = probes.people[rows], enrolled.people[places]
            counts = (own != other) & (probes.photos[rows] != enrolled.photos[places])
            counts &= ~is_probe[places] | comes_first(own, other)
            rows, columns, places = rows[counts], columns[counts], places[counts]
            near.add(rows, places, exact_distances(probes.vectors, rows, block, columns))
        progress(len(block))


def comes_first(people: Labels, others: Labels) -> npt.NDArray[np.bool_]:
    """Return which of two different people a pair of probes is counted for: by turns, so that nobody is it more often.

    Exactly one of `comes_first(a, b)` and `comes_first(b, a)` holds.
    """
    return np.asarray((people < others) == ((people + others) % 2 == 0))


def face_trials(enrolled: Enrolled, probes: Probes) -> Distances:
    """Return how many comparisons `scan_faces` makes for each person as the first: (P,)."""
    faces, people = enrolled.faces_of, len(enrolled.everybody)
    asked = np.bincount(probes.people, minlength=people).astype(np.int64)  # (P,) probes
    rows = np.arange(people)
    first = np.zeros(people, dtype=np.int64)  # (P,) probes of people whom one comes before
    for parity in (0, 1):
        alike = np.where(rows % 2 == parity, asked, 0)
        upto = np.cumsum(alike)
        behind, before = alike.sum() - upto, upto - alike
        first += np.where(rows % 2 == parity, behind, before)
    others = len(enrolled.faces) - faces - (asked.sum() - asked)  # (P,) that are no probes
    return np.asarray(asked * (others + first) - _in_one_photo(enrolled, probes), dtype=np.float64)


def _in_one_photo(enrolled: Enrolled, probes: Probes) -> Counts:
    """Return how many pairs of a person's probe and another's face of the same photo would count: (P,)."""
    is_probe = np.zeros(len(enrolled.faces), dtype=np.bool_)
    is_probe[probes.places] = True
    order = np.argsort(enrolled.photos, kind="stable")
    photos = enrolled.photos[order]
    pairs = np.zeros(len(enrolled.everybody), dtype=np.int64)
    for step in range(1, len(order)):
        same = np.flatnonzero(photos[step:] == photos[:-step])
        if not len(same):
            break
        for one, other in ((order[same], order[same + step]), (order[same + step], order[same])):
            own, others = enrolled.people[one], enrolled.people[other]
            counts = is_probe[one] & (own != others) & (~is_probe[other] | comes_first(own, others))
            pairs += np.bincount(own[counts], minlength=len(pairs))
    return pairs


@dataclass(frozen=True, eq=False)
class Found:
    """What a search of every probe among the templates of all other people finds.

    Attributes:
        nearer: (S,) how many others are at most as far as the probe's own person; 0 where there is nothing to find.
        others: (S, K) distances, ascending; infinite where there are fewer.
        who: (S, K) places of their templates; -1 where `others` is infinite.
    """

    nearer: Counts
    others: Distances
    who: Counts


def scan_templates(
    enrolled: Enrolled, probes: Probes, *, near: NearPairs, far: FarDraws, progress: Progress = ignore
) -> Found:
    """Compare probes with the templates of all other people; `near` gets (probe, place), `far` its distances."""
    own_place = place_of_own(enrolled, probes)
    kept = max(1, min(NEAREST, len(enrolled.templates) - 1))
    found = Found(
        nearer=np.zeros(len(probes), dtype=np.int64),
        others=np.full((len(probes), kept), np.inf),
        who=np.full((len(probes), kept), -1, dtype=np.int64),
    )
    for start in range(0, len(enrolled.templates), ROWS_AT_ONCE):
        block = enrolled.template_vectors(slice(start, start + ROWS_AT_ONCE))
        far.measure(probes.vectors, block, start)
        for tile in tiles(probes, block):
            columns = own_place[tile.rows] - start
            inside = np.flatnonzero((columns >= 0) & (columns < len(block)))
            tile.distances[inside, columns[inside]] = np.inf
            _count_nearer(found, tile, probes, block)
            rows, columns = tile.within(np.maximum(_reach(found, tile, probes.slack), near.limit) + probes.slack)
            distances = exact_distances(probes.vectors, rows, block, columns)
            near.add(rows, columns + start, distances)
            _keep_nearest(found, rows, columns + start, distances)
        progress(len(block))
    return found


def place_of_own(enrolled: Enrolled, probes: Probes) -> Counts:
    """Return where each probe's own person's template is: (S,) places, -1 for none."""
    place = np.full(len(enrolled.everybody), -1, dtype=np.int64)
    place[enrolled.templates] = np.arange(len(enrolled.templates))
    return place[probes.people]


def _reach(found: Found, tile: Tile, slack: float) -> Distances:
    """Return a distance within which each probe's nearest surely are, as far as they are not known yet: (T,)."""
    farthest, count = found.others[tile.rows, -1], found.others.shape[1]
    unknown = ~np.isfinite(farthest)
    if unknown.any() and tile.distances.shape[1] > count:
        of_block = np.partition(tile.distances[unknown], count - 1, axis=1)[:, count - 1]
        farthest = farthest.copy()
        farthest[unknown] = of_block.astype(np.float64) + slack
    return np.minimum(farthest, MAX_DISTANCE)


def _count_nearer(found: Found, tile: Tile, probes: Probes, block: Vectors) -> None:
    own = np.where(np.isfinite(probes.own[tile.rows]), probes.own[tile.rows], -1.0)
    surely = (own - probes.slack).astype(np.float32)[:, None]
    perhaps = (own + probes.slack).astype(np.float32)[:, None]
    counted = np.count_nonzero(tile.distances <= surely, axis=1)
    found.nearer[tile.rows] += counted
    for row in np.flatnonzero(np.count_nonzero(tile.distances <= perhaps, axis=1) > counted):
        between = np.flatnonzero((tile.distances[row] > surely[row]) & (tile.distances[row] <= perhaps[row]))
        probe = np.full(len(between), tile.rows.start + row)
        exact = exact_distances(probes.vectors, probe, block, between)
        found.nearer[tile.rows.start + row] += int(np.sum(exact <= own[row]))


def _keep_nearest(found: Found, rows: Counts, places: Counts, distances: Distances) -> None:
    """Merge a tile's neighbors into the lists of its probes; of equals the earlier template comes first."""
    closer = distances < found.others[rows, -1]
    rows, places, distances = rows[closer], places[closer], distances[closer]
    changed, row = np.unique(rows, return_inverse=True)
    count = found.others.shape[1]
    all_rows = np.concatenate([np.repeat(np.arange(len(changed)), count), row])
    all_distances = np.concatenate([found.others[changed].ravel(), distances])
    all_places = np.concatenate([found.who[changed].ravel(), places])
    order = np.lexsort((all_places, all_distances, all_rows))
    starts = np.searchsorted(all_rows[order], np.arange(len(changed)))
    first = order[(starts[:, None] + np.arange(count)).ravel()]
    found.others[changed] = all_distances[first].reshape(-1, count)
    found.who[changed] = all_places[first].reshape(-1, count)
