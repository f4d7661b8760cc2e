"""What was measured of searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.search_churn import Churn
from benchmarks.search_gallery import Loading
from benchmarks.search_index import Built, Night, Standing, TableBytes
from benchmarks.search_recall import RecallCounts
from benchmarks.search_service import Breakdown, Percentiles, Together
from benchmarks.search_shape import MeasuredDistances


@dataclass(frozen=True)
class Kind:
    """Recall for one kind of probe, and of how many of them the exact answer itself is the right person."""

    counts: RecallCounts
    rightly_known: float


@dataclass(frozen=True)
class ManyPhotos:
    """Probes of the person with the most photos."""

    photos: int
    times: Percentiles
    found: float
    people_named: float


@dataclass(frozen=True)
class Measured:
    """Everything about one size."""

    faces: int
    standing: Standing
    share_of_table: float
    enrolled: Kind
    strangers: Kind
    tau: float
    at_factory_tau: RecallCounts
    service: Percentiles
    bare: Percentiles
    bare_recall: RecallCounts
    hnsw: Percentiles
    hnsw_recall: RecallCounts
    hnsw_ef_search: int
    hnsw_build_seconds: float
    flat: Percentiles
    numpy: Percentiles
    together: Together
    bare_together: Together
    breakdown: Breakdown
    many_photos: ManyPhotos
    night: Night | None


@dataclass(frozen=True)
class Results:
    """Everything."""

    sizes: Sequence[Measured]
    loading: Mapping[int, Loading | None]
    built: Mapping[int, Built]
    tables: Mapping[str, TableBytes]
    shape: MeasuredDistances
    churn: Churn | None
    tau: float
    seconds: float
    clients: int
