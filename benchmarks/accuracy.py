"""How well the encoder tells people apart, beside dlib with its own detector, landmarks and crops, in turns.

    .venv/bin/python -m benchmarks.accuracy --photos ../shared/data/lfw --pairs ../shared/data/lfw_pairs.txt [--json]

A folder a person, and a file of pairs in LFW's line format. Both contestants have the same network; a photo in which
one finds no face matches nobody there. Three tables. Verification: LFW's accuracy on the pairs of the file, and TAR
over every two photos. Recognition: what several photos of a person are worth, one by one or as one template, weighted
by the quality of the faces. Degraded probes: TAR at FMR 1e-3 where one photo of a mated pair is made worse before
anybody looks for a face in it, at the tau of good probes (which is how a platform meets it), and at a tau of its own.

Where dlib's detector finds nobody, it is given the picture doubled. It does some 12 photos a second, so its share is
capped: for verification to the photos of some pairs of the file (--dlib-pairs), on which ours is judged once more;
degraded probes (--probes) are the same for both.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.accuracy_album import Album, Contestant, boxes, contestants, in_turns
from benchmarks.accuracy_rates import (
    Portraits,
    accuracy_of_pairs,
    all_pairs,
    first_of_each,
    fnir_at_fpir,
    probes_against,
    searches_for_one_photo,
    searches_for_templates,
    tar_at_fmr,
)
from benchmarks.degradations import DEGRADATIONS, Degradation, covered_side
from benchmarks.rivals import end_without_rivals
from training.metrics.identification import leave_one_out_by_faces

FMRS = (1e-2, 1e-3, 1e-4)
FMR = 1e-3
FPIR = 0.01
MOST_PHOTOS = 10
"""Of a person in recognition, so that nobody who was photographed often decides everything."""
CONDITIONS: Mapping[str, Degradation] = {
    name: DEGRADATIONS[name]
    for name in ("60 pixels", "40 pixels", "30 pixels", "20 pixels", "blur 3%", "blur 5%", "dark 30%", "dark 12%")
} | {
    "JPEG 30": DEGRADATIONS["JPEG 30"],
    "turned by 30 degrees": DEGRADATIONS["tilt 30"],
    "eyes covered": DEGRADATIONS["eyes covered"],
    "mouth covered": DEGRADATIONS["mouth covered"],
    "a third of one side covered": covered_side(1 / 3),
}


def main() -> None:
    """Measure and print three tables, and with --json one object on the last line."""
    options = _options()
    end_without_rivals()
    album = Album.read(options.photos, options.pairs, options.limit)
    ours, dlib = contestants()
    try:
        result = {
            "verification": verification(album, ours, dlib, options.dlib_pairs),
            "degraded": degraded(album, (ours, dlib), options.probes),
        }
    except ValueError as error:
        sys.exit(f"Too few people or pairs to measure: {error}")
    if options.json:
        print(json.dumps(result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="one folder a person")
    parser.add_argument("--pairs", type=Path, required=True, help="pairs of these photos, in LFW's line format")
    parser.add_argument("--limit", type=int, help="only so many people, and the pairs among them")
    parser.add_argument("--dlib-pairs", type=int, default=600, help="so many pairs of the file for dlib (%(default)s)")
    parser.add_argument("--probes", type=int, default=300, help="so many degraded probes (%(default)s)")
    parser.add_argument("--json", action="store_true")
    options: argparse.Namespace = parser.parse_args()
    return options


def verification(album: Album, ours: Contestant, dlib: Contestant, dlib_pairs: int) -> dict[str, object]:
    """Accuracy on pairs and TAR over all pairs, of all photos and of those that dlib has seen; and recognition."""
    few = album.photos_of_pairs(dlib_pairs)
    seen = in_turns(album, {ours: np.arange(len(album)), dlib: few}, "photos")
    columns = {
        "ours, all photos": (seen[ours], album),
        "ours, dlib's photos": (seen[ours][few], album.part(few)),
        "dlib": (seen[dlib], album.part(few)),
    }
    report = {name: _verified(portraits, part) for name, (portraits, part) in columns.items()}
    print(f"{'Verification':30}" + "".join(f"{name:>22}" for name in report))
    for row in next(iter(report.values())):
        print(f"{row:30}" + "".join(f"{values[row]:22,.6g}" for values in report.values()))
    return {**report, "recognition": recognition(seen[ours])}


def _verified(portraits: Portraits, album: Album) -> dict[str, float]:
    first, second, folds = album.pairs
    curve = all_pairs(portraits)
    result: dict[str, float] = {
        "photos": len(portraits),
        "photos without a face": int((~portraits.is_found).sum()),
        "pairs of the file": len(first),
        "accuracy, %": 100 * accuracy_of_pairs(portraits, first, second, folds).mean,
        "mated pairs of all": curve.mated,
        "non-mated pairs of all": curve.non_mated,
    }
    for rate in FMRS:
        tar, tau = tar_at_fmr(curve, rate)
        result |= {f"TAR at FMR {rate:g}, %": 100 * tar, f"tau at FMR {rate:g}": tau}
    return result


def recognition(portraits: Portraits) -> dict[str, float]:
    """FNIR at the FPIR, each face searched for among all people, itself left out: four ways to enroll several photos.

    Counted are searches for people of whom at least two other photos are enrolled.
    """
    found = portraits[portraits.is_found]
    found = found[first_of_each(found.people, MOST_PHOTOS)]
    embeddings, people = found.embeddings, found.people
    _, owner, counts = np.unique(people, return_inverse=True, return_counts=True)
    several = counts[owner] > 2
    searches = {
        "one photo a person": searches_for_one_photo(embeddings, people),
        "all photos, the nearest decides": leave_one_out_by_faces(embeddings, people, np.arange(len(found))),
        "the mean of all photos": searches_for_templates(embeddings, people, np.ones(len(found))),
        "the mean weighted by quality": searches_for_templates(embeddings, people, np.maximum(found.quality, 0.01)),
    }
    result = {name: fnir_at_fpir(searched, FPIR, several) for name, searched in searches.items()}
    print(f"\nRecognition of {int(several.sum()):,} faces among {len(counts):,} people, ours")
    for name, value in result.items():
        print(f"{f'FNIR, %, {name}':52}{100 * value:10.2f}")
    print(f"at FPIR {FPIR:.0%}")
    return result


def degraded(album: Album, both: tuple[Contestant, Contestant], count: int) -> dict[str, object]:
    """TAR at the FMR where the second photo of mated pairs is made worse."""
    references, probes = album.mated_pairs(count)
    unharmed = in_turns(album.part(references), dict.fromkeys(both, np.arange(len(references))), "references")
    faces = boxes(album.part(probes))
    good: dict[str, float] = {}
    report: dict[str, dict[str, float]] = {}
    print(f"\nTAR at FMR {FMR:g}, %, of {len(references)} probes: at the tau of good probes / at their own (not found)")
    print(f"{'':30}" + "".join(f"{contestant.name:>30}" for contestant in both))
    for name, degradation in ({"as they are": None} | dict(CONDITIONS)).items():
        worse = album.part(probes).degraded(degradation, faces)
        seen = in_turns(worse, dict.fromkeys(both, np.arange(len(probes))), name)
        report[name] = {}
        for contestant in both:
            curve = probes_against(unharmed[contestant], seen[contestant])
            own, tau = tar_at_fmr(curve, FMR)
            fixed = curve.at(good.setdefault(contestant.name, tau)).tar
            missing = float((~seen[contestant].is_found).mean())
            report[name] |= {
                f"{contestant.name}": fixed,
                f"{contestant.name}, own tau": own,
                f"{contestant.name}, not found": missing,
            }
        print(f"{name:30}" + "".join(f"{_cell(report[name], contestant):>30}" for contestant in both), flush=True)
    return {"probes": len(references), "taus": good, "tar": report}


def _cell(row: Mapping[str, float], contestant: Contestant) -> str:
    fixed, own, missing = (100 * row[contestant.name + part] for part in ("", ", own tau", ", not found"))
    return f"{fixed:.1f} / {own:.1f} ({missing:.1f})"


if __name__ == "__main__":
    main()
