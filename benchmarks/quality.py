"""What the quality of a face is worth: the error rate as the faces of worst quality are dropped.

    .venv/bin/python -m benchmarks.quality ../shared/data/lfw [--degraded] [--fit] [--bins] [--limit N] [--json]

A folder a person; everybody with two or more photos takes part, with up to ten. The FNMR is that at the tau where the
FMR between different people's photos, as they are, is 1 in 1,000; tau stays there as faces are dropped (error versus
discard, ISO/IEC 29794-1). A quality that knows nothing leaves the FNMR where it is. The rivals of our score: each
property alone; the detector's own score, which most systems use; and chance.

With --degraded some photos have a worse copy beside them (reduced, blurred, shaken, dark, bright, noisy, compressed,
tilted, covered: benchmarks/degradations.py), so that one face in five is a bad one. Nothing is judged on the half of
the people on whom the score's constants were fitted. --fit fits them anew on that half, and prints them. --bins prints
the relation from which the limits of `QualityLimits` were chosen, and what the gate makes of each kind of copy.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.quality_faces import Floats, Integers, Mask, MeasuredFaces, measure_faces, people_of
from benchmarks.quality_fit import fit, print_bins, print_fit, print_kinds
from encoder.pipeline import FaceEncoder
from encoder.quality import quality_problems
from training.metrics.distances import all_pairs_curve, row_distances
from training.metrics.error_versus_discard import DiscardPoint, error_versus_discard

DROPPED = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
FMR = 1e-3
PHOTOS_EACH = 10
COPIES = 2
GOOD_TO_BAD = 4
"""Photos to each bad copy that is judged."""


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = _options()
    if options.faces and options.faces.exists():
        faces = MeasuredFaces.load(options.faces)
    else:
        sources = people_of(options.folder, limit=options.limit, photos_each=PHOTOS_EACH)
        copies = COPIES if options.degraded or options.fit or options.bins else 0
        faces = measure_faces(FaceEncoder.load(), sources, copies=copies)
        if options.faces:
            faces.save(options.faces)
    tau = tau_of(faces[faces.is_original])
    judged = faces[~faces.half]
    print(f"tau {tau:.4f}: FMR {FMR:g} between photos as they are\n")
    if options.fit:
        print_fit(fit(faces, tau))
    if options.bins:
        print_bins(faces, tau)
        print_kinds(faces, tau)
    result: dict[str, object] = {"tau": tau, "dropped": DROPPED}
    result |= report("photos as they are", judged[judged.is_original], tau)
    if options.degraded:
        result["degraded"] = report("one face in five degraded", judged[mixed(judged)], tau)
    if options.json:
        print(json.dumps(result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--degraded", action="store_true", help="judge with degraded copies as well")
    parser.add_argument("--fit", action="store_true", help="fit the score's constants")
    parser.add_argument("--bins", action="store_true", help="error rates by bins of each property")
    parser.add_argument("--limit", type=int, help="only so many people")
    parser.add_argument("--faces", type=Path, help="keep what was measured of the faces in this .npz, and use it again")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def tau_of(faces: MeasuredFaces) -> float:
    """The loosest tau at which different people match no more often than `FMR`."""
    point = all_pairs_curve(faces.embedding, faces.person).at_fmr(FMR)
    if point is None:
        raise SystemExit(f"Too few people to measure an FMR of {FMR:g}.")
    return point.tau


def mixed(faces: MeasuredFaces) -> Mask:
    """All photos, and the first copy of each `GOOD_TO_BAD`th."""
    copies = np.flatnonzero(~faces.is_original)
    _, first = np.unique(faces.photo[copies], return_index=True)
    mask = faces.is_original.copy()
    mask[copies[first][::GOOD_TO_BAD]] = True
    return mask


def mated_pairs(faces: MeasuredFaces) -> Integers:
    """(P, 2) all pairs of a person's faces, but not of a photo and its copy."""
    pairs = []
    for person in np.unique(faces.person):
        members = np.flatnonzero(faces.person == person)
        first, second = members[np.array(np.triu_indices(len(members), 1))]
        different = faces.photo[first] != faces.photo[second]
        pairs.append(np.stack([first[different], second[different]], axis=1))
    return np.concatenate(pairs).astype(np.int64)


def qualities(faces: MeasuredFaces) -> dict[str, Floats]:
    """By name; bigger is better."""
    return {
        "score": faces.score,
        "size": faces.size,
        "sharpness": faces.sharpness,
        "brightness": -np.abs(faces.brightness - 0.5),
        "yaw": -np.abs(faces.yaw),
        "pitch": -np.abs(faces.pitch),
        "agreement": faces.agreement,
        "detection_score": faces.detection_score,
        "chance": np.random.default_rng(1).random(len(faces)),
    }


def report(title: str, faces: MeasuredFaces, tau: float) -> dict[str, object]:
    """Print the curves and what the gate does; returns both."""
    pairs = mated_pairs(faces)
    misses = row_distances(faces.embedding[pairs[:, 0]], faces.embedding[pairs[:, 1]]) > tau
    curves = {
        name: [_percent(point) for point in error_versus_discard(values, pairs, misses, DROPPED)]
        for name, values in qualities(faces).items()
    }
    print(f"{title}: {len(faces):,} faces of {len(np.unique(faces.person)):,} people, {len(pairs):,} mated pairs")
    print(f"{'FNMR, %, without the worst':28}" + "".join(f"{share:8.0%}" for share in DROPPED))
    for name, curve in curves.items():
        print(f"{name:28}" + "".join(f"{value:8.2f}" for value in curve))
    gate = gate_report(faces, pairs, misses, tau)
    for name, value in gate.items():
        print(f"{name:36} {value:10.4f}")
    print()
    return {
        "faces": len(faces),
        "mated_pairs": len(pairs),
        "fnmr_by_discard": {name: [value / 100 for value in curve] for name, curve in curves.items()},
        "gate": gate,
    }


def _percent(point: DiscardPoint) -> float:
    return float("nan") if point.rate is None else 100 * point.rate


def gate_report(faces: MeasuredFaces, pairs: Integers, misses: Mask, tau: float) -> dict[str, float]:
    """What the gate refuses, and the error rates on both of its sides."""
    refused = np.array([bool(quality_problems(quality)) for quality in faces.qualities()])
    either = refused[pairs].any(axis=1)
    result = {
        "refused": float(refused.mean()),
        "fnmr_of_accepted": float(misses[~either].mean()),
        "fnmr_of_refused": float(misses[either].mean()) if either.any() else float("nan"),
        "fmr_of_accepted": _fmr(faces[~refused], tau),
    }
    return result | ({"fmr_among_refused": _fmr(faces[refused], tau)} if refused.sum() > 1 else {})


def _fmr(faces: MeasuredFaces, tau: float) -> float:
    products = faces.embedding @ faces.embedding.T
    different = faces.person[:, None] != faces.person[None]
    return float((2 - 2 * products[different] <= tau).mean())


if __name__ == "__main__":
    main()
