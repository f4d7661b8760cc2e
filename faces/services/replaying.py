"""A decision made again with the same photo, as it was then and as it is now, and what has changed since."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from encoder.geometry import EncodedPhoto
from faces.exceptions import DecisionNotFoundError, FacetError, InvalidRequestError, OtherPhotoError
from faces.models import EncoderVersion, Face, Person, SearchEvent, Template, Threshold
from faces.services.asking_again import ask_as_then, ask_now
from faces.services.decision_changes import findings
from faces.services.decision_facts import Decider, Facts, Finding, TemplateNow
from faces.services.decisions import Answer, Use, is_same, recorded
from faces.services.encoders import default_encoder_version
from faces.services.events import digest_of
from faces.services.thresholds import tau_or_none

Encode = Callable[[bytes, EncoderVersion], EncodedPhoto]


@dataclass(frozen=True)
class Attempt:
    """A decision made again: the answer, or why there is none."""

    answer: Answer | None
    refusal: str = ""


@dataclass(frozen=True)
class Replay:
    """A decision, then and now.

    Attributes:
        event: the decision.
        then: what was answered.
        again: what the same encoder version and tau answer about the same people, as far as they are there.
        now: what is answered now.
        tau_now: that decides now; None where none does.
        findings: what was looked at, and what of it has changed.
        facts: how things stand, and what everybody is called.
    """

    event: SearchEvent
    then: Answer
    again: Attempt
    now: Attempt
    tau_now: float | None
    findings: tuple[Finding, ...]
    facts: Facts

    @property
    def is_same(self) -> bool:
        """Whether the answer is the same now."""
        if self.now.answer is None or self.tau_now is None:
            return False
        return is_same(self.then, self.now.answer, tau=self.event.tau, other_tau=self.tau_now, became=self.facts.became)


def find_decision(key: UUID) -> SearchEvent:
    """Find a decision by its number.

    Raises:
        DecisionNotFoundError: there is none.
    """
    events = SearchEvent.objects.select_related(
        "gallery__encoder_version", "encoder_version", "threshold__set_by", "user", "api_key"
    )
    event = events.filter(key=key).first()
    if event is None:
        raise DecisionNotFoundError(
            f"There is no decision {key}. Decisions are deleted with their gallery, and there is none of a search that "
            "ended in an error."
        )
    return event


def replay(event: SearchEvent, photos: Sequence[bytes], encode: Encode) -> Replay:
    """Make a decision again; nothing is recorded.

    Args:
        event: of `find_decision`.
        photos: the bytes that were brought then, in their order.
        encode: bytes of a photo by an encoder version.

    Raises:
        OtherPhotoError: they are other photos, or more or fewer.
        InvalidRequestError: an earlier Facet made the decision, and did not record with what it compared.
        encoder.exceptions.ImageError: a photo is no usable image.
        UnavailableError: the weights of the version that decides now cannot be loaded.
    """
    then = recorded(event)
    check_photos(event, photos)
    if then.use == Use.VERIFICATION and then.compares is None:
        raise InvalidRequestError(
            "This decision was made by an earlier version of Facet, which did not record with what the photo was "
            "compared, so it cannot be made again."
        )
    after = _decider_now(event)
    now_photos = [encode(photo, after.version) for photo in photos]
    now = _attempt(lambda: ask_now(event, then, now_photos))
    if after.version == event.encoder_version:
        again = _attempt(lambda: ask_as_then(event, then, now_photos))
    else:
        again = _attempt(lambda: ask_as_then(event, then, [encode(photo, event.encoder_version) for photo in photos]))
    facts = _facts(event, then, now.answer)
    before = Decider(event.tau, event.threshold, event.encoder_version)
    found = findings(then, again.answer, now.answer, before, after, facts)
    return Replay(event, then, again, now, after.tau, tuple(found), facts)


def check_photos(event: SearchEvent, photos: Sequence[bytes]) -> None:
    """Hold photos against the digests of those that a decision was made with.

    Raises:
        OtherPhotoError: they are others, or more or fewer; the text names the digests.
    """
    expected = [digest for digest in (event.probe_sha256, event.second_sha256) if digest]
    if len(photos) != len(expected):
        needed = ("no photo", "one photo", "two photos")[len(expected)]
        raise OtherPhotoError(f"The decision was made with {needed}; {len(photos)} are here.", expected=len(expected))
    for number, (photo, digest) in enumerate(zip(photos, expected, strict=True), start=1):
        found = digest_of(photo)
        if found != digest:
            which = "The photo" if len(expected) == 1 else f"Photo {number}"
            raise OtherPhotoError(
                f"{which} is another one than the decision was made with: its SHA-256 is {found}, that of then is "
                f"{digest}. Bring the very same file, not a copy that was saved anew.",
                found=found,
                expected=digest,
            )


def _attempt(ask: Callable[[], Answer]) -> Attempt:
    try:
        return Attempt(ask())
    except FacetError as error:
        return Attempt(None, str(error))


def _decider_now(event: SearchEvent) -> Decider:
    version = event.gallery.encoder_version if event.gallery else default_encoder_version()
    verifies = event.use == Use.VERIFICATION
    use = Threshold.Use.VERIFICATION if verifies else Threshold.Use.RECOGNITION
    tau = tau_or_none(gallery=event.gallery, encoder_version=version, use=use)
    return Decider(tau.tau if tau else None, tau.threshold if tau else None, version)


def _facts(event: SearchEvent, then: Answer, now: Answer | None) -> Facts:
    people = then.people | (now.people if now else set())
    enrolled = Face.objects.filter(person__in=people, is_enrolled=True, created_at__gt=event.created_at)
    templates = Template.objects.filter(person__in=people, encoder_version=event.encoder_version).defer("vector")
    shown = [one.face for face in then.faces for one in face.candidates if one.face]
    return Facts(
        asked_at=event.created_at,
        people={one.pk: one for one in Person.objects.filter(pk__in=people).select_related("merged_into")},
        templates={row.person_id: TemplateNow(row.pk, row.faces + row.left_out) for row in templates},
        added=dict(enrolled.values_list("person").annotate(Count("pk")).order_by()),
        faces=Face.objects.in_bulk(shown),
    )
