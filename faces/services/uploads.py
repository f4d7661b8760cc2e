"""Several photos that somebody sends at once, for one person or for nobody in particular.

Every photo is taken or refused by itself; a person who is made for the upload is made together with the first
photo that is taken, so that no upload leaves a person without one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from django.contrib.auth.models import User
from django.db import transaction

from encoder.exceptions import FileTooLarge, ImageError
from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import Gallery, Job, Person
from faces.services.jobs import begin_job, complete_inputs, count_inputs, ensure_takes_in, follow_photos
from faces.services.people import create_person, find_or_create_person, get_person
from faces.services.photos import LIMITS, Accepted, accept_photo
from faces.services.queueing import BATCH

Refusal: TypeAlias = ImageError | ConflictError
Send: TypeAlias = Callable[[Sequence[int]], None]


class UploadedPhoto(Protocol):
    """What Django hands over for a file of a form."""

    name: str | None
    size: int | None

    def read(self) -> bytes:
        """Return all bytes."""


@dataclass(frozen=True)
class PersonToBe:
    """A person by what an organisation knows of them: found by external id or else by name, made if not there."""

    name: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one file: `accepted`, or `refusal` and nothing stored."""

    name: str
    accepted: Accepted | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Upload:
    """What became of all files, in their order; `job` follows those that are new, where there were several files."""

    outcomes: tuple[Outcome, ...]
    person: Person | None
    job: Job | None

    @property
    def new_ids(self) -> list[int]:
        """The photos that were not in the gallery before."""
        return [outcome.accepted.photo.pk for outcome in self.outcomes if outcome.accepted and outcome.accepted.is_new]


def read_upload(file: UploadedPhoto) -> bytes:
    """Return a file's bytes, unless there are too many to look at.

    Raises:
        encoder.exceptions.FileTooLarge: more than the limit; nothing was read.
    """
    if file.size is not None and file.size > LIMITS.max_bytes:
        raise FileTooLarge(size_bytes=file.size, max_bytes=LIMITS.max_bytes)
    return file.read()


def upload_photos(
    *,
    gallery: Gallery,
    files: Sequence[UploadedPhoto],
    portrait_of: Person | PersonToBe | None = None,
    user: User | None = None,
    job: Job | None = None,
    send: Send,
) -> Upload:
    """Take photos into a gallery; the same files sent twice come to the same photos and the same person.

    Args:
        gallery: where they belong.
        files: one or more.
        portrait_of: whose portraits they are; a `PersonToBe` is made with the first photo that is taken.
        user: who sent them.
        job: an upload that comes in parts, of which these files are one; None if they are all there is.
        send: called with the ids of new photos, some at a time, to have them encoded.

    Raises:
        InvalidRequestError: a person's name was needed and is missing or too long.
        WrongStateError: `job` takes in no more photos.
    """
    if job is not None:
        return _go_on(job, files, _Taking(gallery, portrait_of, user, job), send)
    job = _begin(gallery, len(files), user) if len(files) > 1 else None
    taking = _Taking(gallery, portrait_of, user, job)
    try:
        outcomes = _take_all(taking, files, send)
    except BaseException:
        if job is not None:
            job.move_to(
                Job.State.FAILED, error="The upload broke off. Photos that were taken are encoded all the same."
            )
        raise
    return Upload(tuple(outcomes), taking.person, _end(job, outcomes) if job else None)


def _go_on(job: Job, files: Sequence[UploadedPhoto], taking: "_Taking", send: Send) -> Upload:
    """Take in one part of an upload; whoever began it completes it."""
    ensure_takes_in(job=job)
    outcomes = _take_all(taking, files, send)
    tally = _tally(outcomes)
    job = count_inputs(job=job, new=tally.new, known=tally.known, refused=tally.refused)
    return Upload(tuple(outcomes), taking.person, job)


def _take_all(taking: "_Taking", files: Sequence[UploadedPhoto], send: Send) -> list[Outcome]:
    unsent: list[int] = []
    outcomes = []
    try:
        for file in files:
            outcome = taking.take(file)
            outcomes.append(outcome)
            if outcome.accepted and outcome.accepted.is_new:
                unsent.append(outcome.accepted.photo.pk)
            if len(unsent) == BATCH:
                send(unsent)
                unsent = []
                if taking.job is not None:
                    follow_photos(job=taking.job)
    finally:
        if unsent:
            send(unsent)
    return outcomes


def _begin(gallery: Gallery, files: int, user: User | None) -> Job:
    return begin_job(gallery=gallery, kind=Job.Kind.UPLOAD, title=f"Upload of {files} photos", user=user)


def _end(job: Job, outcomes: Sequence[Outcome]) -> Job | None:
    """Close the job over what was taken; one over nothing is removed."""
    tally = _tally(outcomes)
    if tally.refused.total() == len(outcomes):
        job.delete()
        return None
    return complete_inputs(job=job, result={"new": tally.new, "known": tally.known, "refused": dict(tally.refused)})


@dataclass(frozen=True)
class _Tally:
    new: int
    known: int
    refused: Counter[str]


def _tally(outcomes: Sequence[Outcome]) -> _Tally:
    refused = Counter(outcome.refusal.code for outcome in outcomes if outcome.refusal)
    new = sum(outcome.accepted.is_new for outcome in outcomes if outcome.accepted)
    return _Tally(new=new, known=len(outcomes) - refused.total() - new, refused=refused)


@dataclass
class _Taking:
    """One upload under way; `portrait_of` becomes a person once one is known."""

    gallery: Gallery
    portrait_of: Person | PersonToBe | None
    user: User | None
    job: Job | None

    @property
    def person(self) -> Person | None:
        """Whose portraits they turned out to be."""
        return self.portrait_of if isinstance(self.portrait_of, Person) else None

    def take(self, file: UploadedPhoto) -> Outcome:
        """Store one photo, and its person, or neither."""
        name = file.name or ""
        accepted: Accepted | None = None
        try:
            data = read_upload(file)
            with transaction.atomic():
                person = self._person()
                accepted = accept_photo(
                    gallery=self.gallery, data=data, name=name, portrait_of=person, user=self.user, job=self.job
                )
        except (ImageError, ConflictError) as error:
            return Outcome(name, refusal=error)
        except BaseException:
            if accepted is not None and accepted.is_new:  # the commit itself failed: the row is gone, the file is not
                accepted.photo.file.storage.delete(str(accepted.photo.file.name))
            raise
        self.portrait_of = person
        return Outcome(name, accepted=accepted)

    def _person(self) -> Person | None:
        if isinstance(self.portrait_of, PersonToBe):
            return _find_or_create(self.gallery, self.portrait_of)
        return self.portrait_of


def _find_or_create(gallery: Gallery, wanted: PersonToBe) -> Person:
    if not wanted.external_id:
        return find_or_create_person(gallery=gallery, name=wanted.name)[0]
    known = Person.objects.of(gallery).filter(external_id=wanted.external_id).first()
    if known is not None:
        return get_person(gallery, known.pk)
    if not wanted.name.strip():
        raise InvalidRequestError(
            f"Nobody in gallery “{gallery.slug}” has the external id “{wanted.external_id}” yet; give a name, too.",
            external_id=wanted.external_id,
        )
    return create_person(gallery=gallery, name=wanted.name, external_id=wanted.external_id)
