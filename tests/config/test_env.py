"""Environment readers: typed values, or an error that names the variable and what would be right."""

from pathlib import Path

import pytest

from config import env
from config.env import ConfigurationError


@pytest.mark.parametrize(("word", "value"), [("1", True), ("YES", True), ("on", True), ("false", False), ("No", False)])
def test_a_flag_understands_the_usual_words_in_any_case(
    monkeypatch: pytest.MonkeyPatch, word: str, value: bool
) -> None:
    monkeypatch.setenv("FACET_X", word)
    assert env.flag("FACET_X", default=not value) is value


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACET_X", "  ")
    assert env.flag("FACET_X", default=True) is True
    assert env.text("FACET_X", "default") == "default"
    assert env.optional_text("FACET_X") is None
    assert env.words("FACET_X", ["a"]) == ["a"]


def test_a_flag_of_another_word_names_the_variable_and_the_allowed_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACET_X", "maybe")
    with pytest.raises(ConfigurationError, match=r"FACET_X is 'maybe'; it must be one of 1, true, yes, on, 0"):
        env.flag("FACET_X", default=True)


@pytest.mark.parametrize(("value", "expected"), [("1", 1), ("8", 8), (" 3 ", 3)])
def test_an_integer_within_its_bounds_is_taken(monkeypatch: pytest.MonkeyPatch, value: str, expected: int) -> None:
    monkeypatch.setenv("FACET_X", value)
    assert env.integer("FACET_X", 5, minimum=1, maximum=8) == expected


@pytest.mark.parametrize("value", ["0", "9", "three", "1.5"])
def test_an_integer_out_of_bounds_is_refused_with_the_bounds(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FACET_X", value)
    with pytest.raises(ConfigurationError, match=r"FACET_X is .*\b1\b.*\b8\b"):
        env.integer("FACET_X", 5, minimum=1, maximum=8)


def test_a_choice_outside_the_list_is_refused_with_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACET_X", "bf16")
    with pytest.raises(ConfigurationError, match="FACET_X is 'bf16'; it must be one of float32, bfloat16"):
        env.choice("FACET_X", "float32", allowed=("float32", "bfloat16"))


def test_words_are_split_at_commas_and_empty_parts_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACET_X", "a.example, b.example,,")
    assert env.words("FACET_X", []) == ["a.example", "b.example"]


def test_a_relative_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACET_X", "data")
    with pytest.raises(ConfigurationError, match="FACET_X is 'data'; it must be an absolute path"):
        env.folder("FACET_X", tmp_path)


def test_a_file_in_the_place_of_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACET_X", str(tmp_path / "file"))
    with pytest.raises(ConfigurationError, match="in the way"):
        env.folder("FACET_X", tmp_path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:65535", ("::1", 65535)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: tuple[str, int]
) -> None:
    monkeypatch.setenv("FACET_X", value)
    assert env.address("FACET_X", ("127.0.0.1", 8000)) == expected


@pytest.mark.parametrize("value", ["8000", ":8000", "localhost:", "localhost:0", "localhost:65536", "localhost:http"])
def test_an_address_without_host_or_port_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FACET_X", value)
    with pytest.raises(ConfigurationError, match=r"FACET_X is .* such as 127\.0\.0\.1:8000"):
        env.address("FACET_X", ("127.0.0.1", 8000))


def test_a_misspelled_setting_is_refused_with_the_likely_name(monkeypatch: pytest.MonkeyPatch) -> None:
    env.expect("SAMPLE_STORAGE")
    monkeypatch.setenv("SAMPLE_STORAEG", "x")
    with pytest.raises(ConfigurationError, match=r"SAMPLE_STORAEG .* did you mean SAMPLE_STORAGE\?"):
        env.refuse_unknown("SAMPLE_")


def test_a_known_setting_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    env.expect("SAMPLE_STORAGE")
    monkeypatch.setenv("SAMPLE_STORAGE", "x")
    env.refuse_unknown("SAMPLE_")
