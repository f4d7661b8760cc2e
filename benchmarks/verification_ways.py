"""Ways to compare a probe with a person of several faces, from faces to rates: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from benchmarks.template_faces import Album, Floats, Labels, Mask
from encoder.templates import templates
from training.metrics.distances import row_distances, squared_distances
from training.metrics.figures import Rate
from training.metrics.identification import templates_without_photo

NEAREST, MEAN, MEAN_VECTOR, TEMPLATE = "nearest face", "mean of the distances", "mean vector", "template"
WAYS = (NEAREST, MEAN, MEAN_VECTOR, TEMPLATE)
Blocks: TypeAlias = Iterator[tuple[Labels, Mapping[str, Floats]]]

BLOCK = 256
TAIL = 0.02
"""The share of non-mated comparisons that is kept: the nearest. Twice the largest FMR that is asked for, because people
who are drawn anew may have more of them."""

RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class Compared:
    """All faces compared in one way. People are numbered 0 to P - 1.

    Attributes:
        mated: (A,) distances of faces to their own people, as other photos show them.
        mated_people: (A,) whose they are.
        near: (K,) the smallest distances to other people, ascending.
        near_people: (K, 2) whose the face is, and with whom it was compared.
        total: how many comparisons with other people there were.
    """

    mated: Floats
    mated_people: Labels
    near: Floats
    near_people: Labels
    total: int

    def tau_at(self, fmr: float) -> float:
        """The largest distance of those that let this share of other people through, at most."""
        matches = int(fmr * self.total)
        if not matches:
            raise ValueError(f"{self.total:,} comparisons are too few for FMR {fmr:g}.")
        return float(self.near[matches - 1])

    def tar_at(self, tau: float) -> float:
        """The share of mated comparisons within tau: 1 - FNMR."""
        return float(np.mean(self.mated <= tau))


def compare(album: Album, asked: Mask, fewest: int) -> dict[str, Compared]:
    """Compare the faces that are `asked` (M,) with everybody who has at least `fewest` faces, in all ways.

    A face's own photo is left out of its person's faces, of which there are `fewest` without it, too.
    """
    people, owner, counts = np.unique(album.people, return_inverse=True, return_counts=True)
    photos_of = [set(album.photos[owner == person].tolist()) for person in range(len(people))]
    is_mated = np.array([len(photos_of[person]) > fewest for person in owner]) & asked
    claimed = counts >= fewest
    total = int(asked.sum()) * int(claimed.sum()) - int(np.sum(claimed[owner[asked]]))
    most = max(1, int(TAIL * total))
    own: dict[str, list[Floats]] = {way: [] for way in WAYS}
    near = {way: (np.zeros(0), np.zeros(0, np.int64)) for way in WAYS}
    for rows, found in _blocks(album, np.flatnonzero(asked)):
        is_other = claimed[None, :] & (owner[rows, None] != np.arange(len(people))[None, :])
        place = rows[:, None] * len(people) + np.arange(len(people))[None, :]
        chosen = is_mated[rows]
        for way, distances in found.items():
            own[way].append(distances[np.arange(len(rows)), owner[rows]][chosen])
            near[way] = _smallest(near[way], (distances[is_other], place[is_other]), most)
    result = {}
    for way in WAYS:
        distances, places = near[way]
        order = np.argsort(distances, kind="stable")
        pairs = np.stack([owner[places[order] // len(people)], places[order] % len(people)], axis=1)
        result[way] = Compared(np.concatenate(own[way]), owner[is_mated], distances[order], pairs, total)
    return result


def _smallest(kept: tuple[Floats, Labels], more: tuple[Floats, Labels], most: int) -> tuple[Floats, Labels]:
    values = np.concatenate([kept[0], more[0]])
    places = np.concatenate([kept[1], more[1]])
    if len(values) <= most:
        return values, places
    chosen = np.argpartition(values, most - 1)[:most]
    return values[chosen], places[chosen]


def _blocks(album: Album, probes: Labels) -> Blocks:
    """Yield rows (B,), and by way the distances (B, P) to every person, the rows' own photos left out."""
    order = np.argsort(album.people, kind="stable")
    vectors, photos = album.embeddings[order], album.photos[order]
    people, starts, counts = np.unique(album.people[order], return_index=True, return_counts=True)
    everybody = templates(album.embeddings, album.people, album.qualities)
    rest, _ = templates_without_photo(album.embeddings, album.people, album.photos, album.qualities)
    sums = np.add.reduceat(vectors.astype(np.float64), starts)
    column_of = np.searchsorted(people, album.people)
    for start in range(0, len(probes), BLOCK):
        rows = probes[start : start + BLOCK]
        row, column = np.arange(len(rows)), column_of[rows]
        to_faces = squared_distances(album.embeddings[rows], vectors)  # (B, M)
        is_own = album.photos[rows, None] == photos[None, :]
        away = np.add.reduceat(is_own, starts, axis=1, dtype=np.int64)  # (B, P)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.add.reduceat(np.where(is_own, 0, to_faces), starts, axis=1) / (counts[None, :] - away)
        to_mean = squared_distances(album.embeddings[rows], _units(sums))
        theirs = is_own & (column_of[order][None, :] == column[:, None])
        without = _units(sums[column] - theirs.astype(np.float64) @ vectors.astype(np.float64))
        to_mean[row, column] = row_distances(album.embeddings[rows], without)
        to_template = squared_distances(album.embeddings[rows], everybody.vectors)
        to_template[row, column] = row_distances(album.embeddings[rows], rest[rows])
        nearest = np.minimum.reduceat(np.where(is_own, np.inf, to_faces), starts, axis=1)
        yield rows, {NEAREST: nearest, MEAN: mean, MEAN_VECTOR: to_mean, TEMPLATE: to_template}


