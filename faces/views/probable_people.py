"""Unknown faces: the probable people of a gallery, and the faces of one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from faces.models import Face, Gallery, Job, ProbablePerson
from faces.services.likenesses import Counts, Likeness, counts_of, likenesses, nearest_groups
from faces.views.forms.probable_people import UnknownFacesForm, WhoForm
from faces.views.page import gallery_in_use, page, remember_gallery, render_page
from faces.views.paging import listing

PER_PAGE = 24
FACES_ON_A_CARD = 6
FACES_PER_PAGE = 96
NEAREST = 4


@dataclass(frozen=True)
class Card:
    """A probable person as they stand in a list; `faces` are those of best quality."""

    probable: ProbablePerson
    faces: Sequence[Face]
    counts: Counts
    likeness: Likeness | None = None
    distance: float | None = None

    @property
    def more(self) -> int:
        """Faces that the card does not show."""
        return self.counts.faces - len(self.faces)


@dataclass(frozen=True)
class Unknown:
    """What a gallery holds of unknown faces."""

    faces: int
    grouped: int
    dismissed: int

    @property
    def alone(self) -> int:
        """Faces that are in no group."""
        return self.faces - self.grouped - self.dismissed


@page("faces.view_probableperson")
def unknown_faces(request: HttpRequest) -> HttpResponse:
    """Show a gallery's probable people, those with most faces first; or those that were dismissed."""
    form = UnknownFacesForm(request.GET)
    form.is_valid()
    gallery = _gallery(request, form)
    if gallery is None:
        return render_page(request, "faces/probable_people/list.html", title="Unknown faces", gallery=None)
    remember_gallery(request, gallery)
    shows_dismissed = form.cleaned_data.get("show") == UnknownFacesForm.DISMISSED
    rows = listing(request, _listed(gallery, dismissed=shows_dismissed), per_page=PER_PAGE)
    job = _latest_job(gallery)
    return render_page(
        request,
        "faces/probable_people/list.html",
        title="Unknown faces",
        form=UnknownFacesForm(initial={"gallery": gallery.pk, "show": form.cleaned_data.get("show", "")}),
        gallery=gallery,
        several_galleries=Gallery.objects.count() > 1,
        shows_dismissed=shows_dismissed,
        listing=rows,
        cards=cards(gallery, rows.rows),
        unknown=_unknown(gallery),
        job=job,
        job_is_under_way=job is not None and not job.is_finished,
        dismissed=_dismissed_just_now(request, gallery),
    )


def _gallery(request: HttpRequest, form: UnknownFacesForm) -> Gallery | None:
    galleries = Gallery.objects.select_related("encoder_version")
    chosen = form.cleaned_data.get("gallery")
    number = str(chosen.pk if chosen is not None else gallery_in_use(request) or "")
    found = galleries.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 18 else None
    return found or galleries.first()


def _listed(gallery: Gallery, *, dismissed: bool) -> QuerySet[ProbablePerson]:
    faces = Face.objects.filter(probable_person=OuterRef("pk"))
    rows = ProbablePerson.objects.filter(Exists(faces), gallery=gallery, dismissed_at__isnull=not dismissed)
    return rows.annotate(face_count=Count("faces")).order_by("-face_count", "id")


def _unknown(gallery: Gallery) -> Unknown:
    counts = (
        Face.objects.of(gallery)
        .unassigned()
        .aggregate(
            faces=Count("id"),
            in_groups=Count("id", filter=Q(probable_person__isnull=False)),
            dismissed=Count("id", filter=Q(probable_person__dismissed_at__isnull=False)),
        )
    )
    grouped = counts["in_groups"] - counts["dismissed"]
    return Unknown(faces=counts["faces"], grouped=grouped, dismissed=counts["dismissed"])


def _latest_job(gallery: Gallery) -> Job | None:
    return Job.objects.filter(gallery=gallery, kind=Job.Kind.GROUPING).order_by("-id").first()


def _dismissed_just_now(request: HttpRequest, gallery: Gallery) -> ProbablePerson | None:
    number = request.GET.get("dismissed", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    return ProbablePerson.objects.filter(pk=int(number), gallery=gallery, dismissed_at__isnull=False).first()


def cards(gallery: Gallery, probable_people: Sequence[ProbablePerson]) -> list[Card]:
    """Return cards of probable people of one gallery, in their order, by a fixed number of queries."""
    counts, faces = counts_of(probable_people), _faces_of(probable_people)
    likely = likenesses(gallery=gallery, probable_people=probable_people)
    return [
        Card(probable, faces[probable.pk], counts[probable.pk], likely.get(probable.pk))
        for probable in probable_people
        if probable.pk in counts
    ]


def _faces_of(probable_people: Sequence[ProbablePerson]) -> dict[int, list[Face]]:
    place = Window(RowNumber(), partition_by="probable_person_id", order_by=[F("quality").desc(), F("id").asc()])
    rows = Face.objects.filter(probable_person__in=[probable.pk for probable in probable_people]).annotate(place=place)
    best: dict[int, list[Face]] = defaultdict(list)
    for face in rows.filter(place__lte=FACES_ON_A_CARD).select_related("photo").order_by("place"):
        if face.probable_person_id is not None:
            best[face.probable_person_id].append(face)
    return best


@page("faces.view_probableperson")
def probable_person(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Show all faces of a probable person, and what can be done with them."""
    probable = get_probable(probable_id)
    faces = probable.faces.select_related("photo").order_by("-quality", "id")
    rows = listing(request, faces, per_page=FACES_PER_PAGE)
    return render_page(
        request,
        "faces/probable_people/detail.html",
        title="Unknown faces",
        heading="One person, probably",
        probable=probable,
        gallery=probable.gallery,
        listing=rows,
        counts=counts_of([probable]).get(probable.pk, Counts(0, 0)),
        likeness=likenesses(gallery=probable.gallery, probable_people=[probable]).get(probable.pk),
        form=WhoForm(gallery=probable.gallery, may_be_new=True),
    )


@page("faces.view_probableperson")
def nearest(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Answer HTMX with the probable people who look most like this one: perhaps they are the same."""
    probable = get_probable(probable_id)
    near = dict(nearest_groups(probable=probable, limit=NEAREST))
    others = list(near)
    counts, faces = counts_of(others), _faces_of(others)
    shown = [Card(other, faces[other.pk], counts[other.pk], distance=near[other]) for other in others]
    return render(request, "faces/probable_people/nearest.html", {"probable": probable, "cards": shown})


@page("faces.view_probableperson")
def progress(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Answer HTMX with how far the grouping is; has the whole page loaded again when it is over."""
    job = _latest_job(get_object_or_404(Gallery, pk=gallery_id))
    if job is None or job.is_finished:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "faces/probable_people/progress.html", {"job": job})


def get_probable(probable_id: int) -> ProbablePerson:
    """Return a probable person with gallery and encoder version, or answer that there is none."""
    rows = ProbablePerson.objects.select_related("gallery__encoder_version")
    return get_object_or_404(rows, pk=probable_id)
