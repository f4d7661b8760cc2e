"""What many threads ask for at once, done together: real threads, led through every order by events, never by time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from faces.exceptions import TooBusyError
from faces.gathering import Gatherer, Limits

PATIENCE_SECONDS = 60.0
ROOMY = Limits(batch_items=100, batch_weight=1000, side_by_side=1, items=100, weight=100_000)


@dataclass
class Kitchen:
    """Work that doubles numbers, one batch at a time when it is told to: batches wait at a gate that a test opens.

    `batches` are the keys and items as they were given to the work, `threads` who did it.
    """

    batches: list[tuple[str, list[int]]] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    fail: Callable[[Sequence[int]], None] = lambda _: None

    def work(self, key: str, items: Sequence[int]) -> list[int]:
        self.batches.append((key, list(items)))
        self.threads.append(threading.current_thread().name)
        self.begun.release()
        assert self.gate.acquire(timeout=PATIENCE_SECONDS)
        self.fail(items)
        return [2 * item for item in items]

    def open(self, batches: int = 1000) -> None:
        self.gate.release(batches)

    def wait_for_batch(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE_SECONDS)


@dataclass
class Crowd:
    """Callers in threads of their own, whose arrival a test can wait for."""

    gatherer: Gatherer[str, int, int]
    pool: ThreadPoolExecutor

    def ask(self, item: int, *, key: str = "a", weight: int = 1) -> Future[int]:
        return self.pool.submit(self.gatherer.ask, key, weight, lambda: item)

    def ask_and_wait_in_line(self, item: int, *, key: str = "a", weight: int = 1) -> Future[int]:
        line = self.gatherer.waiting
        answer = self.ask(item, key=key, weight=weight)
        until(lambda: self.gatherer.waiting == line + 1)
        return answer


def until(condition: Callable[[], bool]) -> None:
    """Look again and again; the condition is a state that comes for certain, so that no answer depends on the time."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS * 1000)):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("it did not come to that")


@contextmanager
def crowd(kitchen: Kitchen, limits: Limits = ROOMY) -> Iterator[Crowd]:
    with ThreadPoolExecutor(32) as pool:
        try:
            yield Crowd(Gatherer(kitchen.work, limits), pool)
        finally:
            kitchen.open()


def results(answers: Sequence[Future[int]]) -> list[int]:
    return [answer.result(PATIENCE_SECONDS) for answer in answers]


def test_a_lone_caller_is_served_in_its_own_thread_and_at_once() -> None:
    kitchen = Kitchen()
    kitchen.open()
    gatherer = Gatherer(kitchen.work, ROOMY)
    assert [gatherer.ask("a", 1, lambda: 3), gatherer.ask("a", 1, lambda: 4)] == [6, 8]
    assert kitchen.batches == [("a", [3]), ("a", [4])]
    assert set(kitchen.threads) == {threading.current_thread().name}
    assert (gatherer.running, gatherer.waiting) == (0, 0)


def test_who_comes_while_a_batch_runs_shares_the_next_one_in_the_order_of_coming() -> None:
    kitchen = Kitchen()
    with crowd(kitchen) as people:
        first = people.ask(1)
        kitchen.wait_for_batch()
        others = [people.ask_and_wait_in_line(item) for item in range(2, 9)]
        kitchen.open()
        assert results([first, *others]) == [2, 4, 6, 8, 10, 12, 14, 16]
    assert kitchen.batches == [("a", [1]), ("a", [2, 3, 4, 5, 6, 7, 8])]
    assert kitchen.threads[0] != kitchen.threads[1]


def test_the_leader_goes_with_its_answer_and_does_not_serve_the_next_batch() -> None:
    kitchen = Kitchen()
    with crowd(kitchen) as people:
        first = people.ask(1)
        kitchen.wait_for_batch()
        second = people.ask_and_wait_in_line(2)
        kitchen.open(1)
        assert first.result(PATIENCE_SECONDS) == 2  # while the second batch stands at its gate
        assert not second.done()


