"""What stands for a person: which way to make one of several photos finds most people, and how far photos scatter.

    .venv/bin/python -m benchmarks.templates ../shared/data/lfw [--degraded] [--limit N] [--faces FILE] [--json]

A folder a person, everybody enrolled. Each face is looked for with its own photo left out (FNIR), and with its whole
person left out (FPIR); the rates are FNIR at FPIR 1 %, with 95 % intervals from people drawn anew. Judged are the
nearest single face, means, and the template of `encoder.templates`: on the photos as they are, with one face in twenty
given to another person, and with --degraded where one photo in five is a bad one that the quality gate lets through.

Then: the tau of recognition, from all comparisons of a face with another person's template; the scatter of photos
(`encoder.noise`) and whether it depends on what it should not depend on; and how right answers are where two people are
within tau and the gap between them is smaller than that scatter explains ("ambiguous"), and where it is not.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.accuracy_rates import tau_at_fpir
from benchmarks.template_faces import Album, Floats, Mask
from benchmarks.template_rates import (
    CHOSEN,
    FPIR,
    LARGEST_FMR,
    WAYS,
    against_templates,
    by_enrolled,
    first_two,
    part,
    resampled,
    with_wrong_labels,
)
from encoder.noise import Scatter, scatter
from encoder.templates import FARTHEST, FEWEST_TO_DOUBT, templates

WRONG = 0.05
SEEDS = 3
ENROLLED = {"1": (1, 1), "2": (2, 2), "3 to 5": (3, 5), "6 to 20": (6, 20), "more": (21, 10**9)}
FARTHESTS = (2.0, FARTHEST, 3.0, 4.0)
FMRS = (LARGEST_FMR, 1e-4, 1e-5)
FACTORY_FMR = 1e-4
DOUBT = 1.6448536269514722
"""As `faces.services.recognition.DOUBT`, which would need a database to be imported."""


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = _options()
    everything = Album.kept(options.folder, options.faces, limit=options.limit, copies=options.degraded)
    album = everything[~everything.is_copy]
    nobody = np.zeros(len(album), dtype=np.bool_)
    result: dict[str, object] = {"as they are": compare("photos as they are", album, nobody)}
    for seed in range(SEEDS):
        relabelled, wrong = with_wrong_labels(album, WRONG, seed)
        title = f"{wrong.sum():,} faces given to other people, drawing {seed + 1}"
        result[f"wrong labels {seed + 1}"] = compare(title, relabelled, wrong)
    if options.degraded:
        bad = everything.with_bad_photos()
        title = f"with {bad.is_copy.sum():,} bad photos, which are not looked for"
        result["bad photos"] = compare(title, bad, bad.is_copy)
    result |= {"left out": outliers(album), "recognition": taus(album)}
    measured = scatter(album.embeddings, album.people, album.qualities)
    result["noise"] = noise(album, measured)
    if measured.noise:
        result["ambiguous"] = ambiguous(album, measured.noise.sigma)
    if options.json:
        print(json.dumps(result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--degraded", action="store_true", help="judge with bad photos as well")
    parser.add_argument("--limit", type=int, help="only so many people")
    parser.add_argument("--faces", type=Path, help="keep the faces in this .npz, and use them again")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def compare(title: str, album: Album, unasked: Mask) -> dict[str, object]:
    """Print what each way finds, and return it; `unasked` (M,) faces are enrolled and not looked for."""
    searches = {name: part(way(album), ~unasked) for name, way in WAYS.items()}
    drawn = resampled(searches)
    _, owner, counts = np.unique(album.people, return_inverse=True, return_counts=True)
    others = (counts[owner] - 1)[~unasked]
    first = searches[CHOSEN]
    print(
        f"{title}: {int(first.is_mated.sum()):,} mated searches, {len(first.people):,} non-mated, N = {len(counts):,}"
    )
    header = f"{'interval':>16}{'less chosen':>18}{'rank-1':>8}  with other photos enrolled: {', '.join(ENROLLED)}"
    print(f"{'FNIR, %, at FPIR 1 %':40}{header}")
    report: dict[str, object] = {}
    for name, searched in searches.items():
        tau = tau_at_fpir(searched, FPIR)
        rate, rank_1 = searched.fnir(tau).value, searched.rank_1().value
        low, high = drawn.interval(name)
        less, more = drawn.difference(name, CHOSEN)
        by = by_enrolled(searched, others, tuple(ENROLLED.values()))
        print(
            f"{name:32}{_percent(rate):>8}{_both(low, high):>16}{_both(less, more, '+'):>18}{_percent(rank_1):>8}  "
            + "".join(f"{_percent(value):>8}" for value in by)
        )
        report[name] = {
            "fnir": rate,
            "interval": (low, high),
            "less_chosen": (less, more),
            "rank_1": rank_1,
            "tau": tau,
            "by_enrolled": dict(zip(ENROLLED, by, strict=True)),
        }
    print()
    return report


def _percent(share: float | None) -> str:
    return "-" if share is None or np.isnan(share) else f"{100 * share:.2f}"


def _both(low: float, high: float, sign: str = "") -> str:
    return f"{100 * low:{sign}.2f} to {100 * high:{sign}.2f}"


def outliers(album: Album) -> dict[str, object]:
    """Print how many right and wrong faces are left out, by how far is too far."""
    report: dict[str, object] = {}
    print(f"left out, %, of the faces of people with {FEWEST_TO_DOUBT} or more: of right ones, and of wrong ones")
    drawings = [with_wrong_labels(album, WRONG, seed) for seed in range(SEEDS)]
    for farthest in FARTHESTS:
        lost, caught = [], []
        for relabelled, wrong in drawings:
            left_out = ~templates(
                relabelled.embeddings, relabelled.people, relabelled.qualities, farthest=farthest
            ).kept
            _, owner, counts = np.unique(relabelled.people, return_inverse=True, return_counts=True)
            several = counts[owner] >= FEWEST_TO_DOUBT
            lost.append(float(left_out[several & ~wrong].mean()))
            caught.append(float(left_out[several & wrong].mean()))
        print(f"{farthest:4g} times the median{100 * np.mean(lost):10.2f}{100 * np.mean(caught):10.1f}")
        report[f"{farthest:g}"] = {"lost": lost, "caught": caught}
    print()
    return report


def taus(album: Album) -> dict[str, object]:
    """Print the tau of recognition by FMR, and what it means in a gallery of this size."""
    non_mated = against_templates(album)
    searches = WAYS[CHOSEN](album)
    report: dict[str, object] = {"non_mated": non_mated.count}
    print(f"faces against other people's templates: {non_mated.count:,} comparisons")
    print(f"{'FMR':>8}{'tau':>10}{'FNIR, %':>10}{'FPIR, %':>10}")
    for fmr in FMRS:
        tau = non_mated.tau_at(fmr)
        if tau is None:
            print(f"{fmr:8g}  too few comparisons to say")
            continue
        fnir, fpir = searches.fnir(tau).value, searches.fpir(tau).value
        print(f"{fmr:8g}{tau:10.5f}{_percent(fnir):>10}{_percent(fpir):>10}")
        report[f"{fmr:g}"] = {"tau": tau, "fnir": fnir, "fpir": fpir}
    print()
    return report


def noise(album: Album, measured: Scatter) -> dict[str, object]:
    """Print sigma, its interval, and whether it is the same wherever one looks."""
    if measured.noise is None:
        print("noise: nobody has three photos\n")
        return {}
    low, high = _noise_interval(measured)
    print(
        f"noise: sigma {measured.noise.sigma:.4f} ({low:.4f} to {high:.4f}) of {measured.noise.people:,} people, "
        f"{len(measured.z):,} pairs"
    )
    beyond = float((np.abs(measured.z) > 1.96 * measured.noise.sigma).mean())
    print(f"{'pairs beyond 1.96 sigma, %':40}{100 * beyond:8.2f}")
    worse = album.qualities[measured.pairs].min(axis=1)
    parts: dict[str, float] = {}
    for name, values in (("templates apart", measured.apart), ("lesser quality", worse)):
        cuts = np.quantile(values, [0, 0.2, 0.4, 0.6, 0.8, 1])
        for start, end in pairwise(cuts):
            chosen = (values >= start) & (values <= end)
            found = Scatter(*(getattr(measured, field)[chosen] for field in ("people", "z", "apart", "pairs"))).noise
            if found:
                parts[f"{name} {start:.3f} to {end:.3f}"] = found.sigma
    for name, sigma in parts.items():
        print(f"{name:40}{sigma:8.4f}")
    print()
    return {
        "sigma": measured.noise.sigma,
        "interval": (low, high),
        "people": measured.noise.people,
        "beyond": beyond,
        "parts": parts,
    }


def _noise_interval(measured: Scatter) -> tuple[float, float]:
    """95 %, people drawn anew."""
    _, owner, counts = np.unique(measured.people, return_inverse=True, return_counts=True)
    squares = np.bincount(owner, measured.z**2) / counts
    drawn: Floats = np.random.default_rng(0).choice(squares, (1000, len(squares)))
    low, high = np.quantile(np.sqrt(drawn.mean(axis=1)), [0.025, 0.975])
    return float(low), float(high)


def ambiguous(album: Album, sigma: float) -> dict[str, object]:
    """Print how often two people within tau are too close to each other, and how right the first is then."""
    tau = against_templates(album).tau_at(FACTORY_FMR)
    if tau is None:
        return {}
    found = first_two(album)
    within = found.second <= tau
    close = found.second - found.first <= DOUBT * 2 * sigma * found.apart
    wrong = ~found.is_right & (found.first <= tau)
    rows = {
        "nobody within tau": found.first > tau,
        "one person within tau": (found.first <= tau) & ~within,
        "two, and far enough from each other": within & ~close,
        "two, and too close: ambiguous": within & close,
    }
    report: dict[str, object] = {"tau": tau}
    print(f"mated searches at tau {tau:.4f}, of {len(within):,}{'first is wrong':>28}")
    for name, chosen in rows.items():
        count, mistakes = int(chosen.sum()), int((wrong & chosen).sum())
        print(f"{name:38}{count:8,}{mistakes:12,}{_percent(mistakes / count if count else None):>8} %")
        report[name] = {"searches": count, "wrong": mistakes}
    print()
    return report


if __name__ == "__main__":
    main()
