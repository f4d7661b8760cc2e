"""The secret key: made once, private, the same for all who start at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.env import ConfigurationError
from config.secret_key import load_or_create


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret_key"
    key = load_or_create(path)
    assert len(key) >= 50
    assert load_or_create(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(load_or_create, [tmp_path / "secret_key"] * 64))
    assert len(keys) == 1


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigurationError, match="5 characters; at least 32 are needed"):
        load_or_create(tmp_path / "secret_key")


def test_a_key_that_cannot_be_read_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(ConfigurationError, match="secret_key cannot be read"):
        load_or_create(tmp_path / "secret_key")
