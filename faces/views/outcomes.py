"""What became of uploaded files, for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from faces.models import Photo
from faces.services.uploads import Outcome, UploadedPhoto
from faces.words import words_for


def uploaded_photos(request: HttpRequest) -> list[UploadedPhoto]:
    """Return the files that a form sent as `photos`, possibly none."""
    return cast("list[UploadedPhoto]", request.FILES.getlist("photos"))


@dataclass(frozen=True)
class Line:
    """One file: `kind` is new, known or refused; `sentence` is for people."""

    name: str
    kind: str
    sentence: str
    photo: Photo | None


@dataclass(frozen=True)
class Tally:
    """How many files became what."""

    new: int
    known: int
    refused: int


def lines_of(outcomes: Sequence[Outcome]) -> list[Line]:
    """Put each outcome into words."""
    return [_line(outcome) for outcome in outcomes]


def _line(outcome: Outcome) -> Line:
    name = outcome.name or "A file without a name"
    if outcome.refusal is not None:
        return Line(name, "refused", str(outcome.refusal), None)
    photo = outcome.accepted.photo if outcome.accepted else None
    kind = "new" if outcome.accepted and outcome.accepted.is_new else "known"
    return Line(name, kind, words_for(kind).sentence, photo)


def count_of(outcomes: Sequence[Outcome]) -> Tally:
    """Count the outcomes."""
    kinds = Counter(line.kind for line in lines_of(outcomes))
    return Tally(new=kinds["new"], known=kinds["known"], refused=kinds["refused"])


def counted_words(result: Mapping[str, object]) -> list[tuple[str, int]]:
    """Return a job's result as words and numbers, largest first; `result` counts by code, some codes within others."""
    counts: Counter[str] = Counter()
    for code, value in result.items():
        if isinstance(value, Mapping):
            counts.update({words_for(str(inner)).label: int(number) for inner, number in value.items()})
        elif isinstance(value, int):
            counts[words_for(code).label] += value
    return [(label, number) for label, number in counts.most_common() if number]
