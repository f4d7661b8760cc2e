"""People: made, corrected, merged, erased."""

import pytest
from django.db import connection

from faces.exceptions import (
    ConflictError,
    DuplicateExternalIdError,
    DuplicateSlugError,
    GalleryNotFoundError,
    InvalidRequestError,
    PersonNotFoundError,
)
from faces.models import Embedding, Face, Gallery, Person, Photo
from faces.services.enrollment import assign_face
from faces.services.galleries import create_gallery, get_gallery
from faces.services.people import (
    create_person,
    delete_person,
    find_or_create_person,
    get_person,
    merge_people,
    update_person,
)
from tests.faces.builders import axis, encoded_face, stored_photo

pytestmark = pytest.mark.django_db
UNICODE_NAMES = ["Žofie Nováková", "محمد", "山田太郎", "Zoë 👩‍🚀", "O'Neill; DROP TABLE", "a" * 300]


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


@pytest.mark.parametrize("name", UNICODE_NAMES)
def test_a_name_may_be_any_text(gallery: Gallery, name: str) -> None:
    assert create_person(gallery=gallery, name=name).name == name
    assert find_or_create_person(gallery=gallery, name=name) == (Person.objects.get(), False)


@pytest.mark.parametrize("name", ["", "   ", "a" * 301, "nul\x00"])
def test_a_name_that_is_none_is_refused(gallery: Gallery, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        create_person(gallery=gallery, name=name)
    assert Person.objects.count() == 0


def test_an_external_id_of_another_person_is_refused_by_name(gallery: Gallery) -> None:
    create_person(gallery=gallery, name="Ada", external_id="7")
    with pytest.raises(DuplicateExternalIdError, match="“7”"):
        create_person(gallery=gallery, name="Eve", external_id="7")
    eve = create_person(gallery=gallery, name="Eve")
    with pytest.raises(DuplicateExternalIdError):
        update_person(person=eve, external_id="7")


def test_only_what_belongs_to_a_person_can_be_set(gallery: Gallery) -> None:
    with pytest.raises(InvalidRequestError, match="no “shoe_size” that can be set; there are name"):
        create_person(gallery=gallery, name="Ada", shoe_size=40)


def test_merged_people_are_one_and_the_old_number_leads_to_the_new(gallery: Gallery) -> None:
    ada, twin = (create_person(gallery=gallery, name=name) for name in ("Ada", "Ada B."))
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    stored_photo(gallery, encoded_face(axis(1)), portrait_of=twin)
    merge_people(source=twin, target=ada)
    assert set(Embedding.objects.values_list("person", flat=True)) == {ada.pk}
    assert list(Person.objects.present()) == [ada]
    assert get_person(gallery, twin.pk) == ada
    for source, target in ((twin, ada), (ada, ada)):
        with pytest.raises(ConflictError):
            merge_people(source=source, target=target)


def test_people_of_two_galleries_are_not_merged(gallery: Gallery) -> None:
    stranger = create_person(gallery=create_gallery(name="Visitors"), name="Eve")
    with pytest.raises(ConflictError, match="same gallery"):
        merge_people(source=create_person(gallery=gallery, name="Ada"), target=stranger)


def test_an_erased_person_leaves_no_face_no_embedding_and_no_photo_of_their_own(gallery: Gallery) -> None:
    ada, eve = (create_person(gallery=gallery, name=name) for name in ("Ada", "Eve"))
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    group = stored_photo(gallery, encoded_face(axis(1), left=0, size=50), encoded_face(axis(2), left=50, size=50))
    first, second = group.faces.order_by("id")
    assign_face(face=first, person=ada)
    assign_face(face=second, person=eve)
    gone = delete_person(person=ada)
    connection.check_constraints()
    assert (gone.photos, gone.faces, gone.shared_photos) == (1, 2, 1)
    assert list(Photo.objects.all()) == [group]
    assert Face.objects.get().person == eve
    assert Embedding.objects.get().person == eve
    with pytest.raises(PersonNotFoundError):
        get_person(gallery, ada.pk)


def test_erasing_a_person_erases_those_merged_into_them(gallery: Gallery) -> None:
    ada, twin = (create_person(gallery=gallery, name=name) for name in ("Ada", "Ada B."))
    merge_people(source=twin, target=ada)
    delete_person(person=ada)
    assert Person.objects.count() == 0


def test_a_person_of_another_gallery_is_not_there(gallery: Gallery) -> None:
    stranger = create_person(gallery=create_gallery(name="Visitors"), name="Eve")
    with pytest.raises(PersonNotFoundError, match="gallery “staff”"):
        get_person(gallery, stranger.pk)


def test_people_are_counted_with_their_faces(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    stored_photo(gallery, encoded_face(axis(1), size=8, sharpness=0), portrait_of=ada)
    counts = vars(Person.objects.with_counts().get())
    assert (counts["face_count"], counts["enrolled_count"]) == (2, 1)
    counts = vars(Gallery.objects.with_counts().get())
    assert (counts["person_count"], counts["photo_count"]) == (1, 2)


@pytest.mark.parametrize("asked", ["Büro Süd", "büro-süd", "BÜRO SÜD"])
def test_a_gallery_is_found_by_name_and_slug(asked: str) -> None:
    gallery = create_gallery(name="Büro Süd")
    assert get_gallery(asked) == gallery


def test_a_gallery_that_is_not_there_is_an_error_that_names_those_there_are(gallery: Gallery) -> None:
    with pytest.raises(GalleryNotFoundError, match=r"no gallery “Stuff”\. There is “staff”"):
        get_gallery("Stuff")
    with pytest.raises(GalleryNotFoundError):
        get_gallery("staff", among=Gallery.objects.none())


def test_a_second_gallery_of_nearly_the_same_name_is_refused(gallery: Gallery) -> None:
    with pytest.raises(DuplicateSlugError, match="already"):
        create_gallery(name="STAFF")
    for name in ("", "a" * 201, "nul\x00"):
        with pytest.raises(InvalidRequestError):
            create_gallery(name=name)