def test_a_batch_has_no_more_items_than_allowed_and_the_rest_go_next() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, batch_items=3)) as people:
        answers = [people.ask(0)]
        kitchen.wait_for_batch()
        answers += [people.ask_and_wait_in_line(item) for item in range(1, 8)]
        kitchen.open()
        results(answers)
    assert [items for _, items in kitchen.batches] == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_a_batch_has_no_more_weight_than_allowed_and_light_items_fill_it_up() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, batch_weight=10)) as people:
        answers = [people.ask(0)]
        kitchen.wait_for_batch()
        weights = {1: 4, 2: 7, 3: 3, 4: 3, 5: 1}
        answers += [people.ask_and_wait_in_line(item, weight=weight) for item, weight in weights.items()]
        kitchen.open()
        results(answers)
    assert [items for _, items in kitchen.batches] == [[0], [1, 3, 4], [2, 5]]


def test_an_item_heavier_than_a_batch_goes_alone_when_its_turn_comes() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, batch_weight=10)) as people:
        answers = [people.ask(0)]
        kitchen.wait_for_batch()
        answers += [people.ask_and_wait_in_line(item, weight=11 if item == 2 else 1) for item in (1, 2, 3)]
        kitchen.open()
        results(answers)
    assert [items for _, items in kitchen.batches] == [[0], [1, 3], [2]]


def test_items_of_different_keys_never_share_a_batch_and_the_oldest_comes_first() -> None:
    kitchen = Kitchen()
    with crowd(kitchen) as people:
        answers = [people.ask(0)]
        kitchen.wait_for_batch()
        answers += [people.ask_and_wait_in_line(item, key=key) for item, key in enumerate("babac", start=1)]
        kitchen.open()
        assert results(answers) == [0, 2, 4, 6, 8, 10]
    assert kitchen.batches == [("a", [0]), ("b", [1, 3]), ("a", [2, 4]), ("c", [5])]


def test_batches_run_side_by_side_up_to_their_number() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, side_by_side=2)) as people:
        answers = []
        for item in (0, 1):
            answers.append(people.ask(item))
            kitchen.wait_for_batch()
        answers += [people.ask_and_wait_in_line(item) for item in (2, 3)]
        assert people.gatherer.running == 2
        kitchen.open(1)
        kitchen.wait_for_batch()
        kitchen.open()
        results(answers)
    assert [items for _, items in kitchen.batches] == [[0], [1], [2, 3]]


def test_heavy_items_leave_one_place_to_the_light_ones() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, side_by_side=2, batch_weight=10)) as people:
        heavy = people.ask(100, weight=50)
        kitchen.wait_for_batch()
        next_heavy = people.ask_and_wait_in_line(101, weight=50)
        light = people.ask(1)
        kitchen.wait_for_batch()
        assert kitchen.batches == [("a", [100]), ("a", [1])]
        assert people.gatherer.waiting == 1
        kitchen.open()
        assert results([heavy, next_heavy, light]) == [200, 202, 2]


def refuse_sevens(items: Sequence[int]) -> None:
    if 7 in items:
        raise ValueError("seven")


def test_an_error_reaches_only_the_caller_whose_item_caused_it() -> None:
    kitchen = Kitchen(fail=refuse_sevens)
    with crowd(kitchen) as people:
        first = people.ask(0)
        kitchen.wait_for_batch()
        fine, guilty, also_fine = (people.ask_and_wait_in_line(item) for item in (6, 7, 8))
        kitchen.open()
        assert results([first, fine, also_fine]) == [0, 12, 16]
        with pytest.raises(ValueError, match="seven"):
            guilty.result(PATIENCE_SECONDS)
    assert [items for _, items in kitchen.batches] == [[0], [6, 7, 8], [6], [7], [8]]


def test_an_item_that_cannot_be_made_is_its_caller_s_affair_alone() -> None:
    kitchen = Kitchen()
    kitchen.open()
    gatherer = Gatherer(kitchen.work, ROOMY)

    def make() -> int:
        raise ValueError("no such item")

    with pytest.raises(ValueError, match="no such item"):
        gatherer.ask("a", 1, make)
    assert kitchen.batches == []
    assert gatherer.ask("a", 1, lambda: 2) == 4


