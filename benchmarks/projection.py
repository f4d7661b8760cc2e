"""What would FPIR, FNIR and ranks be with more people?

Counted in small galleries, projected to everybody, and counted there.

    .venv/bin/python -m benchmarks.projection --photos ../shared/data/lfw [--cache FILE.npz] [--json]

A folder a person. Each tau is one that has a certain FPIR among everybody. FPIR in smaller galleries is the mean over
all of them that can be drawn (hypergeometric, `training.metrics.events`), so no chance is in the figures: what is left
between projected and counted is the fault of the model. The platform's own, strangers whose rates of mistakes are
spread as an inverse Gaussian distribution, stands beside three rivals: strangers all alike, 1 - (1 - FPIR)^times; a
gamma distribution (the negative binomial, nearly the beta-binomial, of most extrapolations); and a straight line in
log-log, as if a positive stable distribution.

FNIR and ranks of mated searches (each face with its own photo left out of its person's template) are projected in
strata by the distance to the own template, as the platform does, and beside it without strata.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.template_faces import Album
from encoder.templates import templates
from training.metrics.distances import row_distances, squared_distances
from training.metrics.events import share_reached
from training.metrics.identification import templates_without_photo
from training.metrics.missed import RANKS, STRATA, chances_of_ranks
from training.metrics.projection import grown, grown_counts, hazard
from training.metrics.types import Counts, Distances, Labels

RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
SIZES = (50, 100, 200, 450, 1000, 2000)
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Taus at which FNIR is told: where so many mated searches are within."""

SHOWN_RANKS = (1, 5, 20)
BLOCK = 512
HALVINGS = 60

Way: TypeAlias = Callable[[Distances, Distances, float], Distances]
"""From FPIR in half a gallery and in all of it, to FPIR in one so many times as large."""


def alike(_half: Distances, whole: Distances, times: float) -> Distances:
    """Project as if every stranger were as likely to be mistaken as any other."""
    return np.asarray(-np.expm1(-hazard(whole) * times))


def stable(half: Distances, whole: Distances, times: float) -> Distances:
    """Project as if the hazard grew as a power of the size."""
    power = np.log2(hazard(whole) / hazard(half))
    return np.asarray(-np.expm1(-hazard(whole) * times**power))


