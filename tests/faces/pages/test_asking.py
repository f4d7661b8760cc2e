"""Recognize and verify on pages, with real photographs and the real encoder."""

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageOps

from encoder.exceptions import EmptyFile, NotAnImage
from faces.models import EncoderVersion, Face, Gallery, Person, Photo, SearchEvent, Threshold
from faces.services.photos import LIMITS
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces import photographs
from tests.faces.api import files
from tests.faces.pages.encoded import enroll


@pytest.fixture
def gallery(db: None) -> Gallery:
    """A gallery in which Eileen Collins can be found."""
    return factories.gallery(name="Crew")


@pytest.fixture
def eileen(gallery: Gallery) -> Person:
    """She, by one photo."""
    return enroll(gallery, "Eileen Collins", photographs.jpeg(photographs.astronaut()))


def ask(client: Client, page: str, **values: Any) -> Any:
    """What the page answers; bytes are sent as a file."""
    sent = {
        name: SimpleUploadedFile("a photo.jpg", value) if isinstance(value, bytes) else value
        for name, value in values.items()
    }
    return client.post(reverse(f"pages:{page}"), sent)


SAME = photographs.jpeg(photographs.another_photo(photographs.astronaut()))
STRANGER = photographs.jpeg(photographs.grace_hopper())


def both() -> bytes:
    """Two people on one photo."""
    left, right = photographs.astronaut().resize((512, 512)), photographs.grace_hopper().resize((512, 600))
    image = Image.new("RGB", (1024, 600))
    image.paste(left, (0, 0))
    image.paste(right, (512, 0))
    return photographs.jpeg(image)


def test_a_person_with_one_photo_is_recognized_on_another(client: Client, eileen: Person) -> None:
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME)
    (face,) = answer.context["answer"].faces
    assert face.recognition.match.face.person == eileen
    page = answer.content.decode()
    assert "Eileen Collins" in page
    assert "is within tau" in page
    assert len(re.findall(r'src="data:image/jpeg;base64,', page)) == 2, "the photo and the face's crop"


def test_a_stranger_is_nobody_and_the_nearest_person_is_named_with_how_far_beyond_tau(
    client: Client, eileen: Person
) -> None:
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=STRANGER)
    (face,) = answer.context["answer"].faces
    assert face.recognition.match is None
    page = answer.content.decode()
    assert "Nobody in this gallery" in page
    assert f"is {face.scale.beyond:.3f} beyond tau" in page
    assert face.scale.beyond == pytest.approx(face.nearest.distance - face.recognition.tau.tau)


def test_people_who_cannot_be_told_apart_are_shown_side_by_side_with_a_way_to_merge_them(
    client: Client, eileen: Person, staff_with: Callable[..., Client]
) -> None:
    EncoderVersion.objects.update(probe_noise=None)
    face = eileen.faces.get()
    twin = factories.person(gallery=eileen.gallery, name="E. Collins")
    factories.face(person=twin, vector=np.asarray(face.embeddings.get().vector, dtype=np.float32))
    factories.face(person=factories.person(gallery=eileen.gallery, name="Far away"), vector=factories.axis(0))
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME)
    (shown,) = answer.context["answer"].faces
    assert [rival.face.person for rival in shown.rivals] == [eileen, twin]
    assert [other.face.person.name for other in shown.others] == ["Far away"]
    page = answer.content.decode()
    assert "Two people are equally likely" in page
    assert "Another photo of the same person could give the other name" in page
    assert "was not measured, so it prefers nobody" in page
    assert "is within tau" not in page
    merge = f"{reverse('pages:person-merge', args=[twin.pk])}?into={eileen.pk}"
    assert merge in page
    asker = staff_with("faces.add_searchevent", "faces.view_person")
    page = ask(asker, "recognize", gallery=eileen.gallery_id, photo=SAME).content.decode()
    assert "Two people are equally likely" in page
    assert merge not in page
    assert "/crop/320/" not in page, "stored photos are for those who may see them"


def test_an_ambiguous_answer_says_what_difference_could_be_told(client: Client, eileen: Person) -> None:
    EncoderVersion.objects.update(probe_noise=0.5)
    again = photographs.jpeg(photographs.another_photo(photographs.another_photo(photographs.astronaut())))
    enroll(eileen.gallery, "E. Collins", again)
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME)
    (shown,) = answer.context["answer"].faces
    assert len(shown.rivals) == 2
    assert shown.is_gap_told
    said = f"only by a difference of {shown.recognition.resolvable_gap:.3f} or more"
    assert said in answer.content.decode()
    event = SearchEvent.objects.get()
    page = client.get(reverse("admin:faces_searchevent_change", args=[event.pk])).content.decode()
    assert ">Eileen Collins</a> or <a" in page or ">E. Collins</a> or <a" in page
    assert "Ambiguous" in client.get(reverse("admin:faces_searchevent_changelist")).content.decode()


