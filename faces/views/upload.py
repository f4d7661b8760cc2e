"""Add photos: many at once, for nobody in particular, for one person, or a folder for each person.

With scripts the browser begins a job, sends the photos in several requests and completes the job; without, it sends
one form. Either way each photo is taken or refused by itself.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from faces.exceptions import FacetError, InvalidRequestError
from faces.models import Gallery, Job, Person
from faces.services.jobs import begin_job, complete_inputs
from faces.services.photos import LIMITS
from faces.services.uploads import Outcome, PersonToBe, UploadedPhoto, upload_photos
from faces.tasks import send_photos
from faces.views.forms.fields import all_errors
from faces.views.forms.people import PersonChoiceForm
from faces.views.forms.upload import PhotosForm, UploadForm
from faces.views.outcomes import count_of, lines_of, uploaded_photos
from faces.views.page import View, gallery_in_use, page, remember_gallery, render_page, signed_in, status_of

NEEDED = ("faces.add_photo", "faces.view_photo")


@page(*NEEDED, methods=("GET", "POST"))
def upload_page(request: HttpRequest) -> HttpResponse:
    """Ask for photos; POST takes those of a plain form in at once and shows what became of each."""
    posted = request.method == "POST"
    form = PhotosForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial={"gallery": gallery_in_use(request)},
    )
    upload = choice = None
    if posted and form.is_valid():
        gallery: Gallery = form.cleaned_data["gallery"]
        remember_gallery(request, gallery)
        choice = PersonChoiceForm(request.POST, gallery=gallery, may_be_new=True)
        is_person = form.cleaned_data["whom"] == UploadForm.PERSON
        if not is_person or choice.is_valid():
            try:
                upload = upload_photos(
                    gallery=gallery,
                    files=form.cleaned_data["photos"],
                    portrait_of=_person(choice) if is_person else None,
                    user=signed_in(request),
                    send=send_photos,
                )
            except FacetError as error:
                form.refuse(error)
    return render_page(
        request,
        "faces/upload.html",
        title="Add photos",
        form=form,
        choice_errors=choice.non_field_errors() if choice is not None and choice.is_bound and upload is None else [],
        lines=lines_of(upload.outcomes) if upload else None,
        tally=count_of(upload.outcomes) if upload else None,
        job=upload.job if upload else None,
        max_bytes=LIMITS.max_bytes,
        has_gallery=Gallery.objects.exists(),
    )


def _person(choice: PersonChoiceForm) -> Person | PersonToBe:
    return choice.chosen or PersonToBe(name=choice.cleaned_data["person_name"])


def _in_json(view: Callable[..., dict[str, Any]]) -> View:
    """Answer with JSON; what a service refuses becomes `{"error": sentence}` with the status that fits."""

    @wraps(view)
    def answering(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return JsonResponse(view(request, *args, **kwargs))
        except FacetError as error:
            return JsonResponse({"error": error.detail}, status=status_of(error))

    return answering


@page(*NEEDED, methods=("POST",))
@_in_json
def begin(request: HttpRequest) -> dict[str, Any]:
    """Open a job for an upload that comes in several requests; `files` says how many there are."""
    form = UploadForm(request.POST)
    if not form.is_valid():
        raise InvalidRequestError(all_errors(form))
    remember_gallery(request, form.cleaned_data["gallery"])
    files = request.POST.get("files", "")
    number = int(files) if files.isdecimal() and len(files) < 10 else 0
    title = "Upload of one photo" if number == 1 else f"Upload of {number} photos"
    job = begin_job(gallery=form.cleaned_data["gallery"], kind=Job.Kind.UPLOAD, title=title, user=signed_in(request))
    return {
        "photos": reverse("pages:upload-photos", args=[job.key]),
        "finish": reverse("pages:upload-finish", args=[job.key]),
        "cancel": reverse("pages:job-cancel", args=[job.key]),
    }


@page(*NEEDED, methods=("POST",))
@_in_json
def take_in(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """Take in some photos of an upload. `folders` gives the folder of each file, where folders are people."""
    job = _own_job(request, key)
    gallery = job.gallery
    if gallery is None:
        raise InvalidRequestError("This job takes in no photos.")
    lines: list[dict[str, object]] = []
    for person, files in _groups(request, gallery):
        upload = upload_photos(
            gallery=gallery, files=files, portrait_of=person, user=signed_in(request), job=job, send=send_photos
        )
        lines += _lines(upload.outcomes)
        job = upload.job or job
    return {"lines": lines}


def _groups(request: HttpRequest, gallery: Gallery) -> list[tuple[Person | PersonToBe | None, Sequence[UploadedPhoto]]]:
    """Return the files of a request, by the person they are of."""
    files = uploaded_photos(request)
    if not files:
        raise InvalidRequestError("Send at least one photo.")
    whom = request.POST.get("whom", UploadForm.NOBODY)
    if whom == UploadForm.PERSON:
        choice = PersonChoiceForm(request.POST, gallery=gallery, may_be_new=True)
        if not choice.is_valid():
            raise InvalidRequestError(all_errors(choice))
        return [(_person(choice), files)]
    if whom == UploadForm.FOLDERS:
        folders = request.POST.getlist("folders")
        if len(folders) != len(files):
            raise InvalidRequestError(f"There are {len(files)} files, but {len(folders)} folders for them.")
        groups: dict[str, list[UploadedPhoto]] = {}
        for folder, file in zip(folders, files, strict=True):
            groups.setdefault(folder.strip(), []).append(file)
        return [(PersonToBe(name=folder) if folder else None, group) for folder, group in groups.items()]
    return [(None, files)]


def _lines(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    return [
        {
            "name": line.name,
            "kind": line.kind,
            "sentence": line.sentence,
            "photo": reverse("pages:photo", args=[line.photo.key]) if line.photo else None,
        }
        for line in lines_of(outcomes)
    ]


@page(*NEEDED, methods=("POST",))
@_in_json
def finish(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """Say that all photos of an upload were sent; a job that took in none is removed."""
    job = _own_job(request, key)
    if not job.result.get("new") and not job.result.get("known"):
        job.delete()
        return {"job": None, "progress": None}
    complete_inputs(job=job, result=job.result)
    return {
        "job": reverse("pages:job", args=[job.key]),
        "progress": reverse("pages:job-progress", args=[job.key]),
    }


def _own_job(request: HttpRequest, key: UUID) -> Job:
    """Return an upload that the one who asks has begun; nobody adds to another one's."""
    jobs = Job.objects.select_related("gallery").filter(kind=Job.Kind.UPLOAD, created_by=signed_in(request))
    return get_object_or_404(jobs, key=key)
