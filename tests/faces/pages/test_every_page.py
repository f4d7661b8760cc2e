"""Every page: who may see it, that it can be shown empty and filled, and that it asks the database little."""

import re
from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from faces.models import ApiKey, EncoderVersion, Face, SearchEvent, Threshold
from faces.services.events import Asker, record_similar
from faces.services.similarity import similar_to_person
from faces.views import urls as pages
from tests import factories
from tests.faces.pages.conftest import ClientOf, Filled
from tests.training import measured
from tests.training.models import factories as training_factories
from training.models import EvaluationReport, ReviewItem, TrainingRun
from training.views import urls as training

LISTS = (
    "galleries",
    "people",
    "photos",
    "unknown-faces",
    "questions",
    "thresholds",
    "evaluations",
    "runs",
    "encoder-versions",
    "search-status",
    "jobs",
    "api-keys",
)
FORMS = ("gallery-add", "person-add", "upload", "recognize", "verify", "api-key-add", "run-start")
ADMIN_LISTS = (
    "index",
    "faces_searchevent_changelist",
    "auth_user_changelist",
    "auth_group_changelist",
    "auth_user_add",
)

ONLY_POSTED = (
    "person-add-photos",
    "photos-selected",
    "photo-retry",
    "face-assign",
    "face-release",
    "face-enroll",
    "face-delete",
    "unknown-faces-group",
    "probable-person-name",
    "probable-person-take-out",
    "probable-person-merge",
    "probable-person-dismiss",
    "probable-person-restore",
    "upload-begin",
    "upload-photos",
    "upload-finish",
    "threshold-restore",
    "threshold-hold",
    "evaluation-measure",
    "question-answer",
    "question-undo",
    "name-check",
    "run-cancel",
    "run-finish",
    "run-retry",
    "run-delete",
    "search-goal",
    "search-rebuild",
    "job-cancel",
    "job-retry",
)


QUERIES = {
    "people-options": "?gallery={gallery}",
    "photos-options": "?gallery={gallery}",
    "threshold-confused": "?tau=0.5",
}

PATTERNS: dict[str, tuple[str, URLPattern]] = {
    str(pattern.name): (urls.app_name, pattern) for urls in (pages, training) for pattern in urls.urlpatterns
}


def address(name: str, filled: Filled) -> str:
    """The address of a page, about the rows of `filled`."""
    space, pattern = PATTERNS[name]
    keys = {"job": filled.job.key, "upload": filled.job.key, "decision": decision_of(filled).key}
    values = {
        "gallery_id": filled.gallery.pk,
        "person_id": filled.person.pk,
        "key": keys.get(name.partition("-")[0], filled.photo.key),
        "face_id": filled.face.pk,
        "size": 160,
        "version_id": EncoderVersion.objects.get().pk,
        "use": "recognition",
        "threshold_id": Threshold.objects.all()[0].pk,
        "key_id": ApiKey.objects.get().pk,
        "probable_id": filled.probable.pk,
        "report_id": report_of(filled).pk,
        "form": "json",
        "run_id": run_of(filled).pk,
        "item_id": question_of(filled).pk,
    }
    wanted = re.findall(r"<(?:\w+:)?(\w+)>", str(pattern.pattern))
    return reverse(f"{space}:{name}", kwargs={key: values[key] for key in wanted})


def report_of(filled: Filled) -> EvaluationReport:
    """What was measured in the gallery of `filled`."""
    return EvaluationReport.objects.first() or measured.report(gallery=filled.gallery)


def run_of(filled: Filled) -> TrainingRun:
    """A training run on the gallery of `filled`."""
    return TrainingRun.objects.first() or training_factories.run(gallery=filled.gallery)


def question_of(filled: Filled) -> ReviewItem:
    """Whether the two people of `filled` are one."""
    second = Face.objects.filter(person=filled.other).first() or factories.face(person=filled.other)
    return ReviewItem.objects.first() or training_factories.question(filled.face, second)


