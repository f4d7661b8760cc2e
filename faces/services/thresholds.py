"""tau: which one is in force, and how an admin sets it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from faces.exceptions import InvalidRequestError, InvalidTauError, NoThresholdError
from faces.models import EncoderVersion, Gallery, Threshold

MAX_DISTANCE = 4.0
"""The largest squared distance of two unit vectors."""

# Every search asks this. As a statement it takes a sixth of the time that Django needs to put it together.
NEWEST = """
    SELECT DISTINCT ON (gallery_id) * FROM faces_threshold
    WHERE encoder_version_id = %s AND use = %s AND (gallery_id = %s OR gallery_id IS NULL)
    ORDER BY gallery_id, created_at DESC, id DESC
"""


@dataclass(frozen=True)
class TauInForce:
    """A tau, and the row of the history that it comes from."""

    tau: float
    threshold: Threshold


@dataclass(frozen=True)
class Grounds:
    """What a tau rests on.

    Attributes:
        kind: the error rate that it was asked for.
        rate: how much of it was asked for at most, 0 to 1; None where tau was set by hand.
        gallery_size: the number of people that an FPIR holds for.
        evidence: what the rate was measured on, in words.
        measured: the rates at this tau, as `Threshold.measured` keeps them.
    """

    kind: Threshold.ErrorRate = Threshold.ErrorRate.NONE
    rate: float | None = None
    gallery_size: int | None = None
    evidence: str = ""
    measured: Mapping[str, object] = field(default_factory=dict)


BY_HAND = Grounds()


def tau_in_force(*, gallery: Gallery | None, encoder_version: EncoderVersion, use: Threshold.Use) -> TauInForce:
    """Return the tau that decides right now: the gallery's own newest, else the newest for all galleries.

    Raises:
        NoThresholdError: this encoder version has none, so nothing can be decided by it.
    """
    parameters = (encoder_version.pk, use, gallery.pk if gallery is not None else None)
    rows = Threshold.objects.raw(NEWEST, parameters)
    return in_force_among(rows, gallery=gallery, encoder_version=encoder_version, use=use)


def in_force_among(
    rows: Iterable[Threshold], *, gallery: Gallery | None, encoder_version: EncoderVersion, use: Threshold.Use
) -> TauInForce:
    """Return which of the newest rows decides: the gallery's own, unless it was given up, else that for all galleries.

    Raises:
        NoThresholdError: none does.
    """
    newest = {row.gallery_id: row for row in rows}
    own = newest.get(gallery.pk) if gallery is not None else None
    threshold = own if own is not None and own.tau is not None else newest.get(None)
    if threshold is None or threshold.tau is None:
        raise NoThresholdError(
            f"No tau is set for {use} with encoder version “{encoder_version.name}”. Set one on the page Thresholds.",
            use=use,
        )
    return TauInForce(tau=threshold.tau, threshold=threshold)


def tau_or_none(*, gallery: Gallery | None, encoder_version: EncoderVersion, use: Threshold.Use) -> TauInForce | None:
    """Return what `tau_in_force` returns, or None where no tau was ever set."""
    try:
        return tau_in_force(gallery=gallery, encoder_version=encoder_version, use=use)
    except NoThresholdError:
        return None


def set_tau(
    *,
    gallery: Gallery | None,
    encoder_version: EncoderVersion,
    use: Threshold.Use,
    tau: float | None,
    reason: str,
    user: User | None,
    grounds: Grounds = BY_HAND,
) -> Threshold:
    """Put a tau that an admin chose in force, for the very next request; the history keeps every earlier one.

    Args:
        gallery: None for all galleries that have none of their own.
        encoder_version: the version whose distances it cuts.
        use: verification or recognition.
        tau: squared L2, 0 to 4; None gives a gallery's own value up.
        reason: why, in the admin's words.
        user: who.
        grounds: the error rate that the value was chosen for, and what was measured at it.

    Raises:
        InvalidTauError: not a number from 0 to 4.
        InvalidRequestError: no reason, or the general value was to be given up.
    """
    if tau is None and gallery is None:
        raise InvalidTauError("The value for all galleries cannot be empty; give a number from 0 to 4.")
    if tau is not None and not (math.isfinite(tau) and 0 <= tau <= MAX_DISTANCE):
        raise InvalidTauError(f"tau is a squared distance from 0 to 4; {tau} is not.", tau=str(tau))
    if not reason.strip():
        raise InvalidRequestError("Say in a few words why tau is changed; the history keeps it.")
    return Threshold.objects.create(
        gallery=gallery,
        encoder_version=encoder_version,
        use=use,
        tau=tau,
        error_rate_kind=grounds.kind,
        error_rate=grounds.rate,
        gallery_size=grounds.gallery_size,
        evidence=grounds.evidence[:300],
        measured=dict(grounds.measured),
        reason=reason.strip()[:500],
        set_by=user,
    )


def restore_tau(*, threshold: Threshold, user: User | None) -> Threshold:
    """Put an earlier row of the history in force again, with the error rates and evidence that it stood for."""
    when = threshold.created_at.strftime("%Y-%m-%d %H:%M")
    return Threshold.objects.create(
        gallery=threshold.gallery,
        encoder_version=threshold.encoder_version,
        use=threshold.use,
        tau=threshold.tau,
        error_rate_kind=threshold.error_rate_kind,
        error_rate=threshold.error_rate,
        gallery_size=threshold.gallery_size,
        evidence=threshold.evidence,
        measured=threshold.measured,
        reason=f"The value of {when} again: {threshold.reason}"[:500],
        set_by=user,
    )


def newest_thresholds() -> list[Threshold]:
    """Return the newest row of every encoder version, gallery (or all) and use that has any, in one query."""
    newest = Threshold.objects.order_by("encoder_version_id", "gallery_id", "use", "-created_at", "-id").distinct(
        "encoder_version_id", "gallery_id", "use"
    )
    return list(newest.select_related("encoder_version", "gallery", "set_by"))
