"""Cutting long lists into runs that fit."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def runs(items: Iterable[T], *, most: int, size_of: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Cut items into runs, their order kept.

    Args:
        items: any number of them.
        most: items in a run, at least 1.
        size_of: how large one is, asked once.
        limit: of the sizes in a run together; an item larger than that is a run of its own.
    """
    run: list[T] = []
    total = 0
    for item in items:
        size = size_of(item)
        if run and (len(run) == most or total + size > limit):
            yield run
            run, total = [], 0
        run.append(item)
        total += size
    if run:
        yield run