def gamma(half: Distances, whole: Distances, times: float) -> Distances:
    """Project as if the hazard grew as log(1 + u n), u by bisection."""
    ratio = np.clip(hazard(whole) / hazard(half), 1.0 + 1e-9, 2.0)
    low, high = np.full_like(ratio, -16.0), np.full_like(ratio, 16.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_less_curved = np.log1p(np.exp(middle)) / np.log1p(np.exp(middle) / 2) > ratio
        low, high = np.where(is_less_curved, middle, low), np.where(is_less_curved, high, middle)
    u = np.exp(low)
    return np.asarray(-np.expm1(-hazard(whole) * np.log1p(u * times) / np.log1p(u)))


WAYS: dict[str, Way] = {"inverse Gaussian": grown, "gamma": gamma, "power": stable, "all alike": alike}


def nearest_others(album: Album) -> tuple[list[Distances], int]:
    """Return, of each face, the distances to other people's templates, ascending; and how many other people."""
    numbers: Labels = np.unique(album.people, return_inverse=True)[1].astype(np.int64)
    vectors = templates(album.embeddings, numbers, album.qualities).vectors
    found = []
    for start in range(0, len(album), BLOCK):
        distances = squared_distances(album.embeddings[start : start + BLOCK], vectors)
        distances[np.arange(len(distances)), numbers[start : start + BLOCK]] = np.inf
        found += list(np.sort(distances, axis=1)[:, :-1].astype(np.float32))
    return found, len(vectors) - 1


def counted(within: Counts, others: int, gallery: float) -> float:
    """Return FPIR with a gallery of so many of the others, of faces that have so many of them within tau."""
    return float(share_reached(others, others, gallery)[within].mean())


def mated_searches(album: Album) -> tuple[Distances, Counts]:
    """Return, of each face with another photo of its person, the distance to the person's template of the other photos,
    ascending, and how many other people are at most as far."""
    numbers: Labels = np.unique(album.people, return_inverse=True)[1].astype(np.int64)
    vectors = templates(album.embeddings, numbers, album.qualities).vectors
    rest, is_mated = templates_without_photo(album.embeddings, numbers, np.arange(len(album)), album.qualities)
    own = row_distances(album.embeddings, rest)
    rows = np.flatnonzero(is_mated)
    rows = rows[np.argsort(own[rows], kind="stable")]
    nearer = []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        distances = squared_distances(album.embeddings[block], vectors)
        distances[np.arange(len(block)), numbers[block]] = np.inf
        nearer += np.sum(distances <= own[block, None], axis=1).tolist()
    return own[rows], np.array(nearer, dtype=np.int64)


def missed(
    own: Distances, nearer: Counts, others: int, size: int, *, strata: Sequence[float], taus: Distances
) -> tuple[Distances, Distances]:
    """Return FNIR at each tau and the share at each rank, projected from galleries of `size` others to all of them."""
    first = np.zeros(len(own))
    found = np.zeros(RANKS)
    for rows in np.split(np.arange(len(own)), np.rint(np.array(strata) * len(own)).astype(np.int64)):
        if not len(rows):
            continue
        each = [share_reached(others, others, n)[nearer[rows]] for n in (size / 2, size)]
        half, whole = (np.array([beaten.mean()]) for beaten in each)
        still = (1.0 - grown(half, whole, others / size)) / np.maximum(1.0 - whole, 1e-12)
        first[rows] = still * (1.0 - each[1])
        found += np.cumsum(grown_counts(half, whole, others / size, RANKS)[0]) * len(rows) / len(own)
    return np.array([1.0 - first[own <= tau].sum() / len(own) for tau in taus]), found


def show_missed(album: Album, others: int) -> dict[str, object]:
    """Print FNIR and ranks that are projected beside what is counted, and return them."""
    own, nearer = mated_searches(album)
    taus = np.quantile(own, QUANTILES)
    counted_fnir = np.array([np.mean((nearer > 0) | (own > tau)) for tau in taus])
    counted_ranks = chances_of_ranks(nearer, others, others).mean(axis=0)
    shown = [rank - 1 for rank in SHOWN_RANKS]
    print(f"\n{len(own):,} mated searches. FNIR at some taus, then the share among the first {SHOWN_RANKS}")
    print(f"{'counted':>28}" + "".join(f"{share:9.2%}" for share in (*counted_fnir, *counted_ranks[shown])))
    rows = []
    for size in (size for size in SIZES if size < others):
        for name, strata in {"in strata": STRATA, "all in one": ()}.items():
            fnir, ranks = missed(own, nearer, others, size, strata=strata, taus=taus)
            print(
                f"{'from ' + format(size, ','):>10} {name:>17}" + "".join(f"{x:9.2%}" for x in (*fnir, *ranks[shown]))
            )
            rows.append({"size": size, "way": name, "fnir": fnir.round(5).tolist(), "ranks": ranks.round(5).tolist()})
    told = {"fnir": counted_fnir.round(5).tolist(), "ranks": counted_ranks.round(5).tolist()}
    return {"taus": taus.round(6).tolist(), "counted": told, "rows": rows}


def main() -> None:
    """Measure, and print a table, and with --json one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="one folder a person")
    parser.add_argument("--cache", type=Path, help="keep embeddings in this .npz, and use them again")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    album = Album.kept(options.photos, options.cache, limit=None, copies=False)
    distances, others = nearest_others(album)
    nearest = np.sort([row[0] for row in distances])
    taus = [float(nearest[int(rate * len(nearest))]) for rate in RATES]
    within = [np.array([np.searchsorted(row, tau, side="right") for row in distances]) for tau in taus]
    truth = np.array([counted(each, others, others) for each in within])
    print(f"{len(album):,} faces of {others + 1:,} people. FPIR projected to {others:,} people, as a share of what is")
    print(f"{'counted':>28}" + "".join(f"{rate:9.2%}" for rate in truth))
    rows = []
    for size in (size for size in SIZES if size < others):
        half, whole = (np.array([counted(each, others, n) for each in within]) for n in (size / 2, size))
        for name, way in WAYS.items():
            shares = way(half, whole, others / size) / truth
            print(f"{'from ' + format(size, ','):>10} {name:>17}" + "".join(f"{share:9.3f}" for share in shares))
            rows.append({"size": size, "way": name, "shares": shares.round(4).tolist()})
    missed_too = show_missed(album, others)
    if options.json:
        found = {"people": others + 1, "taus": taus, "fpir": truth.round(5).tolist(), "rows": rows}
        print(json.dumps(found | {"missed": missed_too}))


if __name__ == "__main__":
    main()
