"""The pictures that pages show."""

import io

from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.faces.pages.conftest import Filled


def test_a_thumbnail_is_a_small_jpeg_for_this_browser_alone(client: Client, filled: Filled) -> None:
    answer = client.get(reverse("pages:photo-thumbnail", args=[filled.photo.key, 160]))
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, max(image.size)) == ("JPEG", 160)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_face_is_cut_out_of_its_photo(client: Client, filled: Filled) -> None:
    answer = client.get(reverse("pages:face-crop", args=[filled.photo.key, filled.face.pk, 96]))
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, max(image.size)) == ("JPEG", 96)


def test_a_picture_that_the_browser_has_is_not_sent_again(client: Client, filled: Filled) -> None:
    page = reverse("pages:photo-thumbnail", args=[filled.photo.key, 160])
    tag = client.get(page)["ETag"]
    again = client.get(page, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert client.get(page, headers={"If-None-Match": '"another"'}).status_code == 200


def test_only_the_sizes_that_pages_use_are_made(client: Client, filled: Filled) -> None:
    for size in (0, 161, 100000):
        assert client.get(f"/admin/photos/{filled.photo.key}/thumbnail/{size}/").status_code == 404


def test_the_original_is_a_download_under_its_own_name(client: Client, filled: Filled) -> None:
    filled.photo.name = "Zoë 1.png"
    filled.photo.save(update_fields=["name"])
    answer = client.get(reverse("pages:photo-original", args=[filled.photo.key]))
    with filled.photo.file.open("rb") as file:
        assert b"".join(answer) == file.read()
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Zo%C3%AB%201.png"
    assert answer["Content-Type"] == "image/png"


def test_a_photo_whose_file_is_gone_says_so_and_breaks_no_page(client: Client, filled: Filled) -> None:
    filled.photo.file.storage.delete(str(filled.photo.file.name))
    assert client.get(reverse("pages:photo-thumbnail", args=[filled.photo.key, 320])).status_code == 404
    answer = client.get(reverse("pages:photo-original", args=[filled.photo.key]))
    assert answer.status_code == 404
    assert "gone from the storage" in answer.content.decode()
    assert client.get(reverse("pages:photo", args=[filled.photo.key])).status_code == 200
