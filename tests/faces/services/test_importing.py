"""Photos from a folder into a gallery: each once, however often and however interrupted."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faces.models import Face, Gallery, Job, Person, Photo
from faces.services.folders import FoundFile, scan_folder
from faces.services.importing import (
    PORTION_BYTES,
    PORTION_FILES,
    Imported,
    begin_import,
    break_off_import,
    end_import,
    in_portions,
    take_in,
)
from faces.services.jobs import cancel_job
from faces.services.people import merge_people
from faces.services.photos import LIMITS
from tests import factories
from tests.factories import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery(name="Staff")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def put(path: Path, data: bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if data is None else data)
    return path


def run(gallery: Gallery, root: Path) -> tuple[Imported, list[int], Job]:
    """One import from beginning to end, without workers."""
    job = begin_import(gallery=gallery, title="Import")
    scanned = scan_folder(root)
    imported = Imported(refused=list(scanned.refused))
    waiting: list[int] = []
    for portion in in_portions(scanned.files):
        taken, ids = take_in(job=job, files=portion)
        imported.add(taken)
        waiting += ids
    return imported, waiting, end_import(job=job, imported=imported)


def finish(state: Photo.State = Photo.State.READY, **values: str) -> None:
    """Say what a worker would say of every photo that waits."""
    Photo.objects.waiting().update(state=state, **values)


def codes(imported: Imported) -> dict[str, str]:
    return {refusal.name: refusal.code for refusal in imported.refused}


def test_photos_of_a_folder_become_portraits_of_its_person(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png")
    put(root / "Ada" / "2.png")
    put(root / "Bob" / "1.png")
    put(root / "loose.png")
    imported, waiting, job = run(gallery, root)

    assert (imported.new, imported.known, imported.new_people, imported.refused) == (4, 0, 2, [])
    photos = Photo.objects.order_by("pk").values_list("name", "portrait_of__name", "state", "job")
    assert list(photos) == [
        ("1.png", "Ada", "pending", job.pk),
        ("2.png", "Ada", "pending", job.pk),
        ("1.png", "Bob", "pending", job.pk),
        ("loose.png", None, "pending", job.pk),
    ]
    assert waiting == list(Photo.objects.order_by("pk").values_list("pk", flat=True))
    assert list(imported.names.values()) == ["Ada/1.png", "Ada/2.png", "Bob/1.png", "loose.png"]
    assert (job.kind, job.state, job.total, job.inputs_complete) == ("import", "running", 4, True)


def test_a_second_run_changes_nothing(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png")
    put(root / "loose.png")
    run(gallery, root)
    finish()
    before = list(Photo.objects.order_by("pk").values()), list(Person.objects.order_by("pk").values())
    imported, waiting, job = run(gallery, root)

    assert (imported.new, imported.known, imported.new_people, waiting) == (0, 2, 0, [])
    assert (list(Photo.objects.order_by("pk").values()), list(Person.objects.order_by("pk").values())) == before
    assert (job.state, job.total, job.result) == ("succeeded", 0, {"new": 0, "known": 2, "refused": {}})


def test_known_photos_cost_the_same_few_queries_however_many_they_are(gallery: Gallery, root: Path) -> None:
    for number in range(12):
        put(root / f"Person {number}" / "1.png")
    run(gallery, root)
    finish()
    job = begin_import(gallery=gallery, title="Import")
    files = scan_folder(root).files
    take_in(job=job, files=files[:1])
    with CaptureQueriesContext(connection) as two:
        take_in(job=job, files=files[:2])
    with CaptureQueriesContext(connection) as twelve:
        take_in(job=job, files=files)

    assert len(twelve) == len(two)


def test_the_same_photo_twice_in_a_folder_is_one_photo(gallery: Gallery, root: Path) -> None:
    data = picture()
    put(root / "Ada" / "1.png", data)
    put(root / "Ada" / "copy.png", data)
    imported, _, _ = run(gallery, root)

    assert (imported.new, imported.known, Photo.objects.count()) == (1, 1, 1)
    assert list(imported.names.values()) == ["Ada/1.png"]


def test_the_same_photo_in_two_peoples_folders_is_refused_for_the_second(gallery: Gallery, root: Path) -> None:
    data = picture()
    put(root / "Ada" / "1.png", data)
    put(root / "Bob" / "1.png", data)
    for _ in range(2):
        imported, _, _ = run(gallery, root)
        assert codes(imported) == {"Bob/1.png": "conflict"}
        assert "Ada" in imported.refused[0].detail

    assert list(Person.objects.values_list("name", flat=True)) == ["Ada"]
    assert Photo.objects.get().portrait_of == Person.objects.get()


def test_a_loose_photo_that_turns_up_in_a_folder_becomes_that_persons(gallery: Gallery, root: Path) -> None:
    data = picture()
    put(root / "loose.png", data)
    run(gallery, root)
    finish()
    face = factories.face(photo=Photo.objects.get(), vector=factories.axis(0))
    put(root / "Ada" / "1.png", data)
    imported, _, _ = run(gallery, root)

    assert (imported.new, imported.known, imported.new_people) == (0, 2, 1)
    face.refresh_from_db()
    assert (face.person, face.is_enrolled) == (Person.objects.get(name="Ada"), True)


def test_a_person_without_one_usable_photo_is_not_made(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "notes.txt", b"not a picture at all")
    put(root / "Ada" / "empty.jpg", b"")
    imported, _, job = run(gallery, root)

    assert codes(imported) == {"Ada/empty.jpg": "empty_file", "Ada/notes.txt": "not_an_image"}
    assert (Person.objects.count(), Photo.objects.count(), imported.new_people) == (0, 0, 0)
    assert job.result == {"new": 0, "known": 0, "refused": {"empty_file": 1, "not_an_image": 1}}


def test_a_person_whose_first_photo_is_refused_is_made_with_the_second(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png", picture()[:-100])
    put(root / "Ada" / "2.png")
    imported, _, _ = run(gallery, root)

    assert codes(imported) == {"Ada/1.png": "truncated_image"}
    assert (imported.new, imported.new_people, Person.objects.count()) == (1, 1, 1)


def test_each_kind_of_bad_file_has_its_own_reason_and_the_rest_is_taken(gallery: Gallery, root: Path) -> None:
    put(root / "tiny.png", picture(size=(1, 1)))
    put(root / "movie.mp4", b"\0\0\0\x18ftypmp42" + bytes(100))
    put(root / "wrong.txt", picture(form="JPEG"))
    put(root / "good.png")
    imported, _, _ = run(gallery, root)

    assert codes(imported) == {"tiny.png": "image_too_small", "movie.mp4": "unsupported_image_format"}
    assert sorted(imported.names.values()) == ["good.png", "wrong.txt"]


def test_a_file_over_the_limit_is_refused_by_its_size_alone(gallery: Gallery, root: Path) -> None:
    with (root / "huge.jpg").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    imported, _, _ = run(gallery, root)

    assert codes(imported) == {"huge.jpg": "file_too_large"}
    assert "209,715,200" in imported.refused[0].detail


def test_a_file_that_grew_over_the_limit_since_it_was_found_is_refused(gallery: Gallery, root: Path) -> None:
    path = root / "growing.jpg"
    with path.open("wb") as file:
        file.truncate(LIMITS.max_bytes + 10)
    job = begin_import(gallery=gallery, title="Import")
    imported, _ = take_in(job=job, files=[FoundFile(path, "growing.jpg", None, size_bytes=10)])

    assert codes(imported) == {"growing.jpg": "file_too_large"}


def test_a_file_that_vanished_since_it_was_found_is_refused(gallery: Gallery, root: Path) -> None:
    job = begin_import(gallery=gallery, title="Import")
    imported, _ = take_in(job=job, files=[FoundFile(root / "gone.jpg", "gone.jpg", None, size_bytes=10)])

    assert codes(imported) == {"gone.jpg": "unreadable"}


def test_what_is_stored_for_a_refused_portion_is_nothing(gallery: Gallery, root: Path, settings: object) -> None:
    put(root / "Ada" / "1.png", picture()[:-100])
    run(gallery, root)

    storage = Photo._meta.get_field("file").storage
    assert not storage.exists("photos") or storage.listdir("photos") == ([], [])


def test_names_in_any_script_reach_the_database(gallery: Gallery, root: Path) -> None:
    put(root / "Zoe\u0308 李小龍 محمد 👩🏽‍🚀" / "Bi\u0308ld.png")
    run(gallery, root)

    assert Person.objects.get().name == "Zoë 李小龍 محمد 👩🏽‍🚀"
    assert Photo.objects.get().name == "Bïld.png"


def test_photos_of_a_person_who_was_merged_stay_with_whom_they_were_given_to(gallery: Gallery, root: Path) -> None:
    put(root / "Bill" / "1.png")
    run(gallery, root)
    finish()
    william = factories.person(gallery=gallery, name="William")
    merge_people(source=Person.objects.get(name="Bill"), target=william)
    put(root / "Bill" / "2.png")
    imported, _, _ = run(gallery, root)

    assert (imported.new, imported.known, imported.refused, imported.new_people) == (1, 1, [], 0)
    assert set(Photo.objects.values_list("portrait_of", flat=True)) == {william.pk}


def test_an_import_never_touches_another_gallery(gallery: Gallery, root: Path) -> None:
    data = picture()
    put(root / "Ada" / "1.png", data)
    other = factories.gallery(name="Guests")
    run(other, root)
    imported, _, _ = run(gallery, root)

    assert imported.new == 1
    assert Person.objects.filter(name="Ada").count() == 2


def test_photos_that_an_interrupted_import_left_waiting_join_the_next_one(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png")
    put(root / "Ada" / "2.png")
    killed = begin_import(gallery=gallery, title="Import")
    take_in(job=killed, files=scan_folder(root).files[:1])
    imported, waiting, job = run(gallery, root)

    assert (imported.new, imported.known) == (1, 1)
    assert len(waiting) == 2
    assert set(Photo.objects.values_list("job", flat=True)) == {job.pk}


@pytest.mark.parametrize(
    ("state", "values"),
    [(Photo.State.FAILED, {"error": "The encoder failed."}), (Photo.State.REJECTED, {"reason": "cancelled"})],
)
def test_failed_and_cancelled_photos_get_another_try(
    gallery: Gallery, root: Path, state: Photo.State, values: dict[str, str]
) -> None:
    put(root / "Ada" / "1.png")
    run(gallery, root)
    finish(state, **values)
    _, waiting, job = run(gallery, root)

    photo = Photo.objects.get()
    assert (photo.state, photo.reason, photo.error, photo.job, waiting) == ("pending", "", "", job, [photo.pk])


def test_a_photo_without_a_face_is_not_tried_again(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png")
    run(gallery, root)
    finish(Photo.State.REJECTED, reason="no_face_found")
    _, waiting, _ = run(gallery, root)

    assert (Photo.objects.get().reason, waiting) == ("no_face_found", [])


def test_after_a_cancelled_import_another_one_brings_everything(gallery: Gallery, root: Path) -> None:
    put(root / "Ada" / "1.png")
    put(root / "Ada" / "2.png")
    job = begin_import(gallery=gallery, title="Import")
    taken, _ = take_in(job=job, files=scan_folder(root).files[:1])
    cancel_job(job=job)
    assert job.report(0, 1) is False
    end_import(job=job, imported=taken)
    job.refresh_from_db()
    assert job.state == "cancelled"
    imported, waiting, _ = run(gallery, root)

    assert (imported.new, imported.known, len(waiting)) == (1, 1, 2)


def test_an_import_that_breaks_off_says_so(gallery: Gallery) -> None:
    job = begin_import(gallery=gallery, title="Import")
    break_off_import(job=job)
    job.refresh_from_db()

    assert job.state == "failed"
    assert "goes on there" in job.error
    break_off_import(job=job)  # a second time is no error


def test_portions_keep_the_order_and_stay_small(root: Path) -> None:
    def file(name: str, size: int) -> FoundFile:
        return FoundFile(root / name, name, None, size)

    small = [file(str(n), 10) for n in range(PORTION_FILES + 1)]
    assert [len(portion) for portion in in_portions(small)] == [PORTION_FILES, 1]
    assert [each for portion in in_portions(small) for each in portion] == small
    large = [file(str(n), PORTION_BYTES // 2) for n in range(3)] + [file("giant", 3 * PORTION_BYTES)]
    assert [len(portion) for portion in in_portions(large)] == [2, 1, 1]
    assert list(in_portions([])) == []


def in_threads(count: int, work: Callable[[], None]) -> None:
    def run_and_close() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run_and_close) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_imports_of_one_folder_at_the_same_time_make_each_person_and_photo_once(root: Path) -> None:
    gallery = factories.gallery(name="Staff")
    for person in ("Ada", "Bob", "Cleo"):
        for number in range(4):
            put(root / person / f"{number}.png")
    outcomes: list[Imported] = []
    in_threads(3, lambda: outcomes.append(run(gallery, root)[0]))

    assert sorted(Person.objects.values_list("name", flat=True)) == ["Ada", "Bob", "Cleo"]
    assert Photo.objects.count() == 12
    assert sum(outcome.new for outcome in outcomes) == 12
    assert sum(outcome.known for outcome in outcomes) == 24
    assert [outcome.refused for outcome in outcomes] == [[], [], []]
    assert Face.objects.count() == 0
