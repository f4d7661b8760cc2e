"""From faces to rates, for the templates benchmark: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from benchmarks.accuracy_rates import searches_for_templates, tau_at_fpir
from benchmarks.template_faces import Album, Floats, Labels, Mask
from encoder.templates import LEAST_WEIGHT, templates
from training.metrics.distances import row_distances, squared_distances
from training.metrics.identification import (
    LeaveOneOut,
    leave_one_out,
    leave_one_out_by_faces,
    templates_without_photo,
)

Way: TypeAlias = Callable[[Album], LeaveOneOut]
"""To look for each face of an album among all people, its own photo left out."""

FPIR = 0.01
RESAMPLES = 200
FEWEST_PHOTOS = 3
"""Of people who get or lose a wrong face."""
BLOCK = 256
LARGEST_FMR = 1e-3


def nearest_face(album: Album) -> LeaveOneOut:
    """A person's nearest face stands for the person."""
    return leave_one_out_by_faces(album.embeddings, album.people, album.photos)


def mean(album: Album) -> LeaveOneOut:
    """The mean of all faces, to unit length."""
    return searches_for_templates(album.embeddings, album.people, np.ones(len(album)))


def weighted_mean(album: Album) -> LeaveOneOut:
    """The mean weighted by quality, nobody left out."""
    weights = np.maximum(album.qualities, LEAST_WEIGHT)
    return searches_for_templates(album.embeddings, album.people, weights)


def template(album: Album) -> LeaveOneOut:
    """As recognition does it: outliers left out as well."""
    return leave_one_out(album.embeddings, album.people, album.photos, album.qualities)


def both_averaged(album: Album) -> LeaveOneOut:
    """The average of the distances to the template and to the nearest face."""
    everybody = templates(album.embeddings, album.people, album.qualities)
    order = np.argsort(album.people, kind="stable")
    starts = np.searchsorted(album.people[order], everybody.people)
    column_of = np.searchsorted(everybody.people, album.people)
    rest, is_mated = templates_without_photo(album.embeddings, album.people, album.photos, album.qualities)
    own, other = np.empty(len(album)), np.empty(len(album))
    for start in range(0, len(album), BLOCK):
        probes = slice(start, start + BLOCK)
        to_faces = squared_distances(album.embeddings[probes], album.embeddings[order])
        to_faces[album.photos[probes, None] == album.photos[order][None, :]] = np.inf
        to_templates = squared_distances(album.embeddings[probes], everybody.vectors)
        row, column = np.arange(len(to_faces)), column_of[probes]
        to_templates[row, column] = row_distances(album.embeddings[probes], rest[probes])
        fused = (to_templates + np.minimum.reduceat(to_faces, starts, axis=1)) / 2  # (B, N)
        own[probes] = np.where(is_mated[probes], fused[row, column], np.inf)
        fused[row, column] = np.inf
        other[probes] = fused.min(axis=1)
    return LeaveOneOut(people=album.people, own=own, other=other, gallery_size=len(everybody.people))


WAYS: Mapping[str, Way] = {
    "nearest face": nearest_face,
    "mean": mean,
    "weighted by quality": weighted_mean,
    "without outliers": template,
    "the last and the first averaged": both_averaged,
}
CHOSEN = "without outliers"


def with_wrong_labels(album: Album, share: float, seed: int) -> tuple[Album, Mask]:
    """This share of the faces of people with several photos given to another such person; and (M,) which ones."""
    rng = np.random.default_rng(seed)
    numbers, owner, counts = np.unique(album.people, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts >= FEWEST_PHOTOS)
    faces = np.flatnonzero(counts[owner] >= FEWEST_PHOTOS)
    wrong = np.zeros(len(album), dtype=np.bool_)
    wrong[rng.choice(faces, round(share * len(faces)), replace=False)] = True
    places = np.searchsorted(several, owner[wrong])
    further = rng.integers(1, len(several), size=wrong.sum())  # never all the way round to the same person
    people = album.people.copy()
    people[wrong] = numbers[several[(places + further) % len(several)]]
    relabelled = Album(people, album.photos, album.embeddings, album.qualities, album.is_copy, album.is_good)
    return relabelled, wrong


def part(searches: LeaveOneOut, judged: Mask) -> LeaveOneOut:
    """Only these probes; the gallery stays."""
    return LeaveOneOut(searches.people[judged], searches.own[judged], searches.other[judged], searches.gallery_size)


def misses(searches: LeaveOneOut) -> Mask:
    """(M,) which probes do not return the right person first and within the tau of the FPIR."""
    tau = tau_at_fpir(searches, FPIR)
    return ~((searches.own < searches.other) & (searches.own <= tau))


