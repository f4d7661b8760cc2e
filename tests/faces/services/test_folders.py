"""Folders of photos as they lie on disks: names, links, leftovers."""

import os
import unicodedata
from pathlib import Path

import pytest

from faces.exceptions import NotFoundError
from faces.services.folders import person_name, readable, scan_folder


def put(path: Path, data: bytes = b"photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def found(root: Path) -> dict[str, str | None]:
    return {file.name: file.person for file in scan_folder(root).files}


def refused(root: Path) -> dict[str, str]:
    return {refusal.name: refusal.code for refusal in scan_folder(root).refused}


def test_a_folder_is_a_person_and_loose_files_are_nobodys(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "loose.jpg")

    assert found(tmp_path) == {"Ada/1.jpg": "Ada", "loose.jpg": None}


def test_folders_inside_a_persons_folder_are_that_persons(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "holiday" / "Bob" / "1.jpg")

    assert found(tmp_path) == {"Ada/holiday/Bob/1.jpg": "Ada"}


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "a/9.jpg", "b/1.jpg", "c.jpg"):
        put(tmp_path / name)

    assert list(found(tmp_path)) == ["a/9.jpg", "b/1.jpg", "b/2.jpg", "c.jpg"]


def test_hidden_files_and_what_systems_leave_behind_are_passed_over_and_counted(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / ".hidden.jpg")
    put(tmp_path / ".git" / "1.jpg")
    put(tmp_path / "Ada" / "Thumbs.db")
    put(tmp_path / "__MACOSX" / "1.jpg")
    put(tmp_path / "Ada" / "1.jpg")
    scanned = scan_folder(tmp_path)

    assert [file.name for file in scanned.files] == ["Ada/1.jpg"]
    assert scanned.passed_over == 4
    assert scanned.refused == []


def test_a_name_is_composed_so_that_two_ways_of_writing_it_are_one_person(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        put(tmp_path / unicodedata.normalize(form, "Zoë Müller") / f"{form}.jpg")

    assert set(found(tmp_path).values()) == {"Zoë Müller"}
    assert len(found(tmp_path)) == 2


@pytest.mark.parametrize(
    "name", ["李小龍", "محمد", "Ωμέγα", "👩🏽‍🚀 Sally", "O'Brien; DROP TABLE", "%s {0} \\", "Ünïcödé"]
)
def test_a_name_in_any_script_stays_as_it_is(tmp_path: Path, name: str) -> None:
    put(tmp_path / name / "1.jpg")

    assert found(tmp_path) == {f"{name}/1.jpg": unicodedata.normalize("NFC", name)}


def test_space_around_a_name_is_no_part_of_it() -> None:
    assert person_name("  Ada Lovelace ") == "Ada Lovelace"


def test_a_folder_whose_name_is_no_text_is_refused_as_a_whole(tmp_path: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/Andr\xe9")) / "1.jpg")
    put(tmp_path / "  " / "1.jpg")

    assert refused(tmp_path) == {"Andr\ufffd": "invalid_folder_name", "  ": "invalid_folder_name"}
    assert found(tmp_path) == {}


def test_a_files_name_that_is_no_text_is_no_hindrance(tmp_path: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/Ada/caf\xe9.jpg")))

    assert found(tmp_path) == {"Ada/caf\ufffd.jpg": "Ada"}


def test_a_name_is_shown_on_one_line() -> None:
    assert readable(Path("a\nb\x1b[31m.jpg")) == "a\ufffdb\ufffd[31m.jpg"


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    real = put(tmp_path / "elsewhere" / "1.jpg")
    root = tmp_path / "root"
    (root / "Ada").mkdir(parents=True)
    (root / "Ada" / "link.jpg").symlink_to(real)
    (root / "Bob").symlink_to(real.parent)

    assert found(root) == {"Ada/link.jpg": "Ada", "Bob/1.jpg": "Bob"}


def test_a_link_that_leads_back_is_refused_and_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    (tmp_path / "Ada" / "again").symlink_to(tmp_path / "Ada")
    (tmp_path / "Ada" / "top").symlink_to(tmp_path)

    assert refused(tmp_path) == {"Ada/again": "link_in_a_circle", "Ada/top": "link_in_a_circle"}
    assert found(tmp_path) == {"Ada/1.jpg": "Ada"}


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")

    assert refused(tmp_path) == {"gone.jpg": "unreadable"}


def test_a_pipe_is_refused_without_being_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    assert refused(tmp_path) == {"pipe.jpg": "not_a_file"}


def test_a_folder_that_may_not_be_read_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "Bob" / "1.jpg")
    (tmp_path / "Ada").chmod(0)
    try:
        if os.access(tmp_path / "Ada", os.R_OK):
            pytest.skip("this account may read everything")
        assert refused(tmp_path) == {"Ada": "unreadable"}
        assert found(tmp_path) == {"Bob/1.jpg": "Bob"}
    finally:
        (tmp_path / "Ada").chmod(0o700)


def test_a_folder_that_is_not_there_and_a_file_in_its_place_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing is not there"):
        scan_folder(tmp_path / "nothing")
    with pytest.raises(NotFoundError, match=r"a\.jpg is a file, not a folder"):
        scan_folder(put(tmp_path / "a.jpg"))
