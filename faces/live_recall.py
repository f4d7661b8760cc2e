"""A small share of searches is answered a second time, exactly, once their asker has the answer.

It is done by one thread of the process that searched, with a database connection of its own. The probe stays in this
process's memory until then, and goes nowhere else; what is kept is a count (`faces.services.recall`).
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.core.signals import request_finished
from django.db import connection
from django.dispatch import receiver

from faces.models import RecallCount
from faces.services.comparing import compare
from faces.services.nearest import Route
from faces.services.recall import count_recall
from faces.services.recognition import Recognition

logger = logging.getLogger(__name__)

SHARE = 0.01
"""Of the searches through an index."""

QUIET_SECONDS = 900.0
"""A gallery of which a process has answered none twice for so long has the next one taken: some a day, however few
ask."""

PART_OF_A_CORE = 0.05
"""What exact scans may take at most, in each process: after each the thread rests nineteen times as long."""


@dataclass(frozen=True)
class Sample:
    """A probe (D,) that was answered through an index, and the tau that decided."""

    route: Route
    vector: npt.NDArray[np.float32]
    tau: float


class Meter:
    """Takes samples, and answers them beside whatever else the process does; one too many is dropped."""

    def __init__(
        self,
        *,
        share: float = SHARE,
        quiet_seconds: float = QUIET_SECONDS,
        part_of_a_core: float = PART_OF_A_CORE,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Begin without a thread; the first sample starts it."""
        self.share = share
        self.quiet_seconds = quiet_seconds
        self.part_of_a_core = part_of_a_core
        self._draw = draw
        self._waiting: queue.Queue[Sample] = queue.Queue(maxsize=1)
        self._last: dict[int, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def choose(self, answers: Sequence[Recognition]) -> Sample | None:
        """Return one face of a search that is to be answered twice, or None for most searches."""
        indexed = [answer for answer in answers if not answer.route.is_exact]
        if not indexed or not self._is_drawn(indexed[0].route.gallery_id):
            return None
        answer = indexed[int(self._draw() * len(indexed)) % len(indexed)]
        return Sample(answer.route, answer.probe.embedding, answer.tau.tau)

    def _is_drawn(self, gallery_id: int) -> bool:
        now = time.monotonic()
        with self._lock:
            last = self._last.get(gallery_id)
            drawn = last is None or now - last >= self.quiet_seconds or self._draw() < self.share
            if drawn:
                self._last[gallery_id] = now
        return drawn

    def take(self, sample: Sample) -> bool:
        """Have a sample answered by the thread; returns False where it is busy and the sample was dropped."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="recall-meter", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(sample)
        except queue.Full:
            return False
        return True

    def wait(self) -> None:
        """Return when all that was taken is counted."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            sample = self._waiting.get()
            began = time.monotonic()
            try:
                answer_twice(sample)
            finally:
                connection.close()
                del sample
                self._waiting.task_done()
            time.sleep((time.monotonic() - began) * (1 / self.part_of_a_core - 1))


def answer_twice(sample: Sample) -> None:
    """Compare the answer through the index with the exact one and count what came of it. Raises nothing.

    Of an error only its kind is logged: the database's words may contain the vector.
    """
    try:
        tally = compare(sample.route, [sample.vector], tau=sample.tau)
        count_recall(route=sample.route, source=RecallCount.Source.LIVE, tally=tally)
    except Exception as error:  # noqa: BLE001 - whatever it is, the searches themselves must not suffer from it
        facts = {"gallery": sample.route.gallery_id}
        logger.error("A search could not be answered twice: %s", type(error).__name__, extra=facts)


METER = Meter()

_held = threading.local()


def after_answer(answers: Sequence[Recognition]) -> None:
    """Have a search that a request asked for considered, once the request is over: the answer has been sent by then."""
    _held.sample = METER.choose(answers)


@receiver(request_finished, dispatch_uid="faces.live_recall")
def _let_go(**_: object) -> None:
    sample: Sample | None = getattr(_held, "sample", None)
    _held.sample = None
    if sample is not None:
        METER.take(sample)


def before_exit(answers: Sequence[Recognition]) -> None:
    """Consider a search of the command line, whose process ends when it has printed its answer."""
    sample = METER.choose(answers)
    if sample is not None:
        answer_twice(sample)
