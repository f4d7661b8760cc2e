"""Work shared out to Python threads that compute with one torch thread each.

torch's own threads share out every single operation and wait for each other after it. Networks this small are hundreds
of operations of some microseconds: two threads that each take half of a batch through all of them do more. How many
take part is what `torch.get_num_threads` says in the calling thread; where that is one, everything stays in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import torch

Part = TypeVar("Part")
Result = TypeVar("Result")

MOST = 16
"""Threads of the process that take on parts."""


def hands(work: int, device: torch.device) -> int:
    """Among how many threads so many pieces of work for the device are worth sharing out: at least one."""
    return max(1, min(torch.get_num_threads(), work, MOST)) if device.type == "cpu" else 1


def share_out(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """`work` of each part, in their order, all at the same time: the first here, each other one in a thread.

    The first exception is raised, when all have ended. Autograd's modes are a thread's own: `work` sets what it needs.
    """
    if len(parts) < 2:
        return [work(part) for part in parts]
    with one_torch_thread():
        others = [_pool().submit(work, part) for part in parts[1:]]
        try:
            first = work(parts[0])
        finally:
            for other in others:
                other.exception()
        return [first, *(other.result() for other in others)]


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Has the calling thread compute by itself."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, thread_name_prefix="encoder", initializer=torch.set_num_threads, initargs=(1,))
