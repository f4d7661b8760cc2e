"""A decision made again, as lines for a terminal and as an object for a program."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from faces.models import SearchEvent
from faces.services.decisions import Answer, in_words
from faces.services.replaying import Attempt, Replay

JsonObject = dict[str, object]


def replay_lines(replay: Replay) -> Iterator[str]:
    """Yield what was asked and answered, what is answered now, and what has changed since."""
    event, names = replay.event, replay.facts.names
    where = f" in gallery “{event.gallery}”" if event.gallery else ""
    yield f"{event.get_use_display()}{where}, {event.created_at:%Y-%m-%d %H:%M:%S}, asked by {asked_by(event)}"
    yield from _answer("Then", replay.then, event.tau, names)
    yield from _attempt("Made again by the encoder version and tau of then", replay.again, event.tau, names)
    yield from _attempt("Now", replay.now, replay.tau_now, names)
    changed = [finding.sentence for finding in replay.findings if finding.is_changed]
    same = [finding.sentence for finding in replay.findings if not finding.is_changed]
    yield "Changed since:" if changed else "Nothing has changed since."
    yield from (f"  {sentence}" for sentence in changed)
    if same:
        yield "Not changed:"
        yield from (f"  {sentence}" for sentence in same)
    yield "The answer is the same now." if replay.is_same else "The answer is another one now."


def asked_by(event: SearchEvent) -> str:
    """Return who asked, and where."""
    who = f"API key {event.api_key}" if event.api_key else str(event.user or "somebody")
    return f"{who} ({event.get_channel_display()})"


def _attempt(title: str, attempt: Attempt, tau: float | None, names: Mapping[int, str]) -> Iterator[str]:
    if attempt.answer is None or tau is None:
        yield f"{title}: no answer. {attempt.refusal}"
    else:
        yield from _answer(title, attempt.answer, tau, names)


def _answer(title: str, answer: Answer, tau: float, names: Mapping[int, str]) -> Iterator[str]:
    faces = len(answer.faces)
    if faces == 1:
        yield f"{title}: {in_words(answer.faces[0], tau=tau, names=names)}"
        return
    yield f"{title}: {faces} faces"
    for number, face in enumerate(answer.faces, start=1):
        yield f"  Face {number}: {in_words(face, tau=tau, names=names)}"


def replay_json(replay: Replay) -> JsonObject:
    """Return the same for a program; people are numbers."""
    event = replay.event
    return {
        "decision_id": str(event.key),
        "use": event.use,
        "gallery": event.gallery.slug if event.gallery else None,
        "asked_at": event.created_at.isoformat(),
        "is_same": replay.is_same,
        "then": _told(replay.then, event.tau),
        "again": _attempted(replay.again, event.tau),
        "now": _attempted(replay.now, replay.tau_now),
        "changed": [_finding(finding.what, finding.sentence) for finding in replay.findings if finding.is_changed],
        "unchanged": [
            _finding(finding.what, finding.sentence) for finding in replay.findings if not finding.is_changed
        ],
    }


def _attempted(attempt: Attempt, tau: float | None) -> JsonObject:
    if attempt.answer is None:
        return {"refusal": attempt.refusal}
    return _told(attempt.answer, tau)


def _told(answer: Answer, tau: float | None) -> JsonObject:
    return {"tau": tau, **asdict(answer)}


def _finding(what: str, sentence: str) -> JsonObject:
    return {"what": str(what), "sentence": sentence}
