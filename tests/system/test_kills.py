"""Kill any process at any moment: every accepted photo is still processed, once."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from tests.faces.photographs import astronaut, coffee, grace_hopper, jpeg
from tests.system.platform import Platform

PHOTOS = 44
FACELESS = 2


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "var")
    platform.start()
    yield platform
    if platform.process is not None:
        platform.stop()


def write_photos(folder: Path, *, first: int) -> None:
    """Photos of two people, each file different, and some of nobody."""
    for number in range(first, first + PHOTOS):
        person, image = (("Eileen", astronaut()), ("Grace", grace_hopper()))[number % 2]
        write(folder / person / f"{number}.jpg", image, number)
    for number in range(first, first + FACELESS):
        write(folder / f"{number}.jpg", coffee(), number)


def write(path: Path, image: Image.Image, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = image.convert("RGB").resize((image.width // 2 + number % 40, image.height // 2 + number // 40))
    path.write_bytes(jpeg(ImageEnhance.Brightness(small).enhance(0.8 + number / 600)))


def take_in(platform: Platform, folder: Path, *, first: int) -> None:
    """Import photos while the encode workers stand still, so that there is a middle to kill them in; let them go on."""
    write_photos(folder, first=first)
    platform.signal_encoders(signal.SIGSTOP)
    answer = platform.manage("import_photos", str(folder), "--gallery", "Staff", "--create", "--no-wait")
    platform.signal_encoders(signal.SIGCONT)
    assert answer.returncode == 0, answer.stderr


def in_the_middle(platform: Platform, *, after: int) -> bool:
    ready = platform.number("SELECT count(*) FROM faces_photo WHERE state = 'ready'")
    busy = platform.number("SELECT count(*) FROM faces_photo WHERE state = 'encoding'")
    return ready >= after and busy > 0


def let_leases_lapse(platform: Platform) -> None:
    """What two minutes of waiting would do for the photos of a worker that is gone."""
    platform.rows("UPDATE faces_photo SET leased_until = now() - interval '1 second' WHERE state = 'encoding'")


def all_are_done(platform: Platform) -> bool:
    return platform.number("SELECT count(*) FROM faces_photo WHERE state IN ('pending', 'encoding')") == 0


def assert_each_photo_was_processed_once(platform: Platform, imports: int) -> None:
    states = dict(platform.rows("SELECT state, count(*) FROM faces_photo GROUP BY state"))
    assert states == {"ready": imports * PHOTOS, "rejected": imports * FACELESS}
    twice = 'SELECT 1 FROM faces_face GROUP BY photo_id, "left", top HAVING count(*) > 1'
    assert platform.rows(twice) == []
    no_face = "NOT EXISTS (SELECT FROM faces_face f WHERE f.photo_id = p.id)"
    assert platform.rows(f"SELECT 1 FROM faces_photo p WHERE state = 'ready' AND {no_face}") == []
    faces = platform.number("SELECT count(*) FROM faces_face")
    assert platform.number("SELECT count(*) FROM faces_embedding") == faces
    assert platform.number("SELECT count(DISTINCT face_id) FROM faces_embedding") == faces


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_photo_is_lost_or_encoded_twice_when_worker_database_and_everything_is_killed(
    platform: Platform, tmp_path: Path
) -> None:
    take_in(platform, tmp_path / "first", first=0)
    platform.wait_for(lambda: in_the_middle(platform, after=4), "the worker is in the middle")
    encoder = platform.pid_of("encoder")
    platform.kill(encoder)
    let_leases_lapse(platform)
    platform.wait_for(lambda: platform.pid_of("encoder") != encoder, "another worker is started")
    platform.wait_for(lambda: all_are_done(platform), "all photos are done after the worker was killed")
    assert_each_photo_was_processed_once(platform, 1)

    take_in(platform, tmp_path / "second", first=100)
    platform.wait_for(lambda: in_the_middle(platform, after=PHOTOS + 4), "the worker is in the middle again")
    platform.kill_database()
    platform.wait_for(lambda: platform.number("SELECT 1") == 1, "the database is back")
    let_leases_lapse(platform)
    platform.wait_for(lambda: all_are_done(platform), "all photos are done after the database was killed")
    assert_each_photo_was_processed_once(platform, 2)

    take_in(platform, tmp_path / "third", first=200)
    platform.wait_for(lambda: in_the_middle(platform, after=2 * PHOTOS + 4), "the worker is in the middle once more")
    assert platform.process is not None
    platform.process.send_signal(signal.SIGKILL)
    platform.process.wait()
    platform.start()
    let_leases_lapse(platform)
    platform.wait_for(lambda: all_are_done(platform), "all photos are done after everything was killed")
    assert_each_photo_was_processed_once(platform, 3)
    assert platform.stop() == 0
