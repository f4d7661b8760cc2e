"""Add photos: by one plain form, and in several requests that are one job."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from encoder.images import ImageLimits
from faces.models import Gallery, Job, Person, Photo
from tests import factories
from tests.faces.pages.conftest import ClientOf


@pytest.fixture
def gallery(db: None) -> Gallery:
    """Where photos go."""
    return factories.gallery(name="Staff")


def file(name: str, data: bytes | None = None) -> SimpleUploadedFile:
    """A file of a form; a picture of its own unless bytes are given."""
    return SimpleUploadedFile(name, factories.picture() if data is None else data)


def send_plainly(client: Client, gallery: Gallery, *files: SimpleUploadedFile, **values: str) -> Any:
    """The answer to a form that was sent without scripts."""
    sent = {"gallery": gallery.pk, "whom": "nobody", "photos": list(files), **values}
    return client.post(reverse("pages:upload"), sent)


def begin(client: Client, gallery: Gallery, **values: str) -> dict[str, str]:
    """The addresses of an upload that was begun."""
    sent = {"gallery": gallery.pk, "whom": "nobody", "files": "3", **values}
    answer: dict[str, str] = client.post(reverse("pages:upload-begin"), sent).json()
    return answer


def body(answer: Any) -> dict[str, Any]:
    """A JSON answer."""
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_plain_form_takes_the_good_files_and_says_of_each_bad_one_why(client: Client, gallery: Gallery) -> None:
    known = factories.picture()
    send_plainly(client, gallery, file("first.png", known))
    answer = send_plainly(
        client, gallery, file("new.png"), file("known.png", known), file("notes.txt", b"hello"), file("empty.jpg", b"")
    )
    assert [(line.name, line.kind) for line in answer.context["lines"]] == [
        ("new.png", "new"),
        ("known.png", "known"),
        ("notes.txt", "refused"),
        ("empty.jpg", "refused"),
    ]
    page = answer.content.decode()
    assert "The gallery had this very photo already" in page
    assert "The file is not a picture" in page
    assert "The file is empty" in page
    assert Photo.objects.count() == 2
    assert answer.context["job"].result == {
        "new": 1,
        "known": 1,
        "refused": {"not_an_image": 1, "empty_file": 1},
    }


def test_photos_of_one_person_become_their_portraits_and_a_new_name_a_new_person(
    client: Client, gallery: Gallery
) -> None:
    person = factories.person(gallery=gallery, name="Grace")
    send_plainly(client, gallery, file("1.png"), whom="person", person=str(person.pk), person_name="Grace")
    send_plainly(client, gallery, file("2.png"), whom="person", person="", person_name="Zoë 张伟")
    assert Photo.objects.get(name="1.png").portrait_of == person
    assert Photo.objects.get(name="2.png").portrait_of == Person.objects.get(name="Zoë 张伟")


def test_a_person_is_asked_for_and_none_is_made_for_a_file_that_is_refused(client: Client, gallery: Gallery) -> None:
    answer = send_plainly(client, gallery, file("1.png"), whom="person", person_name=" ")
    assert "Choose a person." in answer.content.decode()
    send_plainly(client, gallery, file("2.png", b"hello"), whom="person", person_name="Never")
    assert not Person.objects.exists()
    assert not Photo.objects.exists()


def test_no_file_and_no_gallery_are_said_at_their_fields(client: Client, gallery: Gallery) -> None:
    answer = client.post(reverse("pages:upload"), {"gallery": 999999, "whom": "nobody"})
    assert set(answer.context["form"].errors) == {"gallery", "photos"}
    assert "Choose at least one photo." in answer.content.decode()


def test_a_file_over_the_limit_is_refused_by_itself(
    client: Client, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.services.uploads.LIMITS", ImageLimits(max_bytes=50_000))
    large = b"\xff\xd8" + bytes(60_000)
    answer = send_plainly(client, gallery, file("large.jpg", large), file("small.png"))
    (refused, taken) = answer.context["lines"]
    assert refused.sentence.startswith("The file has 60,002 bytes. At most 50,000 bytes are accepted")
    assert taken.kind == "new"


def test_more_files_than_one_request_may_hold_are_answered_in_words(
    client: Client, gallery: Gallery, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    client.raise_request_exception = False
    answer = send_plainly(client, gallery, file("1.png"), file("2.png"), file("3.png"))
    assert answer.status_code == 400
    assert "too many files for one request" in answer.content.decode()
    assert not Photo.objects.exists()


def test_an_upload_in_several_requests_is_one_job(client: Client, gallery: Gallery) -> None:
    upload = begin(client, gallery)
    first = body(client.post(upload["photos"], {"photos": [file("1.png"), file("2.png")]}))
    second = body(client.post(upload["photos"], {"photos": [file("3.txt", b"hello")]}))
    assert [line["kind"] for line in first["lines"] + second["lines"]] == ["new", "new", "refused"]
    assert first["lines"][0]["photo"] == reverse("pages:photo", args=[Photo.objects.get(name="1.png").key])
    job = Job.objects.get()
    assert (job.state, job.total, job.inputs_complete) == (Job.State.RUNNING, 2, False)
    finished = body(client.post(upload["finish"]))
    assert finished["progress"] == reverse("pages:job-progress", args=[job.key])
    job.refresh_from_db()
    assert job.inputs_complete
    assert job.result == {"new": 2, "known": 0, "refused": {"not_an_image": 1}}
    assert job.title == "Upload of 3 photos"


def test_each_folder_is_a_person_and_a_loose_file_nobody(client: Client, gallery: Gallery) -> None:
    factories.person(gallery=gallery, name="Grace")
    upload = begin(client, gallery, whom="folders")
    photos = [file("1.png"), file("2.png"), file("3.png"), file("4.png")]
    sent = {"whom": "folders", "photos": photos, "folders": ["Grace", "Zoë", "Grace", ""]}
    client.post(upload["photos"], sent)
    of = {photo.name: photo.portrait_of.name if photo.portrait_of else None for photo in Photo.objects.all()}
    assert of == {"1.png": "Grace", "2.png": "Zoë", "3.png": "Grace", "4.png": None}
    assert Person.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Send at least one photo."),
        ({"photos": "file", "whom": "folders"}, "There are 1 files, but 0 folders for them."),
        ({"photos": "file", "whom": "person"}, "Choose a person."),
        ({"photos": "file", "whom": "folders", "folders": "a\x00b"}, "cannot contain the character NUL"),
        ({"photos": "file", "whom": "folders", "folders": "x" * 301}, "1 to 300 characters"),
    ],
    ids=["no file", "no folder", "no person", "NUL", "long name"],
)
def test_a_part_that_makes_no_sense_is_refused_in_words_and_leaves_nothing(
    values: dict[str, Any], sentence: str, client: Client, gallery: Gallery
) -> None:
    upload = begin(client, gallery)
    sent = {**values, "photos": [file("1.png")]} if "photos" in values else values
    answer = client.post(upload["photos"], sent)
    assert answer.status_code == 400
    assert sentence in body(answer)["error"]
    assert not Photo.objects.exists()


def test_a_cancelled_upload_takes_in_nothing_more_and_ends_as_cancelled(client: Client, gallery: Gallery) -> None:
    upload = begin(client, gallery)
    client.post(upload["photos"], {"photos": [file("1.png")]})
    client.post(upload["cancel"])
    answer = client.post(upload["photos"], {"photos": [file("2.png")]})
    assert (answer.status_code, Photo.objects.count()) == (409, 1)
    assert "takes in no more photos" in body(answer)["error"]
    client.post(upload["finish"])
    assert Job.objects.get().state == Job.State.CANCELLED


def test_an_upload_of_which_nothing_was_taken_leaves_no_job(client: Client, gallery: Gallery) -> None:
    upload = begin(client, gallery)
    client.post(upload["photos"], {"photos": [file("1.txt", b"hello")]})
    assert body(client.post(upload["finish"])) == {"job": None, "progress": None}
    assert not Job.objects.exists()


def test_nobody_adds_to_somebody_elses_upload(client: Client, gallery: Gallery, client_of: ClientOf) -> None:
    upload = begin(client, gallery)
    other = client_of(factories.user(is_staff=True, is_superuser=True))
    for address in (upload["photos"], upload["finish"]):
        assert other.post(address, {"photos": [file("1.png")]}).status_code == 404


def test_an_upload_into_no_gallery_is_refused_in_words(client: Client, db: None) -> None:
    answer = client.post(reverse("pages:upload-begin"), {"gallery": 5, "whom": "nobody"})
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_new_photos_are_sent_to_the_workers_after_the_commit(
    admin: User, client: Client, gallery: Gallery, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send_plainly(client, gallery, file("1.png"))
    photo = Photo.objects.get()
    assert photo.sent_at is not None
    assert photo.uploaded_by == admin
