"""The part of `benchmarks.encode` for CUDA, on the device that is here."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks import encode_cuda
from benchmarks.timing import as_json
from tests.encoder.golden.package_photos import astronaut


@pytest.mark.slow
def test_every_figure_is_measured_once_and_the_floors_follow_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not torch.cuda.is_available():
        monkeypatch.setattr(encode_cuda, "PRECISIONS", ("bfloat16",))  # a CPU takes no float16
    monkeypatch.setattr(encode_cuda, "BATCHES", (1, 2))
    monkeypatch.setattr(encode_cuda, "PHOTO_BATCHES", (2,))
    for number in range(3):
        Image.fromarray(astronaut()[:256, 80:336]).save(tmp_path / f"{number}.jpg")
    photos = [str(path) for path in tmp_path.iterdir()]
    values = as_json(encode_cuda.measure_cuda("cuda" if torch.cuda.is_available() else "cpu", photos, 1, 0.01))
    assert values.keys() >= {
        "backbone_bfloat16_2",
        "decoded_photos_2_per_second",
        "workers_photos_per_second",
        "copy_pinned_bytes",
        "copy_floor_photos_per_second",
    }
    floor = values["matrix_flops_bfloat16"] / values["flops_a_face"] / values["views"]
    assert values["compute_floor_faces_per_second"] == pytest.approx(floor)
    assert values["share_of_compute_floor"] == pytest.approx(values["workers_photos_per_second"] / floor)
    assert all(value > 0 for value in values.values())
