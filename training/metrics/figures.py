"""The figures of an evaluation report, as they are stored, drawn and exported.

All rates are shares of 0 to 1. Terms and definitions: ISO/IEC 19795-1.
"""

from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, Self, get_args, get_origin, get_type_hints

FORMAT = 1
"""Raised when a field changes its meaning."""

ENOUGH_PEOPLE = 30
"""The rule of 30 (Doddington 1998; ISO/IEC 19795-1): with 30 errors the true rate lies within 30 % of the measured one,
at 90 %. Errors of one person are not independent, so different people are counted."""


class Verdict(StrEnum):
    """How far a rate can be trusted."""

    MEASURED = "measured"
    TOO_FEW = "too_few"  # errors of fewer than `ENOUGH_PEOPLE` people: the interval is rough
    NONE_SEEN = "none_seen"  # the rule of three bounds it from above
    NO_TRIALS = "no_trials"


@dataclass(frozen=True, slots=True)
class Rate:
    """An error rate with its 95 % interval.

    Attributes:
        value: None where nothing was tried.
        low, high: from resampling people; where no error was seen, 0 and the rule of three (3 / n).
        errors: how many errors were seen.
        trials: of how many comparisons or searches.
        people: how many different people had one.
    """

    value: float | None
    low: float | None
    high: float | None
    errors: float
    trials: float
    people: int

    @property
    def verdict(self) -> Verdict:
        """How far it can be trusted."""
        if self.value is None:
            return Verdict.NO_TRIALS
        if self.people == 0:
            return Verdict.NONE_SEEN
        return Verdict.MEASURED if self.people >= ENOUGH_PEOPLE else Verdict.TOO_FEW


@dataclass(frozen=True, slots=True)
class Series:
    """A rate at each tau of `Figures.taus`, or at each rank; parallel lists."""

    value: list[float]
    low: list[float]
    high: list[float]
    people: list[int]
    trials: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of distances: bin i reaches from edges[i] to edges[i + 1]; each of the two lists sums to 1."""

    edges: list[float]
    mated: list[float]
    non_mated: list[float]


@dataclass(frozen=True, slots=True)
class AtRate:
    """What is missed where a false rate is held.

    Attributes:
        asked: FMR or FPIR, at most this.
        tau: the loosest that holds it; None where each tau has more.
        false: the FMR or FPIR at that tau.
        missed: the FNMR or FNIR at that tau; TAR is 1 - FNMR.
    """

    asked: float
    tau: float | None
    false: Rate | None
    missed: Rate | None


@dataclass(frozen=True, slots=True)
class Verification:
    """1:1, with a person's template or with a single photo."""

    mated: float
    non_mated: float
    fmr: Series
    fnmr: Series
    histogram: Histogram
    eer: Rate
    eer_tau: float
    at_fmr: list[AtRate]


@dataclass(frozen=True, slots=True)
class AtSize:
    """Recognition with another number of people: counted for fewer than there are, projected for more.

    `fpir` and `fnir` are over tau, `ranks` is as of `Recognition`. `upper` is 1 - (1 - FMR)^size, which takes all
    strangers for equally likely to be mistaken: at least the FPIR.
    """

    size: int
    is_projected: bool
    fpir: Series
    fnir: Series
    ranks: Series
    upper: list[float]


@dataclass(frozen=True, slots=True)
class Recognition:
    """Open-set 1:N among `size` people.

    `ranks` is the share of mated searches with the right person among the first k, for k of 1, 2 and so on.
    """

    size: int
    mated: float
    non_mated: float
    fpir: Series
    fnir: Series
    histogram: Histogram
    ranks: Series
    at_fpir: list[AtRate]
    sizes: list[AtSize]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger a rate is in one group than among everybody else, with its interval from resampling people."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside of the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Group:
    """The people who have one value of a metadata field, or the faces of one range of quality.

    Rates are those at the taus in force: FMR and FNMR of verification against a person, among the group's own people;
    FPIR and FNIR of recognition in the whole gallery. All None where the group is too small to be told of.
    """

    field: str
    value: str
    people: int
    faces: int
    rates: dict[str, Rate]
    differences: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two people of the gallery, the first of whom has a face near the second one's template. Ids of the database."""

    distance: float
    face: int
    person: int
    other: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a report.

    Attributes:
        format: `FORMAT` of the code that made it.
        taus: ascending, closer together where the rates change; every series over tau runs along it.
        tau: the taus in force when it was made, by use; a use without one is left out.
        person: verification against people (their templates).
        photo: verification against single photos.
        recognition: in the gallery.
        groups: by every metadata field, and by quality (field "").
        confused: pairs of people of the gallery within tau, at each tau of `taus`.
        confusions: the nearest of them, nearest first.
    """

    taus: list[float]
    tau: dict[str, float]
    person: Verification
    photo: Verification
    recognition: Recognition
    groups: list[Group]
    confused: list[int]
    confusions: list[Confusion]
    format: int = FORMAT

    def as_json(self) -> dict[str, Any]:
        """Return what is stored: dictionaries, lists, numbers and text, with no NaN and no infinity."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return what `as_json` gave.

        Raises:
            ValueError: it was made by another format, or has not all fields.
        """
        if data.get("format") != FORMAT:
            raise ValueError(f"The report has format {data.get('format')}; this version of Facet reads {FORMAT}.")
        try:
            figures: Self = _read(cls, data)
        except KeyError as error:
            raise ValueError(f"The report has no field {error}: another version of Facet made it.") from error
        return figures


def _read(kind: Any, data: Any) -> Any:
    """Return JSON data as the type that it was made from: dataclasses, lists, dictionaries and optional values."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: _read(hints[field.name], data[field.name]) for field in fields(kind)})
    arguments = get_args(kind)
    if get_origin(kind) is list:
        # Nearly all of a report are long lists of numbers: one by one they would take ten times as long.
        return list(data) if arguments[0] in (float, int, str) else [_read(arguments[0], each) for each in data]
    if get_origin(kind) is dict:
        return {key: _read(arguments[1], each) for key, each in data.items()}
    if NoneType in arguments:
        return None if data is None else _read(arguments[0], data)
    return data
