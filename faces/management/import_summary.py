"""What an import came to, for people and for programs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from faces.exceptions import SeveralFacesFoundError
from faces.models import Gallery, Job, Photo
from faces.services.folders import RefusedFile
from faces.services.importing import Imported
from faces.words import words_for

IDS_IN_ONE_QUERY = 5000


@dataclass
class ImportSummary:
    """Counts and reasons, as the database knows them when they are first asked for.

    Attributes:
        gallery: where the photos went.
        job: the import.
        imported: what reading the files came to.
        passed_over: hidden entries that were not looked at.
        reading_s: how long reading took, in seconds.
        encoding_s: how much longer the workers took; None where nobody waited for them.
    """

    gallery: Gallery
    job: Job
    imported: Imported
    passed_over: int
    reading_s: float
    encoding_s: float | None = None
    _outcomes: "_Outcomes | None" = field(default=None, repr=False)

    @property
    def outcomes(self) -> "_Outcomes":
        """What the workers found."""
        if self._outcomes is None:
            self._outcomes = _look_up(self.imported.names)
        return self._outcomes

    @property
    def refused(self) -> list[RefusedFile]:
        """Every file that is of no use, with the reason: those that were not taken, then those the workers refused."""
        return self.imported.refused + self.outcomes.refused

    @property
    def unfinished(self) -> int:
        """How many photos no worker has finished yet."""
        return self.outcomes.unfinished

    @property
    def usable(self) -> int:
        """How many photos were not refused."""
        return len(self.imported.names) - len(self.outcomes.refused)

    @property
    def photos_per_second(self) -> float | None:
        """New photos over all the time from the first file read to the last photo encoded."""
        if self.encoding_s is None or self.unfinished or not self.imported.new:
            return None
        return self.imported.new / (self.reading_s + self.encoding_s)

    def as_json(self) -> dict[str, object]:
        """Return everything, for a program."""
        return {
            "gallery": self.gallery.slug,
            "job": self.job.pk,
            "files": self.imported.new + self.imported.known + len(self.imported.refused),
            "new": self.imported.new,
            "known": self.imported.known,
            "new_people": self.imported.new_people,
            "passed_over": self.passed_over,
            "unfinished": self.unfinished,
            "refused": [asdict(refusal) for refusal in self.refused],
            "to_look_at": [asdict(found) for found in self.outcomes.to_look_at],
            "reading_s": round(self.reading_s, 3),
            "encoding_s": None if self.encoding_s is None else round(self.encoding_s, 3),
            "photos_per_second": None if self.photos_per_second is None else round(self.photos_per_second, 1),
        }

    def text(self) -> str:
        """Return everything, for a person."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        done = self.imported
        files = done.new + done.known + len(done.refused)
        yield f"Gallery “{self.gallery}”: {files:,} files read in {self.reading_s:.1f} s"
        yield f"  {done.new:,} new photos, {done.known:,} known already, {len(self.refused):,} refused"
        yield f"  {done.new_people:,} new people"
        if self.passed_over:
            yield f"  {self.passed_over:,} hidden entries passed over"
        if self.photos_per_second is not None:
            seconds = self.reading_s + (self.encoding_s or 0)
            yield f"  read and encoded in {seconds:.1f} s: {self.photos_per_second:.1f} photos/s"
        if self.unfinished:
            yield f"  {self.unfinished:,} photos are not encoded yet"
        yield from _listed("Refused", self.refused)
        yield from _listed("Taken in, but an admin should look", self.outcomes.to_look_at)


@dataclass(frozen=True)
class _Outcomes:
    refused: list[RefusedFile]
    to_look_at: list[RefusedFile]
    unfinished: int


def _look_up(names: dict[int, str]) -> _Outcomes:
    refused: list[RefusedFile] = []
    to_look_at: list[RefusedFile] = []
    unfinished = 0
    for photo in _not_simply_ready(list(names)):
        match photo.state:
            case Photo.State.REJECTED | Photo.State.READY:
                target = refused if photo.state == Photo.State.REJECTED else to_look_at
                target.append(RefusedFile(names[photo.pk], photo.reason, _sentence(photo.reason)))
            case Photo.State.FAILED:
                refused.append(RefusedFile(names[photo.pk], "failed", photo.error))
            case _:
                unfinished += 1
    return _Outcomes(refused, to_look_at, unfinished)


def _sentence(code: str) -> str:
    if code == SeveralFacesFoundError.code:  # the page's own words point to what is below them
        return "Several faces are equally likely to be meant. Choose the right one on the photo's page."
    return words_for(code).sentence


def _not_simply_ready(ids: list[int]) -> Iterator[Photo]:
    for start in range(0, len(ids), IDS_IN_ONE_QUERY):
        some = Photo.objects.filter(pk__in=ids[start : start + IDS_IN_ONE_QUERY])
        yield from some.exclude(state=Photo.State.READY, reason="").order_by("pk")


def _listed(title: str, files: list[RefusedFile]) -> Iterator[str]:
    """Yield each reason once, with the files it holds for below it."""
    by_reason: dict[str, list[str]] = {}
    for file in files:
        by_reason.setdefault(file.detail, []).append(file.name or ".")
    if files:
        counts = Counter(words_for(file.code).label for file in files)
        yield f"{title}: " + ", ".join(f"{count:,} {label}" for label, count in counts.most_common())
    for reason, names in by_reason.items():
        yield f"  {reason}"
        yield from (f"    {name}" for name in names)