def test_work_that_loses_a_result_fails_every_item_it_lost() -> None:
    gatherer = Gatherer[str, int, int](lambda _, items: [0] * (len(items) - 1), ROOMY)
    with pytest.raises(RuntimeError, match=r"1 items were given .* returned 0"):
        gatherer.ask("a", 1, lambda: 1)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_whom_a_dying_leader_leaves_behind_another_one_serves(end: type[BaseException]) -> None:
    def die(items: Sequence[int]) -> None:
        if items[0] == 1:
            raise end

    kitchen = Kitchen(fail=die)
    with crowd(kitchen) as people:
        first = people.ask(0)
        kitchen.wait_for_batch()
        dying, *others = (people.ask_and_wait_in_line(item) for item in (1, 2, 3))
        kitchen.open()
        assert results([first, *others]) == [0, 4, 6]
        with pytest.raises(end):
            dying.result(PATIENCE_SECONDS)
        assert (people.gatherer.running, people.gatherer.waiting) == (0, 0)
    assert [items for _, items in kitchen.batches] == [[0], [1, 2, 3], [2, 3]]


def test_when_more_is_under_way_than_there_is_room_for_the_next_caller_is_asked_to_come_again() -> None:
    kitchen = Kitchen()
    with crowd(kitchen, replace(ROOMY, items=3)) as people:
        answers = [people.ask(0)]
        kitchen.wait_for_batch()
        answers += [people.ask_and_wait_in_line(item) for item in (1, 2)]
        with pytest.raises(TooBusyError, match="3 other photos") as refused:
            people.gatherer.ask("a", 1, lambda: 3)
        assert (refused.value.code, refused.value.params) == ("too_busy", {"others": 3})
        kitchen.open()
        assert results(answers) == [0, 2, 4]
        assert people.gatherer.ask("a", 1, lambda: 3) == 6


def test_what_does_not_fit_is_not_even_made() -> None:
    kitchen = Kitchen()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return 1

    with crowd(kitchen, replace(ROOMY, weight=100)) as people:
        answer = people.ask(0, weight=60)
        kitchen.wait_for_batch()
        with pytest.raises(TooBusyError):
            people.gatherer.ask("a", 41, make)
        assert made == []
        fits = people.ask_and_wait_in_line(2, weight=40)
        kitchen.open()
        assert results([answer, fits]) == [0, 4]


def test_an_item_beyond_all_room_is_taken_in_when_nothing_else_is() -> None:
    kitchen = Kitchen()
    kitchen.open()
    gatherer = Gatherer(kitchen.work, replace(ROOMY, weight=100))
    assert gatherer.ask("a", 1_000_000, lambda: 1) == 2


def test_room_is_free_again_after_errors() -> None:
    kitchen = Kitchen(fail=refuse_sevens)
    kitchen.open()
    gatherer = Gatherer(kitchen.work, replace(ROOMY, items=1))
    for _ in range(3):
        with pytest.raises(ValueError, match="seven"):
            gatherer.ask("a", 1, lambda: 7)
    assert gatherer.ask("a", 1, lambda: 1) == 2


@pytest.mark.parametrize("side_by_side", [1, 3])
def test_many_callers_all_get_their_own_answers(side_by_side: int) -> None:
    """No gate: 16 threads ask 200 times each, as fast as they can, and some items fail."""
    limits = replace(ROOMY, side_by_side=side_by_side, batch_items=5, batch_weight=12)
    running = 0
    most = 0
    lock = threading.Lock()

    def work(key: str, items: Sequence[int]) -> list[str]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            assert len(items) <= 5
            if any(item % 31 == 0 for item in items):
                raise ValueError(str(items))
            return [f"{key}{item}" for item in items]
        finally:
            with lock:
                running -= 1

    gatherer = Gatherer(work, limits)
    wrong: list[object] = []
    start = threading.Barrier(16)

    def ask(caller: int) -> None:
        start.wait()
        for item in range(caller * 200, caller * 200 + 200):
            key = "ab"[item % 2]
            try:
                answer = gatherer.ask(key, 1 + item % 20, lambda: item)  # noqa: B023 - called before the next round
            except ValueError as error:
                answer = str(error)
            expected = f"[{item}]" if item % 31 == 0 else f"{key}{item}"
            if answer != expected:
                wrong.append((answer, expected))

    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(ask, caller) for caller in range(16)]:
            future.result(PATIENCE_SECONDS)
    assert wrong == []
    assert most <= side_by_side
    assert (gatherer.running, gatherer.waiting) == (0, 0)
