"""`import_photos` as an operator runs it: real database, real broker, real worker, real encoder."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from faces.models import Gallery, Job, Photo
from tests import factories
from tests.faces.commands.running import Ended, Installation, run, wait_until
from tests.faces.photographs import another_photo, astronaut, coffee, grace_hopper, jpeg


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def manage(installation: Installation, *words: str) -> Ended:
    answer = installation.manage(*words)
    return Ended(answer.returncode, answer.stdout, answer.stderr)


def summary(ended: Ended) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
    return found


def noise(number: int) -> bytes:
    """A small picture of nobody."""
    return factories.picture(number=number, size=(48, 48))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    put(folder / "Eileen Collins" / "1.jpg", jpeg(astronaut()))
    put(folder / "Grace Hopper ⚓" / "1.jpg", jpeg(grace_hopper()))
    face = astronaut().crop((120, 0, 330, 300))
    both = Image.new("RGB", (420, 300))
    both.paste(face, (0, 0))
    both.paste(ImageOps.mirror(face), (210, 0))
    put(folder / "Both" / "1.jpg", jpeg(both))
    put(folder / "coffee.jpg", jpeg(coffee()))
    put(folder / "notes.txt", b"Nothing to see here.")
    put(folder / "cut.jpg", jpeg(coffee(), quality=90)[:5000])
    return folder


@pytest.fixture(scope="module")
def ended(installation: Installation, folder: Path) -> Ended:
    installation.start_worker()
    return manage(installation, "import_photos", str(folder), "--gallery", "Staff", "--create", "--json")


class TestWithAWorker:
    """One folder, imported and asked about."""

    def test_every_file_is_accounted_for(self, ended: Ended) -> None:
        told = summary(ended)

        assert ended.status == 0, ended.err
        assert (told["files"], told["new"], told["known"], told["new_people"], told["unfinished"]) == (6, 4, 0, 3, 0)
        refused = {refusal["name"]: refusal["code"] for refusal in told["refused"]}
        assert refused == {"notes.txt": "not_an_image", "cut.jpg": "truncated_image", "coffee.jpg": "no_face_found"}
        assert [found["code"] for found in told["to_look_at"]] == ["several_faces_found"]
        assert told["photos_per_second"] > 0

    def test_the_summary_says_why_each_file_was_refused(self, ended: Ended) -> None:
        assert "Gallery “Staff”: 6 files read" in ended.out
        assert "4 new photos, 0 known already, 3 refused" in ended.out
        lines = ended.out.splitlines()
        reasons = {
            "notes.txt": "The file is not a picture",
            "cut.jpg": "The JPEG file is damaged",
            "coffee.jpg": "No face was found",
            "Both/1.jpg": "Several faces are equally likely",
        }
        for name, reason in reasons.items():
            assert lines[lines.index(f"    {name}") - 1].startswith(f"  {reason}")

    def test_bars_go_to_standard_error_alone(self, ended: Ended) -> None:
        assert "Reading" in ended.err
        assert "Encoding" in ended.err
        assert "%|" not in ended.out

    def test_the_database_holds_what_was_told_and_nothing_half_done(
        self, installation: Installation, ended: Ended
    ) -> None:
        rows = installation.rows(
            "SELECT f.person_id IS NOT NULL, f.is_enrolled, count(e.id) FROM faces_face f "
            "JOIN faces_embedding e ON e.face_id = f.id GROUP BY f.id, f.person_id, f.is_enrolled ORDER BY f.id"
        )
        assert rows == [(False, False, 1), (False, False, 1), (True, True, 1), (True, True, 1)]
        assert installation.rows("SELECT kind, state, done, total FROM faces_job") == [("import", "succeeded", 4, 4)]

    def test_a_second_run_finds_everything_known(self, installation: Installation, folder: Path, ended: Ended) -> None:
        before = installation.rows("SELECT id, state, reason, attempts FROM faces_photo ORDER BY id")
        again = manage(installation, "import_photos", str(folder), "--gallery", "staff", "--json")
        told = summary(again)

        assert again.status == 0, again.err
        assert (told["new"], told["known"], told["new_people"]) == (0, 4, 0)
        assert len(told["refused"]) == 3
        assert installation.rows("SELECT id, state, reason, attempts FROM faces_photo ORDER BY id") == before

    def test_the_people_are_recognized_on_other_photos_from_the_command_line(
        self, installation: Installation, tmp_path: Path, ended: Ended
    ) -> None:
        probe = put(tmp_path / "probe.jpg", jpeg(another_photo(grace_hopper())))
        answer = manage(installation, "recognize", str(probe), "--gallery", "Staff")

        assert answer.status == 0, answer.err
        assert "Grace Hopper ⚓" in answer.out.splitlines()[1]


class TestWithoutAWorker:
    """Nobody encodes: photos are taken in, and nothing hangs."""

    def test_it_says_that_no_worker_answers_and_that_the_photos_are_safe(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        installation.stop_workers()
        put(tmp_path / "loose.png", noise(1))
        ended = manage(installation, "import_photos", str(tmp_path), "--gallery", "Alone", "--create")

        assert ended.status == 3
        assert "No worker answers, so 1 photos are not encoded yet. They are safe" in ended.err
        assert installation.number("SELECT count(*) FROM faces_photo WHERE state = 'pending'") == 1

    def test_an_import_that_is_killed_goes_on_where_it_stopped(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        for number in range(400):
            put(tmp_path / f"Person {number % 40}" / f"{number}.png", noise(1000 + number))
        count = "SELECT count(*) FROM faces_photo p JOIN faces_gallery g ON g.id = p.gallery_id WHERE g.slug = 'killed'"
        words = ("import_photos", str(tmp_path), "--gallery", "Killed", "--create", "--no-wait")
        process = installation.begin(*words)
        wait_until(lambda: installation.number(count) > 0 or process.poll() is not None, "a photo is there")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        there = installation.number(count)
        assert 0 < there < 400
        again = manage(installation, *words, "--json")
        told = summary(again)

        assert again.status == 0, again.err
        assert (told["new"], told["known"]) == (400 - there, there)
        assert installation.number(count) == 400
        people = (
            "SELECT count(*), count(DISTINCT p.name) FROM faces_person p JOIN faces_gallery g ON g.id = p.gallery_id"
        )
        assert installation.rows(f"{people} WHERE g.slug = 'killed'") == [(40, 40)]
        jobs = "SELECT count(DISTINCT job_id) FROM faces_photo p JOIN faces_gallery g ON g.id = p.gallery_id"
        assert installation.number(f"{jobs} WHERE g.slug = 'killed'") == 1

    def test_ctrl_c_while_reading_leaves_a_job_that_says_so(self, installation: Installation, tmp_path: Path) -> None:
        for number in range(400):
            put(tmp_path / f"{number}.png", noise(5000 + number))
        process = installation.begin("import_photos", str(tmp_path), "--gallery", "Stopped", "--create")
        count = (
            "SELECT count(*) FROM faces_photo p JOIN faces_gallery g ON g.id = p.gallery_id WHERE g.slug = 'stopped'"
        )
        wait_until(lambda: installation.number(count) > 0 or process.poll() is not None, "a photo is there")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()

        assert process.returncode == 130
        assert "Traceback" not in err
        job = "SELECT j.state, j.error FROM faces_job j JOIN faces_gallery g ON g.id = j.gallery_id"
        ((state, error),) = installation.rows(f"{job} WHERE g.slug = 'stopped'")
        assert state == "failed"
        assert "interrupted" in error


@pytest.mark.django_db
class TestBadInput:
    """Each in its own words, with status 2 and nothing left behind."""

    @pytest.fixture
    def photos(self, tmp_path: Path) -> Path:
        put(tmp_path / "photos" / "1.png", noise(7))
        return tmp_path / "photos"

    def test_a_gallery_that_is_not_there_is_named_with_the_way_to_make_it(self, photos: Path) -> None:
        factories.gallery(name="Guests")
        ended = run("import_photos", photos, "--gallery", "Staff")

        assert ended.status == 2
        assert ended.err == "There is no gallery “Staff”. There is “guests”. Add --create to make it."
        assert Gallery.objects.count() == 1

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        ended = run("import_photos", tmp_path / "nothing", "--gallery", "Staff", "--create")

        assert ended.status == 2
        assert "nothing is not there" in ended.err
        assert not Gallery.objects.exists()

    def test_a_file_in_place_of_a_folder(self, photos: Path) -> None:
        ended = run("import_photos", photos / "1.png", "--gallery", "Staff", "--create")

        assert (ended.status, "is a file, not a folder" in ended.err) == (2, True)

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        ended = run("import_photos", tmp_path, "--gallery", "Staff", "--create")

        assert (ended.status, ended.err) == (2, f"There are no files in {tmp_path}.")
        assert (Gallery.objects.count(), Job.objects.count()) == (0, 0)

    def test_a_folder_without_one_usable_photo_ends_with_status_1(self, tmp_path: Path) -> None:
        put(tmp_path / "notes.txt", b"Nothing to see here.")
        ended = run("import_photos", tmp_path, "--gallery", "Staff", "--create")

        assert ended.status == 1
        assert "  The file is not a picture" in ended.out
        assert "    notes.txt\n" in ended.out
        assert (Photo.objects.count(), Job.objects.get().state) == (0, "succeeded")

    def test_without_waiting_it_ends_as_soon_as_the_photos_are_taken_in(self, photos: Path) -> None:
        ended = run("import_photos", photos, "--gallery", "Staff", "--create", "--no-wait")

        assert ended.status == 0
        assert "1 photos are not encoded yet" in ended.out

    def test_a_gallery_whose_name_is_nothing(self, photos: Path) -> None:
        assert run("import_photos", photos, "--gallery", "  ", "--create").status != 0
        assert run("import_photos", photos, "--gallery", "x" * 201, "--create").status == 2
        assert not Gallery.objects.exists()
