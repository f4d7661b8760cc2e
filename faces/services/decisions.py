"""What was decided, read from its record, and whether two answers are the same. Nothing is looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from faces.models import PairClassifier, SearchEvent

Use = SearchEvent.Use


class Verdict(StrEnum):
    """The answer about one face in a word."""

    MATCH = "match"
    NO_MATCH = "no_match"
    NOBODY = "nobody"
    AMBIGUOUS = "ambiguous"
    SIMILAR = "similar"


@dataclass(frozen=True)
class Ranked:
    """Somebody whom a face was compared with.

    Attributes:
        person: None for a face of nobody.
        distance: what decided, squared L2.
        template: which of the person's templates it was; None against a single face, and in records of earlier Facets.
        enrolled: how many enrolled faces the person had; None where only ids were recorded, as of searches.
        face: the stored face that was shown.
    """

    person: int | None
    distance: float
    template: int | None = None
    enrolled: int | None = None
    face: int | None = None


@dataclass(frozen=True)
class FaceAnswer:
    """The answer about one face.

    Attributes:
        verdict: in a word.
        person: who it is, or who was claimed; None for nobody.
        distance: of the nearest person, or of the one comparison; None where there was nobody to compare with.
        candidates: with whom it was compared, nearest first; nobody between two uploads.
        rivals: people who were equally likely.
        probability: as it was told; None without one.
        classifier: that told it.
    """

    verdict: Verdict
    person: int | None
    distance: float | None
    candidates: tuple[Ranked, ...]
    rivals: tuple[int, ...] = ()
    probability: float | None = None
    classifier: int | None = None


@dataclass(frozen=True)
class Answer:
    """A whole answer. What earlier Facets did not record is None.

    Attributes:
        use: what was asked.
        faces: the answer about each face of the probe; one where it is not a recognition.
        compares: what a verification compared with.
        about_person, about_face: who or what others were to be like.
        photo: the stored photo that a probe was compared with.
        limit: how many people were to be ranked.
        index: through which index they were found; empty for an exact scan.
        lists: how many of its lists were looked through.
        noise: the scatter of probes by which people are told apart.
        facet: the version of the software.
    """

    use: SearchEvent.Use
    faces: tuple[FaceAnswer, ...]
    compares: PairClassifier.Compares | None = None
    about_person: int | None = None
    about_face: int | None = None
    photo: int | None = None
    limit: int | None = None
    index: str | None = None
    lists: int | None = None
    noise: float | None = None
    facet: str | None = None

    @property
    def people(self) -> set[int]:
        """Everybody who is named in it."""
        named = {ranked.person for face in self.faces for ranked in face.candidates}
        named |= {person for face in self.faces for person in (face.person, *face.rivals)} | {self.about_person}
        return {person for person in named if person is not None}


def recorded(event: SearchEvent) -> Answer:
    """Return what was answered then."""
    return read_answer(Use(event.use), event.answer)


def read_answer(use: SearchEvent.Use, answer: Mapping[str, Any]) -> Answer:
    """Return an answer as `faces.services.events` puts it into a record."""
    compares = answer.get("compares")
    return Answer(
        use=use,
        faces=_faces(use, answer),
        compares=PairClassifier.Compares(compares) if compares else None,
        **{
            name: answer.get(name)
            for name in ("about_person", "about_face", "photo", "limit", "index", "lists", "noise", "facet")
        },
    )


def _faces(use: SearchEvent.Use, answer: Mapping[str, Any]) -> tuple[FaceAnswer, ...]:
    if use == Use.RECOGNITION:
        return tuple(_recognized(face) for face in answer["faces"])
    if use == Use.SIMILAR:
        people = _ranked(answer["candidates"])
        return (FaceAnswer(Verdict.SIMILAR, None, people[0].distance if people else None, people),)
    verdict = Verdict.MATCH if answer["is_match"] else Verdict.NO_MATCH
    compared = _ranked([answer]) if answer.get("face") or answer.get("person") else ()
    return (_answer(verdict, answer, compared),)


def _recognized(face: Mapping[str, Any]) -> FaceAnswer:
    people = _ranked(face["candidates"])
    verdict = face.get("outcome") or (Verdict.MATCH if face.get("person") else Verdict.NOBODY)
    return _answer(Verdict(verdict), face, people)


def _answer(verdict: Verdict, told: Mapping[str, Any], people: tuple[Ranked, ...]) -> FaceAnswer:
    return FaceAnswer(
        verdict,
        told.get("person"),
        told.get("distance"),
        people,
        tuple(told.get("rivals", ())),
        told.get("probability"),
        told.get("classifier"),
    )


def _ranked(candidates: Sequence[Mapping[str, Any]]) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(one.get("person"), one["distance"], one.get("template"), one.get("enrolled"), one.get("face"))
        for one in candidates
    )


def is_same(one: Answer, other: Answer, *, tau: float, other_tau: float, became: Mapping[int, int]) -> bool:
    """Whether two answers say the same: of every face the same verdict about the same people.

    Of similar people those within tau are compared, and who is the nearest. Distances may differ.

    Args:
        one, other: to one question.
        tau, other_tau: that decided each.
        became: who was merged into whom after the first: two names of one person.
    """
    if len(one.faces) != len(other.faces):
        return False
    pairs = zip(one.faces, other.faces, strict=True)
    return all(_said(first, tau, became) == _said(second, other_tau, {}) for first, second in pairs)


def _said(face: FaceAnswer, tau: float, became: Mapping[int, int]) -> tuple[object, ...]:
    def who(person: int | None) -> int | None:
        return None if person is None else became.get(person, person)

    if face.verdict == Verdict.SIMILAR:
        within = frozenset(who(ranked.person) for ranked in face.candidates if ranked.distance <= tau)
        return face.verdict, within, who(face.candidates[0].person) if face.candidates else None
    return face.verdict, who(face.person), frozenset(who(rival) for rival in face.rivals)


def in_words(face: FaceAnswer, *, tau: float, names: Mapping[int, str]) -> str:
    """Return the answer about one face as a sentence; `names` are those of the people who are still there."""
    at = "" if face.distance is None else f"distance {face.distance:.4f}"
    sign = f"{at} {'<=' if face.distance is not None and face.distance <= tau else '>'} tau {tau:g}"
    match face.verdict:
        case Verdict.MATCH:
            return f"{named(face.person, names) if face.person else 'the same person'}, {sign}"
        case Verdict.NO_MATCH:
            return f"not {named(face.person, names) if face.person else 'the same person'}, {sign}"
        case Verdict.AMBIGUOUS:
            return f"ambiguous: {' or '.join(named(rival, names) for rival in face.rivals)}"
        case Verdict.NOBODY:
            return f"nobody, the nearest at {sign}" if at else "nobody, as the gallery had no enrolled face"
        case Verdict.SIMILAR:
            within = [named(one.person, names) for one in face.candidates if one.distance <= tau]
            return f"within tau {tau:g}: {', '.join(within) or 'nobody'}; people ranked: {len(face.candidates)}"


def named(person: int | None, names: Mapping[int, str]) -> str:
    """Return a person's name with their number."""
    if person is None:
        return "nobody"
    return f"{names[person]} (person {person})" if person in names else f"person {person}, who is deleted"
