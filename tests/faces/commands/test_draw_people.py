"""`draw_people`: the same numbers, the same pictures; and nothing of anybody else's is touched."""

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.faces.commands.running import run


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def draw(folder: Path, *words: object) -> str:
    ended = run("draw_people", folder, "--size", 100, "--processes", 2, *words)
    assert ended.status == 0, ended.err
    return ended.out


def test_each_person_has_a_folder_with_numbered_photos(tmp_path: Path) -> None:
    out = draw(tmp_path / "people", "--people", 2, "--photos", 2)

    folders = sorted(path for path in (tmp_path / "people").iterdir() if path.is_dir())
    assert len(folders) == 2
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == [f"{folder.name}_000{n}.jpg" for n in (1, 2)]
        with Image.open(folder / f"{folder.name}_0001.jpg") as image:
            assert (image.format, image.size) == ("JPEG", (100, 100))
    assert out == f"{tmp_path / 'people'}: 2 people, 4 photos drawn\n"


def test_the_same_numbers_give_the_same_files_however_many_processes_draw(tmp_path: Path) -> None:
    draw(tmp_path / "a", "--people", 2, "--photos", 2, "--seed", 7)
    draw(tmp_path / "b", "--people", 2, "--photos", 2, "--seed", 7, "--processes", 1)
    draw(tmp_path / "c", "--people", 2, "--photos", 2, "--seed", 8)

    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert set(digests(tmp_path / "a").values()) != set(digests(tmp_path / "c").values())


def test_a_run_that_was_stopped_goes_on_and_draws_only_what_is_missing(tmp_path: Path) -> None:
    draw(tmp_path / "whole", "--people", 2, "--photos", 2)
    draw(tmp_path / "people", "--people", 1, "--photos", 2)
    out = draw(tmp_path / "people", "--people", 2, "--photos", 2)

    assert "2 photos drawn, 2 were there" in out
    assert digests(tmp_path / "people") == digests(tmp_path / "whole")


def test_png_keeps_every_pixel(tmp_path: Path) -> None:
    draw(tmp_path, "--people", 1, "--photos", 1, "--format", "png")

    (path,) = tmp_path.rglob("*.png")
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary")
    ended = run("draw_people", tmp_path)

    assert ended.status == 2
    assert "is not empty, and was not filled by this command" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_folder_drawn_with_other_numbers_is_left_alone(tmp_path: Path) -> None:
    draw(tmp_path, "--people", 1, "--photos", 1)
    before = digests(tmp_path)
    ended = run("draw_people", tmp_path, "--size", 100, "--seed", 5)

    assert (ended.status, "drawn with seed 0, size 100, format jpg" in ended.err) == (2, True)
    assert digests(tmp_path) == before
    assert json.loads((tmp_path / ".drawn_people.json").read_text())["seed"] == 0


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert run("draw_people", path).status == 2


@pytest.mark.parametrize(
    "words", [("--people", "0"), ("--photos", "x"), ("--seed=-1",), ("--size", "10"), ("--format", "gif")]
)
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run("draw_people", tmp_path / "people", *words).status != 0
    assert not (tmp_path / "people").exists()
