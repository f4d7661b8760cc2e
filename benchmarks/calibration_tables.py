"""The calibration benchmark's tables, as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.calibration_growth import Grown, Projected
from benchmarks.calibration_halves import Row
from training.metrics.figures import ENOUGH_PEOPLE

SMALL = 0.01
"""Rates below are told with a digit more, where there are as many comparisons as in verification."""

WAYS = {"report": "set by the report", "formula": "1 - (1 - FMR)^N", "factory": "factory's tau"}


def print_rows(rows: Sequence[Row]) -> None:
    """Print what one split showed."""
    print(
        "  asked: FPIR (recognition among N) or FMR (verification); of the factory's tau what it stands for\n"
        "  measured: on the other half. other people: its 95 % interval, tau taken for given. both halves: with the\n"
        "  people that tau was set on as well; * where it does not reach what was asked. the report said: of its tau\n"
        "  missed: FNIR or FNMR. people: of the other half who were taken for somebody; ! fewer than 30, too few to say"
    )
    print(
        f"  {'':18}{'N':>6}{'tau':>9}{'asked, %':>10}{'measured':>10}{'other people':>18}{'both halves':>18}"
        f"{'the report said':>18}{'missed':>8}{'people':>8}"
    )
    for row in rows:
        digits = 3 if row.use == "verification" and row.measured < SMALL else 2
        said = "-"
        if row.predicted_low is not None and row.predicted_high is not None:
            said = _between(row.predicted_low, row.predicted_high, digits)
        print(
            f"  {WAYS[row.way]:18}{_size(row.n):>6}{row.tau:9.4f}{_percent(row.asked, digits):>10}"
            f"{_percent(row.measured, digits):>10}{_between(row.other_low, row.other_high, digits):>18}"
            f"{_between(row.low, row.high, digits):>17}{' ' if row.holds else '*'}{said:>18}"
            f"{_percent(row.missed, 1):>8}{row.people:>7}{'!' if row.people < ENOUGH_PEOPLE else ''}"
        )
    print()


def print_splits(splits: Sequence[Sequence[Row]]) -> list[dict[str, object]]:
    """Print how often what was asked held in all the splits, and return it."""
    report: list[dict[str, object]] = []
    print(
        f"  {f'splits: {len(splits)}':30}{'N':>6}{'held':>8}{'by other people':>17}{'as the report said':>20}"
        f"{'measured, %, median (least to most)':>38}"
    )
    for rows in zip(*splits, strict=True):
        first = rows[0]
        measured = [row.measured for row in rows]
        line = {
            "use": first.use,
            "n": first.n,
            "asked": first.asked,
            "splits": len(rows),
            "held": sum(row.holds for row in rows),
            "held_by_other_people": sum(row.other_low <= row.asked <= row.other_high for row in rows),
            "as_predicted": sum(row.is_predicted for row in rows),
            "measured": measured,
        }
        digits = 2 if first.use == "recognition" else 3
        print(
            f"  {'FPIR' if first.use == 'recognition' else 'FMR'} {100 * first.asked:g} %{'':>26}"[:32]
            + f"{_size(first.n):>6}{line['held']:>8}{line['held_by_other_people']:>17}{line['as_predicted']:>20}"
            f"{_percent(float(np.median(measured)), digits):>18} ({_between(min(measured), max(measured), digits)})"
        )
        report.append(line)
    print()
    return report


def print_grown(rows: Sequence[Grown]) -> None:
    """Print what becomes of a tau that nobody changes while the gallery grows."""
    if not rows:
        return
    print(f"  tau {rows[0].tau:g} kept while the gallery grows; counted over all galleries of N of all people")
    print(f"  {'N':>6}{'it stands for, %':>19}{'FPIR counted':>15}{'formula with FMR ' + _percent(rows[0].fmr, 4):>26}")
    for row in rows:
        print(
            f"  {row.n:6,}{_percent(row.stands_for, 2):>19}{_percent(row.counted, 2):>15}{_percent(row.formula, 2):>26}"
        )
    print()


def print_projections(rows: Sequence[Projected]) -> None:
    """Print how far a small gallery's word on a large one can be trusted."""
    for size in sorted({row.size for row in rows}):
        drawn = [row for row in rows if row.size == size]
        first = drawn[0]
        print(
            f"  the same tau among {first.n:,} people: FPIR {_percent(first.counted, 2)} % counted; what {len(drawn)}"
        )
        print(f"  galleries of {size:,} people say of it, %, median (least to most)")
        for name, said in (
            ("projected by the report", [row.projected for row in drawn]),
            ("1 - (1 - FMR)^N", [row.by_formula for row in drawn]),
        ):
            print(f"    {name:26}{_percent(float(np.median(said)), 2):>7} ({_between(min(said), max(said), 2)})")
        held = sum(row.holds for row in drawn)
        print(f"    the projection's interval has what was counted in {held} of {len(drawn)}")
    print()


def _size(n: int) -> str:
    return "1:1" if n == 1 else f"{n:,}"


def _percent(share: float, digits: int) -> str:
    return f"{100 * share:.{digits}f}"


def _between(low: float, high: float, digits: int) -> str:
    return f"{_percent(low, digits)} to {_percent(high, digits)}"
