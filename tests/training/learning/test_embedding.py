"""Embeddings as the encoder serves them."""

from pathlib import Path

import numpy as np
import pytest

from encoder.exceptions import WeightsMissing
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.inputs import random_crops
from tests.training.learning.people import CPU, parent
from training.learning.embedding import deployed_embeddings


def test_they_are_those_of_the_encoder_with_all_of_its_views() -> None:
    spec, weights = parent()
    assert len(spec.views) > 1
    crops, rows = np.concatenate([random_crops()] * 2), np.arange(30, 2, -1)
    told: list[int] = []
    found = deployed_embeddings(spec, weights, crops, rows, CPU, precision="float32", progress=told.append)
    expected = FaceEncoder.load(spec, weights, device="cpu", precision="float32").embed(crops[rows])
    np.testing.assert_array_equal(found, expected)
    assert sum(told) == len(rows)


def test_no_rows_have_no_embeddings() -> None:
    found = deployed_embeddings(*parent(), random_crops(), np.zeros(0, np.int64), CPU)
    assert found.shape == (0, DLIB_RESNET_SPEC.dimension)


def test_weights_that_are_not_there_are_missed(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing):
        deployed_embeddings(DLIB_RESNET_SPEC, tmp_path / "none", random_crops(), np.zeros(1, np.int64), CPU)
