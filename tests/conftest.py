"""What every test may ask for."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos beside the project; tests that need it are skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real photos are not here: {SHARED_DATA} does not exist")
    return SHARED_DATA


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, if this machine has it; one for all tests, as there can be but one loop of Playwright's."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no chromium on this machine; .ci/run installs it")
    from playwright.sync_api import sync_playwright

    # Playwright's event loop lives in this thread, and Django takes that for asynchronous code.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            yield browser
            browser.close()


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