def decision_of(filled: Filled) -> SearchEvent:
    """What was answered when somebody asked who looks like the person of `filled`."""
    return SearchEvent.objects.first() or record_similar(
        asker=Asker(SearchEvent.Channel.PAGE),
        about=filled.person,
        similarity=similar_to_person(person=filled.person),
        limit=10,
        duration_ms=1,
    )


NAMES = sorted(PATTERNS)
READ = [name for name in NAMES if name not in ONLY_POSTED]


def test_whoever_is_not_signed_in_as_staff_is_asked_to(filled: Filled, client_of: ClientOf) -> None:
    for client in (Client(), client_of(factories.user())):
        for name in NAMES:
            answer = client.get(address(name, filled))
            assert (name, answer.status_code) == (name, 302)
            assert answer["Location"].startswith(reverse("admin:login"))


def test_staff_without_permissions_are_refused_in_words(filled: Filled, staff_with: Callable[..., Client]) -> None:
    client = staff_with()
    for name in NAMES:
        answer = client.post(address(name, filled)) if name in ONLY_POSTED else client.get(address(name, filled))
        assert (name, answer.status_code) == (name, 403)
        assert "does not have the permission" in answer.content.decode()


def test_every_filled_page_can_be_shown(filled: Filled, client: Client) -> None:
    for name in READ:
        answer = client.get(address(name, filled) + QUERIES.get(name, "").format(gallery=filled.gallery.pk))
        assert (name, answer.status_code) == (name, 200)
        if answer.streaming:
            assert b"".join(answer) != b""  # the file is closed when all of it was read


def test_an_address_that_changes_something_cannot_be_opened(filled: Filled, client: Client) -> None:
    for name in ONLY_POSTED:
        assert (name, client.get(address(name, filled)).status_code) == (name, 405)


def test_nothing_is_changed_without_the_token_of_the_form(filled: Filled, admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    for name in ONLY_POSTED:
        assert (name, client.post(address(name, filled)).status_code) == (name, 403)


def test_every_empty_page_can_be_shown_and_says_what_to_do_first(client: Client) -> None:
    for name in (*LISTS, *FORMS):
        answer = client.get(reverse(f"{PATTERNS[name][0]}:{name}"))
        assert (name, answer.status_code) == (name, 200)
        if name not in ("thresholds", "encoder-versions", "gallery-add", "api-key-add"):
            assert (name, "f-empty" in answer.content.decode()) == (name, True)


def test_the_admin_sites_own_pages_can_be_shown(filled: Filled, client: Client) -> None:
    for name in ADMIN_LISTS:
        assert (name, client.get(reverse(f"admin:{name}")).status_code) == (name, 200)


def test_what_is_not_there_is_said_to_be_gone(filled: Filled, client: Client) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for gone in ("people/999999", "galleries/999999", f"photos/{nobody}", f"jobs/{nobody}", "api-keys/999999/revoke"):
        answer = client.get(f"/admin/{gone}/")
        assert (gone, answer.status_code) == (gone, 404)
        assert "Nothing here" in answer.content.decode()


def test_a_filter_or_page_number_that_makes_no_sense_breaks_nothing(filled: Filled, client: Client) -> None:
    for name in ("people", "photos", "unknown-faces"):
        for query in ("page=9999", "page=x", "gallery=99999", "gallery=x", "state=odd", "job=1", "q=%00"):
            answer = client.get(f"{reverse(f'pages:{name}')}?{query}")
            assert (name, query, answer.status_code) == (name, query, 200)


def test_a_part_that_renews_itself_has_the_page_loaded_again_when_the_session_is_over(filled: Filled) -> None:
    answer = Client().get(address("job-progress", filled), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")


def test_no_cache_keeps_a_page_about_people(filled: Filled, client: Client) -> None:
    assert "no-store" in client.get(address("person", filled))["Cache-Control"]


def test_whoever_signs_in_comes_to_the_overview(admin: User, db: None) -> None:
    admin.set_password("correct horse")
    admin.save()
    answer = Client().post(reverse("admin:login"), {"username": "ada", "password": "correct horse"})
    assert answer["Location"] == reverse("admin:index")
