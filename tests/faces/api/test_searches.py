"""Recognition and verification over REST, with the real encoder on real photographs, and the record of both."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from encoder.geometry import BoundingBox
from faces.encoding import encode_probe
from faces.models import Gallery, Person, Photo, SearchEvent, Template, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.thresholds import set_tau
from faces.services.verification import squared_distance
from faces.tasks import encode_photos
from tests import factories
from tests.faces.api import files
from tests.faces.api.conftest import ClientFor
from tests.faces.photographs import another_photo, astronaut, grace_hopper, jpeg

pytestmark = pytest.mark.django_db

API = "/api/v1"


def enroll(client: APIClient, data: bytes, **form: Any) -> dict[str, Any]:
    """Upload a photo and let the worker have it; returns the upload's answer."""
    answer = client.post(f"{API}/photos", {"photos": files.upload(data), **form}, format="multipart")
    assert answer.status_code == 201, answer.json()
    told: dict[str, Any] = answer.json()
    encode_photos([part["photo"]["id"] for part in told["photos"]])
    return told


def ask(client: APIClient, path: str, **form: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/{path}", form, format="multipart")
    assert answer.status_code == 200, answer.json()
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def eileen(client: APIClient, gallery: Gallery) -> Person:
    """Enrolled with one photo, beside Grace Hopper."""
    enroll(client, jpeg(grace_hopper()), gallery="staff", person_name="Grace")
    told = enroll(client, jpeg(astronaut()), gallery="staff", person_name="Eileen", external_id="E-1")
    return Person.objects.get(pk=told["person"]["id"])


def test_a_person_with_one_photo_is_found_by_another_one(client: APIClient, eileen: Person) -> None:
    told = ask(client, "recognize", gallery="staff", photo=files.upload(jpeg(another_photo(astronaut()))))
    assert (told["gallery"], told["width"], told["height"]) == ("staff", 384, 384)
    [face] = told["faces"]
    assert face["outcome"] == "match"
    assert face["person"] == {"id": eileen.pk, "name": "Eileen", "external_id": "E-1"}
    assert 0 < face["distance"] <= face["tau"] == told["tau"]
    assert [candidate["person"]["name"] for candidate in face["candidates"]] == ["Eileen", "Grace"]
    assert [candidate["is_match"] for candidate in face["candidates"]] == [True, False]
    assert face["gap"] == pytest.approx(face["candidates"][1]["distance"] - face["distance"])
    stored = Photo.objects.get(portrait_of=eileen)
    assert face["face"]["photo"] == stored.pk
    assert client.get(face["face"]["photo_image"]).getvalue() == jpeg(astronaut())
    assert client.get(face["face"]["image"])["Content-Type"] == "image/jpeg"
    box, landmarks = face["probe"]["box"], face["probe"]["landmarks"]
    assert box["left"] < landmarks["left_eye"]["x"] < landmarks["right_eye"]["x"] < box["right"]
    assert landmarks["left_eye"]["y"] < landmarks["nose"]["y"] < landmarks["mouth_left"]["y"]
    assert face["probe"]["quality"]["warnings"] == []


def test_a_stranger_is_nobody_and_the_nearest_person_is_told(client: APIClient, gallery: Gallery) -> None:
    enroll(client, jpeg(grace_hopper()), gallery="staff", person_name="Grace")
    [face] = ask(client, "recognize", gallery="staff", photo=files.upload(jpeg(astronaut())))["faces"]
    assert (face["outcome"], face["person"], face["face"], face["gap"]) == ("nobody", None, None, None)
    assert face["distance"] == face["candidates"][0]["distance"] > face["tau"]


def test_one_person_under_two_names_is_ambiguous_and_both_are_told(client: APIClient, eileen: Person) -> None:
    again = enroll(client, jpeg(another_photo(astronaut())), gallery="staff", person_name="E. Collins")
    probe = files.upload(jpeg(another_photo(another_photo(astronaut()))))
    [face] = ask(client, "recognize", gallery="staff", photo=probe, candidates=1)["faces"]
    assert (face["outcome"], face["person"], face["face"]) == ("ambiguous", None, None)
    assert {rival["person"]["id"] for rival in face["rivals"]} == {eileen.pk, again["person"]["id"]}
    assert all(rival["is_match"] and rival["face"]["image"] for rival in face["rivals"])
    assert [candidate["person"] for candidate in face["candidates"]] == [face["rivals"][0]["person"]]
    assert face["gap"] == pytest.approx(face["rivals"][1]["distance"] - face["rivals"][0]["distance"])
    answer = SearchEvent.objects.get().answer["faces"][0]
    assert (answer["outcome"], answer["person"]) == ("ambiguous", None)
    assert answer["rivals"] == [rival["person"]["id"] for rival in face["rivals"]]


def test_the_smallest_gap_that_can_be_told_is_null_until_it_was_measured(client: APIClient, eileen: Person) -> None:
    def answer() -> dict[str, Any]:
        photo = files.upload(jpeg(another_photo(astronaut())))
        face: dict[str, Any]
        [face] = ask(client, "recognize", gallery="staff", photo=photo)["faces"]
        return face

    version = default_encoder_version()
    type(version).objects.filter(pk=version.pk).update(probe_noise=None)
    assert answer()["resolvable_gap"] is None
    type(version).objects.filter(pk=version.pk).update(probe_noise=0.01)
    told = answer()
    assert 0 < told["resolvable_gap"] < told["gap"]
    assert (told["outcome"], told["rivals"]) == ("match", [])


def test_in_an_empty_gallery_everybody_is_nobody(client: APIClient, gallery: Gallery) -> None:
    [face] = ask(client, "recognize", gallery="staff", photo=files.upload(jpeg(astronaut())))["faces"]
    assert (face["outcome"], face["distance"], face["candidates"], face["gap"]) == ("nobody", None, [], None)


def test_every_face_of_a_photo_gets_its_answer(client: APIClient, eileen: Person) -> None:
    told = ask(client, "recognize", gallery="staff", photo=files.upload(files.two_people()), candidates=1)
    assert [face["person"]["id"] for face in told["faces"]] == [eileen.pk] * 2
    areas = [
        (box["right"] - box["left"]) * (box["bottom"] - box["top"])
        for box in (f["probe"]["box"] for f in told["faces"])
    ]
    assert areas == sorted(areas, reverse=True)


def test_a_doubtful_face_carries_its_warnings_and_what_would_be_right(client: APIClient, eileen: Person) -> None:
    small = astronaut().resize((106, 106))
    [face] = ask(client, "recognize", gallery="staff", photo=files.upload(jpeg(small)))["faces"]
    quality = face["probe"]["quality"]
    assert quality["size"] < 20
    assert quality["warnings"][0] == "too_small"
    assert quality["explanations"][0] == f"The face is {int(quality['size'])} pixels wide; at least 20 are needed."


def test_people_of_another_gallery_are_never_found(client_for: ClientFor, client: APIClient, eileen: Person) -> None:
    other = factories.gallery(name="Visitors")
    both = client_for(other, eileen.gallery)
    [face] = ask(both, "recognize", gallery="visitors", photo=files.upload(jpeg(astronaut())))["faces"]
    assert (face["outcome"], face["candidates"]) == ("nobody", [])


def test_a_new_tau_decides_the_very_next_request(client: APIClient, eileen: Person) -> None:
    def outcome() -> str:
        photo = files.upload(jpeg(another_photo(astronaut())))
        return str(ask(client, "recognize", gallery="staff", photo=photo)["faces"][0]["outcome"])

    assert outcome() == "match"
    set_to = {"gallery": "staff", "use": "recognition", "tau": 0, "reason": "as strict as can be"}
    assert client.post(f"{API}/thresholds", set_to).status_code == 201
    assert outcome() == "nobody"


def test_a_search_is_recorded_without_its_photo(client: APIClient, eileen: Person) -> None:
    probe = jpeg(another_photo(astronaut()))
    before = Photo.objects.count()
    answer = client.post(f"{API}/recognize", {"gallery": "staff", "photo": files.upload(probe)}, format="multipart")
    told = answer.json()
    assert Photo.objects.count() == before
    event = client.get(f"{API}/searches/{told['decision_id']}").json()
    assert event["probe_sha256"] == hashlib.sha256(probe).hexdigest()
    assert (event["use"], event["channel"], event["api_key"]) == ("recognition", "api", "a program")
    assert event["request_id"] == answer["X-Request-ID"]
    assert event["tau"] == told["tau"]
    assert event["duration_ms"] == told["duration_ms"] > 0
    assert event["answer"]["faces"][0]["person"] == eileen.pk
    assert "Eileen" not in str(event)
    assert event["answer"]["limit"] == 5
    assert (event["answer"]["index"], event["answer"]["facet"]) == ("", settings.VERSION)
    candidates = event["answer"]["faces"][0]["candidates"]
    assert [one["template"] for one in candidates] == [
        Template.objects.get(person=one["person"]).pk for one in candidates
    ]
    assert all(one["face"] and 0 <= one["distance"] <= 4 for one in candidates)
    assert event["threshold"] == Threshold.objects.get(use="recognition").pk


def test_verification_tells_whether_it_is_the_claimed_person(client: APIClient, eileen: Person) -> None:
    grace = Person.objects.get(name="Grace")
    probe = jpeg(another_photo(astronaut()))
    same = ask(client, "verify", photo=files.upload(probe), person=eileen.pk)
    assert same["is_match"] is True
    assert same["distance"] <= same["tau"]
    assert (same["gallery"], same["person"]["name"]) == ("staff", "Eileen")
    assert same["face"]["photo"] == Photo.objects.get(portrait_of=eileen).pk
    other = ask(client, "verify", photo=files.upload(probe), person=grace.pk)
    assert other["is_match"] is False
    assert other["distance"] > other["tau"]
    event = SearchEvent.objects.get(key=same["decision_id"])
    assert (event.use, event.answer["is_match"], event.answer["person"]) == ("verification", True, eileen.pk)
    template = eileen.templates.get()
    assert (event.answer["compares"], event.answer["template"], event.answer["enrolled"]) == ("person", template.pk, 1)
    assert event.threshold is not None
    assert event.threshold.tau == event.tau == same["tau"]


def test_verification_says_which_error_rate_tau_stands_for_and_which_photo_was_nearest(
    client: APIClient, eileen: Person
) -> None:
    probe = jpeg(another_photo(astronaut()))
    person = ask(client, "verify", photo=files.upload(probe), person=eileen.pk)
    photo = ask(client, "verify", photo=files.upload(probe), photo_id=Photo.objects.get(portrait_of=eileen).pk)
    measured = Threshold.objects.get(use="verification").measured
    for told, compares, name in ((person, "person", "fmr"), (photo, "photo", "fmr_photo")):
        rate = told["error_rate"]
        assert (told["compares"], rate["kind"], rate["value"]) == (compares, "fmr", measured[name]["value"])
        assert rate["low"] < rate["value"] < rate["high"]
        assert "Labeled Faces in the Wild" in rate["evidence"]
        assert told["face_distance"] == pytest.approx(told["distance"], abs=1e-3)  # their only face
        assert told["face"]["photo"] == Photo.objects.get(portrait_of=eileen).pk


def test_a_stored_photo_of_two_people_cannot_be_verified_against(client: APIClient, gallery: Gallery) -> None:
    boxes = (BoundingBox(0, 20, 80, 120), BoundingBox(110, 20, 190, 120))
    photo = factories.photo(gallery=gallery)
    for number, box in enumerate(boxes):
        factories.face(photo=photo, box=box, vector=factories.axis(number))
    answer = client.post(
        f"{API}/verify", {"photo": files.upload(jpeg(astronaut())), "photo_id": photo.pk}, format="multipart"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "several_faces_found")
    assert f"2 faces in photo {photo.pk}" in answer.json()["detail"]


def test_verification_against_a_stored_photo_and_against_a_second_file(client: APIClient, eileen: Person) -> None:
    probe, second = jpeg(another_photo(astronaut())), jpeg(astronaut())
    stored = Photo.objects.get(portrait_of=eileen)
    of_photo = ask(client, "verify", photo=files.upload(probe), photo_id=stored.pk)
    of_file = ask(client, "verify", photo=files.upload(probe), second_photo=files.upload(second), gallery="staff")
    assert of_photo["is_match"] is of_file["is_match"] is True
    assert of_file["distance"] == pytest.approx(of_photo["distance"], abs=2e-3)  # stored in half precision
    assert (of_file["face"], of_file["person"]) == (None, None)
    assert of_file["second_probe"]["box"] != of_file["probe"]["box"]
    event = client.get(f"{API}/searches/{of_file['decision_id']}").json()
    assert (event["probe_sha256"], event["second_sha256"]) == tuple(
        hashlib.sha256(data).hexdigest() for data in (probe, second)
    )


def test_verification_of_two_files_needs_no_gallery(client: APIClient, gallery: Gallery) -> None:
    told = ask(client, "verify", photo=files.upload(jpeg(astronaut())), second_photo=files.upload(jpeg(grace_hopper())))
    assert (told["is_match"], told["gallery"]) == (False, None)
    version = default_encoder_version()
    first, second = (encode_probe(jpeg(image), version).faces[0].embedding for image in (astronaut(), grace_hopper()))
    assert told["distance"] == pytest.approx(squared_distance(first, second), abs=1e-3)
    assert [row["id"] for row in client.get(f"{API}/searches").json()["results"]] == [told["decision_id"]]


def test_a_verification_without_a_gallery_is_seen_by_the_key_that_asked_alone(
    client: APIClient, client_for: ClientFor, gallery: Gallery
) -> None:
    ask(client, "verify", photo=files.upload(jpeg(astronaut())), second_photo=files.upload(jpeg(astronaut())))
    assert client_for(gallery).get(f"{API}/searches").json()["results"] == []


@pytest.mark.parametrize("claims", [(), ("person", "photo_id"), ("person", "second_photo")])
def test_verification_asks_for_exactly_one_thing_to_compare_with(
    client: APIClient, gallery: Gallery, claims: tuple[str, ...]
) -> None:
    values = {"person": 1, "photo_id": 1, "second_photo": files.upload(jpeg(astronaut()))}
    form = {"photo": files.upload(jpeg(astronaut()))} | {claim: values[claim] for claim in claims}
    answer = client.post(f"{API}/verify", form, format="multipart")
    assert answer.status_code == 400
    assert "exactly one" in answer.json()["detail"]


def test_a_person_without_an_enrolled_face_cannot_be_verified(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    form = {"photo": files.upload(jpeg(astronaut())), "person": person.pk}
    answer = client.post(f"{API}/verify", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_compare")


def test_a_person_of_another_gallery_than_the_named_one_is_not_there(client_for: ClientFor, gallery: Gallery) -> None:
    person = factories.person(gallery=factories.gallery(name="Visitors"))
    both = client_for(gallery, person.gallery)
    form = {"photo": files.upload(jpeg(astronaut())), "person": person.pk, "gallery": "staff"}
    answer = both.post(f"{API}/verify", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (404, "person_not_found")


def test_a_merged_person_is_verified_as_the_one_they_became(client: APIClient, eileen: Person) -> None:
    twin = factories.person(gallery=eileen.gallery, name="Eileen again")
    assert client.post(f"{API}/people/{twin.pk}/merge", {"into": eileen.pk}).status_code == 200
    told = ask(client, "verify", photo=files.upload(jpeg(astronaut())), person=twin.pk)
    assert (told["is_match"], told["person"]["id"]) == (True, eileen.pk)


@pytest.mark.parametrize("candidates", ["0", "101", "many", "2.5"])
def test_an_impossible_number_of_candidates_is_refused(client: APIClient, gallery: Gallery, candidates: str) -> None:
    form = {"gallery": "staff", "photo": files.upload(jpeg(astronaut())), "candidates": candidates}
    answer = client.post(f"{API}/recognize", form, format="multipart")
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["candidates"])


def test_without_any_tau_nothing_is_decided(client: APIClient, gallery: Gallery) -> None:
    Threshold.objects.all().delete()
    form = {"gallery": "staff", "photo": files.upload(jpeg(astronaut()))}
    answer = client.post(f"{API}/recognize", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_threshold")


def test_an_encoder_whose_weights_are_gone_is_unavailable(client: APIClient, gallery: Gallery) -> None:
    gallery.encoder_version = factories.encoder_version()
    gallery.save()
    set_tau(
        gallery=None,
        encoder_version=gallery.encoder_version,
        use=Threshold.Use.RECOGNITION,
        tau=0.1,
        reason="a test",
        user=None,
    )
    form = {"gallery": "staff", "photo": files.upload(jpeg(astronaut()))}
    answer = client.post(f"{API}/recognize", form, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0


def test_people_of_labeled_faces_are_told_apart(client: APIClient, gallery: Gallery, shared_data: Path) -> None:
    """Ten people with one photo each; a second photo of each is asked about."""
    folders = [folder for folder in sorted((shared_data / "lfw").iterdir()) if len(list(folder.iterdir())) > 2]
    chosen = [folders[index] for index in np.linspace(0, len(folders) - 1, 10).astype(int)]
    people = {}
    for folder in chosen:
        first, *_ = sorted(folder.iterdir())
        told = enroll(client, first.read_bytes(), gallery="staff", person_name=folder.name)
        people[folder.name] = told["person"]["id"]
    nearest = 0
    for folder in chosen:
        _, second, *_ = sorted(folder.iterdir())
        told = ask(client, "recognize", gallery="staff", photo=files.upload(second.read_bytes()))
        main = max(told["faces"], key=lambda face: face["probe"]["box"]["right"] - face["probe"]["box"]["left"])
        nearest += main["candidates"][0]["person"]["id"] == people[folder.name]
    assert nearest >= 9
