"""Recognize: who is on this photo?"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from encoder.exceptions import ImageError
from faces.exceptions import FacetError
from faces.live_recall import after_answer
from faces.models import Gallery, SearchEvent, Threshold
from faces.quality_words import explain
from faces.services.events import record_recognition
from faces.services.photos import LIMITS
from faces.services.recognition import Candidate, Recognition, recognize
from faces.services.thresholds import TauInForce, tau_in_force
from faces.services.uploads import UploadedPhoto
from faces.views.boxes import Overlay
from faces.views.forms.search import RecognizeForm
from faces.views.page import gallery_in_use, page, remember_gallery, render_page
from faces.views.probes import Probe, Stopwatch, asker_of, read_probe
from faces.views.scale import Scale, scale

CANDIDATES = 6


@dataclass(frozen=True)
class FaceAnswer:
    """The answer for one face of the photo, for the page."""

    box: Overlay
    crop: str
    recognition: Recognition
    nearest: Candidate | None
    scale: Scale | None

    @property
    def rivals(self) -> tuple[Candidate, ...]:
        """The people who cannot be told apart; empty where there is no doubt."""
        return self.recognition.rivals

    @property
    def others(self) -> tuple[Candidate, ...]:
        """The next nearest people, without those whom the answer names."""
        rivals = self.rivals
        return tuple(candidate for candidate in self.recognition.candidates[1:] if candidate not in rivals)

    @property
    def is_gap_told(self) -> bool:
        """Whether the gap that was measured is the one between the first two rivals."""
        return self.recognition.resolvable_gap is not None and self.rivals[1] in self.recognition.candidates[:2]

    @property
    def problems(self) -> str:
        """What is wrong with the face on the photo, in sentences; empty where nothing is."""
        return " ".join(explain(self.recognition.probe.quality))

    @property
    def runner_up_matches(self) -> bool:
        """Whether another person is within tau, too, who can be told from the one whom the answer names."""
        return any(candidate.is_match for candidate in self.others)


@dataclass(frozen=True)
class Answer:
    """The whole answer."""

    event: SearchEvent
    probe: Probe
    gallery: Gallery
    faces: tuple[FaceAnswer, ...]
    milliseconds: float


@page("faces.add_searchevent", "faces.view_person", methods=("GET", "POST"))
def recognize_page(request: HttpRequest) -> HttpResponse:
    """Ask for a photo, and answer for every face on it."""
    posted = request.method == "POST"
    form = RecognizeForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial={"gallery": gallery_in_use(request)},
    )
    answer = None
    if posted and form.is_valid():
        try:
            answer = _answer(request, form.cleaned_data["gallery"], form.cleaned_data["photo"])
        except (FacetError, ImageError) as error:
            form.refuse(error, "photo")
    return render_page(
        request,
        "faces/recognize.html",
        title="Recognize",
        form=form,
        answer=answer,
        has_gallery=Gallery.objects.exists(),
        max_bytes=LIMITS.max_bytes,
    )


def _answer(request: HttpRequest, gallery: Gallery, file: UploadedPhoto) -> Answer:
    remember_gallery(request, gallery)
    watch = Stopwatch()
    probe = read_probe(file, gallery.encoder_version)
    answers = recognize(gallery=gallery, probes=probe.encoded.faces, limit=CANDIDATES)
    milliseconds = watch.milliseconds
    event = record_recognition(
        asker=asker_of(request),
        gallery=gallery,
        probe=probe.data,
        answers=answers,
        tau=answers[0].tau if answers else _tau_of(gallery),
        limit=CANDIDATES,
        duration_ms=milliseconds,
    )
    after_answer(answers)
    boxes = probe.overlays(probe.encoded.faces)
    faces = tuple(_face(probe, box, answer) for box, answer in zip(boxes, answers, strict=True))
    return Answer(event, probe, gallery, faces, milliseconds)


def _tau_of(gallery: Gallery) -> TauInForce:
    """Return the tau of an answer about no face."""
    return tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=Threshold.Use.RECOGNITION)


def _face(probe: Probe, box: Overlay, answer: Recognition) -> FaceAnswer:
    nearest = answer.candidates[0] if answer.candidates else None
    return FaceAnswer(
        box=box,
        crop=probe.crop(answer.probe.box),
        recognition=answer,
        nearest=nearest,
        scale=scale(answer.tau.tau, nearest.distance) if nearest else None,
    )
