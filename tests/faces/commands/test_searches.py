"""`recognize` and `verify`, with the real encoder on real photographs."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from config.paths import PROJECT
from encoder.exceptions import ImageError
from encoder.geometry import EncodedPhoto
from faces.encoding import encode_probe
from faces.models import Gallery, Person, Photo, SearchEvent, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.enrollment import store_encoded_photo
from faces.services.photos import accept_photo
from faces.services.queueing import LEASE
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces.commands.running import Ended, run
from tests.faces.photographs import another_photo, astronaut, coffee, grace_hopper, jpeg

pytestmark = pytest.mark.django_db


PORTRAITS = {"Eileen Collins": astronaut, "Grace Hopper": grace_hopper}


def portrait(name: str) -> bytes:
    """The photo that somebody is enrolled with."""
    return jpeg(PORTRAITS[name]())


@cache
def encoded_portrait(name: str) -> EncodedPhoto:
    """What the real encoder finds in it, found once for all tests."""
    return encode_probe(portrait(name), default_encoder_version())


@pytest.fixture
def staff() -> Gallery:
    """A gallery in which Eileen and Grace are enrolled with one photo each."""
    gallery = factories.gallery(name="Staff")
    for name in PORTRAITS:
        person = factories.person(gallery=gallery, name=name)
        photo = accept_photo(gallery=gallery, data=portrait(name), name=f"{name}.jpg", portrait_of=person).photo
        _, (claimed,) = Photo.claim_batch([photo.pk], until=timezone.now() + LEASE)
        assert store_encoded_photo(
            photo=claimed, encoded=encoded_portrait(name), encoder_version=gallery.encoder_version
        )
    return gallery


@pytest.fixture
def eileen(tmp_path: Path) -> Path:
    """Another photo of Eileen than the enrolled one."""
    return put(tmp_path / "eileen.jpg", jpeg(another_photo(astronaut())))


@pytest.fixture
def grace(tmp_path: Path) -> Path:
    """Another photo of Grace than the enrolled one."""
    return put(tmp_path / "grace.jpg", jpeg(another_photo(grace_hopper())))


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def answer(ended: Ended) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ended.out)
    return told


class TestRecognize:
    def test_somebody_is_named_with_distance_tau_and_photo(self, staff: Gallery, eileen: Path) -> None:
        ended = run("recognize", eileen, "--gallery", "Staff")

        assert (ended.status, ended.err) == (0, "")
        lines = ended.out.splitlines()
        assert lines[0] == "384 x 384 pixels, faces: 1, the largest first"
        assert lines[1].startswith("Face 1 of 1, ")
        assert ": Eileen Collins (person " in lines[1]
        assert "<= tau 0." in lines[1]
        assert "“Eileen Collins.jpg”" in lines[2]
        assert lines[2].endswith("match")
        assert "Grace Hopper" in lines[3]
        assert not lines[3].endswith("match")

    def test_a_stranger_is_nobody_with_status_1(self, staff: Gallery, eileen: Path) -> None:
        Person.objects.get(name="Eileen Collins").faces.update(is_enrolled=False)
        ended = run("recognize", eileen, "--gallery", "Staff")

        assert ended.status == 1
        assert "nobody of this gallery; the nearest distance is" in ended.out
        assert "> tau 0." in ended.out

    def test_two_people_who_cannot_be_told_apart_are_both_named_with_status_1(
        self, staff: Gallery, eileen: Path
    ) -> None:
        face = Person.objects.get(name="Eileen Collins").faces.get()
        twin = factories.person(gallery=staff, name="E. Collins")
        factories.face(person=twin, vector=np.asarray(face.embeddings.get().vector, dtype=np.float32))
        ended = run("recognize", eileen, "--gallery", "Staff")

        assert ended.status == 1
        lines = ended.out.splitlines()
        assert f": ambiguous: Eileen Collins (person {face.person_id}) or E. Collins (person {twin.pk}); " in lines[1]
        assert "<= tau 0." in lines[1]
        assert [line.endswith("equally likely") for line in lines[2:-1]] == [True, True, False]
        (told,) = answer(run("recognize", eileen, "--gallery", "Staff", "--json"))["faces"]
        assert (told["outcome"], told["person"], told["gap"]) == ("ambiguous", None, 0)
        assert [rival["person"]["id"] for rival in told["rivals"]] == [face.person_id, twin.pk]

    def test_a_gallery_without_anybody_says_so(self, eileen: Path) -> None:
        factories.gallery(name="Empty")
        ended = run("recognize", eileen, "--gallery", "Empty")

        assert (ended.status, "the gallery has no enrolled face" in ended.out) == (1, True)

    def test_json_is_one_object_with_the_names_of_the_api(self, staff: Gallery, eileen: Path) -> None:
        ended = run("recognize", eileen, "--gallery", "staff", "--candidates", 1, "--json")
        told = answer(ended)
        (face,) = told["faces"]
        person = Person.objects.get(name="Eileen Collins")

        assert (ended.status, told["gallery"], told["width"], told["height"]) == (0, "staff", 384, 384)
        assert face["outcome"] == "match"
        assert face["person"] == {"id": person.pk, "name": "Eileen Collins", "external_id": ""}
        assert face["face"] == {"id": person.faces.get().pk, "photo": person.faces.get().photo_id}
        assert 0 <= face["distance"] <= face["tau"] == told["tau"]
        assert len(face["candidates"]) == 1
        assert set(face["probe"]["box"]) == {"left", "top", "right", "bottom"}

    def test_the_tau_in_force_decides(self, staff: Gallery, eileen: Path) -> None:
        version = staff.encoder_version
        use = Threshold.Use.RECOGNITION
        set_tau(gallery=staff, encoder_version=version, use=use, tau=0.0, reason="Nobody", user=None)

        assert run("recognize", eileen, "--gallery", "Staff").status == 1

    def test_it_is_recorded_that_the_command_line_asked(self, staff: Gallery, eileen: Path) -> None:
        told = answer(run("recognize", eileen, "--gallery", "Staff", "--json"))
        event = SearchEvent.objects.get()

        assert str(event.key) == told["decision_id"]
        assert (event.channel, event.use, event.gallery, event.user) == ("command", "recognition", staff, None)
        assert event.answer["faces"][0]["person"] == Person.objects.get(name="Eileen Collins").pk
        assert Photo.objects.count() == 2

    def test_a_photo_without_a_face_is_an_error_and_no_event(self, staff: Gallery, tmp_path: Path) -> None:
        ended = run("recognize", put(tmp_path / "coffee.jpg", jpeg(coffee())), "--gallery", "Staff")

        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith("No face was found in the photo.")
        assert not SearchEvent.objects.exists()

    @pytest.mark.parametrize("number", ["0", "-1", "many", "101"])
    def test_an_impossible_number_of_candidates_is_refused(self, staff: Gallery, eileen: Path, number: str) -> None:
        ended = run("recognize", eileen, "--gallery", "Staff", f"--candidates={number}")

        assert ended.status != 0
        assert ended.out == ""


class TestVerify:
    def test_two_photos_of_one_person_match_with_status_0(self, eileen: Path, tmp_path: Path) -> None:
        ended = run("verify", eileen, put(tmp_path / "2.jpg", jpeg(astronaut())))

        assert (ended.status, ended.err) == (0, "")
        assert ended.out.startswith("the same person: distance 0.")
        assert "<= tau 0." in ended.out
        assert "face of the second photo: " in ended.out

    def test_two_people_do_not_match_with_status_1(self, eileen: Path, grace: Path) -> None:
        ended = run("verify", eileen, grace, "--json")

        assert ended.status == 1
        told = answer(ended)
        assert (told["is_match"], told["gallery"], told["person"], told["face"]) == (False, None, None, None)
        assert told["distance"] > told["tau"]
        assert told["second_probe"]["box"]["right"] > 0

    @pytest.mark.parametrize("called", ["name", "number", "external id"])
    def test_a_photo_is_compared_with_a_person(self, staff: Gallery, eileen: Path, called: str) -> None:
        person = Person.objects.get(name="Eileen Collins")
        Person.objects.filter(pk=person.pk).update(external_id="E-1")
        word = {"name": "Eileen Collins", "number": str(person.pk), "external id": "E-1"}[called]
        ended = run("verify", eileen, "--person", word, "--gallery", "Staff")

        assert ended.status == 0, ended.err
        assert f"nearest stored face: Eileen Collins (person {person.pk}), photo" in ended.out
        lines = ended.out.splitlines()
        said = "  1 in 1,004 comparisons of a face with the photos of another person passes as a match, as measured; "
        assert lines[1].startswith(said)
        assert lines[-1] == f"Decision {SearchEvent.objects.get().key}"

    def test_the_claim_to_be_somebody_else_is_refused_with_status_1(self, staff: Gallery, eileen: Path) -> None:
        ended = run("verify", eileen, "--person", "Grace Hopper", "--gallery", "Staff")

        assert (ended.status, ended.out.startswith("not the same person: ")) == (1, True)

    def test_a_doubtful_face_carries_its_warnings(self, staff: Gallery, tmp_path: Path) -> None:
        small = put(tmp_path / "small.jpg", jpeg(astronaut().resize((106, 106))))
        for words in (("verify", small, "--person", "Eileen Collins"), ("recognize", small)):
            out = run(*map(str, words), "--gallery", "Staff").out
            assert "  less sure than others: The face is " in out
            assert "pixels wide; at least 20 are needed." in out

    def test_a_program_is_told_the_error_rate_and_the_nearest_photo(self, staff: Gallery, eileen: Path) -> None:
        told = answer(run("verify", eileen, "--person", "Eileen Collins", "--gallery", "Staff", "--json"))
        rate = Threshold.objects.get(use="verification").measured["fmr"]
        assert (told["compares"], told["error_rate"]["value"]) == ("person", rate["value"])
        assert told["face"]["id"] == Person.objects.get(name="Eileen Collins").faces.get().pk
        assert told["face_distance"] == pytest.approx(told["distance"], abs=1e-3)

    def test_the_gallerys_tau_decides_between_two_photos(self, staff: Gallery, eileen: Path, grace: Path) -> None:
        version = staff.encoder_version
        use = Threshold.Use.VERIFICATION
        set_tau(gallery=staff, encoder_version=version, use=use, tau=4.0, reason="Everybody", user=None)

        assert run("verify", eileen, grace).status == 1
        assert run("verify", eileen, grace, "--gallery", "Staff").status == 0

    def test_it_is_recorded_that_the_command_line_asked(self, staff: Gallery, eileen: Path) -> None:
        run("verify", eileen, "--person", "Eileen Collins", "--gallery", "Staff")
        event = SearchEvent.objects.get()

        assert (event.channel, event.use, event.gallery) == ("command", "verification", staff)
        assert event.answer["is_match"] is True

    def test_a_person_who_is_not_there_or_not_the_only_one_is_named(self, staff: Gallery, eileen: Path) -> None:
        nobody = run("verify", eileen, "--person", "Ada", "--gallery", "Staff")
        assert (nobody.status, nobody.err) == (2, "There is nobody called “Ada” in gallery “staff”.")
        other = factories.person(gallery=staff, name="Grace Hopper")
        several = run("verify", eileen, "--person", "Grace Hopper", "--gallery", "Staff")
        assert (several.status, str(other.pk) in several.err) == (2, True)

    def test_a_person_without_a_face_cannot_be_compared(self, staff: Gallery, eileen: Path) -> None:
        factories.person(gallery=staff, name="Ada")
        ended = run("verify", eileen, "--person", "Ada", "--gallery", "Staff")

        assert (ended.status, "no enrolled face" in ended.err) == (2, True)

    @pytest.mark.parametrize(
        ("photos", "words", "says"),
        [
            (1, (), "Give two photos, or one and --person; there are 1 photos."),
            (3, (), "Give two photos, or one and --person; there are 3 photos."),
            (2, ("--person", "Ada", "--gallery", "Staff"), "With --person give one photo; there are 2."),
            (1, ("--person", "Ada"), "Say with --gallery in which gallery the person is."),
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, eileen: Path, photos: int, words: tuple[str, ...], says: str
    ) -> None:
        ended = run("verify", *[eileen] * photos, *words)

        assert (ended.status, ended.err) == (2, says)

    def test_the_photo_without_a_face_is_named(self, eileen: Path, tmp_path: Path) -> None:
        cup = put(tmp_path / "coffee.jpg", jpeg(coffee()))
        ended = run("verify", eileen, cup)

        assert ended.status == 2
        assert f"No face was found in {cup}" in ended.err


@pytest.mark.parametrize("command", ["recognize", "verify"])
class TestBadPhotos:
    """Whatever is wrong with a photo, it is one sentence and status 2."""

    def ask(self, command: str, photo: Path) -> Ended:
        factories.gallery(name="Staff")
        words = [photo, "--gallery", "Staff"] if command == "recognize" else [photo, photo]
        return run(command, *words)

    def test_a_photo_that_is_not_there(self, command: str, tmp_path: Path) -> None:
        ended = self.ask(command, tmp_path / "gone.jpg")

        assert (ended.status, ended.err) == (2, f"{tmp_path / 'gone.jpg'} cannot be read: no such file or directory.")

    def test_a_folder(self, command: str, tmp_path: Path) -> None:
        assert self.ask(command, tmp_path).err == f"{tmp_path} is not a file. Name a photo."

    def test_a_pipe_is_not_waited_for(self, command: str, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        assert self.ask(command, tmp_path / "pipe").err == f"{tmp_path / 'pipe'} is not a file. Name a photo."

    def test_a_file_of_200_mb_is_not_read(self, command: str, tmp_path: Path) -> None:
        with (tmp_path / "huge.jpg").open("wb") as file:
            file.truncate(200 * 1024 * 1024)
        ended = self.ask(command, tmp_path / "huge.jpg")

        assert (ended.status, ended.err.startswith("The file has 209,715,200 bytes.")) == (2, True)

    @pytest.mark.parametrize("data", [b"", b"no picture", jpeg(coffee())[:2000], factories.picture(size=(1, 1))])
    def test_what_no_encoder_can_use(self, command: str, tmp_path: Path, data: bytes) -> None:
        ended = self.ask(command, put(tmp_path / "photo.jpg", data))

        assert (ended.status, ended.out) == (2, "")
        assert ended.err in self.sentences(data)

    def sentences(self, data: bytes) -> set[str]:
        """What the encoder itself says of such bytes."""
        from encoder.images import decode_image

        with pytest.raises(ImageError) as told:
            decode_image(data)
        return {str(told.value)}

    def test_a_gallery_that_is_not_there(self, command: str, tmp_path: Path) -> None:
        photo = put(tmp_path / "photo.png", factories.picture())
        words = [photo] if command == "recognize" else [photo, photo]
        ended = run(command, *words, "--gallery", "Nowhere")

        assert (ended.status, "There is no gallery “Nowhere”" in ended.err) == (2, True)


def test_numbers_too_large_for_the_database_are_nobody(staff: Gallery, eileen: Path) -> None:
    for number in ("9" * 18, "9" * 40, "²"):
        assert run("verify", eileen, "--person", number, "--gallery", "Staff").status == 2


def test_a_database_that_is_away_is_one_sentence(eileen: Path) -> None:
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "recognize", str(eileen), "--gallery", "Staff"]
    ended = subprocess.run(
        command, cwd=PROJECT, env=os.environ | away, capture_output=True, text=True, check=False, timeout=120
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "CommandError: The database cannot be used: " in ended.stderr
    assert "Traceback" not in ended.stderr
