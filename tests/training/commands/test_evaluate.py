"""`evaluate_pairs` and `evaluate`, as they are called."""

import json
from pathlib import Path

import pytest

from faces.models import Photo
from tests import factories
from tests.faces.commands.running import run
from tests.factories import axis
from training.models import EvaluationReport

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


class TestEvaluate:
    def test_rates_come_with_n_and_intervals_and_the_last_line_is_json(self) -> None:
        gallery = factories.gallery(name="Staff")
        for number in range(3):
            person = factories.person(gallery=gallery)
            for _ in range(2):
                factories.face(person=person, vector=axis(number))
        ended = run("evaluate", "--gallery", "Staff", "--seed", 5, "--json")
        assert ended.status == 0, ended.err
        *table, last = ended.out.splitlines()
        told = json.loads(last)
        report = EvaluationReport.objects.get()

        assert (told["report"], told["snapshot"]["seed"], told["snapshot"]["gallery"]["people"]) == (report.pk, 5, 3)
        assert told["figures"] == report.figures
        assert table[0].startswith("Gallery “Staff”: 6 faces of 3 people, each compared with all others (")
        assert "Verification against a person: 6 mated and 12 non-mated comparisons" in table
        assert "Verification against a photo: 3 mated and 12 non-mated comparisons" in table
        assert "Recognition among N = 3 people: 6 mated and 6 non-mated searches" in table
        assert "  The right person comes first in 100 % of mated searches" in table
        in_force = [line for line in table if line.startswith("  In force: tau")]
        assert len(in_force) == 3
        assert "FPIR 0 % (at most 100 %; too few people to say), FNIR 0 %" in in_force[2]
        sizes = [line.strip() for line in table if line.startswith("  Among ")]
        assert [line.partition(":")[0] for line in sizes] == [
            "Among 3 people (counted)",
            "Among 6 people (projected)",
            "Among 30 people (projected)",
            "Among 300 people (projected)",
        ]
        assert "FPIR 0 % (at most " in sizes[1]
        assert ", FNIR 0 % (at most " in sizes[1]
        assert sizes[1].endswith(", right person first 100 %")

    def test_single_photos_leave_half_of_it_untried(self) -> None:
        gallery = factories.gallery(name="Staff")
        for number in range(2):
            factories.face(person=factories.person(gallery=gallery), vector=axis(number))
        ended = run("evaluate", "--gallery", "Staff")
        assert ended.status == 0, ended.err
        assert "FNIR not tried" in ended.out

    def test_another_version_is_named_and_small_groups_are_not_told_of(self) -> None:
        gallery = factories.gallery(name="Staff")
        version = factories.encoder_version(name="Another")
        for number in range(2):
            face = factories.face(person=factories.person(gallery=gallery), vector=axis(number))
            factories.embedding(face=face, vector=axis(number), encoder_version=version)
        ended = run("evaluate", "--gallery", "Staff", "--encoder-version", "Another", "--minimum-people", 4)
        report = EvaluationReport.objects.get()
        assert (report.encoder_version, report.snapshot["minimum_people"]) == (version, 4)
        assert "(Another; " in ended.out

    def test_a_gallery_that_is_empty_or_not_there(self) -> None:
        factories.gallery(name="Empty")
        empty = run("evaluate", "--gallery", "Empty")
        assert (empty.status, "Nobody is enrolled" in empty.err) == (2, True)
        assert run("evaluate", "--gallery", "Nowhere").status == 2
        assert run("evaluate", "--gallery", "Empty", "--encoder-version", "None").status == 2
