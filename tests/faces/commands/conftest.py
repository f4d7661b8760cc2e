"""An installation of Facet for the commands that need workers, and a gallery with two people for those that do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faces.models import Gallery, Person
from tests import factories
from tests.faces.commands.replays import PORTRAITS, enroll
from tests.faces.commands.running import Installation
from tests.faces.photographs import another_photo, astronaut, jpeg


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Facet in a folder of its own, migrated, without workers; shared by the tests of a file."""
    installation = Installation(tmp_path_factory.mktemp("installation") / "var")
    try:
        installation.install()
        yield installation
    finally:
        installation.remove()


@pytest.fixture
def staff() -> Gallery:
    """A gallery in which Eileen and Grace are enrolled with one photo each."""
    gallery = factories.gallery(name="Staff")
    for name in PORTRAITS:
        enroll(gallery, name, name)
    return gallery


@pytest.fixture
def eileen(staff: Gallery) -> Person:
    return Person.objects.get(name="Eileen")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Another photo of Eileen than the enrolled one."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(another_photo(astronaut())))
    return path
