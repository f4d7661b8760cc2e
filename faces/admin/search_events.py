"""The record of searches, for whoever has to answer who asked what."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from faces.admin.theme import ReadOnlyAdmin
from faces.models import Person, SearchEvent


@admin.register(SearchEvent)
class SearchEventAdmin(ReadOnlyAdmin[SearchEvent]):
    """Only read: an audit that can be edited is none."""

    list_display = ("created_at", "use", "gallery", "outcome", "tau", "asked_by", "channel")
    list_filter = ("use", "channel", "gallery", "created_at")
    list_select_related = ("gallery", "user", "api_key")
    search_fields = ("key", "request_id", "probe_sha256", "user__username", "api_key__name")
    search_help_text = "Decision, request id, digest of the probe, user or API key"
    show_full_result_count = False
    fields = (
        "created_at",
        "decision",
        "use",
        "gallery",
        "answer_in_words",
        "tau",
        "encoder_version",
        "asked_by",
        "channel",
        "duration",
        "probe_sha256",
        "second_sha256",
        "request_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SearchEvent]:
        """Fetch what every row names."""
        events: QuerySet[SearchEvent] = super().get_queryset(request)
        return events.select_related("encoder_version")

    @admin.display(description="Answer")
    def outcome(self, event: SearchEvent) -> str:
        """In a few words, without names: a list needs no look at every person."""
        if event.use == SearchEvent.Use.SIMILAR:
            return f"{len(event.answer['candidates'])} people"
        if event.use == SearchEvent.Use.VERIFICATION:
            return "Same person" if event.answer.get("is_match") else "Not the same person"
        found = sum(1 for face in event.answer["faces"] if face.get("person"))
        faces = len(event.answer["faces"])
        if not faces:
            return "No face found"
        if faces > 1:
            return f"{found} of {faces} faces recognized"
        return "Recognized" if found else "Ambiguous" if event.answer["faces"][0].get("rivals") else "Nobody"

    @admin.display(description="Decision")
    def decision(self, event: SearchEvent) -> SafeString:
        """Its number, leading to the page that explains it."""
        return format_html('<a class="f-link" href="{}">{}</a>', reverse("pages:decision", args=[event.key]), event.key)

    @admin.display(description="Asked by")
    def asked_by(self, event: SearchEvent) -> str:
        """The user, or the API key."""
        if event.api_key is not None:
            return f"API key {event.api_key}"
        return str(event.user) if event.user is not None else "Command line"

    @admin.display(description="Took")
    def duration(self, event: SearchEvent) -> str:
        """Milliseconds."""
        return f"{event.duration_ms:.0f} ms"

    @admin.display(description="Answer")
    def answer_in_words(self, event: SearchEvent) -> SafeString:
        """Each face with the person that was named, or nobody, and the distance."""
        answers = event.answer["faces"] if event.use == SearchEvent.Use.RECOGNITION else [event.answer]
        people = Person.objects.in_bulk([number for answer in answers for number in _numbers(answer)])
        lines = _similar(event.answer, people) if event.use == SearchEvent.Use.SIMILAR else _lines(answers, people)
        return format_html_join("", "<p>{}</p>", ((line,) for line in lines))


def _numbers(answer: dict[str, Any]) -> Iterable[int]:
    """Yield the numbers of the people whom an answer is told by."""
    yield from filter(None, (answer.get("person"), answer.get("about_person"), *answer.get("rivals", ())))
    if "about_face" in answer:
        yield from (candidate["person"] for candidate in answer["candidates"])


def _similar(answer: dict[str, Any], people: dict[int, Person]) -> Iterable[SafeString]:
    about = _person(answer["about_person"], people) if answer["about_person"] else "nobody"
    asked = format_html("face {} of {}", answer["about_face"], about) if answer["about_face"] else about
    yield format_html("Who looks like {}?", asked)
    for number, candidate in enumerate(answer["candidates"], start=1):
        person = _person(candidate["person"], people)
        yield format_html("{}. {} at distance {}", number, person, f"{candidate['distance']:.3f}")


def _lines(answers: Iterable[dict[str, Any]], people: dict[int, Person]) -> Iterable[SafeString]:
    for number, answer in enumerate(answers, start=1):
        distance = answer.get("distance")
        at = "" if distance is None else f" at distance {distance:.3f}"
        yield format_html("{}. {}{}", number, _who(answer, people), at)


def _who(answer: dict[str, Any], people: dict[int, Person]) -> SafeString | str:
    number, is_match = answer.get("person"), answer.get("is_match")
    verdict = "not the same person as " if is_match is False else ""
    if answer.get("rivals"):
        return format_html_join(" or ", "{}", ((_person(rival, people),) for rival in answer["rivals"]))
    if not number:
        return "nobody" if is_match is None else f"{verdict}another photo"
    return format_html("{}{}", verdict, _person(number, people))


def _person(number: int, people: dict[int, Person]) -> SafeString | str:
    if number not in people:
        return f"person {number}, who is deleted"
    address = reverse("pages:person", args=[number])
    return format_html('<a class="f-link" href="{}">{}</a>', address, people[number].name)
