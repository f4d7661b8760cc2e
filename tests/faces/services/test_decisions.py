"""What a record says, and when two answers are the same."""

from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from faces.models import SearchEvent
from faces.services.decisions import Answer, Use, Verdict, in_words, is_same, read_answer, recorded
from tests import factories

NAMES = {1: "Ada", 2: "Eve"}


def face(outcome: str = "match", person: int | None = 1, *distances: float, **more: Any) -> dict[str, Any]:
    """What is kept of one face; the candidates are people 1, 2 and so on."""
    candidates = [
        {"person": number, "distance": distance, "template": 10 * number, "face": 100 * number}
        for number, distance in enumerate(distances, start=1)
    ]
    nearest = distances[0] if distances else None
    return {"outcome": outcome, "person": person, "distance": nearest, "candidates": candidates, "rivals": []} | more


def recognition(*faces: dict[str, Any]) -> Answer:
    return read_answer(Use.RECOGNITION, {"faces": list(faces), "limit": 5, "index": "", "lists": 0, "noise": 0.03})


def same(one: Answer, other: Answer, *, other_tau: float = 0.1, became: dict[int, int] | None = None) -> bool:
    return is_same(one, other, tau=0.1, other_tau=other_tau, became=became or {})


def test_a_recognition_is_read_with_all_that_it_rests_on() -> None:
    answer = recognition(face("match", 1, 0.05, 0.3, probability=0.9, classifier=7))
    (one,) = answer.faces
    assert (one.verdict, one.person, one.distance, one.probability, one.classifier) == ("match", 1, 0.05, 0.9, 7)
    assert [(ranked.person, ranked.template, ranked.face) for ranked in one.candidates] == [(1, 10, 100), (2, 20, 200)]
    assert (answer.limit, answer.index, answer.noise, answer.facet) == (5, "", 0.03, None)
    assert answer.people == {1, 2}


def test_what_earlier_versions_did_not_record_is_none() -> None:
    candidate = {"person": 1, "distance": 0.05}
    old = {"person": 1, "face": 9, "distance": 0.05, "candidates": [candidate]}
    answer = read_answer(Use.RECOGNITION, {"faces": [old, old | {"person": None}]})
    assert [one.verdict for one in answer.faces] == ["match", "nobody"]
    assert answer.faces[0].candidates[0].template is None
    assert (answer.index, answer.limit) == (None, None)


@pytest.mark.django_db
def test_what_earlier_versions_recorded_of_a_recognition_becomes_an_object() -> None:
    migration = import_module("faces.migrations.0009_recorded_faces")
    told = face("match", 1, 0.05)
    similar: dict[str, Any] = {"about_person": 1, "about_face": None, "candidates": []}
    gallery = factories.gallery()
    for use, answer in ((Use.RECOGNITION, [told]), (Use.SIMILAR, similar)):
        SearchEvent.objects.create(
            gallery=gallery,
            use=use,
            channel="api",
            encoder_version=gallery.encoder_version,
            tau=0.1,
            probe_sha256="0" * 64,
            answer=answer,
            duration_ms=1,
        )
    with connection.cursor() as cursor:
        cursor.execute(migration.INTO_OBJECT)
        cursor.execute(migration.INTO_OBJECT)
        assert recorded(SearchEvent.objects.get(use="recognition")).faces == recognition(told).faces
        assert SearchEvent.objects.get(use="similar").answer == similar
        cursor.execute(migration.BACK)
    assert SearchEvent.objects.get(use="recognition").answer == [told]


def test_the_same_people_at_other_distances_are_the_same_answer() -> None:
    assert same(recognition(face("match", 1, 0.05, 0.3)), recognition(face("match", 1, 0.07, 0.2)))


@pytest.mark.parametrize(
    "other",
    [
        recognition(face("nobody", None, 0.05)),
        recognition(face("match", 2, 0.05)),
        recognition(face("ambiguous", None, 0.05, 0.06, rivals=[1, 2])),
        recognition(face("match", 1, 0.05), face("match", 1, 0.05)),
        recognition(),
    ],
)
def test_another_verdict_person_or_number_of_faces_is_another_answer(other: Answer) -> None:
    assert not same(recognition(face("match", 1, 0.05)), other)


def test_rivals_are_compared_in_any_order() -> None:
    first, second, third = (
        recognition(face("ambiguous", None, 0.05, 0.06, rivals=rivals)) for rivals in ([1, 2], [2, 1], [1, 3])
    )
    assert same(first, second)
    assert not same(first, third)


def test_whoever_was_merged_is_the_person_who_is_left() -> None:
    then, now = recognition(face("match", 1, 0.05)), recognition(face("match", 2, 0.05))
    assert same(then, now, became={1: 2})
    assert not same(now, then, became={1: 2})


def test_of_similar_people_those_within_tau_and_the_nearest_count() -> None:
    def similar(*distances: float) -> Answer:
        kept = {"about_person": 9, "about_face": None, "candidates": face("match", 1, *distances)["candidates"]}
        return read_answer(Use.SIMILAR, kept)

    assert same(similar(0.05, 0.2), similar(0.06, 0.3))
    assert not same(similar(0.05, 0.2), similar(0.05, 0.09))
    assert not same(similar(0.2), similar())
    assert not same(similar(0.05, 0.2), similar(0.05, 0.2), other_tau=0.01)


def verification(*, is_match: bool, **more: Any) -> Answer:
    told = {"is_match": is_match, "distance": 0.05, "person": None, "face": None, "compares": "photo"} | more
    return read_answer(Use.VERIFICATION, told)


def test_between_two_uploads_nobody_is_compared_with() -> None:
    answer = verification(is_match=True)
    assert (answer.faces[0].verdict, answer.faces[0].candidates, answer.people) == (Verdict.MATCH, (), set())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (recognition(face("match", 1, 0.05)), "Ada (person 1), distance 0.0500 <= tau 0.1"),
        (recognition(face("nobody", None, 0.5)), "nobody, the nearest at distance 0.5000 > tau 0.1"),
        (recognition(face("nobody", None)), "nobody, as the gallery had no enrolled face"),
        (
            recognition(face("ambiguous", None, 0.05, 0.06, rivals=[1, 3])),
            "ambiguous: Ada (person 1) or person 3, who is deleted",
        ),
        (verification(is_match=True), "the same person, distance 0.0500 <= tau 0.1"),
        (
            verification(is_match=False, person=2, distance=0.3, compares="person"),
            "not Eve (person 2), distance 0.3000 > tau 0.1",
        ),
    ],
)
def test_answers_are_told_in_words(answer: Answer, words: str) -> None:
    assert in_words(answer.faces[0], tau=0.1, names=NAMES) == words
