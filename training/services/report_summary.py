"""What an evaluation report comes to: headlines and tables, for pages and files alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.metrics.figures import AtRate, AtSize, Difference, Figures, Group, Rate, Verdict, Verification
from training.services.report_words import count, rate_at, rate_of, verdict_words

RATES = ("fpir", "fnir", "fmr", "fnmr")
"""Of a group, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Said:
    """One rate at the tau in force: `false` is what is let in, otherwise what is kept out."""

    rate: Rate
    name: str
    words: str
    none: str


@dataclass(frozen=True, slots=True)
class Headline:
    """What one use comes to at the tau in force; no rates where no tau is set."""

    title: str
    use: str
    tau: float | None
    rates: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What is missed where a false rate is held."""

    asked: float
    tau: float | None
    false: Rate | None
    missed: Rate | None
    doubts: tuple[str, ...]

    @property
    def found(self) -> Rate | None:
        """The share that is not missed (TAR)."""
        return opposite(self.missed) if self.missed is not None else None

    @property
    def is_sure(self) -> bool:
        """Whether enough people had errors for both rates."""
        return self.tau is not None and not self.doubts


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Recognition at the tau in force with some number of people; `first`: the right person comes first (rank 1)."""

    size: int
    is_own: bool
    is_projected: bool
    fpir: Rate
    fnir: Rate
    first: Rate


@dataclass(frozen=True, slots=True)
class GroupCell:
    """A group's rate, and how much larger it is than everybody else's."""

    name: str
    rate: Rate | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The groups of one metadata field, or the ranges of quality (field "")."""

    field: str
    names: tuple[str, ...]
    rows: tuple[tuple[Group, tuple[GroupCell, ...]], ...]

    @property
    def has_small(self) -> bool:
        """Whether a group has too few people to be told of."""
        return any(not group.rates for group, _ in self.rows)


def opposite(rate: Rate) -> Rate:
    """Return the share of what a rate does not count: TAR for FNMR."""
    value, low, high = rate.value, rate.low, rate.high
    return Rate(
        value=None if value is None else 1 - value,
        low=None if high is None else max(1 - high, 0),
        high=None if low is None else 1 - low,
        errors=rate.errors,
        trials=rate.trials,
        people=rate.people,
    )


def headlines(figures: Figures) -> list[Headline]:
    """Return what recognition and verification come to at the taus in force."""
    found, person = figures.recognition, figures.person
    recognition, verification = figures.tau.get("recognition"), figures.tau.get("verification")
    recognized: tuple[Said, ...] = ()
    verified: tuple[Said, ...] = ()
    if recognition is not None:
        recognized = (
            Said(
                rate_at(found.fpir, figures.taus, recognition),
                "FPIR",
                "strangers are taken for somebody",
                "No stranger was taken for somebody",
            ),
            Said(
                rate_at(found.fnir, figures.taus, recognition),
                "FNIR",
                "photos of known people are not recognized",
                "Everybody known was recognized",
            ),
        )
    if verification is not None:
        verified = (
            Said(
                rate_at(person.fmr, figures.taus, verification),
                "FMR",
                "impostors are accepted as somebody else",
                "No impostor was accepted",
            ),
            Said(
                rate_at(person.fnmr, figures.taus, verification),
                "FNMR",
                "true claims are refused",
                "No true claim was refused",
            ),
        )
    return [
        Headline(f"Recognition among {count(found.size)} people", "recognition", recognition, recognized),
        Headline("Verification of a claim", "verification", verification, verified),
    ]


def at_fmr(verification: Verification) -> list[Row]:
    """Return TAR at FMR as a table."""
    return [_row(row, names=("FMR", "FNMR")) for row in verification.at_fmr]


def at_fpir(figures: Figures) -> list[Row]:
    """Return FNIR at FPIR as a table."""
    return [_row(row, names=("FPIR", "FNIR")) for row in figures.recognition.at_fpir]


def _row(row: AtRate, *, names: tuple[str, str]) -> Row:
    rates = [(name, rate) for name, rate in zip(names, (row.false, row.missed), strict=True) if rate is not None]
    doubts = tuple(f"{name}: {verdict_words(rate)}" for name, rate in rates if rate.verdict is not Verdict.MEASURED)
    return Row(row.asked, row.tau, row.false, row.missed, doubts)


def sizes_at_tau(figures: Figures) -> list[SizeRow]:
    """Return what becomes of recognition at its tau in force with every number of people, ascending; empty without."""
    tau = figures.tau.get("recognition")
    if tau is None:
        return []
    found = figures.recognition
    own = AtSize(found.size, is_projected=False, fpir=found.fpir, fnir=found.fnir, ranks=found.ranks, upper=[])
    sizes: Sequence[AtSize] = sorted(
        [own, *(each for each in found.sizes if each.size != found.size)], key=lambda each: each.size
    )
    return [
        SizeRow(
            size=each.size,
            is_own=each is own,
            is_projected=each.is_projected,
            fpir=rate_at(each.fpir, figures.taus, tau),
            fnir=rate_at(each.fnir, figures.taus, tau),
            first=rate_of(each.ranks, 0),
        )
        for each in sizes
    ]


def group_tables(figures: Figures) -> list[GroupTable]:
    """Return the groups by field, quality last."""
    fields = sorted({group.field for group in figures.groups}, key=lambda name: (name == "", name))
    return [_group_table(field, [group for group in figures.groups if group.field == field]) for field in fields]


def _group_table(field: str, groups: Sequence[Group]) -> GroupTable:
    names = tuple(name for name in RATES if any(name in group.rates for group in groups))
    rows = tuple(
        (
            group,
            tuple(GroupCell(name, group.rates.get(name), group.differences.get(name)) for name in names)
            if group.rates
            else (),
        )
        for group in groups
    )
    return GroupTable(field, names, rows)


def confused_at_tau(figures: Figures) -> int | None:
    """Return how many pairs of people lie within verification's tau in force; None without a tau."""
    tau = figures.tau.get("verification")
    if tau is None or not figures.confused:
        return None
    within = [number for at, number in zip(figures.taus, figures.confused, strict=True) if at <= tau + 1e-9]
    return within[-1] if within else 0
