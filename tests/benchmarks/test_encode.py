"""`benchmarks.encode`: its crowd, its effort, and that it runs from end to end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.encode import FULL
from benchmarks.encode_contests import CROWD, CROWD_CELL, cells_hit, compose_crowd
from benchmarks.rivals import missing_rivals
from config.paths import PROJECT
from tests.encoder.golden.package_photos import astronaut, hopper

ASKED_FOR = {
    "ratio_to_dlib",
    "ratio_to_dlib_same_cores",
    "probe_share_of_dlib",
    "crowd_share_of_hog",
    "backbone_ratio_to_onnxruntime_1",
    "share_of_floor",
}


def test_a_crowd_is_a_full_hd_photo_with_one_portrait_in_each_cell() -> None:
    small, large = np.full((250, 250, 3), 10, np.uint8), np.zeros((400, 300, 3), np.uint8)
    large[65:335, 15:285] = 20  # its middle, as large as a cell
    photo = compose_crowd([small, large] * (CROWD // 2))
    assert photo.shape == (1080, 1920, 3)
    assert (photo[:250, :250] == 10).all()
    assert (photo[:270, 250:270] == 128).all()
    assert (photo[:270, 270:540] == 20).all()
    assert (photo[810:, 6 * 270 : 7 * 270] == 20).all()
    assert (photo[:, 7 * 270 :] == 128).all()


def test_a_face_counts_once_for_its_cell_and_not_at_all_outside_of_the_cells() -> None:
    inside = [(10.0, 10.0), (200.0, 250.0), (CROWD_CELL + 1.0, 5.0)]
    assert cells_hit(inside) == 2
    assert cells_hit([*inside, (1915.0, 10.0), (-3.0, 10.0), (10.0, 1085.0)]) == 2


def test_dlib_gets_no_more_photos_than_ours() -> None:
    assert FULL.with_choices(photos=8, rounds=None).dlib_photos == 8
    chosen = FULL.with_choices(photos=1000, rounds=2)
    assert (chosen.photos, chosen.dlib_photos, chosen.rounds) == (1000, FULL.dlib_photos, 2)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.encode", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_rivals()), reason=f"not installed: {', '.join(missing_rivals())}")
def test_a_quick_run_ends_with_an_object_of_numbers(tmp_path: Path) -> None:
    for number in range(CROWD):
        portrait = astronaut()[:256, 80:336] if number % 2 else hopper()[40:290, 130:380]
        Image.fromarray(portrait).save(tmp_path / f"{number}.jpg")
    ran = run("--photos", str(tmp_path), "--limit", str(CROWD), "--quick", "--json")
    assert ran.returncode == 0, ran.stderr
    values = json.loads(ran.stdout.splitlines()[-1])
    assert values.keys() >= ASKED_FOR
    assert all(isinstance(value, float | int) for value in values.values())
    assert values["ratio_to_dlib"] > 1
    assert values["faces_per_photo"] == 1
    assert "finds 28 of 28" in ran.stdout


def test_a_folder_with_too_few_photos_is_named(tmp_path: Path) -> None:
    ran = run("--photos", str(tmp_path), "--quick")
    assert ran.returncode == 1
    assert f"{tmp_path} has 0 JPEG photos; 32 are needed" in ran.stderr


def test_a_device_that_is_not_there_ends_the_run(tmp_path: Path) -> None:
    Image.fromarray(hopper()).save(tmp_path / "one.jpg")
    ran = run("--photos", str(tmp_path), "--limit", "1", "--device", "cuda:99")
    assert ran.returncode == 1
    assert "torch sees no device 'cuda:99' here" in ran.stderr
