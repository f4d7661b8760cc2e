"""`evaluate_pairs` and `evaluate_recognition`, as they are called."""

import json
from pathlib import Path

import pytest

from faces.models import Photo
from tests import factories
from tests.faces.commands.running import run
from tests.factories import axis

pytestmark = pytest.mark.django_db


class TestEvaluatePairs:
    def test_real_pairs_are_told_apart_and_the_last_line_is_json(self, shared_data: Path) -> None:
        ended = run(
            "evaluate_pairs", shared_data / "lfw_pairs.txt", "--photos", shared_data / "lfw", "--limit", 20, "--json"
        )
        assert ended.status == 0, ended.err
        *table, last = ended.out.splitlines()
        told = json.loads(last)

        assert told["accuracy"] > 0.8
        assert 0.05 < told["tau"] < 0.3
        assert 0 <= told["accuracy_std"] <= 0.5
        assert 0 <= told["eer"] <= 0.2
        for rate in ("1e-2", "1e-3", "1e-4"):
            assert 0 <= told[f"tar_at_fmr_{rate}"] <= 1
            assert 0 < told[f"tau_at_fmr_{rate}"] < 4
        assert (told["mated_pairs"] + told["non_mated_pairs"], told["photos"]) == (20, 40)
        assert told["photos_per_second"] > 0
        assert any(line.startswith("Accuracy") for line in table)
        assert any("too few comparisons to say" in line for line in table)
        assert not Photo.objects.exists()

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("Ada\t1\n", "Line 1 has 2 fields"),
            ("10\t300\nAda\t1\t2\nAda\tx\t2\n", "Line 3: 'x' is no number"),
            ("", "no pairs"),
        ],
    )
    def test_a_malformed_file_is_named_by_its_line(self, tmp_path: Path, text: str, says: str) -> None:
        (tmp_path / "pairs.txt").write_text(text)
        (tmp_path / "photos").mkdir()
        ended = run("evaluate_pairs", tmp_path / "pairs.txt", "--photos", tmp_path / "photos")

        assert (ended.status, ended.out) == (2, "")
        assert says in ended.err

    def test_a_file_that_is_no_text_or_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "pairs.txt").write_bytes(b"Ada\xff\t1\t2\n")
        ended = run("evaluate_pairs", tmp_path / "pairs.txt", "--photos", tmp_path)
        assert (ended.status, "is not UTF-8 text: byte 3 is 0xff" in ended.err) == (2, True)
        ended = run("evaluate_pairs", tmp_path / "gone.txt", "--photos", tmp_path)
        assert (ended.status, "gone.txt cannot be read: no such file" in ended.err) == (2, True)

    def test_a_folder_without_the_photos(self, tmp_path: Path) -> None:
        (tmp_path / "pairs.txt").write_text("Ada\t1\t2\nAda\t1\tBob\t1\n")
        (tmp_path / "photos").mkdir()
        ended = run("evaluate_pairs", tmp_path / "pairs.txt", "--photos", tmp_path / "photos")
        assert (ended.status, "There is no photo for these pairs" in ended.err) == (2, True)
        assert run("evaluate_pairs", tmp_path / "pairs.txt", "--photos", tmp_path / "nowhere").status == 2

    def test_photos_without_faces_are_an_end_that_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "pairs.txt").write_text("Ada\t1\t2\nAda\t1\tBob\t1\n")
        for name, first in (("Ada", 0), ("Bob", 2)):
            (tmp_path / "photos" / name).mkdir(parents=True)
            for number in (1, 2):
                # Of some thousands of pictures of noise the second search takes one for a face; not of these
                noise = factories.picture(number=first + number)
                (tmp_path / "photos" / name / f"{number}.png").write_bytes(noise)
        ended = run("evaluate_pairs", tmp_path / "pairs.txt", "--photos", tmp_path / "photos")

        assert (ended.status, ended.err) == (2, "No photo of the folder shows a face.")


class TestEvaluateRecognition:
    def test_rates_come_with_n_and_intervals(self) -> None:
        gallery = factories.gallery(name="Staff")
        for number in range(3):
            person = factories.person(gallery=gallery)
            for _ in range(2):
                factories.face(person=person, vector=axis(number))
        ended = run("evaluate_recognition", "--gallery", "Staff", "--json")
        *table, last = ended.out.splitlines()
        told = json.loads(last)

        assert ended.status == 0, ended.err
        assert (told["gallery"], told["gallery_size"], told["faces"], told["people_with_two_photos"]) == (
            "staff",
            3,
            6,
            3,
        )
        assert (told["rank_1"]["value"], told["fnir"]["value"], told["fpir"]["value"]) == (1.0, 0.0, 0.0)
        assert told["fpir"]["high"] == 0.5
        assert table[1] == "N = 3 people with 6 enrolled faces; 3 people with two or more photos"
        assert table[3].startswith("FNIR(3, 1, tau)")
        assert "95 % interval" in table[3]

    def test_another_tau_can_be_tried_and_has_to_be_one(self) -> None:
        gallery = factories.gallery(name="Staff")
        for number in range(2):
            person = factories.person(gallery=gallery)
            for _ in range(2):
                factories.face(person=person, vector=axis(number))
        ended = run("evaluate_recognition", "--gallery", "Staff", "--tau", "2", "--json")
        told = json.loads(ended.out.splitlines()[-1])
        assert (told["tau"], told["fpir"]["value"]) == (2.0, 1.0)
        for wrong in ("4.1", "-0.1", "nan", "wide"):
            assert run("evaluate_recognition", "--gallery", "Staff", f"--tau={wrong}").status != 0

    def test_a_gallery_that_is_empty_or_not_there(self) -> None:
        factories.gallery(name="Empty")
        empty = run("evaluate_recognition", "--gallery", "Empty")
        assert (empty.status, "Nobody is enrolled" in empty.err) == (2, True)
        assert run("evaluate_recognition", "--gallery", "Nowhere").status == 2
