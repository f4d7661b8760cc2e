"""The project's own recognition, asked as an application asks it: one probe a call, alone or by several clients."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import Any

import numpy as np
from django.db import connection

from benchmarks.search_bare import BareSql
from benchmarks.search_recall import Answer, Exact, RecallCounts, Vectors
from benchmarks.synthetic_gallery import Floats
from encoder.geometry import BoundingBox, EncodedFace, FaceQuality, Landmarks, Point
from faces.models import Gallery
from faces.services.recognition import Outcome, Recognition, recognize

CANDIDATES = 5
ASKED_FOR_TEN = 1000
WARMING = 30
PATIENCE_SECONDS = 900

_POINT = Point(100.0, 100.0)
_QUALITY = FaceQuality(size=100.0, sharpness=0.9, brightness=0.5, yaw=0.0, pitch=0.0, roll=0.0, score=0.95)


def encoded(vector: Floats) -> EncodedFace:
    """A probe with this embedding (D,); of the rest a search knows nothing."""
    landmarks = Landmarks(_POINT, _POINT, _POINT, _POINT, _POINT)
    return EncodedFace(BoundingBox(50.0, 40.0, 150.0, 170.0), landmarks, 0.999, _QUALITY, vector)


class Service:
    """Recognition in one gallery, through this process' own connection."""

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery

    def ask(self, probe: Floats, limit: int = CANDIDATES) -> Recognition:
        """One probe (D,), as a request to the API has one."""
        return recognize(gallery=self.gallery, probes=[encoded(probe)], limit=limit)[0]

    def answer(self, probe: Floats, limit: int = CANDIDATES) -> Answer:
        """The same in numbers."""
        recognition = self.ask(probe, limit)
        people = [candidate.face.person_id or 0 for candidate in recognition.candidates]
        return Answer(people, recognition.outcome == Outcome.NOBODY)

    def seconds(self, probe: Floats) -> float:
        """How long one answer takes."""
        started = time.perf_counter()
        self.ask(probe)
        return time.perf_counter() - started

    def warm(self, probes: Floats) -> None:
        """Ask a few without looking at the clock."""
        for probe in probes[:WARMING]:
            self.ask(probe)


def recall_of(
    answer: Callable[[Floats, int], Answer], templates: Vectors, probes: Floats, exact: Exact, tau: float
) -> RecallCounts:
    """Judge the answers to all probes; `answer` takes a probe and how many people to name.

    Some are asked once more for ten people.
    """
    counts = RecallCounts()
    for place, (probe, distance) in enumerate(zip(probes, exact.distance, strict=True)):
        given = answer(probe, CANDIDATES)
        counts.count(templates.distances(probe, given.people), distance, tau, is_nobody=given.is_nobody)
        if place < ASKED_FOR_TEN:
            ten = answer(probe, len(distance))
            counts.count_ten(templates.distances(probe, ten.people), distance)
    return counts


@dataclass(frozen=True)
class Percentiles:
    """Of times, in milliseconds."""

    p50: float
    p95: float
    p99: float
    mean: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Percentiles:
        """Raises ValueError for no times."""
        if not len(seconds):
            raise ValueError("No time was taken.")
        times = np.asarray(seconds) * 1000
        p50, p95, p99 = (float(value) for value in np.percentile(times, [50, 95, 99]))
        return cls(p50, p95, p99, float(times.mean()), len(times))


@dataclass(frozen=True)
class Together:
    """Several clients at once, each a process with a connection of its own."""

    times: Percentiles
    per_second: float


def ask_together(kind: str, gallery: Gallery, probes: Floats, clients: int) -> Together:
    """Have so many processes ask all probes each, in different orders, from the same moment on; `kind` is of `ASKERS`.

    Raises:
        RuntimeError: a client ended without an answer.
    """
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(clients)
    answers: Any = context.Queue()
    crew = [
        context.Process(target=_client, args=(kind, gallery.pk, np.roll(probes, 17 * number, axis=0), ready, answers))
        for number in range(clients)
    ]
    for process in crew:
        process.start()
    try:
        received = [answers.get(timeout=PATIENCE_SECONDS) for _ in crew]
    finally:
        for process in crew:
            process.join(timeout=30)
            process.terminate()
    if failed := [process.exitcode for process in crew if process.exitcode]:
        raise RuntimeError(f"A client ended with {failed[0]}.")
    began, ended = min(start for start, _, _ in received), max(end for _, end, _ in received)
    times = [seconds for _, _, some in received for seconds in some]
    return Together(Percentiles.of(times), len(times) / (ended - began))


def _service(gallery: Gallery) -> Callable[[Floats], float]:
    return Service(gallery).seconds


def _bare(gallery: Gallery) -> Callable[[Floats], float]:
    return BareSql(gallery).seconds


ASKERS: Mapping[str, Callable[[Gallery], Callable[[Floats], float]]] = {"service": _service, "bare": _bare}


def _client(kind: str, gallery_id: int, probes: Floats, ready: Any, answers: Queue[Any]) -> None:
    """What one process does: warm up, wait for the others, ask; times of the clock that all processes share."""
    seconds = ASKERS[kind](Gallery.objects.select_related("encoder_version").get(pk=gallery_id))
    for probe in probes[:WARMING]:
        seconds(probe)
    ready.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    times = [seconds(probe) for probe in probes]
    answers.put((began, time.monotonic(), times))


@dataclass(frozen=True)
class Breakdown:
    """Where the time of one recognition goes: medians in milliseconds.

    Attributes:
        python: outside of the database: parameters, objects, decisions.
        small_statements: what is asked before the search (tau, plan), as the client sees it.
        search_statement: the search, as the client sees it.
        planning: of that, what PostgreSQL says it needs to plan.
        execution: of that, what it says it needs to execute.
        statements: how many there are.
    """

    python: float
    small_statements: float
    search_statement: float
    planning: float
    execution: float
    statements: float

    @property
    def round_trip(self) -> float:
        """The rest of the search statement: sending, parsing, receiving, turning values into Python's."""
        return max(self.search_statement - self.planning - self.execution, 0.0)


def break_down(service: Service, probes: Floats) -> Breakdown:
    """Take the time of every statement, and have PostgreSQL explain the last one: the search."""
    rows = []
    for probe in probes:
        with _recorded() as statements:
            whole = service.seconds(probe)
        *small, (sql, values, search) = statements
        asked = sum(seconds for _, _, seconds in small)
        rows.append((whole - asked - search, asked, search, *_explained(sql, values), len(statements) / 1000))
    return Breakdown(*(float(value) * 1000 for value in np.median(np.array(rows), axis=0)))


Statement = tuple[str, Any, float]


@contextmanager
def _recorded() -> Iterator[list[Statement]]:
    """Statements that this process sends meanwhile, with their values and seconds."""
    statements: list[Statement] = []

    def record(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        started = time.perf_counter()
        try:
            return execute(sql, values, many, context)
        finally:
            statements.append((sql, values, time.perf_counter() - started))

    with connection.execute_wrapper(record):
        yield statements


def _explained(sql: str, values: Any) -> tuple[float, float]:
    """Seconds of planning and of execution."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", values)
        ((plan,),) = cursor.fetchone()
    return plan["Planning Time"] / 1000, plan["Execution Time"] / 1000
