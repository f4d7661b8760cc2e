"""Makes the README's picture: the Recognize page with drawn people on it, from a real platform in a real browser.

.venv/bin/python -m tests.system.picture docs/recognition.png
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Page, sync_playwright

from faces.drawn_people import draw_identity, draw_photo
from tests.system.platform import Platform

SIDE = 360
KNOWN = 2
STRANGER = 1_000
NEW_PHOTO = 40
"""The number of a photo that the sample gallery does not have."""

PASSWORD = "a picture of drawn people"
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Start a platform with its sample gallery, ask it, take a picture of the answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    target = parser.parse_args().target.resolve()
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("This needs Debian's chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="facet-picture-") as scratch:
        platform = Platform(Path(scratch) / "var", sample_gallery=True)
        platform.start()
        try:
            take_picture(platform, browser, target)
        finally:
            platform.stop()
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(colors=256, dither=Image.Dither.FLOYDSTEINBERG).save(target, optimize=True)


def group_photo() -> bytes:
    """Two drawn people side by side: one of the sample gallery on a photo it does not have, and a stranger."""
    people = [draw_photo(draw_identity(seed), NEW_PHOTO, (SIDE, SIDE)) for seed in (KNOWN, STRANGER)]
    target = io.BytesIO()
    Image.fromarray(np.hstack(people)).save(target, "PNG")
    return target.getvalue()


def take_picture(platform: Platform, browser: str, target: Path) -> None:
    """Wait for the sample people to be encoded, sign in, recognize, and write the page's picture."""
    finished = "SELECT count(*) FROM faces_job WHERE state = 'succeeded'"
    platform.wait_for(lambda: platform.number(finished) == 1, "the sample people are drawn and encoded")
    make = f"from django.contrib.auth.models import User; User.objects.create_superuser('ada', password={PASSWORD!r})"
    made = platform.manage("shell", "-c", make)
    if made.returncode != 0:
        sys.exit(made.stderr)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=CHROMIUM)
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        sign_in(page, f"http://127.0.0.1:{platform.port}/admin/")
        page.goto(f"http://127.0.0.1:{platform.port}/admin/recognize/")
        photo: FilePayload = {"name": "two people.png", "mimeType": "image/png", "buffer": group_photo()}
        page.locator("input[type=file]").set_input_files(photo)
        page.locator("[data-answer]").wait_for(timeout=60_000)
        page.locator("[data-answer]").scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        page.locator("[data-answer]").screenshot(path=target)
        chromium.close()


def sign_in(page: Page, address: str) -> None:
    """Sign in as the admin who was just made."""
    page.goto(address)
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit], input[type=submit]")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
