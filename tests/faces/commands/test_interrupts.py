"""Ctrl-C, and a database that ends one statement more than it was asked to."""

from pathlib import Path

import pytest
from django.db import OperationalError

from faces.management.commands import import_photos
from tests.faces.commands.running import run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photo.jpg").write_bytes(b"no photo")
    return tmp_path


@pytest.mark.django_db
class TestACancelThatComesLate:
    def test_an_interruption_stays_one_where_the_next_statement_was_cancelled_too(
        self, photos: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(**_: object) -> None:
            raise KeyboardInterrupt

        def cancelled(**_: object) -> None:
            raise OperationalError("canceling statement due to user request")

        monkeypatch.setattr(import_photos, "take_in", interrupted)
        monkeypatch.setattr(import_photos, "break_off_import", cancelled)
        ended = run("import_photos", photos, "--gallery", "Staff", "--create")
        assert (ended.status, ended.err.strip()) == (130, "Interrupted.")

    def test_a_database_that_ends_a_statement_by_itself_is_an_error(
        self, photos: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def cancelled(**_: object) -> None:
            raise OperationalError("canceling statement due to statement timeout")

        monkeypatch.setattr(import_photos, "take_in", cancelled)
        ended = run("import_photos", photos, "--gallery", "Staff", "--create")
        assert ended.status == 2
        assert "The database cannot be used: canceling statement due to statement timeout" in ended.err
