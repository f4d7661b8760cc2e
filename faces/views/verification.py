"""Verify: is this the person they claim to be?"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from encoder.exceptions import ImageError
from faces.exceptions import FacetError, PhotoNotFoundError
from faces.models import Gallery, Person, Photo, SearchEvent
from faces.quality_words import explain
from faces.rate_words import rate_words
from faces.services.events import record_verification
from faces.services.photos import LIMITS
from faces.services.verification import Compares, Verification, one_face, verify_faces, verify_person, verify_photo
from faces.views.claims import claim_of
from faces.views.forms.search import VerifyForm
from faces.views.page import gallery_in_use, page, remember_gallery, render_page
from faces.views.probes import Stopwatch, asker_of, read_probe
from faces.views.scale import Scale, scale


@dataclass(frozen=True)
class Answer:
    """The answer for the page: the probe's face, and either a stored face (in `verification`) or the other upload's.

    `problems` are sentences about the faces of the uploads; empty where nothing is wrong with them.
    """

    verification: Verification
    event: SearchEvent
    probe_crop: str
    other_crop: str
    scale: Scale
    problems: str
    milliseconds: float

    @property
    def person(self) -> Person | None:
        """Whose face it is compared with, if that is known."""
        return self.verification.person

    @property
    def is_against_person(self) -> bool:
        """Whether it is compared with all of a person's enrolled faces."""
        return self.verification.compares == Compares.PERSON

    @property
    def error_rate(self) -> str:
        """What error rate tau stands for in this comparison, as a sentence."""
        return rate_words(self.verification.error_rate, self.verification.compares)


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
    uploads, photos = [face], [probe.data]
    if form.cleaned_data["against"] == VerifyForm.PERSON:
        verification = verify_person(person=form.cleaned_data["claimed"], probe=face)
    elif form.cleaned_data["against"] == VerifyForm.STORED:
        verification = verify_photo(photo=_photo_of(gallery, form.cleaned_data["stored"]), probe=face)
    else:
        other = read_probe(form.cleaned_data["other"], version)
        second = one_face(other.encoded, which="the other photo")
        verification = verify_faces(first=face, second=second, gallery=gallery)
        other_crop = other.crop(second.box)
        uploads.append(second)
        photos.append(other.data)
    event = record_verification(
        asker=asker_of(request),
        gallery=gallery,
        encoder_version=version,
        photos=photos,
        verification=verification,
        duration_ms=watch.milliseconds,
    )
    return Answer(
        event=event,
        verification=verification,
        probe_crop=probe.crop(face.box),
        other_crop=other_crop,
        scale=scale(verification.tau.tau, verification.distance),
        problems=" ".join(sentence for upload in uploads for sentence in explain(upload.quality)),
        milliseconds=watch.milliseconds,
    )


def _photo_of(gallery: Gallery, key: UUID) -> Photo:
    photo = Photo.objects.of(gallery).filter(key=key).first()
    if photo is None:
        raise PhotoNotFoundError(f"That photo is not in gallery “{gallery}”. Choose one from the list.")
    return photo