def _units(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-9)
    return units


def with_faces(album: Album) -> Compared:
    """Compare every face with every face of another person's, and of other photos of its own."""
    _, owner = np.unique(album.people, return_inverse=True)
    counts = np.bincount(owner)
    total = (len(owner) ** 2 - int(np.sum(counts**2))) // 2
    most = max(1, int(TAIL * total))
    near = (np.zeros(0), np.zeros(0, np.int64))
    own: list[Floats] = []
    own_people: list[Labels] = []
    columns = np.arange(len(owner))
    for start in range(0, len(owner), BLOCK):
        rows = columns[start : start + BLOCK]
        distances = squared_distances(album.embeddings[rows], album.embeddings)
        later = columns[None, :] > rows[:, None]
        same = owner[rows, None] == owner[None, :]
        mated = later & same & (album.photos[rows, None] != album.photos[None, :])
        own.append(distances[mated])
        own_people.append(np.broadcast_to(owner[rows, None], mated.shape)[mated])
        other = later & ~same
        place = rows[:, None] * len(owner) + columns[None, :]
        near = _smallest(near, (distances[other], place[other]), most)
    order = np.argsort(near[0], kind="stable")
    pairs = np.stack([owner[near[1][order] // len(owner)], owner[near[1][order] % len(owner)]], axis=1)
    return Compared(np.concatenate(own), np.concatenate(own_people), near[0][order], pairs, total)


@dataclass(frozen=True, eq=False)
class Drawn:
    """People drawn anew with replacement, the same for all ways: (R, P) how often each was drawn."""

    times: Labels

    @classmethod
    def of(cls, people: int, *, seed: int = 0, resamples: int = RESAMPLES) -> Drawn:
        """Draw as many people as there are, this many times."""
        rng = np.random.default_rng(seed)
        draws = rng.integers(0, people, (resamples, people))
        return cls(np.stack([np.bincount(draw, minlength=people) for draw in draws]))

    def tars(self, compared: Compared, fmrs: Sequence[float], totals: Floats) -> Floats:
        """(R, F): the TAR at each FMR, tau set anew among the people who were drawn.

        A comparison of two people counts as often as both were drawn; `totals` (R,) are as in `totals_of`.
        """
        order = np.argsort(compared.mated, kind="stable")
        owners = compared.mated_people[order]
        rates = np.empty((len(self.times), len(fmrs)))
        for place, (times, total) in enumerate(zip(self.times, totals, strict=True)):
            false = np.cumsum(times[compared.near_people[:, 0]] * times[compared.near_people[:, 1]])
            matches = np.concatenate([[0], np.cumsum(times[owners])])
            for column, fmr in enumerate(fmrs):
                allowed = int(np.searchsorted(false, int(fmr * total), side="right")) - 1
                tau = compared.near[allowed] if allowed >= 0 else -np.inf
                within = int(np.searchsorted(compared.mated[order], tau, side="right"))
                rates[place, column] = matches[within] / max(matches[-1], 1)
        return rates

    def false_match_rate(self, compared: Compared, tau: float, totals: Floats) -> Rate:
        """The FMR at a tau, with its interval."""
        matched = compared.near_people[: int(np.searchsorted(compared.near, tau, side="right"))]
        values = [
            float(np.sum(w[matched[:, 0]] * w[matched[:, 1]])) / t for w, t in zip(self.times, totals, strict=True)
        ]
        low, high = interval(np.array(values))
        errors = len(matched)
        return Rate(errors / compared.total, low, high, errors, compared.total, len(np.unique(matched)))

    def totals_with_people(self, faces: Labels, claimed: Mask) -> Floats:
        """(R,): comparisons of (P,) faces each with everybody else who is `claimed` (P,)."""
        times = self.times.astype(np.float64)
        others = (times @ claimed.astype(np.float64))[:, None] - times * claimed
        totals: Floats = np.sum(times * faces * others, axis=1)
        return totals

    def totals_with_faces(self, faces: Labels) -> Floats:
        """(R,): comparisons of (P,) faces each with all faces of others, each pair once."""
        weighted = self.times.astype(np.float64) * faces
        totals: Floats = (weighted.sum(axis=1) ** 2 - np.sum(weighted**2, axis=1)) / 2
        return totals


def interval(values: Floats) -> tuple[float, float]:
    """95 %."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