def test_every_face_of_a_photo_gets_its_own_numbered_answer(client: Client, eileen: Person) -> None:
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=both())
    faces = answer.context["answer"].faces
    assert [face.box.number for face in faces] == [1, 2]
    assert {bool(face.recognition.match) for face in faces} == {True, False}


def test_a_tau_that_an_admin_sets_decides_the_very_next_request(client: Client, eileen: Person) -> None:
    set_tau(
        gallery=eileen.gallery,
        encoder_version=eileen.gallery.encoder_version,
        use=Threshold.Use.RECOGNITION,
        tau=4.0,
        reason="Everybody shall match",
        user=None,
    )
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=STRANGER)
    assert answer.context["answer"].faces[0].recognition.match is not None


def test_a_photo_without_a_face_is_answered_in_words(client: Client, gallery: Gallery) -> None:
    answer = ask(client, "recognize", gallery=gallery.pk, photo=photographs.jpeg(photographs.coffee()))
    assert "No face found" in answer.content.decode()


def test_a_gallery_in_which_nobody_can_be_found_says_so(client: Client, gallery: Gallery) -> None:
    answer = ask(client, "recognize", gallery=gallery.pk, photo=SAME)
    assert "Nobody in this gallery can be found yet" in answer.content.decode()


def test_a_search_is_recorded_with_who_asked_and_neither_photo_nor_name(client: Client, eileen: Person) -> None:
    ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME)
    event = SearchEvent.objects.get()
    assert (event.channel, event.use, str(event.user)) == ("page", "recognition", "ada")
    assert event.answer["faces"][0]["person"] == eileen.pk
    assert "Eileen" not in str(event.answer)
    assert Photo.objects.count() == 1, "the probe is not stored"
    page = client.get(reverse("admin:faces_searchevent_change", args=[event.pk])).content.decode()
    assert "Eileen Collins" in page
    assert "at distance 0." in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", str(EmptyFile())),
        (b"hello", str(NotAnImage())),
        (files.truncated(photographs.astronaut()), "breaks off before the picture ends"),
        (files.animated(photographs.astronaut()), "holds several pictures"),
        (files.bomb(20_000, 20_000), "At most"),
        (factories.picture(size=(1, 1)), "1 x 1 pixels"),
    ],
    ids=["empty", "text", "truncated", "animated", "bomb", "1x1"],
)
@pytest.mark.parametrize("page", ["recognize", "verify"])
def test_a_file_that_is_no_usable_photo_is_answered_in_words(
    page: str, data: bytes, sentence: str, client: Client, gallery: Gallery
) -> None:
    person = factories.person(gallery=gallery)
    answer = ask(client, page, gallery=gallery.pk, photo=data, against="person", person=person.pk)
    assert answer.status_code == 200
    errors = " ".join(str(error) for found in answer.context["form"].errors.values() for error in found)
    assert sentence in errors
    assert not SearchEvent.objects.exists()


