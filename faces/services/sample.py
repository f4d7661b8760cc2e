"""The sample gallery: drawn people for a first visit, with nobody's biometrics."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from faces.exceptions import GalleryNotFoundError
from faces.models import Gallery, Job, Person, Photo, Threshold
from faces.services.drawing import PhotoToDraw, photos_to_draw
from faces.services.encoders import MeasuredTau, measured_rate
from faces.services.galleries import create_gallery, get_gallery
from faces.services.jobs import begin_job, complete_inputs
from faces.services.people import create_person, lock_names
from faces.services.photos import accept_photo
from faces.services.thresholds import set_tau

GALLERY = "Sample people"
JOB = "Drawing of the sample people"
PEOPLE = 25
PHOTOS_EACH = 5

_LOCK = 0x666163657400  # a number of our own among PostgreSQL's advisory locks

REASON = "Drawn people are closer to each other than real ones, so the factory value would take them for one another."
EVIDENCE = "498 drawn photos, each against the templates of 99 other people"
# Measured with the factory encoder on 100 drawn people with 5 photos each by `benchmarks.verification_fusion`: see
# docs/decisions.md.
TAUS = (
    MeasuredTau(
        Threshold.Use.VERIFICATION,
        0.062,
        1e-2,
        EVIDENCE,
        {
            "fmr": measured_rate(0.00957, 0.00529, 0.01586, errors=472, trials=49_302, people=81),
            "fmr_photo": measured_rate(0.00419, 0.00223, 0.00693, errors=514, trials=122_761, people=80),
            "people": 100,
        },
    ),
    MeasuredTau(
        Threshold.Use.RECOGNITION,
        0.044,
        1e-3,
        EVIDENCE,
        {
            "fmr": measured_rate(0.000994, 0.000144, 0.002318, errors=49, trials=49_302, people=24),
            "fmr_photo": measured_rate(0.000464, 0.000033, 0.001217, errors=57, trials=122_761, people=22),
            "people": 100,
        },
    ),
)


@dataclass(frozen=True)
class Sample:
    """What is left to do for the sample gallery."""

    gallery: Gallery
    job: Job
    missing: tuple[PhotoToDraw, ...]


def sample_is_due() -> bool:
    """Whether the gallery is to be filled: there is nobody in the whole database, or a start before was cut short."""
    begun = Job.objects.filter(kind=Job.Kind.IMPORT, title=JOB).order_by("-pk").first()
    return not begun.inputs_complete if begun else not Person.objects.exists()


@contextmanager
def only_one() -> Iterator[bool]:
    """Keep a second process from filling the gallery at the same time; yields whether this one may.

    The lock belongs to the database connection, and so ends with the process, however that ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (is_ours,) = cursor.fetchone()
    try:
        yield bool(is_ours)
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@transaction.atomic
def begin_sample() -> Sample:
    """Make the gallery with its own taus, or find it as an earlier start left it, and open a job."""
    try:
        gallery = get_gallery(GALLERY)
    except GalleryNotFoundError:
        gallery = create_gallery(name=GALLERY)
        for measured in TAUS:
            _set_tau(gallery, measured)
    there = set(Photo.objects.of(gallery).values_list("name", flat=True))
    photos = photos_to_draw(people=PEOPLE, photos_each=PHOTOS_EACH)
    return Sample(
        gallery=gallery,
        job=begin_job(gallery=gallery, kind=Job.Kind.IMPORT, title=JOB),
        missing=tuple(photo for photo in photos if photo.file_name not in there),
    )


def _set_tau(gallery: Gallery, measured: MeasuredTau) -> None:
    set_tau(
        gallery=gallery,
        encoder_version=gallery.encoder_version,
        use=measured.use,
        tau=measured.tau,
        reason=REASON,
        user=None,
        grounds=measured.grounds,
    )


def renew_sample_taus() -> None:
    """Follow taus of the sample gallery that came with an earlier Facet by those of today: never an admin's own."""
    gallery = Gallery.objects.filter(name=GALLERY, encoder_version__weights__startswith="package:").first()
    if gallery is None:
        return
    for measured in TAUS:
        newest = gallery.thresholds.filter(use=measured.use, encoder_version=gallery.encoder_version).first()
        if newest is not None and newest.reason == REASON and not measured.is_what(newest):
            _set_tau(gallery, measured)


@transaction.atomic
def add_sample_photo(*, sample: Sample, drawn: PhotoToDraw, data: bytes) -> Photo:
    """Take one drawn photo in, with its person; the caller sends it after the commit."""
    gallery = sample.gallery
    number = f"drawn-{drawn.seed}"
    lock_names(gallery, [drawn.person])
    person = Person.objects.of(gallery).filter(external_id=number).first() or create_person(
        gallery=gallery, name=drawn.person, external_id=number, metadata={"drawn": True}
    )
    accepted = accept_photo(gallery=gallery, data=data, name=drawn.file_name, portrait_of=person, job=sample.job)
    return accepted.photo


def end_sample(*, sample: Sample) -> Job:
    """Say that every photo is drawn; the job ends with the last one that is encoded."""
    new = len(sample.missing)
    return complete_inputs(job=sample.job, result={"new": new, "known": PEOPLE * PHOTOS_EACH - new, "refused": {}})
