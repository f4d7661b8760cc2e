"""What is accepted, what is refused, and that nothing is left of what was refused."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from encoder.exceptions import ImageError
from faces.exceptions import ConflictError, WrongStateError
from faces.models import Face, Gallery, Photo
from faces.services.galleries import create_gallery
from faces.services.people import create_person
from faces.services.photos import LIMITS, accept_photo, delete_photo, remove_orphan_files, retry_photo
from tests.faces.builders import axis, encoded_face, picture, stored_photo


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.fixture
def gallery(db: None) -> Gallery:
    return create_gallery(name="Staff")


def test_an_accepted_photo_waits_for_a_worker_under_a_name_that_nobody_can_guess(gallery: Gallery) -> None:
    photo = accept_photo(gallery=gallery, data=picture(size=(40, 50)), name="Ünïcode 名.PNG").photo
    assert (photo.state, photo.width, photo.height, photo.media_type) == ("pending", 40, 50, "image/png")
    assert photo.name == "Ünïcode 名.PNG"
    (path,) = files()
    assert photo.key.hex in path.name
    assert path.stat().st_mode & 0o077 == 0
    assert photo.sha256 not in str(path)


def test_the_same_bytes_twice_are_one_photo_and_one_file(gallery: Gallery) -> None:
    data = picture()
    first = accept_photo(gallery=gallery, data=data, name="a.png")
    second = accept_photo(gallery=gallery, data=data, name="b.png")
    assert (first.is_new, second.is_new) == (True, False)
    assert first.photo == second.photo
    assert len(files()) == 1


def test_the_same_bytes_in_two_galleries_are_two_photos(gallery: Gallery) -> None:
    data = picture()
    accept_photo(gallery=gallery, data=data)
    accept_photo(gallery=create_gallery(name="Visitors"), data=data)
    assert Photo.objects.count() == len(files()) == 2


def truncated() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"Not a picture at all, whatever its name says", "not_an_image"),
        (truncated(), "truncated_image"),
        (picture(size=(1, 1)), "image_too_small"),
        (b"\xff" * (LIMITS.max_bytes + 1), "file_too_large"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_its_code_and_leaves_nothing(
    gallery: Gallery, data: bytes, code: str
) -> None:
    with pytest.raises(ImageError) as refusal:
        accept_photo(gallery=gallery, data=data, name="photo.jpg")
    assert refusal.value.code == code
    assert Photo.objects.count() == 0
    assert files() == []


def test_a_photo_that_is_somebodys_portrait_cannot_become_somebody_elses(gallery: Gallery) -> None:
    data = picture()
    ada, eve = (create_person(gallery=gallery, name=name) for name in ("Ada", "Eve"))
    accept_photo(gallery=gallery, data=data, portrait_of=ada)
    with pytest.raises(ConflictError, match="portrait of “Ada”"):
        accept_photo(gallery=gallery, data=data, portrait_of=eve)
    assert accept_photo(gallery=gallery, data=data, portrait_of=ada).photo.portrait_of == ada


def test_a_loose_photo_that_is_uploaded_again_for_a_person_is_given_to_them(gallery: Gallery) -> None:
    photo = stored_photo(gallery, encoded_face(axis(0)))
    assert Face.objects.get().person is None
    ada = create_person(gallery=gallery, name="Ada")
    with photo.file.open("rb") as file:
        accept_photo(gallery=gallery, data=file.read(), portrait_of=ada)
    face = Face.objects.get()
    assert (face.person, face.is_enrolled, face.assigned_by) == (ada, True, "import")


@pytest.mark.django_db(transaction=True)
def test_a_deleted_photo_takes_its_file_along_and_a_rolled_back_deletion_does_not() -> None:
    photo = accept_photo(gallery=create_gallery(name="Staff"), data=picture()).photo

    def delete_and_think_again() -> None:
        with transaction.atomic():
            delete_photo(photo=Photo.objects.get())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete_and_think_again()
    assert Photo.objects.get() == photo
    assert len(files()) == 1
    delete_photo(photo=photo)
    assert files() == []


def test_only_files_that_no_photo_owns_are_removed_and_only_old_ones(gallery: Gallery) -> None:
    kept = accept_photo(gallery=gallery, data=picture()).photo
    default_storage.save("photos/zz/orphan.png", ContentFile(b"x"))
    assert remove_orphan_files(older_than=timedelta(hours=1)) == 0
    assert remove_orphan_files(older_than=timedelta(0)) == 1
    assert [path.name for path in files()] == [Path(kept.file.path).name]


@pytest.mark.parametrize(("state", "reason", "error"), [("rejected", "no_face_found", ""), ("failed", "", "broken")])
def test_a_refused_or_failed_photo_can_be_tried_again(gallery: Gallery, state: str, reason: str, error: str) -> None:
    photo = accept_photo(gallery=gallery, data=picture()).photo
    Photo.objects.update(state=state, reason=reason, error=error, attempts=4)
    retry_photo(photo=photo)
    assert (photo.state, photo.reason, photo.error, photo.attempts) == ("pending", "", "", 0)


def test_a_ready_photo_cannot_be_tried_again(gallery: Gallery) -> None:
    with pytest.raises(WrongStateError, match="ready"):
        retry_photo(photo=stored_photo(gallery, encoded_face(axis(0))))
