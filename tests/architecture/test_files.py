"""Files stay short enough to be read."""

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_file_of_more_than_400_lines_is_split(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
