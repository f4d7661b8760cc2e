"""A tau that is chosen by the error rate that a gallery can live with, from what was measured in it."""

from dataclasses import dataclass
from math import floor

from django.contrib.auth.models import User

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.thresholds import BY_HAND, Grounds, set_tau
from training.exceptions import NotMeasuredError, TooFewPeopleError, WrongRateError
from training.metrics.figures import Rate, Series, Verdict
from training.services.measured import (
    Measured,
    as_measured,
    doubts,
    evidence_words,
    figures_at,
    newest_measured,
)
from training.services.report_words import one_in, rate_of
from training.services.shown_rates import place_for, smallest_in_words, smallest_shown

FALSE_RATE: dict[str, Threshold.ErrorRate] = {
    Threshold.Use.VERIFICATION: Threshold.ErrorRate.FMR,
    Threshold.Use.RECOGNITION: Threshold.ErrorRate.FPIR,
}
"""What one asks for: impostors who are verified, strangers who are recognized."""

EXAMPLES: dict[str, str] = {
    Threshold.ErrorRate.FMR: "fmr, such as 0.0001",
    Threshold.ErrorRate.FPIR: "fpir, such as 0.01",
}

DIGITS = 1e5
"""A tau is cut to five decimals, which makes it no looser."""

NEARLY = 1e-6
"""Of the last decimal: 0.10597 is not cut to 0.10596."""

OF_WHOM: dict[str, str] = {
    Threshold.ErrorRate.FMR: "impostors verified",
    Threshold.ErrorRate.FPIR: "strangers recognized as somebody",
}


@dataclass(frozen=True)
class Choice:
    """A tau for an error rate.

    Attributes:
        measured: what it was chosen from.
        use: what it decides.
        kind: FMR or FPIR.
        asked: at most so much of it, 0 to 1.
        tau: the loosest that has no more.
        rates: at this tau; see `figures_at`.
        warning: how far the rate can be trusted, in words; empty where it is simply measured.
    """

    measured: Measured
    use: Threshold.Use
    kind: Threshold.ErrorRate
    asked: float
    tau: float
    rates: dict[str, Rate]
    warning: str

    @property
    def verdict(self) -> Verdict:
        """How far the rate that was asked for can be trusted."""
        return self.rates[self.kind].verdict


def choose_tau(
    measured: Measured | None, *, use: Threshold.Use, fpir: float | None = None, fmr: float | None = None
) -> Choice:
    """Return the loosest tau whose measured rate is at most the one that is asked for.

    Args:
        measured: the newest evaluation of the gallery.
        use: recognition asks for an FPIR, with as many people as there are now; verification for an FMR, of faces
            compared with people.
        fpir: of strangers recognized as somebody at most this share.
        fmr: of impostors verified at most this share.

    Raises:
        NotMeasuredError: there is no evaluation, or it compared nothing of the kind.
        WrongRateError: not exactly one of the two, not the one that fits the use, or no share between 0 and 1.
        TooFewPeopleError: so small a rate cannot be shown with the people there are; the text says which can.
    """
    kind, asked = _asked(use, fpir, fmr)
    if measured is None:
        raise NotMeasuredError(
            f"This gallery's error rates were not measured yet with this encoder version, so no tau can be chosen for "
            f"{kind.upper()}. Measure the gallery first (`manage.py evaluate`), or set tau by hand."
        )
    figures = measured.figures
    series = measured.fpir if kind == Threshold.ErrorRate.FPIR else figures.person.fmr
    if not series.trials:
        raise NotMeasuredError(
            "Nobody could be compared with anybody else when this gallery was measured: two people at least are "
            "needed. Set tau by hand until then."
        )
    place = place_for(series, asked)
    if place is None:
        raise _too_few(measured, kind, series, asked)
    tau = floor(figures.taus[place] * DIGITS + NEARLY) / DIGITS
    return Choice(measured, use, kind, asked, tau, figures_at(measured, tau), doubts(rate_of(series, place)))


def _asked(use: Threshold.Use, fpir: float | None, fmr: float | None) -> tuple[Threshold.ErrorRate, float]:
    kind = FALSE_RATE[use]
    asked = fpir if kind == Threshold.ErrorRate.FPIR else fmr
    if asked is None or (fpir is not None and fmr is not None):
        raise WrongRateError(f"A tau for {use} is asked for by its {EXAMPLES[kind]}, and by nothing else.")
    if not 0 < asked < 1:
        raise WrongRateError(
            f"{kind.upper()} is a share between 0 and 1, such as 0.001 for 1 in 1,000; {asked:g} is not."
        )
    return kind, asked


def _too_few(measured: Measured, kind: Threshold.ErrorRate, series: Series, asked: float) -> TooFewPeopleError:
    least = smallest_shown(series)
    people = measured.report.people
    return TooFewPeopleError(
        f"At most {one_in(asked)} {OF_WHOM[kind]} cannot be shown with the {people:,} people who were measured. "
        f"{smallest_in_words(least)}",
        asked=asked,
        smallest=least,
        people=people,
    )


def save_choice(choice: Choice, *, reason: str, user: User | None) -> Threshold:
    """Put a tau that was chosen by its rate in force.

    Raises:
        InvalidRequestError: no reason.
    """
    report = choice.measured.report
    is_fpir = choice.kind == Threshold.ErrorRate.FPIR
    return set_tau(
        gallery=report.gallery,
        encoder_version=report.encoder_version,
        use=choice.use,
        tau=choice.tau,
        reason=reason,
        user=user,
        grounds=Grounds(
            kind=choice.kind,
            rate=choice.asked,
            gallery_size=choice.measured.size if is_fpir else None,
            evidence=". ".join(filter(None, [evidence_words(choice.measured), choice.warning])),
            measured=as_measured(choice.measured, choice.rates),
        ),
    )


def save_by_hand(
    *,
    gallery: Gallery | None,
    encoder_version: EncoderVersion,
    use: Threshold.Use,
    tau: float | None,
    reason: str,
    user: User | None,
) -> Threshold:
    """Put a tau in force that somebody chose otherwise, with the rates that were measured at it, if any were.

    Raises:
        InvalidTauError: not a number from 0 to 4, or the value for all galleries was to be given up.
        InvalidRequestError: no reason.
    """
    measured = None
    if gallery is not None and tau is not None:
        measured = newest_measured(gallery=gallery, encoder_version=encoder_version)
    grounds = BY_HAND
    if measured is not None and tau is not None:
        grounds = Grounds(evidence=evidence_words(measured), measured=as_measured(measured, figures_at(measured, tau)))
    return set_tau(
        gallery=gallery, encoder_version=encoder_version, use=use, tau=tau, reason=reason, user=user, grounds=grounds
    )
