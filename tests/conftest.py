"""What every test may ask for."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos beside the project; tests that need it are skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real photos are not here: {SHARED_DATA} does not exist")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _private_files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Photos that a database test stores go to a folder of that test alone."""
    if "django_db_setup" in request.fixturenames or request.node.get_closest_marker("django_db"):
        folder = tmp_path_factory.mktemp("media")
        override = request.getfixturevalue("settings")
        override.MEDIA_ROOT = folder
        override.STORAGES = {
            **override.STORAGES,
            "default": {
                **override.STORAGES["default"],
                "OPTIONS": {**override.STORAGES["default"]["OPTIONS"], "location": str(folder)},
            },
        }
