"""Work shared out among Python threads."""

import threading
from collections.abc import Iterator

import pytest
import torch

from encoder.threads import hands, one_torch_thread, share_out

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_torch_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(threads)


def test_results_come_in_the_order_of_the_parts() -> None:
    assert share_out(lambda part: part * part, [5, 3, 4, 1]) == [25, 9, 16, 1]


def test_parts_are_worked_on_at_the_same_time_each_with_one_torch_thread() -> None:
    everybody = threading.Barrier(3, timeout=30)

    def work(_: int) -> tuple[str, int]:
        everybody.wait()
        return threading.current_thread().name, torch.get_num_threads()

    done = share_out(work, [0, 1, 2])
    assert len({name for name, _ in done}) == 3
    assert {threads for _, threads in done} == {1}
    assert torch.get_num_threads() == 3


def test_one_part_stays_in_the_calling_thread_with_all_torch_threads() -> None:
    assert share_out(lambda _: (threading.current_thread(), torch.get_num_threads()), [0]) == [
        (threading.current_thread(), 3)
    ]
    assert share_out(lambda part: part, []) == []


@pytest.mark.parametrize("guilty", [0, 1])
def test_an_exception_is_raised_when_all_parts_have_ended(guilty: int) -> None:
    ended = []

    def work(part: int) -> None:
        if part == guilty:
            raise ValueError(f"part {part}")
        ended.append(part)

    with pytest.raises(ValueError, match=f"part {guilty}"):
        share_out(work, [0, 1])
    assert ended == [1 - guilty]
    assert torch.get_num_threads() == 3


def test_within_one_torch_thread_nothing_is_shared_out() -> None:
    assert hands(8, CPU) == 3
    assert hands(2, CPU) == 2
    assert hands(0, CPU) == 1
    with one_torch_thread():
        assert hands(8, CPU) == 1
    assert torch.get_num_threads() == 3


def test_a_gpu_is_not_shared_out_by_threads() -> None:
    assert hands(8, torch.device("cuda")) == 1
