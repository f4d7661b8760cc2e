"""Verification against a person of several photos: to what of them a probe is best compared, and the tau of it.

    .venv/bin/python -m benchmarks.verification_fusion ../shared/data/lfw [--limit N] [--faces FILE] [--json]

A folder a person. Each face is compared with its own person, its own photo left out, and with everybody else: with the
person's nearest face, by the mean of the distances to their faces, with the mean of their vectors, and with the
template of `encoder.templates`. Judged is TAR at FMR 1e-2 to 1e-4, with 95 % intervals from people drawn anew (a
comparison of two people counts as often as both were drawn), and how much higher it is than that of the template: of
everybody, of people with several enrolled faces, and with one face in twenty given to another person.

Then the factory's tau of verification: the largest with FMR 1e-3 (or --fmr) of faces against templates, and what FMR
the same tau has between single faces. --tau tells these rates at another tau as well. The taus of the sample gallery
come of a folder that `manage.py draw_people` drew 100 people with 5 photos each into, and --fmr 0.01.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.template_faces import Album, Floats, Mask
from benchmarks.template_rates import with_wrong_labels
from benchmarks.verification_ways import TEMPLATE, WAYS, Compared, Drawn, compare, interval, with_faces

FMRS = (1e-2, 1e-3, 1e-4)
FACTORY_FMR = 1e-3
SEVERAL = 2
WRONG = 0.05
DIGITS = 4
"""Of a tau, rounded down."""


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = _options()
    everything = Album.kept(options.folder, options.faces, limit=options.limit, copies=False)
    album = everything[~everything.is_copy]
    everybody = np.ones(len(album), dtype=np.bool_)
    relabelled, wrong = with_wrong_labels(album, WRONG, 0)
    title = f"{wrong.sum():,} faces given to other people, with {SEVERAL} enrolled faces or more"
    result: dict[str, object] = {
        "several": ways(f"people with {SEVERAL} enrolled faces or more", album, everybody, SEVERAL),
        "everybody": ways("everybody with an enrolled face", album, everybody, 1),
        "wrong_labels": ways(title, relabelled, ~wrong, SEVERAL),
    }
    result["factory"] = factory(album, options.fmr, options.tau)
    if options.json:
        print(json.dumps(result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--limit", type=int, help="only so many people")
    parser.add_argument("--faces", type=Path, help="keep the faces in this .npz, and use them again")
    parser.add_argument(
        "--fmr", type=float, default=FACTORY_FMR, help=f"that the factory's tau asks for ({FACTORY_FMR})"
    )
    parser.add_argument("--tau", type=float, action="append", default=[], help="tell the rates at this tau as well")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def ways(title: str, album: Album, asked: Mask, fewest: int) -> dict[str, object]:
    """Print what each way accepts, and return it; only faces that are `asked` (M,) are probes."""
    compared = compare(album, asked, fewest)
    first = compared[TEMPLATE]
    fmrs = [fmr for fmr in FMRS if fmr * first.total >= 1]
    _, owner, counts = np.unique(album.people, return_inverse=True, return_counts=True)
    drawn = Drawn.of(len(counts))
    totals = drawn.totals_with_people(np.bincount(owner[asked], minlength=len(counts)), counts >= fewest)
    rates = {way: drawn.tars(compared[way], fmrs, totals) for way in WAYS}
    print(f"{title}: {len(first.mated):,} mated comparisons, {first.total:,} non-mated")
    print(f"{'TAR, %':24}" + "".join(f"{f'at FMR {fmr:g}':>16}{'interval':>18}{'less template':>18}" for fmr in fmrs))
    report: dict[str, object] = {"mated": len(first.mated), "non_mated": first.total}
    for way in WAYS:
        rows = [_row(compared[way], fmr, rates[way][:, i], rates[TEMPLATE][:, i]) for i, fmr in enumerate(fmrs)]
        print(
            f"{way:24}"
            + "".join(f"{100 * tar:16.2f}{_both(*ends):>18}{_both(*less, '+'):>18}" for _, tar, ends, less in rows)
        )
        report[way] = {
            f"{fmr:g}": {"tau": tau, "tar": tar, "interval": ends, "less_template": less}
            for fmr, (tau, tar, ends, less) in zip(fmrs, rows, strict=True)
        }
    print()
    return report


def _row(
    compared: Compared, fmr: float, rates: Floats, template: Floats
) -> tuple[float, float, tuple[float, float], tuple[float, float]]:
    tau = compared.tau_at(fmr)
    return tau, compared.tar_at(tau), interval(rates), interval(rates - template)


def _both(low: float, high: float, sign: str = "") -> str:
    return f"{100 * low:{sign}.2f} to {100 * high:{sign}.2f}"


def factory(album: Album, fmr: float, more: list[float]) -> dict[str, object]:
    """Print the tau of an FMR against templates, and the FMR and FNMR of both comparisons at it and at more taus."""
    everybody = np.ones(len(album), dtype=np.bool_)
    person, photo = compare(album, everybody, 1)[TEMPLATE], with_faces(album)
    if fmr * min(person.total, photo.total) < 1:
        print(f"{min(person.total, photo.total):,} comparisons are too few for FMR {fmr:g}.")
        return {}
    faces = np.unique(album.people, return_counts=True)[1]
    drawn = Drawn.of(len(faces))
    totals = drawn.totals_with_people(faces, np.ones(len(faces), dtype=np.bool_)), drawn.totals_with_faces(faces)
    exact = person.tau_at(fmr)
    rounded = float(np.floor(exact * 10**DIGITS) / 10**DIGITS)
    print(f"tau at FMR {fmr:g} of faces against templates: {exact:.5f}; between single faces: {photo.tau_at(fmr):.5f}")
    print(f"{'tau':>8}  {'against':12}{'FMR':>10}{'interval':>24}{'people':>10}{'FNMR, %':>10}")
    report: dict[str, object] = {"fmr": fmr, "tau": exact, "tau_photo": photo.tau_at(fmr)}
    for tau in (rounded, *more):
        row = {}
        for name, compared, total in (("fmr", person, totals[0]), ("fmr_photo", photo, totals[1])):
            rate = drawn.false_match_rate(compared, tau, total)
            against = "templates" if name == "fmr" else "single faces"
            ends = f"{rate.low:.3g} to {rate.high:.3g}"
            fnmr = 100 * (1 - compared.tar_at(tau))
            print(f"{tau:8g}  {against:12}{rate.value:10.3g}{ends:>24}{rate.people:10,}{fnmr:10.2f}")
            row[name] = asdict(rate)
        report[f"{tau:g}"] = row
    print()
    return report


if __name__ == "__main__":
    main()
