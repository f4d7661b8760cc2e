"""What every measurement shares: contestants that take turns, medians, and a table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

ResultT = TypeVar("ResultT")

Turn = Callable[[int], float]
"""Does one round's work and says how it went, as a rate or in seconds; the argument is the round's number, from 0."""


def take_turns(contestants: Mapping[str, Turn], rounds: int) -> dict[str, list[float]]:
    """Runs A B C, A B C, ...: whatever else the machine does meanwhile hits all of them. One value a round each."""
    results: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, turn in contestants.items():
            results[name].append(turn(number))
    return results


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median over the rounds of one contestant's value divided by the other's in the same round."""
    return statistics.median(top / bottom for top, bottom in zip(numerators, denominators, strict=True))


def slice_of(items: Sequence[str], number: int, size: int) -> list[str]:
    """`size` items for round `number`, each round the next ones, from the front again behind the last."""
    start = number * size
    return [items[(start + offset) % len(items)] for offset in range(size)]


def portions(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """The items in runs of `size`; the last may be shorter."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def rate(work: Callable[[], object], units: int, *, at_least_s: float) -> float:
    """Units a second: `work`, which does `units` of them, is repeated for at least this long."""
    done = 0
    started = time.perf_counter()
    while (spent := time.perf_counter() - started) < at_least_s or not done:
        work()
        done += units
    return done / spent


def cpu_seconds(work: Callable[[], ResultT]) -> tuple[float, ResultT]:
    """The processor time that all threads of this process took, which other programs lengthen less; and the answer."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: key in the JSON object.
        value: the median.
        unit: of the value.
        goal: what the value should be: at least this where positive, at most its amount where negative; 0 for none.
        note: what to know about it.
    """

    name: str
    value: float
    unit: str
    goal: float = 0.0
    note: str = ""

    @property
    def verdict(self) -> str:
        """In words how the value stands to the goal; empty without one."""
        if not self.goal:
            return ""
        if self.goal > 0:
            return f">= {self.goal:.4g} {'met' if self.value >= self.goal else 'MISSED'}"
        return f"<= {-self.goal:.4g} {'met' if self.value <= -self.goal else 'MISSED'}"


def table(title: str, rows: Sequence[Row]) -> str:
    """Aligned columns: name, value, unit, goal, note."""
    width = max(len(row.name) for row in rows)
    lines = [
        f"  {row.name:{width}}  {row.value:10.4g} {row.unit:12} {row.verdict:16} {row.note}".rstrip() for row in rows
    ]
    return "\n".join([title, *lines])


def as_json(rows: Sequence[Row]) -> dict[str, float]:
    """The object that is printed; raises ValueError where two rows have one name."""
    result = {row.name: row.value for row in rows}
    if len(result) != len(rows):
        raise ValueError("Two rows of the table have the same name.")
    return result
