"""manage.py export_evaluation."""

import csv
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from faces.models import Gallery
from tests import factories
from tests.training.measured import made, report
from training.metrics.figures import Figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery(name="Staff")


def test_a_report_is_written_into_a_file(gallery: Gallery, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = report(gallery=gallery)
    for form in ("html", "json", "csv"):
        call_command("export_evaluation", str(stored.pk), "--format", form, "--output", str(tmp_path / f"x.{form}"))
    assert "The report is in" in capsys.readouterr().out
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert Figures.from_json(json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["figures"]) == made()
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert {row["series"] for row in csv.DictReader(file)} >= {"person.fmr", "recognition.fpir"}


def test_the_newest_report_of_a_gallery_goes_to_the_output(
    gallery: Gallery, capsys: pytest.CaptureFixture[str]
) -> None:
    report(gallery=gallery)
    newest = report(gallery=gallery)
    report(gallery=factories.gallery())
    call_command("export_evaluation", "--gallery", "staff", "--format", "json")
    assert json.loads(capsys.readouterr().out)["report"]["id"] == newest.pk


def test_a_file_that_is_there_is_kept(gallery: Gallery, tmp_path: Path) -> None:
    stored = report(gallery=gallery)
    path = tmp_path / "mine.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match=r"is there already\. Name a new file") as refused:
        call_command("export_evaluation", str(stored.pk), "--output", str(path))
    assert refused.value.returncode == 2
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_not_there_is_named(gallery: Gallery, tmp_path: Path) -> None:
    stored = report(gallery=gallery)
    with pytest.raises(CommandError, match="cannot be written: no such file or directory"):
        call_command("export_evaluation", str(stored.pk), "--output", str(tmp_path / "none" / "x.html"))


@pytest.mark.parametrize("arguments", [[], ["1", "--gallery", "staff"]])
def test_one_report_has_to_be_named(gallery: Gallery, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="Name one report"):
        call_command("export_evaluation", *arguments)


def test_a_report_that_is_not_there_is_named(gallery: Gallery) -> None:
    with pytest.raises(CommandError, match="There is no evaluation 999999"):
        call_command("export_evaluation", "999999")


def test_a_gallery_that_was_never_measured_is_told_how_to_be(gallery: Gallery) -> None:
    with pytest.raises(CommandError, match=r"manage\.py evaluate --gallery staff"):
        call_command("export_evaluation", "--gallery", "Staff")
