"""`replay_decision` where nothing has changed, and where nothing can be decided again."""

import hashlib
from pathlib import Path
from uuid import uuid4

import pytest

from faces.models import Gallery, Person, SearchEvent, Threshold
from faces.services.events import Asker, record_recognition
from faces.services.thresholds import tau_in_force
from tests.faces.commands.replays import changes, decided, recognized, replayed
from tests.faces.commands.running import Ended, run
from tests.faces.photographs import astronaut, coffee, jpeg

pytestmark = pytest.mark.django_db


class TestNothingHasChanged:
    def test_a_recognition_is_the_same(self, photo: Path, eileen: Person) -> None:
        decision = recognized(photo)
        before = SearchEvent.objects.count()
        ended = run("replay_decision", decision, photo)

        assert (ended.status, ended.err) == (0, "")
        lines = ended.out.splitlines()
        assert lines[0].startswith("Recognition (1:N) in gallery “Staff”, 20")
        assert lines[1].startswith(f"Then: Eileen (person {eileen.pk}), distance 0.")
        assert lines[2].startswith(f"Made again by the encoder version and tau of then: Eileen (person {eileen.pk}),")
        assert lines[3].startswith(f"Now: Eileen (person {eileen.pk}), distance 0.")
        assert lines[4] == "Nothing has changed since."
        assert lines[-1] == "The answer is the same now."
        assert SearchEvent.objects.count() == before, "a replay is no search"

    def test_what_is_the_same_is_said(self, photo: Path, eileen: Person) -> None:
        status, told = replayed(recognized(photo), photo)

        assert (status, told["is_same"], told["changed"]) == (0, True, [])
        assert {finding["what"] for finding in told["unchanged"]} == {
            "tau",
            "encoder_version",
            "person_deleted",
            "template",
            "distance",
            "route",
            "software",
        }
        (then,), (again,), (now,) = (told[when]["faces"] for when in ("then", "again", "now"))
        assert then["person"] == again["person"] == now["person"] == eileen.pk
        assert again["distance"] == pytest.approx(then["distance"], abs=0.003)

    def test_a_photo_without_a_face_has_none_still(self, tmp_path: Path, staff: Gallery) -> None:
        path = tmp_path / "cup.jpg"
        path.write_bytes(jpeg(coffee()))
        tau = tau_in_force(gallery=staff, encoder_version=staff.encoder_version, use=Threshold.Use.RECOGNITION)
        event = record_recognition(
            asker=Asker(SearchEvent.Channel.PAGE),
            gallery=staff,
            probe=path.read_bytes(),
            answers=[],
            tau=tau,
            limit=5,
            duration_ms=1,
        )
        status, told = replayed(str(event.key), path)
        assert (status, told["now"]["faces"], changes(told)) == (0, [], {})

    def test_a_verification_of_a_person_is_the_same(self, photo: Path, eileen: Person) -> None:
        decision = decided("verify", photo, "--person", "Eileen", "--gallery", "Staff")
        status, told = replayed(decision, photo)
        assert (status, told["then"]["compares"], changes(told)) == (0, "person", {})

    def test_a_verification_of_two_photos_is_the_same_without_a_gallery(self, photo: Path, tmp_path: Path) -> None:
        second = tmp_path / "second.jpg"
        second.write_bytes(jpeg(astronaut()))
        status, told = replayed(decided("verify", photo, second), photo, second)
        assert (status, told["gallery"], changes(told)) == (0, None, {})
        assert told["again"]["faces"][0]["distance"] == pytest.approx(told["then"]["faces"][0]["distance"], abs=0.003)


class TestBadInput:
    def refused(self, *words: object) -> Ended:
        ended = run("replay_decision", *words)
        assert (ended.status, ended.out) == (2, "")
        return ended

    def test_another_photo_is_refused_with_both_digests(self, photo: Path, staff: Gallery, tmp_path: Path) -> None:
        decision = recognized(photo)
        other = tmp_path / "other.jpg"
        other.write_bytes(jpeg(astronaut()))
        said = self.refused(decision, other).err
        for path in (photo, other):
            assert hashlib.sha256(path.read_bytes()).hexdigest() in said

    def test_a_missing_or_a_needless_photo_is_refused(self, photo: Path, staff: Gallery) -> None:
        decision = recognized(photo)
        assert "made with one photo; 0 are here" in self.refused(decision).err
        assert "made with one photo; 2 are here" in self.refused(decision, photo, photo).err

    def test_two_photos_in_the_wrong_order_are_refused(self, photo: Path, tmp_path: Path) -> None:
        second = tmp_path / "second.jpg"
        second.write_bytes(jpeg(astronaut()))
        decision = decided("verify", photo, second)
        assert "Photo 1 is another one" in self.refused(decision, second, photo).err

    def test_a_decision_that_is_not_there_is_refused(self, photo: Path) -> None:
        assert "There is no decision" in self.refused(uuid4(), photo).err

    def test_what_is_no_decision_id_is_refused(self, photo: Path) -> None:
        assert "'12' is no decision_id" in run("replay_decision", "12", photo).err

    def test_a_file_that_is_not_there_is_refused(self, photo: Path, staff: Gallery, tmp_path: Path) -> None:
        assert "cannot be read" in self.refused(recognized(photo), tmp_path / "none.jpg").err

    def test_a_comparison_of_an_earlier_facet_cannot_be_made_again(self, photo: Path, eileen: Person) -> None:
        decision = decided("verify", photo, "--person", "Eileen", "--gallery", "Staff")
        event = SearchEvent.objects.get()
        event.answer = {name: event.answer[name] for name in ("is_match", "distance", "face", "person")}
        event.save()
        assert "earlier version of Facet" in self.refused(decision, photo).err
