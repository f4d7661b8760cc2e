"""An installation of Facet for the commands that need workers."""

from collections.abc import Iterator

import pytest

from tests.faces.commands.running import Installation


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Facet in a folder of its own, migrated, without workers; shared by the tests of a file."""
    installation = Installation(tmp_path_factory.mktemp("installation") / "var")
    try:
        installation.install()
        yield installation
    finally:
        installation.remove()
