"""Whether an FPIR that was asked for still holds, now that the gallery has more people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from faces.models import Threshold
from training.exceptions import NotMeasuredError, TooFewPeopleError
from training.metrics.figures import Rate
from training.services.measured import Measured, figures_at, newest_measured, people_of
from training.services.rates_at_size import fpir_when_grown
from training.services.tau_choices import Choice, choose_tau

GROWN = 1.1
"""A gallery with fewer than so many times the people is not worth a word."""

NO_LONGER_HOLDS = 1.25
"""An FPIR of so many times what was asked for is. Estimates of less are within what a repeated measurement moves."""

MUCH_LARGER = 1.5
"""A gallery with more than so many times the people who were measured should be measured again: its FPIR is mostly a
projection."""


@dataclass(frozen=True)
class Growth:
    """An FPIR that was asked for and no longer holds.

    Attributes:
        threshold: the row in force.
        people: how many there are now; `threshold.gallery_size` were there when it was set.
        expected: the FPIR that is expected now, with an interval where it was measured.
        choice: a tau that holds it again; None where none can be shown, or nothing was measured.
        is_outdated: whether the gallery has outgrown what was measured, so that it should be measured again.
    """

    threshold: Threshold
    people: int
    expected: Rate
    choice: Choice | None
    is_outdated: bool

    @property
    def asked(self) -> float:
        """The FPIR that was asked for."""
        return self.threshold.error_rate or 0.0


def is_grown(threshold: Threshold, people: int) -> bool:
    """Whether a row was asked for as FPIR with clearly fewer people than there are now."""
    return (
        threshold.error_rate_kind == Threshold.ErrorRate.FPIR
        and threshold.error_rate is not None
        and threshold.tau is not None
        and bool(threshold.gallery_size)
        and people >= GROWN * (threshold.gallery_size or 0)
    )


def growth_of(threshold: Threshold, *, people: int, measured: Measured | None) -> Growth | None:
    """Return what became of an FPIR that was asked for; None where it still holds.

    Args:
        threshold: the row in force.
        people: how many its gallery has now.
        measured: the gallery's newest evaluation. Without one all people are taken for equally likely to be mistaken.
    """
    if not is_grown(threshold, people):
        return None
    asked, tau = threshold.error_rate or 0.0, threshold.tau or 0.0
    before = threshold.gallery_size or people
    expected = figures_at(measured, tau)["fpir"] if measured is not None else None
    if expected is None or expected.value is None:
        grown = fpir_when_grown(asked, before=before, now=people)
        expected = Rate(value=grown, low=None, high=None, errors=0, trials=0, people=0)
    if (expected.value or 0.0) <= NO_LONGER_HOLDS * asked:
        return None
    return Growth(
        threshold=threshold,
        people=people,
        expected=expected,
        choice=_again(measured, asked),
        is_outdated=measured is None or people > MUCH_LARGER * measured.figures.recognition.size,
    )


def growths(thresholds: Iterable[Threshold]) -> dict[int, Growth]:
    """Return which of these rows no longer hold what was asked for, by the row's id.

    One query for all, and one more for each gallery that has grown.
    """
    rows = [row for row in thresholds if row.gallery_id and row.error_rate_kind == Threshold.ErrorRate.FPIR]
    people: Mapping[tuple[int, int], int] = people_of([row.gallery_id or 0 for row in rows]) if rows else {}
    found: dict[int, Growth] = {}
    for row in rows:
        now = people.get((row.gallery_id or 0, row.encoder_version_id), 0)
        if row.gallery is None or not is_grown(row, now):
            continue
        measured = newest_measured(gallery=row.gallery, encoder_version=row.encoder_version)
        growth = growth_of(row, people=now, measured=measured)
        if growth is not None:
            found[row.pk] = growth
    return found


def _again(measured: Measured | None, asked: float) -> Choice | None:
    if measured is None:
        return None
    try:
        return choose_tau(measured, use=Threshold.Use.RECOGNITION, fpir=asked)
    except (NotMeasuredError, TooFewPeopleError):  # so few people cannot show it any more: there is nothing to offer
        return None
