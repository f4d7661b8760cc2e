"""Galleries, people, photos and faces: made, corrected, deleted."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from encoder.geometry import BoundingBox
from faces.models import Embedding, Face, Gallery, Job, Person, Photo
from tests import factories

pytestmark = pytest.mark.django_db

API = "/api/v1"


def stored_files() -> int:
    return sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))


def code_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    return str(answer.json()["code"])


class TestGalleries:
    def test_a_gallery_has_an_address_and_counts_its_own(self, client: APIClient, gallery: Gallery) -> None:
        factories.face(person=factories.person(gallery=gallery))
        factories.person(gallery=gallery, merged_into=factories.person(gallery=gallery))
        factories.person()
        told = client.get(f"{API}/galleries/staff").json()
        assert (told["slug"], told["person_count"], told["photo_count"]) == ("staff", 2, 1)
        assert told["encoder_version"]["id"] == gallery.encoder_version_id

    @pytest.mark.parametrize(("name", "slug"), [("Посетители", "посетители"), ("訪問者", "訪問者"), ("!!!", "gallery")])
    def test_a_gallery_is_made_with_a_name_in_any_script(self, client: APIClient, name: str, slug: str) -> None:
        made = client.post(f"{API}/galleries", {"name": name})
        assert (made.status_code, made.json()["slug"]) == (201, slug)
        assert client.get(f"{API}/galleries/{slug}").json()["name"] == name

    def test_a_name_that_is_taken_is_a_conflict(self, client: APIClient, gallery: Gallery) -> None:
        assert code_of(client.post(f"{API}/galleries", {"name": "STAFF!"}), 409) == "duplicate_gallery"
        assert Gallery.objects.count() == 1

    def test_a_renamed_gallery_keeps_its_address(self, client: APIClient, gallery: Gallery) -> None:
        told = client.patch(f"{API}/galleries/staff", {"name": "Employees"}).json()
        assert (told["slug"], told["name"]) == ("staff", "Employees")
        assert client.get(f"{API}/galleries/staff").json()["name"] == "Employees"

    def test_a_deleted_gallery_takes_everything_with_it(
        self, client: APIClient, gallery: Gallery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
        factories.job(gallery=gallery)
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"{API}/galleries/staff").status_code == 204
        assert not any(model.objects.exists() for model in (Gallery, Person, Photo, Face, Embedding, Job))
        assert stored_files() == 0


class TestPeople:
    def test_a_person_is_made_read_and_corrected(self, client: APIClient, gallery: Gallery) -> None:
        values = {
            "gallery": "staff",
            "name": "Ada Lovelace",
            "external_id": "E-1",
            "metadata": {"floor": 3, "langues": ["français"]},
            "consent": "given",
            "consent_purpose": "door",
            "consent_until": "2030-01-31",
        }
        made = client.post(f"{API}/people", values)
        assert made.status_code == 201
        told = client.get(f"{API}/people/{made.json()['id']}").json()
        assert {name: told[name] for name in values} == values
        assert (told["face_count"], told["enrolled_count"], told["cover"]) == (0, 0, None)
        changed = client.patch(f"{API}/people/{told['id']}", {"name": "Ada King", "consent_until": None}).json()
        assert (changed["name"], changed["consent_until"], changed["external_id"]) == ("Ada King", None, "E-1")

    def test_an_external_id_is_somebodys_alone(self, client: APIClient, gallery: Gallery) -> None:
        factories.person(gallery=gallery, external_id="E-1")
        other = factories.person(gallery=gallery, external_id="E-2")
        twice = {"gallery": "staff", "name": "Ada", "external_id": "E-1"}
        assert code_of(client.post(f"{API}/people", twice), 409) == "duplicate_external_id"
        again = client.patch(f"{API}/people/{other.pk}", {"external_id": "E-1"})
        assert code_of(again, 409) == "duplicate_external_id"
        other.refresh_from_db()
        assert other.external_id == "E-2"

    def test_people_without_an_external_id_may_share_a_name(self, client: APIClient, gallery: Gallery) -> None:
        for _ in range(2):
            assert client.post(f"{API}/people", {"gallery": "staff", "name": "Ada"}).status_code == 201

    @pytest.mark.parametrize(
        "metadata",
        [[], "text", 7, {"a": "b\x00c"}, {"a\x00": 1}, {"a": {"b": ["\x00"]}}, {"a": "x" * 17_000}],
        ids=["list", "text", "number", "NUL in a value", "NUL in a name", "NUL deep inside", "too much"],
    )
    def test_metadata_that_cannot_be_kept_is_refused(
        self, client: APIClient, gallery: Gallery, metadata: object
    ) -> None:
        answer = client.post(f"{API}/people", {"gallery": "staff", "name": "Ada", "metadata": metadata})
        assert code_of(answer, 400) == "invalid_request"
        assert list(answer.json()["params"]["fields"]) == ["metadata"]

    def test_a_misspelled_field_is_refused_instead_of_ignored(self, client: APIClient, gallery: Gallery) -> None:
        person = factories.person(gallery=gallery, name="Ada")
        answer = client.patch(f"{API}/people/{person.pk}", {"nmae": "Bob"})
        assert code_of(answer, 400) == "invalid_request"
        assert "external_id" in answer.json()["params"]["fields"]["nmae"][0]

    def test_merging_gives_the_faces_to_the_person_who_stays(self, client: APIClient, gallery: Gallery) -> None:
        goes, stays = (factories.person(gallery=gallery) for _ in range(2))
        face = factories.face(person=goes, vector=factories.axis(0))
        told = client.post(f"{API}/people/{goes.pk}/merge", {"into": stays.pk}).json()
        assert (told["id"], told["face_count"]) == (stays.pk, 1)
        assert Embedding.objects.get(face=face).person_id == stays.pk
        assert client.get(f"{API}/people/{goes.pk}").json()["merged_into"] == stays.pk
        change = client.patch(f"{API}/people/{goes.pk}", {"name": "x"})
        assert code_of(change, 409) == "conflict"
        assert change.json()["params"] == {"person": stays.pk}
        assert code_of(client.delete(f"{API}/people/{goes.pk}"), 409) == "conflict"

    def test_nobody_is_merged_into_themselves_or_into_a_stranger(self, client: APIClient, gallery: Gallery) -> None:
        person = factories.person(gallery=gallery)
        assert code_of(client.post(f"{API}/people/{person.pk}/merge", {"into": person.pk}), 409) == "conflict"
        assert code_of(client.post(f"{API}/people/{person.pk}/merge", {"into": 10**12}), 404) == "person_not_found"

    def test_an_erased_person_leaves_no_face_no_embedding_and_no_file(
        self, client: APIClient, gallery: Gallery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        person, friend = (factories.person(gallery=gallery) for _ in range(2))
        factories.face(person=person, vector=factories.axis(0))
        shared = factories.photo(gallery=gallery)
        factories.face(photo=shared, person=person, vector=factories.axis(1))
        kept = factories.face(photo=shared, person=friend, vector=factories.axis(2))
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.delete(f"{API}/people/{person.pk}")
        assert (answer.status_code, answer.json()) == (200, {"photos": 1, "faces": 2, "shared_photos": 1})
        assert list(Face.objects.all()) == [kept]
        assert Embedding.objects.count() == 1
        assert list(Photo.objects.all()) == [shared]
        assert stored_files() == 1


class TestPhotos:
    def test_a_photo_is_handed_out_as_it_was_sent(self, client: APIClient, gallery: Gallery) -> None:
        data = factories.picture(size=(600, 400), form="PNG")
        photo = factories.photo(gallery=gallery, data=data)
        answer = client.get(f"{API}/photos/{photo.pk}/image")
        assert answer.getvalue() == data
        assert answer["Content-Type"] == "image/png"
        assert "private" in answer["Cache-Control"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        again = client.get(f"{API}/photos/{photo.pk}/image", HTTP_IF_NONE_MATCH=answer["ETag"])
        assert (again.status_code, again.content) == (304, b"")

    def test_a_program_may_ask_for_pictures_alone(self, client: APIClient, gallery: Gallery) -> None:
        photo = factories.photo(gallery=gallery)
        answer = client.get(f"{API}/photos/{photo.pk}/image", HTTP_ACCEPT="image/png")
        assert (answer["Content-Type"], len(answer.getvalue())) == ("image/png", photo.size_bytes)
        gone = client.get(f"{API}/photos/1234567/image", HTTP_ACCEPT="image/png")
        assert code_of(gone, 404) == "photo_not_found"

    def test_a_thumbnail_is_small(self, client: APIClient, gallery: Gallery) -> None:
        photo = factories.photo(gallery=gallery, data=factories.picture(size=(600, 400)))
        answer = client.get(f"{API}/photos/{photo.pk}/image?size=thumb")
        with Image.open(BytesIO(answer.content)) as thumbnail:
            assert (answer["Content-Type"], thumbnail.size) == ("image/jpeg", (320, 213))
        assert code_of(client.get(f"{API}/photos/{photo.pk}/image?size=huge"), 400) == "invalid_request"

    @pytest.mark.parametrize("query", ["", "?size=thumb"])
    def test_a_photo_whose_file_is_gone_says_so(self, client: APIClient, gallery: Gallery, query: str) -> None:
        photo = factories.photo(gallery=gallery)
        default_storage.delete(str(photo.file.name))
        assert code_of(client.get(f"{API}/photos/{photo.pk}/image{query}"), 404) == "photo_not_found"

    def test_a_deleted_photo_takes_file_faces_and_embeddings_and_leaves_its_people(
        self, client: APIClient, gallery: Gallery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        face = factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"{API}/photos/{face.photo_id}").status_code == 204
        assert not any(model.objects.exists() for model in (Photo, Face, Embedding))
        assert (Person.objects.count(), stored_files()) == (1, 0)

    def test_only_a_refused_or_failed_photo_is_tried_again(self, client: APIClient, gallery: Gallery) -> None:
        failed = factories.photo(gallery=gallery, state=Photo.State.FAILED)
        answer = client.post(f"{API}/photos/{failed.pk}/retry")
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        ready = factories.photo(gallery=gallery)
        assert code_of(client.post(f"{API}/photos/{ready.pk}/retry"), 409) == "wrong_state"


class TestFaces:
    def test_a_face_tells_where_it_is_how_good_and_whose(self, client: APIClient, gallery: Gallery) -> None:
        person = factories.person(gallery=gallery, name="Ada")
        face = factories.face(person=person, box=BoundingBox(40, 30, 140, 130), photo=factories.photo(gallery=gallery))
        told = client.get(f"{API}/faces/{face.pk}").json()
        assert told["box"] == {"left": 40, "top": 30, "right": 140, "bottom": 130}
        assert told["landmarks"]["nose"] == {"x": 90, "y": 90}
        assert told["quality"]["score"] == 0.9
        assert told["quality"]["warnings"] == []
        assert told["person"] == {"id": person.pk, "name": "Ada", "external_id": ""}
        assert (told["assigned_by"], told["is_enrolled"], told["photo"]) == ("import", True, face.photo_id)
        with Image.open(BytesIO(client.get(told["image"]).content)) as crop:
            assert crop.size == (160, 160)

    def test_a_face_is_given_to_a_person_released_and_given_again(self, client: APIClient, gallery: Gallery) -> None:
        person = factories.person(gallery=gallery)
        face = factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(0))
        given = client.post(f"{API}/faces/{face.pk}/assign", {"person": person.pk}).json()
        assert (given["person"]["id"], given["assigned_by"], given["is_enrolled"]) == (person.pk, "admin", True)
        assert Embedding.objects.get().person_id == person.pk
        released = client.post(f"{API}/faces/{face.pk}/release").json()
        assert (released["person"], released["assigned_by"], released["is_enrolled"]) == (None, "", False)
        assert Embedding.objects.get().person_id is None
        quiet = {"person": person.pk, "is_enrolled": False}
        assert client.post(f"{API}/faces/{face.pk}/assign", quiet).json()["is_enrolled"] is False

    def test_searches_find_a_face_only_while_it_is_enrolled(self, client: APIClient, gallery: Gallery) -> None:
        face = factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
        withdrawn = client.post(f"{API}/faces/{face.pk}/enroll", {"is_enrolled": False}).json()
        assert withdrawn["is_enrolled"] is False
        assert Embedding.objects.get().is_enrolled is False
        assert client.post(f"{API}/faces/{face.pk}/enroll").json()["is_enrolled"] is True

    def test_a_face_of_nobody_cannot_be_enrolled(self, client: APIClient, gallery: Gallery) -> None:
        face = factories.face(photo=factories.photo(gallery=gallery))
        assert code_of(client.post(f"{API}/faces/{face.pk}/enroll", {"is_enrolled": True}), 409) == "conflict"

    def test_a_face_goes_to_people_of_its_own_gallery_only(self, client: APIClient, gallery: Gallery) -> None:
        face = factories.face(photo=factories.photo(gallery=gallery))
        stranger = factories.person()
        gave = client.post(f"{API}/faces/{face.pk}/assign", {"person": stranger.pk})
        assert code_of(gave, 404) == "person_not_found"

    def test_a_deleted_face_leaves_its_photo(self, client: APIClient, gallery: Gallery) -> None:
        face = factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
        assert client.delete(f"{API}/faces/{face.pk}").status_code == 204
        assert (Photo.objects.count(), Face.objects.count(), Embedding.objects.count()) == (1, 0, 0)


def test_times_are_told_with_their_zone(client: APIClient, gallery: Gallery) -> None:
    photo = factories.photo(gallery=gallery, finished_at=timezone.now())
    assert client.get(f"{API}/photos/{photo.pk}").json()["finished_at"].endswith("Z")
