"""Whose face is it, and can searches find it?"""

import pytest
from django.utils import timezone

from encoder.geometry import BoundingBox
from faces.exceptions import ConflictError
from faces.models import Embedding, Face, Gallery, Photo
from faces.services.enrollment import assign_face, delete_face, release_face, set_enrolled, store_encoded_photo
from faces.services.galleries import create_gallery
from faces.services.people import create_person, merge_people
from faces.services.photos import accept_photo
from faces.services.portraits import main_face_index
from faces.services.queueing import LEASE
from tests.faces.builders import axis, encoded_face, encoded_photo, picture, stored_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


def test_a_portraits_main_face_becomes_its_persons_and_the_bystander_nobodys(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    stored_photo(gallery, encoded_face(axis(0)), encoded_face(axis(1), left=0, top=0, size=15), portrait_of=ada)
    main, bystander = Face.objects.order_by("id")
    assert (main.person, main.is_enrolled, main.assigned_by) == (ada, True, "import")
    assert (bystander.person, bystander.is_enrolled, bystander.assigned_by) == (None, False, "")
    assert Embedding.objects.filter(is_enrolled=True, person=ada).get().face == main


def test_a_loose_photos_faces_belong_to_nobody(gallery: Gallery) -> None:
    photo = stored_photo(gallery, encoded_face(axis(0)))
    assert (photo.state, photo.reason) == ("ready", "")
    assert Face.objects.get().person is None


def test_a_photo_without_a_face_is_refused_with_its_reason(gallery: Gallery) -> None:
    photo = stored_photo(gallery)
    assert (photo.state, photo.reason) == ("rejected", "no_face_found")


def test_a_portrait_of_two_equal_faces_waits_for_an_admin_who_says_whose_it_is(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    photo = stored_photo(
        gallery, encoded_face(axis(0), left=0, size=50), encoded_face(axis(1), left=50, size=50), portrait_of=ada
    )
    assert (photo.state, photo.reason) == ("ready", "several_faces_found")
    assert Face.objects.filter(person__isnull=False).count() == 0
    assign_face(face=photo.faces.order_by("id")[1], person=ada)
    photo.refresh_from_db()
    assert photo.reason == ""
    assert Embedding.objects.filter(person=ada, is_enrolled=True).count() == 1


def test_a_face_of_bad_quality_belongs_to_its_person_without_serving_in_searches(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    photo = stored_photo(gallery, encoded_face(axis(0), size=8, sharpness=0.0), portrait_of=ada)
    face = Face.objects.get()
    assert (photo.reason, face.person, face.is_enrolled) == ("low_quality", ada, False)
    assert set_enrolled(face=face, is_enrolled=True).is_enrolled
    assert Embedding.objects.get().is_enrolled


def test_what_is_encoded_twice_is_stored_once(gallery: Gallery) -> None:
    photo = accept_photo(gallery=gallery, data=picture()).photo
    _, (claimed,) = Photo.claim_batch([photo.pk], until=timezone.now() + LEASE)
    seen = encoded_photo(encoded_face(axis(0)))
    assert store_encoded_photo(photo=claimed, encoded=seen, encoder_version=gallery.encoder_version)
    assert not store_encoded_photo(photo=claimed, encoded=seen, encoder_version=gallery.encoder_version)
    assert Face.objects.count() == Embedding.objects.count() == 1


def test_a_photo_deleted_while_it_is_encoded_leaves_no_face(gallery: Gallery) -> None:
    photo = accept_photo(gallery=gallery, data=picture()).photo
    _, (claimed,) = Photo.claim_batch([photo.pk], until=timezone.now() + LEASE)
    photo.delete()
    seen = encoded_photo(encoded_face(axis(0)))
    assert not store_encoded_photo(photo=claimed, encoded=seen, encoder_version=gallery.encoder_version)
    assert Face.objects.count() == 0


def test_a_face_can_be_corrected_released_and_deleted(gallery: Gallery) -> None:
    ada, eve = (create_person(gallery=gallery, name=name) for name in ("Ada", "Eve"))
    photo = stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    face = assign_face(face=Face.objects.get(), person=eve)
    assert (face.assigned_by, Embedding.objects.get().person) == ("admin", eve)
    face = release_face(face=face)
    assert (face.person, face.is_enrolled, Embedding.objects.get().is_enrolled) == (None, False, False)
    with pytest.raises(ConflictError, match="Assign it first"):
        set_enrolled(face=face, is_enrolled=True)
    delete_face(face=face)
    assert Embedding.objects.count() == 0
    assert Photo.objects.get() == photo


def test_a_face_is_not_given_to_a_person_of_another_gallery_or_to_one_who_was_merged_away(gallery: Gallery) -> None:
    stored_photo(gallery, encoded_face(axis(0)))
    stranger = create_person(gallery=create_gallery(name="Visitors"), name="Eve")
    with pytest.raises(ConflictError, match="own gallery"):
        assign_face(face=Face.objects.get(), person=stranger)
    gone, left = (create_person(gallery=gallery, name=name) for name in ("Ada B.", "Ada"))
    merge_people(source=gone, target=left)
    gone.refresh_from_db()
    with pytest.raises(ConflictError, match="merged"):
        assign_face(face=Face.objects.get(), person=gone)


def box(left: float, top: float, side: float) -> BoundingBox:
    return BoundingBox(left, top, left + side, top + side)


@pytest.mark.parametrize(
    ("boxes", "main"),
    [
        ([], None),
        ([box(0, 0, 10)], 0),
        ([box(30, 30, 40), box(0, 0, 45)], 0),  # smaller, but in the middle: 1600 against 2025 - 2*(27.5² + 27.5²)
        ([box(0, 0, 90), box(45, 45, 10)], 0),  # far larger, and hardly off the middle
        ([box(0, 25, 50), box(50, 25, 50)], None),  # side by side
        ([box(25, 25, 50), box(25, 25, 50)], None),  # the same twice
    ],
)
def test_the_main_face_is_large_and_central_and_leads_clearly(boxes: list[BoundingBox], main: int | None) -> None:
    assert main_face_index(boxes, 100, 100) == main


def test_a_lead_that_a_quarter_less_area_and_an_eighth_aside_would_just_leave_is_clear_and_a_hair_less_is_not() -> None:
    main = box(30, 30, 40)  # area 1600, at the center; cautiously 0.75 * 1600 - 2 * (40 / 8)² = 1150
    # the other one's score is 1600 - 2 * 15² = 1150, too
    assert main_face_index([main, box(45, 30, 40)], 100, 100) == 0
    assert main_face_index([main, box(45 - 1e-6, 30, 40)], 100, 100) is None


def test_two_faces_far_from_the_center_are_equally_likely_though_one_is_two_pixels_nearer() -> None:
    # 80 x 80 at 256 and 254 pixels from the center: the scores differ by 2 * (256² - 254²) = 2040 of 6400
    assert main_face_index([box(216, 216, 80), box(726, 216, 80)], 1024, 512) is None
