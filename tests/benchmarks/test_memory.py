"""`benchmarks.memory`: what is read of a process, and what counts as growth."""

import sys

import numpy as np
import pytest

from benchmarks.memory import MEGABYTE, growth, peak_of

VALUES = {"import_mb_1": 300.0, "worker_mb_1": 700.0, "import_mb_4": 300.0, "worker_mb_4": 800.0}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_once_held_counts_though_it_was_given_back() -> None:
    held = np.ones(300 * MEGABYTE, np.uint8)
    del held
    assert peak_of("self") > 300 * MEGABYTE


def test_a_process_that_has_ended_holds_nothing() -> None:
    assert peak_of(2**22 + 1) == 0


def test_growth_is_what_the_most_photos_take_beyond_the_next_fewer() -> None:
    values = VALUES | {"import_mb_16": 310.0, "worker_mb_16": 805.0}
    (row,) = growth([1, 4, 16], values)
    assert row.value == 10
    assert row.verdict == "<= 100 met"
    (row,) = growth([1, 4], VALUES)
    assert row.verdict == "<= 100 met"
    assert growth([4], VALUES) == []