def by_enrolled(searches: LeaveOneOut, enrolled: Labels, bounds: tuple[tuple[int, int], ...]) -> list[float]:
    """FNIR of mated probes whose person has so many other photos (from, to), at the tau of all."""
    missed = misses(searches)
    chosen = [searches.is_mated & (enrolled >= low) & (enrolled <= high) for low, high in bounds]
    return [float(missed[mask].mean()) if mask.any() else float("nan") for mask in chosen]


@dataclass(frozen=True, eq=False)
class Resampled:
    """FNIR at the FPIR, with people resampled as probes: (RESAMPLES,) of each way, the same people for all."""

    rates: dict[str, Floats]

    def interval(self, way: str) -> tuple[float, float]:
        """95 %."""
        return _interval(self.rates[way])

    def difference(self, way: str, other: str) -> tuple[float, float]:
        """95 % interval of how much higher the rate of `way` is."""
        return _interval(self.rates[way] - self.rates[other])


def resampled(searches: Mapping[str, LeaveOneOut], *, seed: int = 0) -> Resampled:
    """Draw people with replacement, tau set anew each time; the gallery stays what it is."""
    people = next(iter(searches.values())).people
    numbers, owner = np.unique(people, return_inverse=True)
    rng = np.random.default_rng(seed)
    rates: dict[str, list[float]] = {way: [] for way in searches}
    orders = {way: np.argsort(searched.other) for way, searched in searches.items()}
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, len(numbers), len(numbers)), minlength=len(numbers))
        weights = drawn[owner].astype(np.float64)
        for way, searched in searches.items():
            rates[way].append(_weighted_rate(searched, weights, orders[way]))
    return Resampled({way: np.array(values) for way, values in rates.items()})


def _weighted_rate(searches: LeaveOneOut, weights: Floats, order: Labels) -> float:
    false = np.cumsum(weights[order])
    allowed = min(int(np.searchsorted(false, FPIR * false[-1], side="right")), len(order) - 1)
    tau = np.nextafter(searches.other[order[allowed]], 0)
    found = (searches.own < searches.other) & (searches.own <= tau)
    mated = searches.is_mated
    return float(weights[mated & ~found].sum() / weights[mated].sum())


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class NonMated:
    """Distances of all probes to the templates of other people.

    Attributes:
        nearest: the smallest ones, sorted: the share of `LARGEST_FMR`.
        count: of all.
    """

    nearest: Floats
    count: int

    def tau_at(self, fmr: float) -> float | None:
        """The largest distance with which this share match, at most; None where they are too few to say."""
        matches = int(fmr * self.count)
        return float(self.nearest[matches - 1]) if matches else None


def against_templates(album: Album) -> NonMated:
    """Of every face to the template of everybody else."""
    everybody = templates(album.embeddings, album.people, album.qualities)
    count = len(album) * (len(everybody.people) - 1)
    most = int(LARGEST_FMR * count)
    nearest: Floats = np.zeros(0)
    for start in range(0, len(album), BLOCK):
        probes = slice(start, start + BLOCK)
        distances = squared_distances(album.embeddings[probes], everybody.vectors)
        non_mated = distances[album.people[probes, None] != everybody.people[None, :]]
        nearest = np.sort(np.concatenate([nearest, np.sort(non_mated)[:most]]))[:most]
    return NonMated(nearest, count)


@dataclass(frozen=True, eq=False)
class FirstTwo:
    """The two nearest people of each of P mated searches.

    Attributes:
        first, second: (P,) distances.
        apart: (P,) ||t1 - t2|| of their templates.
        is_right: (P,) whether the first is the probe's person.
    """

    first: Floats
    second: Floats
    apart: Floats
    is_right: Mask


def first_two(album: Album) -> FirstTwo:
    """Search for each face whose person has other photos, as recognition does."""
    everybody = templates(album.embeddings, album.people, album.qualities)
    rest, is_mated = templates_without_photo(album.embeddings, album.people, album.photos, album.qualities)
    probes = np.flatnonzero(is_mated)
    parts: list[tuple[Floats, Floats, Floats, Mask]] = []
    for start in range(0, len(probes), BLOCK):
        rows = probes[start : start + BLOCK]
        row, own = np.arange(len(rows)), np.searchsorted(everybody.people, album.people[rows])
        distances = squared_distances(album.embeddings[rows], everybody.vectors)
        distances[row, own] = row_distances(album.embeddings[rows], rest[rows])
        two = np.argpartition(distances, 1, axis=1)[:, :2]  # (B, 2), the nearest first
        values = distances[row[:, None], two]
        # A template stands for the person, but for the probe's own: that is the one without the probe's photo.
        vectors = np.where((two == own[:, None])[:, :, None], rest[rows][:, None, :], everybody.vectors[two])
        apart = np.linalg.norm(vectors[:, 0] - vectors[:, 1], axis=1)
        parts.append((values[:, 0], values[:, 1], apart, two[:, 0] == own))
    first, second, apart, is_right = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return FirstTwo(first, second, apart, is_right)
