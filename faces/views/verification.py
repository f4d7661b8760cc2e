"""Verify: is this the person they claim to be?"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from encoder.exceptions import ImageError
from encoder.geometry import EncodedFace
from faces.exceptions import FacetError, PhotoNotFoundError
from faces.models import Gallery, Person, Photo
from faces.quality_words import explain
from faces.services.events import record_verification
from faces.services.photos import LIMITS
from faces.services.verification import Verification, one_face, verify_faces, verify_person, verify_photo
from faces.views.claims import claim_of
from faces.views.forms.search import VerifyForm
from faces.views.page import gallery_in_use, page, remember_gallery, render_page
from faces.views.probes import Probe, Stopwatch, asker_of, read_probe
from faces.views.scale import Scale, scale


@dataclass(frozen=True)
class Answer:
    """The answer for the page: the probe's face, and either a stored face (in `verification`) or the other upload's.

    `problems` are sentences about the faces of the uploads; empty where nothing is wrong with them.
    """

    verification: Verification
    probe_crop: str
    other_crop: str
    person: Person | None
    scale: Scale
    problems: str
    milliseconds: float


@page("faces.add_searchevent", "faces.view_person", methods=("GET", "POST"))
def verify_page(request: HttpRequest) -> HttpResponse:
    """Ask for a photo and whom it shows, and answer whether that is so."""
    posted = request.method == "POST"
    claim = claim_of(request.POST if posted else request.GET)
    form = VerifyForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial={
            "gallery": claim.gallery_id or gallery_in_use(request),
            "against": VerifyForm.STORED if claim.photo else VerifyForm.PERSON,
        },
    )
    answer = None
    if posted and form.is_valid():
        try:
            answer = _answer(request, form)
        except (FacetError, ImageError) as error:
            form.refuse(error)
    return render_page(
        request,
        "faces/verify.html",
        title="Verify",
        form=form,
        against=form["against"].value(),
        claim=claim,
        answer=answer,
        has_gallery=Gallery.objects.exists(),
        max_bytes=LIMITS.max_bytes,
    )


def _answer(request: HttpRequest, form: VerifyForm) -> Answer:
    gallery: Gallery = form.cleaned_data["gallery"]
    remember_gallery(request, gallery)
    watch = Stopwatch()
    version = gallery.encoder_version
    probe = read_probe(form.cleaned_data["photo"], version)
    face = one_face(probe.encoded, which="the photo to check")
    other_crop = ""
    person = None
    uploads = [face]
    if form.cleaned_data["against"] == VerifyForm.PERSON:
        person = form.cleaned_data["claimed"]
        verification = verify_person(person=person, probe=face)
    elif form.cleaned_data["against"] == VerifyForm.STORED:
        verification = verify_photo(photo=_photo_of(gallery, form.cleaned_data["stored"]), probe=face)
    else:
        other = read_probe(form.cleaned_data["other"], version)
        second = one_face(other.encoded, which="the other photo")
        verification = verify_faces(first=face, second=second, gallery=gallery)
        other_crop = other.crop(second.box)
        uploads.append(second)
    record_verification(
        asker=asker_of(request),
        gallery=gallery,
        encoder_version=version,
        probe=probe.data,
        verification=verification,
        duration_ms=watch.milliseconds,
    )
    return _shown(probe, uploads, verification, other_crop, person, watch)


def _photo_of(gallery: Gallery, key: UUID) -> Photo:
    photo = Photo.objects.of(gallery).filter(key=key).first()
    if photo is None:
        raise PhotoNotFoundError(f"That photo is not in gallery “{gallery}”. Choose one from the list.")
    return photo


def _shown(
    probe: Probe,
    uploads: list[EncodedFace],
    verification: Verification,
    other_crop: str,
    person: Person | None,
    watch: Stopwatch,
) -> Answer:
    return Answer(
        verification=verification,
        probe_crop=probe.crop(uploads[0].box),
        other_crop=other_crop,
        person=person or (verification.face.person if verification.face else None),
        scale=scale(verification.tau.tau, verification.distance),
        problems=" ".join(sentence for face in uploads for sentence in explain(face.quality)),
        milliseconds=watch.milliseconds,
    )
