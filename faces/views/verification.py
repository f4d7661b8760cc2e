"""Verify: is this the person they claim to be?"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict

from encoder.exceptions import ImageError
from encoder.geometry import EncodedFace
from faces.exceptions import FacetError, PhotoNotFoundError
from faces.models import Gallery, Person, Photo
from faces.services.events import record_verification
from faces.services.photos import LIMITS
from faces.services.verification import Verification, one_face, verify_faces, verify_person, verify_photo
from faces.views.forms.people import PersonChoiceForm
from faces.views.forms.search import VerifyForm
from faces.views.page import page, render_page
from faces.views.probes import Probe, Stopwatch, asker_of, read_probe
from faces.views.scale import Scale, scale


@dataclass(frozen=True)
class Answer:
    """The answer for the page: the probe's face, and either a stored face (in `verification`) or the other upload's."""

    verification: Verification
    probe_crop: str
    other_crop: str
    person: Person | None
    scale: Scale
    milliseconds: float


@page("faces.add_searchevent", "faces.view_person", methods=("GET", "POST"))
def verify_page(request: HttpRequest) -> HttpResponse:
    """Ask for a photo and whom it shows, and answer whether that is so."""
    posted = request.method == "POST"
    claim = _claim_from_address(request.GET)
    form = VerifyForm(request.POST if posted else None, request.FILES if posted else None, initial=claim.initial)
    choice = None
    answer = None
    if posted and form.is_valid():
        gallery: Gallery = form.cleaned_data["gallery"]
        choice = PersonChoiceForm(request.POST, gallery=gallery)
        is_person = form.cleaned_data["against"] == VerifyForm.PERSON
        if not is_person or choice.is_valid():
            try:
                answer = _answer(request, form, choice.chosen if is_person else None)
            except (FacetError, ImageError) as error:
                form.refuse(error)
    return render_page(
        request,
        "faces/verify.html",
        title="Verify",
        form=form,
        choice_errors=choice.non_field_errors() if choice is not None and choice.is_bound and answer is None else [],
        against=form["against"].value(),
        claimed=_claimed_again(request.POST) if posted else claim,
        answer=answer,
        has_gallery=Gallery.objects.exists(),
        max_bytes=LIMITS.max_bytes,
    )


@dataclass(frozen=True)
class Claim:
    """Whom or what the form names already: by a link from a person's or photo's page, or by the last answer."""

    initial: dict[str, object]
    person: Person | None = None
    photo: Photo | None = None
    typed: str = ""


def _claim_from_address(address: QueryDict) -> Claim:
    person = photo = None
    if (number := address.get("person", "")).isdecimal() and len(number) < 18:
        person = Person.objects.present().filter(pk=int(number)).first()
    if key := address.get("photo", ""):
        photo = _stored_photo(key)
    named = person or photo
    gallery = named.gallery_id if named else address.get("gallery")
    against = VerifyForm.STORED if photo else VerifyForm.PERSON
    return Claim({"gallery": gallery, "against": against}, person, photo)


def _claimed_again(posted: QueryDict) -> Claim:
    number = posted.get("person", "")
    person = (
        Person.objects.present().filter(pk=int(number)).first() if number.isdecimal() and len(number) < 18 else None
    )
    return Claim({}, person, _stored_photo(posted.get("stored", "")), posted.get("person_name", ""))


def _stored_photo(key: str) -> Photo | None:
    try:
        return Photo.objects.filter(key=UUID(key)).first()
    except ValueError:
        return None


def _answer(request: HttpRequest, form: VerifyForm, person: Person | None) -> Answer:
    watch = Stopwatch()
    gallery: Gallery = form.cleaned_data["gallery"]
    version = gallery.encoder_version
    probe = read_probe(form.cleaned_data["photo"], version)
    face = one_face(probe.encoded, which="the photo to check")
    other_crop = ""
    if person is not None:
        verification = verify_person(person=person, probe=face)
    elif form.cleaned_data["against"] == VerifyForm.STORED:
        verification = verify_photo(photo=_photo_of(gallery, form.cleaned_data["stored"]), probe=face)
    else:
        other = read_probe(form.cleaned_data["other"], version)
        second = one_face(other.encoded, which="the other photo")
        verification = verify_faces(first=face, second=second, gallery=gallery)
        other_crop = other.crop(second.box)
    record_verification(
        asker=asker_of(request),
        gallery=gallery,
        encoder_version=version,
        probe=probe.data,
        verification=verification,
        duration_ms=watch.milliseconds,
    )
    return _shown(probe, face, verification, other_crop, person, watch)


def _photo_of(gallery: Gallery, key: UUID) -> Photo:
    photo = Photo.objects.of(gallery).filter(key=key).first()
    if photo is None:
        raise PhotoNotFoundError(f"That photo is not in gallery “{gallery}”. Choose one from the list.")
    return photo


def _shown(
    probe: Probe,
    face: EncodedFace,
    verification: Verification,
    other_crop: str,
    person: Person | None,
    watch: Stopwatch,
) -> Answer:
    return Answer(
        verification=verification,
        probe_crop=probe.crop(face.box),
        other_crop=other_crop,
        person=person or (verification.face.person if verification.face else None),
        scale=scale(verification.tau.tau, verification.distance),
        milliseconds=watch.milliseconds,
    )
