"""Processes that hold an engine."""

import os
import threading

import pytest

from benchmarks.crew import Crew


class Counter:
    """Counts what it was asked in its own process."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.asked = 0

    def facts(self) -> tuple[int, int]:
        self.asked += 1
        return self.threads, self.asked

    def process(self, words: list[str]) -> tuple[int, list[str]]:
        return os.getpid(), [word.upper() for word in words]

    def add(self, one: int, *, other: int) -> int:
        return one + other


def test_a_crew_of_one_keeps_its_engine_and_works_outside_of_this_process() -> None:
    with Crew(Counter, size=1, threads=3) as crew:
        assert crew.ask(Counter.facts) == (3, 1)
        assert crew.ask(Counter.facts) == (3, 2)
        assert crew.ask(Counter.add, 2, other=5) == 7
        ((pid, _),) = crew.share(Counter.process, [["a"]])
        assert pid != os.getpid()


def test_a_crew_answers_all_parts_in_their_order() -> None:
    with Crew(Counter, size=2, threads=1) as crew:
        answers = crew.share(Counter.process, [["a"], ["b", "c"], ["d"]])
    assert [words for _, words in answers] == [["A"], ["B", "C"], ["D"]]


def broken(threads: int) -> Counter:
    raise ValueError(f"no engine for {threads} threads")


def test_an_engine_that_cannot_be_made_ends_the_wait_at_once() -> None:
    with pytest.raises(threading.BrokenBarrierError):
        Crew(broken, size=1, threads=1)
