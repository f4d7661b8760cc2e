"""Template vectors in memory, searched by FAISS and numpy: no database, no people, no rights."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import faiss
import numpy as np

from benchmarks.search_recall import Answer, Exact, Vectors
from benchmarks.search_service import CANDIDATES
from benchmarks.synthetic_gallery import Floats, Integers

HNSW_M = 16
HNSW_EF_CONSTRUCTION = 64
EF_SEARCHES = (16, 32, 64, 100, 200, 400, 800, 1600)


class Rival(Protocol):
    """Finds the nearest rows of the templates."""

    def rows(self, probe: Floats, limit: int) -> Integers:
        """(limit,) nearest first."""


class Flat:
    """FAISS IndexFlatL2: exact."""

    def __init__(self, templates: Floats) -> None:
        self._index = faiss.IndexFlatL2(templates.shape[1])
        self._index.add(templates)

    def rows(self, probe: Floats, limit: int) -> Integers:
        """(limit,) nearest first."""
        found: Integers = self._index.search(probe[None], limit)[1][0]
        return found


class Hnsw:
    """FAISS IndexHNSWFlat."""

    def __init__(self, templates: Floats, *, m: int = HNSW_M, ef_construction: int = HNSW_EF_CONSTRUCTION) -> None:
        started = time.perf_counter()
        self._index = faiss.IndexHNSWFlat(templates.shape[1], m)
        self._index.hnsw.efConstruction = ef_construction
        self._index.add(templates)
        self.m = m
        self.ef_construction = ef_construction
        self.build_seconds = time.perf_counter() - started
        self.recall = 0.0

    @property
    def ef_search(self) -> int:
        """Candidates in view."""
        return int(self._index.hnsw.efSearch)

    def tune(self, templates: Vectors, probes: Floats, exact: Exact, tau: float, recall: float) -> None:
        """Take the least `ef_search` whose recall@1 within tau is at least `recall`, or the largest one tried."""
        within = exact.distance[:, 0] <= tau
        for ef_search in EF_SEARCHES:
            self._index.hnsw.efSearch = ef_search
            rows = self._index.search(probes, 1)[1][:, 0]
            near = ((templates.vector[rows].astype(np.float64) - probes) ** 2).sum(axis=1)
            right = near <= exact.distance[:, 0] + 1e-6
            self.recall = float(right[within].mean()) if within.any() else 1.0
            if self.recall >= recall:
                return

    def rows(self, probe: Floats, limit: int) -> Integers:
        """(limit,) nearest first."""
        found: Integers = self._index.search(probe[None], limit)[1][0]
        return found


class Numpy:
    """One product of a matrix and a vector, and a partition."""

    def __init__(self, templates: Floats) -> None:
        self._templates = templates
        self._squares = (templates**2).sum(axis=1)

    def rows(self, probe: Floats, limit: int) -> Integers:
        """(limit,) nearest first."""
        distance = self._squares - 2 * (self._templates @ probe)
        near = np.argpartition(distance, limit)[:limit]
        found: Integers = near[np.argsort(distance[near])]
        return found


def seconds_of(rival: Rival) -> Callable[[Floats], float]:
    """How long the rival takes for a probe."""

    def seconds(probe: Floats) -> float:
        started = time.perf_counter()
        rival.rows(probe, CANDIDATES)
        return time.perf_counter() - started

    return seconds


def answer_of(rival: Rival, templates: Vectors, tau: float) -> Callable[[Floats, int], Answer]:
    """What the rival answers, in numbers of people."""

    def answer(probe: Floats, limit: int) -> Answer:
        people = templates.people[rival.rows(probe, limit)].tolist()
        return Answer(people, bool(templates.distances(probe, people[:1])[0] > tau))

    return answer
