"""Whatever somebody sends: each file gets its own clear answer, and nothing half-written is left."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from rest_framework.test import APIClient

from faces.models import Face, Gallery, Job, Person, Photo, SearchEvent
from faces.services import uploads
from faces.services.photos import LIMITS
from faces.tasks import encode_photos
from tests import factories
from tests.faces.api import files
from tests.faces.photographs import astronaut, coffee, grace_hopper, jpeg

pytestmark = pytest.mark.django_db

API = "/api/v1"

Make = Callable[[], bytes]

REFUSED: dict[str, tuple[Make, int, str]] = {
    "empty": (lambda: b"", 422, "empty_file"),
    "not an image": (lambda: b"Dear sir or madam, " * 50, 415, "not_an_image"),
    "a program": (lambda: b"\x7fELF" + bytes(2000), 415, "not_an_image"),
    "a drawing": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', 415, "unsupported_image_format"),
    "truncated": (lambda: files.truncated(astronaut()), 422, "truncated_image"),
    "a header alone": (lambda: jpeg(astronaut())[:200], 422, "truncated_image"),
    "animated": (lambda: files.animated(astronaut()), 415, "animated_image"),
    "1 x 1": (lambda: files.saved(Image.new("RGB", (1, 1)), "PNG"), 422, "image_too_small"),
    "20000 x 20000": (lambda: files.bomb(20_000, 20_000), 413, "image_too_large"),
    "a bomb of 4 gigapixels": (lambda: files.bomb(65_500, 65_500), 413, "image_too_large"),
    "a header that promises too much": (lambda: files.bomb(4_000, 4_000), 422, "truncated_image"),
}

READ: dict[str, Make] = {
    "16-bit": lambda: files.sixteen_bit(astronaut()),
    "CMYK": lambda: files.saved(astronaut().convert("CMYK"), "JPEG"),
    "grey": lambda: files.saved(astronaut().convert("L"), "PNG"),
    "palette": lambda: files.saved(astronaut().quantize(200), "PNG"),
    "transparent": lambda: files.transparent(astronaut()),
    "EXIF-turned": lambda: files.turned(astronaut()),
    "WebP": lambda: files.saved(astronaut(), "WEBP"),
    "TIFF": lambda: files.saved(astronaut(), "TIFF"),
    "BMP": lambda: files.saved(astronaut(), "BMP"),
    "a still GIF": lambda: files.saved(astronaut().convert("RGB"), "GIF"),
}


def stored_files() -> list[str]:
    return sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def nothing_is_left() -> bool:
    rows = (Photo, Person, Face, Job, SearchEvent)
    return not stored_files() and not any(model.objects.exists() for model in rows)


@pytest.mark.parametrize("kind", REFUSED)
def test_an_unusable_file_is_refused_with_its_own_code_and_leaves_nothing(
    client: APIClient, gallery: Gallery, kind: str
) -> None:
    make, status, code = REFUSED[kind]
    form = {"gallery": "staff", "photos": files.upload(make()), "person_name": "Ada", "external_id": "E-7"}
    answer = client.post(f"{API}/photos", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["params"]["files"][0]["code"] == code
    assert answer.json()["detail"].endswith(".")
    assert nothing_is_left()


@pytest.mark.parametrize("path", ["recognize", "verify"])
@pytest.mark.parametrize("kind", REFUSED)
def test_an_unusable_probe_is_refused_with_the_same_code(
    client: APIClient, gallery: Gallery, kind: str, path: str
) -> None:
    make, status, code = REFUSED[kind]
    form = {"gallery": "staff", "photo": files.upload(make())}
    if path == "verify":
        form["second_photo"] = files.upload(jpeg(astronaut()))
    answer = client.post(f"{API}/{path}", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_is_left()


@pytest.mark.parametrize("kind", READ)
def test_an_unusual_file_of_a_person_finds_them(client: APIClient, gallery: Gallery, kind: str) -> None:
    person = factories.person(gallery=gallery)
    form = {"photos": files.upload(READ[kind](), "photo.txt")}
    answer = client.post(f"{API}/people/{person.pk}/photos", form, format="multipart")
    assert answer.status_code == 201
    photo = answer.json()["photos"][0]["photo"]
    assert (photo["width"], photo["height"]) == (512, 512)
    encode_photos([photo["id"]])
    probe = {"gallery": "staff", "photo": files.upload(jpeg(astronaut()))}
    told = client.post(f"{API}/recognize", probe, format="multipart").json()
    assert [face["person"]["id"] for face in told["faces"] if face["outcome"] == "match"] == [person.pk]


def test_a_file_over_the_limit_is_refused_and_costs_no_disk(
    client: APIClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_large = bytes(LIMITS.max_bytes + 1)
    read = []
    monkeypatch.setattr(uploads, "accept_photo", lambda **values: read.append(values))
    answer = client.post(f"{API}/photos", {"gallery": "staff", "photos": files.upload(too_large)}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert answer.json()["params"]["size_bytes"] == len(too_large)
    probe = {"gallery": "staff", "photo": files.upload(too_large)}
    answer = client.post(f"{API}/recognize", probe, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert not read
    assert nothing_is_left()


def test_a_file_at_the_limit_is_looked_at(client: APIClient, gallery: Gallery) -> None:
    at_limit = files.upload(bytes(LIMITS.max_bytes))
    answer = client.post(f"{API}/photos", {"gallery": "staff", "photos": at_limit}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (415, "not_an_image")


def test_a_wrong_extension_does_not_matter(client: APIClient, gallery: Gallery) -> None:
    form = {"gallery": "staff", "photos": files.upload(files.saved(astronaut(), "PNG"), "portrait.pdf")}
    answer = client.post(f"{API}/photos", form, format="multipart")
    assert answer.json()["photos"][0]["photo"]["media_type"] == "image/png"


def test_a_probe_without_a_face_is_refused_with_its_reason(client: APIClient, gallery: Gallery) -> None:
    probe = {"gallery": "staff", "photo": files.upload(jpeg(coffee()))}
    answer = client.post(f"{API}/recognize", probe, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_face_found")
    probe |= {"photo": files.upload(jpeg(astronaut())), "second_photo": files.upload(jpeg(coffee()))}
    answer = client.post(f"{API}/verify", probe, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_face_found")
    assert "second photo" in answer.json()["detail"]
    assert nothing_is_left()


def test_a_stored_photo_without_a_face_says_so_and_keeps_no_face(client: APIClient, gallery: Gallery) -> None:
    form = {"gallery": "staff", "photos": files.upload(jpeg(coffee()))}
    photo_id = client.post(f"{API}/photos", form, format="multipart").json()["photos"][0]["photo"]["id"]
    encode_photos([photo_id])
    photo = client.get(f"{API}/photos/{photo_id}").json()
    assert (photo["state"], photo["reason"], photo["face_count"]) == ("rejected", "no_face_found", 0)


def test_verification_needs_one_clear_face(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    factories.face(person=person, vector=factories.axis(0))
    probe = {"person": person.pk, "photo": files.upload(files.two_people())}
    answer = client.post(f"{API}/verify", probe, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "several_faces_found")
    assert answer.json()["params"]["faces"] == 2
    assert not SearchEvent.objects.exists()


def test_a_portrait_with_several_people_enrolls_none_of_them(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    form = {"photos": files.upload(files.two_people())}
    answer = client.post(f"{API}/people/{person.pk}/photos", form, format="multipart").json()
    encode_photos([answer["photos"][0]["photo"]["id"]])
    photo = client.get(f"{API}/photos/{answer['photos'][0]['photo']['id']}").json()
    assert (photo["state"], photo["reason"], photo["face_count"]) == ("ready", "several_faces_found", 2)
    assert client.get(f"{API}/people/{person.pk}").json()["enrolled_count"] == 0


@pytest.mark.parametrize(
    "name", ["Ада Лавлейс", "李小龍", "محمد", "👩🏽‍🚀", "é" * 300, "<script>alert(1)</script>", "a\u202eb"]
)
def test_a_name_in_any_script_comes_back_as_it_was_given(client: APIClient, gallery: Gallery, name: str) -> None:
    made = client.post(f"{API}/people", {"gallery": "staff", "name": name})
    assert (made.status_code, made.json()["name"]) == (201, name)
    assert client.get(f"{API}/people", {"name": name}).json()["results"][0]["name"] == name
    form = {"gallery": "staff", "photos": files.upload(jpeg(astronaut()), f"{name[:50]}.jpg"), "person_name": name}
    uploaded = client.post(f"{API}/photos", form, format="multipart").json()
    assert uploaded["person"]["id"] == made.json()["id"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 301, "a\x00b", None, 7 * [1], "\ud800"])
def test_a_name_that_cannot_be_one_is_refused(client: APIClient, gallery: Gallery, name: object) -> None:
    body = json.dumps({"gallery": "staff", "name": name})
    answer = client.post(f"{API}/people", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert list(answer.json()["params"]["fields"]) == ["name"]
    assert nothing_is_left()


@pytest.mark.parametrize("path", ["photos", "recognize", "verify"])
def test_a_gallery_that_is_not_there_is_named_beside_those_that_are(
    client: APIClient, gallery: Gallery, path: str
) -> None:
    photo = files.upload(jpeg(grace_hopper()))
    form = {"gallery": "nowhere", ("photos" if path == "photos" else "photo"): photo}
    if path == "verify":
        form["second_photo"] = files.upload(jpeg(astronaut()))
    answer = client.post(f"{API}/{path}", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (404, "gallery_not_found")
    assert "“nowhere”" in answer.json()["detail"]
    assert "“staff”" in answer.json()["detail"]
    assert nothing_is_left()


def test_one_bad_file_among_good_ones_is_refused_alone(client: APIClient, gallery: Gallery) -> None:
    sent = [files.upload(jpeg(astronaut())), files.upload(b"text"), files.upload(jpeg(grace_hopper()))]
    answer = client.post(f"{API}/photos", {"gallery": "staff", "photos": sent}, format="multipart")
    assert answer.status_code == 201
    assert [part["outcome"] for part in answer.json()["photos"]] == ["accepted", "refused", "accepted"]
    assert answer.json()["photos"][1]["error"]["code"] == "not_an_image"
    assert answer.json()["job"]["result"] == {"new": 2, "known": 0, "refused": {"not_an_image": 1}}
    assert Photo.objects.count() == len(stored_files()) == 2


def test_an_upload_that_breaks_off_leaves_neither_person_nor_file(
    client: APIClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row cannot be written: what was stored before it goes, too, and the answer tells nothing of the inside."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(Photo, "save", fail)
    sent = [files.upload(jpeg(astronaut())), files.upload(jpeg(grace_hopper()))]
    form = {"gallery": "staff", "photos": sent, "person_name": "Ada"}
    answer = client.post(f"{API}/photos", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in str(answer.json())
    assert not stored_files()
    assert not Person.objects.exists()
    assert list(Job.objects.values_list("state", flat=True)) == ["failed"]
