"""What was measured in a gallery, at any tau and for as many people as there are now."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from django.db.models import Count
from django.utils import timezone

from faces.models import EncoderVersion, Gallery, Template
from training.metrics.figures import ENOUGH_PEOPLE, Figures, Rate, Series, Verdict
from training.models import EvaluationReport
from training.services.rates_at_size import fnir_at_size, fpir_at_size, place_above
from training.services.report_words import one_in, rate_of
from training.services.reports import gallery_reports


@dataclass(frozen=True)
class Measured:
    """What the newest evaluation of a gallery says.

    Attributes:
        report: whose `gallery` and `encoder_version` are loaded.
        figures: its figures.
        size: how many people are enrolled in the gallery now; FPIR and FNIR are told for so many.
    """

    report: EvaluationReport
    figures: Figures
    size: int

    @cached_property
    def fpir(self) -> Series:
        """FPIR over `figures.taus` with as many people as there are now."""
        return fpir_at_size(self.figures, self.size)

    @cached_property
    def fnir(self) -> Series:
        """FNIR over `figures.taus` with as many people as there are now."""
        return fnir_at_size(self.figures, self.size)


def newest_measured(*, gallery: Gallery, encoder_version: EncoderVersion) -> Measured | None:
    """Return what the newest evaluation of a gallery by a version says; None where there is none that can be read."""
    report = gallery_reports(gallery=gallery).defer(None).filter(encoder_version=encoder_version).first()
    if report is None:
        return None
    try:
        figures = Figures.from_json(report.figures)
    except ValueError:  # made by an older Facet, in another format
        return None
    return Measured(report, figures, people_in(gallery, encoder_version) or figures.recognition.size)


def people_in(gallery: Gallery, encoder_version: EncoderVersion) -> int:
    """Return with how many people a probe is compared: N."""
    return Template.objects.filter(gallery=gallery, encoder_version=encoder_version).count()


def people_of(galleries: Iterable[int]) -> dict[tuple[int, int], int]:
    """Return how many people these galleries have, by gallery and encoder version, in one query."""
    rows = (
        Template.objects.filter(gallery__in=list(galleries)).order_by().values_list("gallery_id", "encoder_version_id")
    )
    return {(gallery, version): count for gallery, version, count in rows.annotate(count=Count("id"))}


def figures_at(measured: Measured, tau: float) -> dict[str, Rate]:
    """Return the error rates at any tau: of verification `fmr` and `fnmr` against a person and `fmr_photo` and
    `fnmr_photo` against a single photo; of recognition `fpir` and `fnir` with as many people as there are now.

    Between two taus of the report a rate is that of the worse one: it is never told smaller than it was measured.
    """
    figures = measured.figures
    return {
        "fmr": _false_at(figures, figures.person.fmr, tau),
        "fnmr": _missed_at(figures, figures.person.fnmr, tau),
        "fmr_photo": _false_at(figures, figures.photo.fmr, tau),
        "fnmr_photo": _missed_at(figures, figures.photo.fnmr, tau),
        "fpir": _false_at(figures, measured.fpir, tau),
        "fnir": _missed_at(figures, measured.fnir, tau),
    }


def confused_at(figures: Figures, tau: float) -> int:
    """Return how many pairs of the gallery's people lie within a tau."""
    return figures.confused[place_above(figures, tau)] if figures.confused else 0


def _false_at(figures: Figures, series: Series, tau: float) -> Rate:
    return rate_of(series, place_above(figures, tau))


def _missed_at(figures: Figures, series: Series, tau: float) -> Rate:
    return rate_of(series, max(bisect_right(figures.taus, tau) - 1, 0))


def doubts(rate: Rate) -> str:
    """Return how far a rate can be trusted, in words; empty where it is simply measured."""
    high = one_in(min(rate.high or 0.0, 1.0))
    if rate.verdict is Verdict.NONE_SEEN:
        return f"No error was seen, which shows no less than {high}"
    if rate.verdict is Verdict.TOO_FEW:
        people = "1 person" if rate.people == 1 else f"{rate.people} people"
        return f"Rough: errors of only {people} were seen, {ENOUGH_PEOPLE} are enough; it may be up to {high}"
    return ""


def evidence_words(measured: Measured) -> str:
    """Return what a rate was measured on."""
    report = measured.report
    when = timezone.localtime(report.created_at)
    return f"{report.people:,} people and {report.photos:,} photos of this gallery, {when.day} {when:%B %Y}"


def as_measured(measured: Measured, rates: Mapping[str, Rate]) -> dict[str, object]:
    """Return rates as `Threshold.measured` keeps them: with the report that they come from and the size FPIR is for."""
    return {
        "report": measured.report.pk,
        "people": measured.size,
        **{name: asdict(rate) for name, rate in rates.items() if rate.value is not None},
    }
