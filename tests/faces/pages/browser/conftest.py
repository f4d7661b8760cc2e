"""A real browser on a real server: what scripts, styles and the security policy do only there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from faces.models import Gallery, Person
from tests import factories
from tests.faces import photographs
from tests.faces.pages.encoded import enroll

Open = Callable[..., Page]


@pytest.fixture
def ada(browser: Browser, transactional_db: None) -> User:
    """Somebody who may do everything."""
    return factories.user(name="ada", is_staff=True, is_superuser=True)


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer, ada: User) -> Iterator[Open]:
    """Opens a page as ada; the test fails if any page complains in the console, the security policy included."""
    client = Client()
    client.force_login(ada)
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "/admin/", *, width: int = 1280, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, base_url=live_server.url
        )
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def gallery(ada: User) -> Gallery:
    """An empty gallery."""
    return factories.gallery(name="Crew")


@pytest.fixture
def eileen(gallery: Gallery) -> Person:
    """Somebody who can be found."""
    return enroll(gallery, "Eileen Collins", photographs.jpeg(photographs.astronaut()))


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """Another photo of her."""
    path = tmp_path / "probe.jpg"
    path.write_bytes(photographs.jpeg(photographs.another_photo(photographs.astronaut())))
    return path
