"""Files stay short enough to be read."""

from pathlib import Path

from config.paths import PROJECT

LONGEST = 400
FOLDERS = ("config", "encoder", "faces", "training", "benchmarks", "tests", "templates")


def source_files() -> list[Path]:
    return [
        path
        for folder in FOLDERS
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.suffix in (".py", ".html", ".js", ".css") and "migrations" not in path.parts
    ]


def test_a_file_of_more_than_400_lines_is_split() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    assert len(lengths) > 50
    assert {str(path.relative_to(PROJECT)): length for path, length in lengths.items() if length > LONGEST} == {}