def test_a_file_over_the_limit_is_refused_without_being_read(
    client: Client, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.services.uploads.LIMITS", type(LIMITS)(max_bytes=1000))
    answer = ask(client, "recognize", gallery=gallery.pk, photo=SAME)
    assert "At most 1,000 bytes are accepted" in answer.context["form"].errors["photo"][0]


@pytest.mark.parametrize("kind", ["sixteen_bit", "transparent", "turned", "cmyk", "grey"])
def test_unusual_pictures_are_shown_and_recognized_all_the_same(kind: str, client: Client, eileen: Person) -> None:
    image = photographs.another_photo(photographs.astronaut())
    data = {
        "sixteen_bit": lambda: files.sixteen_bit(image),
        "transparent": lambda: files.transparent(image),
        "turned": lambda: files.turned(image),
        "cmyk": lambda: files.saved(image.convert("CMYK"), "JPEG", quality=95),
        "grey": lambda: files.saved(image.convert("L"), "PNG"),
    }[kind]()
    answer = ask(client, "recognize", gallery=eileen.gallery_id, photo=data).context["answer"]
    assert answer.faces[0].nearest.face.person == eileen
    assert (answer.probe.encoded.width, answer.probe.encoded.height) == image.size


def test_no_photo_or_no_gallery_is_said_at_its_field(client: Client, gallery: Gallery) -> None:
    assert "Choose a photo first." in ask(client, "recognize", gallery=gallery.pk).content.decode()
    errors = ask(client, "recognize", gallery=999999, photo=SAME).context["form"].errors
    assert list(errors) == ["gallery"]


def test_a_claim_is_confirmed_against_a_person(client: Client, eileen: Person) -> None:
    answer = ask(
        client, "verify", gallery=eileen.gallery_id, photo=SAME, against="person", person=eileen.pk, person_name=""
    )
    assert answer.context["answer"].verification.is_match
    assert "The same person: Eileen Collins" in answer.content.decode()
    event = SearchEvent.objects.get()
    assert (event.use, event.answer["is_match"]) == ("verification", True)


def test_a_false_claim_is_turned_down_and_a_typed_name_is_enough(client: Client, eileen: Person) -> None:
    answer = ask(
        client, "verify", gallery=eileen.gallery_id, photo=STRANGER, against="person", person_name="eileen collins"
    )
    assert not answer.context["answer"].verification.is_match
    assert "Not the same person as Eileen Collins" in answer.content.decode()


def test_two_uploads_are_compared(client: Client, gallery: Gallery) -> None:
    first = photographs.jpeg(photographs.astronaut())
    same = ask(client, "verify", gallery=gallery.pk, photo=first, against="upload", other=SAME)
    assert same.context["answer"].verification.is_match
    assert same.content.decode().count("data:image/jpeg") == 2
    other = ask(client, "verify", gallery=gallery.pk, photo=first, against="upload", other=STRANGER)
    assert not other.context["answer"].verification.is_match


def test_a_photo_is_compared_with_a_stored_one(client: Client, eileen: Person) -> None:
    photo = Photo.objects.get()
    answer = ask(client, "verify", gallery=eileen.gallery_id, photo=SAME, against="stored", stored=photo.key)
    assert answer.context["answer"].verification.face == Face.objects.get()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"against": "person"}, "Choose a person."),
        ({"against": "person", "person_name": "Nobody"}, "Nobody in gallery “Crew” is called “Nobody”."),
        ({"against": "upload"}, "Choose the other photo, too."),
        ({"against": "stored"}, "Choose a photo of the gallery."),
        (
            {"against": "stored", "stored": "00000000-0000-0000-0000-000000000000"},
            "That photo is not in gallery “Crew”.",
        ),
        ({"against": "else"}, "Select a valid choice"),
    ],
)
def test_a_claim_that_names_nobody_says_what_is_missing(
    values: dict[str, str], sentence: str, client: Client, gallery: Gallery
) -> None:
    answer = ask(client, "verify", gallery=gallery.pk, photo=SAME, **values)
    errors = " ".join(str(error) for found in answer.context["form"].errors.values() for error in found)
    assert sentence in errors


def test_a_person_without_an_enrolled_face_cannot_be_verified_and_the_page_says_why(
    client: Client, gallery: Gallery
) -> None:
    person = factories.person(gallery=gallery, name="Shy")
    answer = ask(client, "verify", gallery=gallery.pk, photo=SAME, against="person", person=person.pk)
    assert "Shy has no enrolled face yet" in answer.content.decode()


def test_a_photo_of_several_people_cannot_be_verified_and_the_page_says_why(client: Client, eileen: Person) -> None:
    twice = Image.new("RGB", (1024, 512))
    twice.paste(photographs.astronaut(), (0, 0))
    twice.paste(ImageOps.mirror(photographs.astronaut()), (512, 0))
    photo = photographs.jpeg(twice)
    answer = ask(client, "verify", gallery=eileen.gallery_id, photo=photo, against="person", person=eileen.pk)
    assert "it is not clear which is meant" in answer.content.decode()


def test_a_link_from_a_person_or_photo_fills_the_form(client: Client, eileen: Person) -> None:
    page = client.get(f"{reverse('pages:verify')}?person={eileen.pk}")
    assert (page.context["claim"].person, page.context["against"]) == (eileen, "person")
    photo = Photo.objects.get()
    page = client.get(f"{reverse('pages:verify')}?stored={photo.key}")
    assert (page.context["claim"].photo, page.context["against"]) == (photo, "stored")


def test_the_gallery_that_was_used_last_is_offered_first(client: Client, eileen: Person) -> None:
    factories.gallery(name="A gallery that comes before")
    ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME)
    for page in ("recognize", "verify", "upload"):
        form = client.get(reverse(f"pages:{page}")).context["form"]
        assert form["gallery"].value() == eileen.gallery_id


def test_a_crop_of_the_answer_shows_the_face(client: Client, eileen: Person) -> None:
    probe = ask(client, "recognize", gallery=eileen.gallery_id, photo=SAME).context["answer"].probe
    with Image.open(io.BytesIO(SAME)) as image:
        assert probe.pixels.shape == (image.height, image.width, 3)
