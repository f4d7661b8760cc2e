"""Looking for wrong names in a gallery, without any training: the work of a job."""

from collections.abc import Mapping

from django.contrib.auth.models import User

from faces.exceptions import InvalidRequestError, JobCancelledError
from faces.models import EncoderVersion, Gallery, Job
from faces.services.waiting import kept_alive
from faces.services.working import Show, request_work, unseen
from training.models import ReviewItem
from training.services.enrolled import enrolled_at_this_moment
from training.services.requesting import check_people
from training.services.suspicions import ask_about, suspects_among

COMPARING = "Comparing people"


def request_name_check(*, gallery: Gallery, user: User | None = None) -> Job:
    """Queue a look for people under two names and faces under wrong ones; the caller sends it after the commit.

    Raises:
        TooFewComparisonsError: fewer than two people have an enrolled face.
        ConflictError: one is under way.
    """
    check_people(gallery, gallery.encoder_version)
    return request_work(gallery=gallery, kind=Job.Kind.NAMES, title=f"Names in “{gallery.name}”", user=user)


def check_names(job: Job, *, show: Show = unseen) -> Mapping[str, object]:
    """Compare all enrolled people of the job's gallery by the version that serves it, and ask about what seems wrong.

    Begun again after a kill it asks nothing twice.

    Raises:
        JobCancelledError: somebody cancelled the job.
        InvalidRequestError: the job names no gallery.
    """
    if job.gallery is None:
        raise InvalidRequestError("Names are those of a gallery; this job names none.")
    gallery = job.gallery
    version: EncoderVersion = gallery.encoder_version
    with kept_alive(job, note=COMPARING), enrolled_at_this_moment(gallery, version) as enrolled:
        total = max(len(enrolled.faces), 1)
        _report(job, show, 0, total)
        suspects = suspects_among(
            gallery=gallery,
            faces=enrolled.faces,
            people=enrolled.everybody[enrolled.people],
            vectors=enrolled.face_vectors(slice(0, len(enrolled.faces))),
        )
        _report(job, show, total, total)  # after this it is too late to cancel it
    new = ask_about(gallery=gallery, faces=enrolled.faces, suspects=suspects)
    return {
        "gallery": gallery.pk,
        "people": len(enrolled.everybody),
        "faces": len(enrolled.faces),
        "could_judge": suspects.noise is not None,
        "duplicate_people": len(suspects.people),
        "wrong_labels": len(suspects.faces),
        "new_questions": new,
        "open_questions": ReviewItem.objects.of(gallery).waiting().count(),
    }


def _report(job: Job, show: Show, done: int, total: int) -> None:
    show(done, total, COMPARING)
    if not job.report(done, total, COMPARING):
        raise JobCancelledError("It was cancelled; nothing was asked.")
