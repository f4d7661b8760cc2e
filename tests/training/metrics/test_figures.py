"""Figures as they are stored."""

import json

import pytest

from tests.training import made
from training.metrics.figures import Figures


def test_figures_are_read_back_as_they_were() -> None:
    figures = made.figures()
    assert Figures.from_json(json.loads(json.dumps(figures.as_json(), allow_nan=False))) == figures


def test_figures_of_another_format_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="format 99; this version of Facet reads 1"):
        Figures.from_json(made.figures().as_json() | {"format": 99})


def test_figures_without_a_field_are_refused_by_its_name() -> None:
    data = made.figures().as_json()
    del data["recognition"]["sizes"][0]["fnir"]
    with pytest.raises(ValueError, match="no field 'fnir': another version of Facet made it"):
        Figures.from_json(data)
