"""Photos from a folder into a gallery, once however often the import is run.

A photo that the gallery has already is known by the digest of its bytes and not even decoded. The files are taken
in portion by portion, each in one transaction, so that an import that is killed goes on where it stopped.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import transaction

from encoder.exceptions import EmptyFile, FileTooLarge, ImageError
from faces.exceptions import FacetError, WrongStateError
from faces.models import Gallery, Job, Person, Photo
from faces.services.folders import FoundFile, RefusedFile, reason
from faces.services.jobs import begin_job, complete_inputs
from faces.services.people import create_person, get_person, lock_names
from faces.services.photos import LIMITS, accept_photo, retry_photo
from faces.services.runs import runs

PORTION_FILES = 32
PORTION_BYTES = 16 * 1024 * 1024
"""A portion is at most so many files, and so many bytes unless it is a single file: about a second of work."""


@dataclass
class Imported:
    """What became of the files so far.

    Attributes:
        new: how many files are photos that the gallery did not have.
        known: how many files are photos that it had before, or has twice in the folder.
        refused: those that were not taken, and why.
        new_people: people who were made for the import.
        names: photo id → the file's name, of every file that is in the gallery.
    """

    new: int = 0
    known: int = 0
    refused: list[RefusedFile] = field(default_factory=list)
    new_people: int = 0
    names: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Imported") -> None:
        """Add what became of further files."""
        self.new += other.new
        self.known += other.known
        self.refused += other.refused
        self.new_people += other.new_people
        self.names |= other.names


def begin_import(*, gallery: Gallery, title: str) -> Job:
    """Open the job that the photos of one import belong to."""
    return begin_job(gallery=gallery, kind=Job.Kind.IMPORT, title=title)


def end_import(*, job: Job, imported: Imported) -> Job:
    """Say that no further photos come; the job ends with the last photo that is encoded."""
    refused = Counter(refusal.code for refusal in imported.refused)
    result = {"new": imported.new, "known": imported.known, "refused": dict(refused)}
    return complete_inputs(job=job, result=result)


def break_off_import(*, job: Job) -> None:
    """Say that the import was stopped; what was taken in is encoded all the same."""
    try:
        job.move_to(
            Job.State.FAILED, error="It was interrupted while photos were taken in. Start it again: it goes on there."
        )
    except WrongStateError:
        return  # somebody ended the job already


def in_portions(files: Sequence[FoundFile]) -> Iterator[list[FoundFile]]:
    """Cut files into portions for `take_in`, their order kept."""
    return runs(files, most=PORTION_FILES, size_of=lambda file: file.size_bytes, limit=PORTION_BYTES)


@transaction.atomic
def take_in(*, job: Job, files: Sequence[FoundFile]) -> tuple[Imported, list[int]]:
    """Take files into the gallery of an import's job.

    Photos of an earlier import that were never finished join this job; failed and cancelled ones are tried again.

    Returns:
        What became of them, and the ids of the photos that wait, for the caller to send after the commit.
    """
    gallery = job.gallery
    if gallery is None:
        raise ValueError("An import's job belongs to a gallery.")
    portion = _Portion(gallery, job, {file.person for file in files if file.person is not None})
    digests = portion.read(files)
    _take_turns(gallery, files)
    known = {
        photo.sha256: photo
        for photo in Photo.objects.of(gallery).filter(sha256__in=digests.values()).select_related("portrait_of")
    }
    for file, digest in digests.items():
        portion.settle(file, known.get(digest))
    return portion.imported, portion.adopt()


def _take_turns(gallery: Gallery, files: Sequence[FoundFile]) -> None:
    """Let one import at a time write to a gallery, and nobody else make people of these names meanwhile."""
    Gallery.objects.select_for_update(no_key=True).get(pk=gallery.pk)
    lock_names(gallery, [file.person for file in files if file.person is not None])


def digest_of_file(file: FoundFile) -> str:
    """Return the SHA-256 of a file's bytes; a file over the limit is not read.

    Raises:
        encoder.exceptions.FileTooLarge, encoder.exceptions.EmptyFile
        OSError: it cannot be read.
    """
    if file.size_bytes > LIMITS.max_bytes:
        raise FileTooLarge(size_bytes=file.size_bytes, max_bytes=LIMITS.max_bytes)
    if file.size_bytes == 0:
        raise EmptyFile
    with file.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass
class _Portion:
    """Some files of an import, inside one transaction."""

    gallery: Gallery
    job: Job
    names: set[str]
    imported: Imported = field(default_factory=Imported)
    people: dict[str, Person] = field(default_factory=dict)

    def read(self, files: Sequence[FoundFile]) -> dict[FoundFile, str]:
        """Return the digests of the files that can be read."""
        digests = {}
        for file in files:
            try:
                digests[file] = digest_of_file(file)
            except (ImageError, OSError) as error:
                self.refuse(file, error)
        return digests

    def settle(self, file: FoundFile, known: Photo | None) -> None:
        """Take one file in, unless the gallery has it just so."""
        if known is not None and file.person in (None, known.portrait_of.name if known.portrait_of else None):
            self.imported.known += 1
            self.imported.names.setdefault(known.pk, file.name)
            return
        try:
            with transaction.atomic():
                person, is_new_person = self.person(file.person)
                accepted = accept_photo(
                    gallery=self.gallery,
                    data=_read(file),
                    name=unicodedata.normalize("NFC", file.name.rpartition("/")[2]),
                    portrait_of=person,
                    job=self.job,
                    looked_up=known is None,
                )
        except (FacetError, ImageError, OSError) as error:
            self.refuse(file, error)
            return
        if person is not None and file.person is not None:
            self.people[file.person] = person
        self.imported.new_people += is_new_person
        self.imported.new += accepted.is_new
        self.imported.known += not accepted.is_new
        self.imported.names.setdefault(accepted.photo.pk, file.name)

    def person(self, name: str | None) -> tuple[Person | None, bool]:
        """Return the person of a name, whom they were merged into, or a new one; and whether they are new."""
        if name is None:
            return None, False
        if name in self.people:
            return self.people[name], False
        found = self.named.get(name)
        if found is None:
            return create_person(gallery=self.gallery, name=name), True
        return (found if found.merged_into_id is None else get_person(self.gallery, found.pk)), False

    @cached_property
    def named(self) -> dict[str, Person]:
        """The gallery's people of the names in this portion: of several the oldest, and one who was merged comes last.

        Asked for under the lock on these names: nobody else makes people of them meanwhile.
        """
        people = Person.objects.of(self.gallery).filter(name__in=self.names)
        first: dict[str, Person] = {}
        for person in sorted(people, key=lambda person: (person.merged_into_id is not None, person.pk)):
            first.setdefault(person.name, person)
        return first

    def refuse(self, file: FoundFile, error: FacetError | ImageError | OSError) -> None:
        """Note why a file is not taken."""
        if isinstance(error, OSError):
            refusal = RefusedFile(file.name, "unreadable", f"It cannot be read: {reason(error)}.")
        else:
            refusal = RefusedFile(file.name, error.code, str(error))
        self.imported.refused.append(refusal)

    def adopt(self) -> list[int]:
        """Make every photo that still has to be encoded the job's own; returns the ids of those that wait."""
        seen = Photo.objects.filter(pk__in=self.imported.names)
        for photo in seen.to_try_again():
            try:
                retry_photo(photo=photo)
            except WrongStateError:
                continue  # somebody else did the same just now
        seen.unfinished().exclude(job=self.job).update(job=self.job)
        return list(seen.waiting().order_by("pk").values_list("pk", flat=True))


def _read(file: FoundFile) -> bytes:
    """Return a file's bytes, and no more than show that there are too many: it may have grown since it was found."""
    with file.path.open("rb") as stream:
        return stream.read(LIMITS.max_bytes + 1)
