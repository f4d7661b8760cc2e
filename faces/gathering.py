"""What many threads ask for at the same time, done together: one batch instead of one call each.

No thread of its own and no clock. Who asks while there is room begins at once, in their own thread; who asks meanwhile
waits, and when a batch ends, the one who has waited longest leads the next one and takes along whoever else waits
("combining", Hendler et al., "Flat Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010). A lone caller
therefore never waits for company.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from faces.exceptions import TooBusyError

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done together, and how much is taken in. Weights are the caller's measure, such as pixels.

    Attributes:
        batch_items: most items in one batch.
        batch_weight: most weight in one batch. A heavier item goes alone, and where batches run side by side such items
            leave one of the places to the others.
        side_by_side: most batches that run at a time.
        items: most items under way, from their making to their answer.
        weight: most weight under way; an item heavier than that is taken in when nothing else is.
    """

    batch_items: int
    batch_weight: int
    side_by_side: int
    items: int
    weight: int


@dataclass(slots=True, eq=False)
class _Place(Generic[Key, Item, Result]):
    """One caller's place: `turn` is set when the answer is there, or when the caller shall lead the next batch."""

    key: Key
    item: Item
    weight: int
    turn: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    led: list[_Place[Key, Item, Result]] = field(default_factory=list)
    result: Result | None = None
    error: Exception | None = None
    is_answered: bool = False

    def answer(self, *, result: Result | None = None, error: Exception | None = None) -> None:
        self.result, self.error, self.is_answered = result, error, True
        self.turn.set()

    def taken(self) -> Result:
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # an error that its own traceback leads back to would keep the photo in memory
        return cast(Result, self.result)


class Gatherer(Generic[Key, Item, Result]):
    """Runs `work(key, items)` for many threads; items of different keys never share a batch.

    `work` returns one result an item, in their order. Where it raises for several items it is called again for each
    alone, so that an error reaches only the caller whose item caused it.
    """

    def __init__(self, work: Callable[[Key, Sequence[Item]], Sequence[Result]], limits: Limits) -> None:
        self.limits = limits
        self._work = work
        self._lock = threading.Lock()
        self._waiting: deque[_Place[Key, Item, Result]] = deque()
        self._leading: list[_Place[Key, Item, Result]] = []
        self._items = 0
        self._weight = 0

    @property
    def running(self) -> int:
        """How many batches run at this moment."""
        return len(self._leading)

    @property
    def under_way(self) -> int:
        """How many items are taken in at this moment and not answered yet."""
        return self._items

    @property
    def waiting(self) -> int:
        """How many items wait for a batch at this moment."""
        return len(self._waiting)

    def ask(self, key: Key, weight: int, make_item: Callable[[], Item]) -> Result:
        """Return the result for one item; the caller's thread makes it, and waits or works.

        Args:
            key: what the items of one batch have in common.
            weight: of the item, known before it is made.
            make_item: called once there is room for it; what it raises reaches the caller.

        Raises:
            TooBusyError: too much is under way already; nothing was done.
            Exception: whatever `work` raises for this item alone.
        """
        with self._lock:
            self._take_in(weight)
        try:
            return self._gathered(_Place(key, make_item(), weight))
        finally:
            with self._lock:
                self._items -= 1
                self._weight -= weight

    def _take_in(self, weight: int) -> None:
        is_full = self._items >= self.limits.items or self._weight + weight > self.limits.weight
        if self._items and is_full:
            raise TooBusyError(
                f"{self._items} other photos are being looked at just now. Try again in a moment.", others=self._items
            )
        self._items += 1
        self._weight += weight

    def _gathered(self, place: _Place[Key, Item, Result]) -> Result:
        try:
            with self._lock:
                self._waiting.append(place)
                self._appoint()
            place.turn.wait()
            if place.leads:
                self._run(self._companions(place))
            return place.taken()
        finally:
            with self._lock:
                self._leave(place)

    def _appoint(self) -> None:
        """Make those who have waited longest leaders, as long as there is room for their batches."""
        for place in list(self._waiting):
            if len(self._leading) >= self.limits.side_by_side:
                return
            if self._is_heavy(place) and self._heavy_are_many():
                continue
            self._waiting.remove(place)
            self._leading.append(place)
            place.leads = True
            place.turn.set()

    def _is_heavy(self, place: _Place[Key, Item, Result]) -> bool:
        return place.weight > self.limits.batch_weight

    def _heavy_are_many(self) -> bool:
        heavy = sum(map(self._is_heavy, self._leading))
        return heavy >= max(1, self.limits.side_by_side - 1)

    def _companions(self, leader: _Place[Key, Item, Result]) -> list[_Place[Key, Item, Result]]:
        """Take whoever waits and fits into the leader's batch; the leader comes first."""
        with self._lock:
            leader.led.append(leader)
            weight = leader.weight
            for place in list(self._waiting):
                if len(leader.led) >= self.limits.batch_items:
                    break
                if place.key == leader.key and weight + place.weight <= self.limits.batch_weight:
                    self._waiting.remove(place)
                    leader.led.append(place)
                    weight += place.weight
            return leader.led

    def _run(self, batch: Sequence[_Place[Key, Item, Result]]) -> None:
        """Answer every place of a batch."""
        try:
            results = self._work(batch[0].key, [place.item for place in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(batch)} items were given to {self._work}, which returned {len(results)}.")
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer(error=error)
                return
            logger.warning("A batch of %d failed and is tried one by one", len(batch), exc_info=error)
            for place in batch:
                self._run([place])
            return
        for place, result in zip(batch, results, strict=True):
            place.answer(result=result)

    def _leave(self, place: _Place[Key, Item, Result]) -> None:
        """Go, however it ended: whom a leader leaves without an answer waits again, in front, and another one leads."""
        if place in self._waiting:
            self._waiting.remove(place)
        if place.leads:
            self._leading.remove(place)
            left = [other for other in place.led if other is not place and not other.is_answered]
            self._waiting.extendleft(reversed(left))
            self._appoint()
