"""Indexes as the platform has them built, and what its searches notice of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from benchmarks.search_gallery import LoadedGallery
from benchmarks.search_service import Percentiles, Service
from benchmarks.synthetic_gallery import Floats
from faces.models import Gallery, Job, SearchPlan
from faces.services.indexing import build_index, request_index
from faces.services.recall_sample import sample_recall
from faces.services.tending import index_state, tend
from faces.services.working import perform

TABLES = ("person", "photo", "face", "embedding", "template")
NIGHT_SECONDS = 120.0


@dataclass
class Built:
    """One build.

    Attributes:
        rows: templates in the index.
        bytes: of the index.
        seconds: from the claim of the job to the switch.
        meanwhile: times of searches that went on beside it; None where there was no time for any.
    """

    rows: int
    bytes: int
    seconds: float
    meanwhile: Percentiles | None

    @property
    def rows_a_second(self) -> float:
        """Templates indexed a second."""
        return self.rows / self.seconds


def settle(probe: Callable[[], float]) -> dict[int, Built]:
    """Do what the platform itself finds there is to do, until nothing is left; builds by the gallery's number."""
    builds: dict[int, Built] = {}
    while (job := tend(is_thorough=True).requested) is not None:
        assert job.gallery_id is not None
        builds[job.gallery_id] = build(job, probe)
    return builds


def rebuild(gallery: Gallery, probe: Callable[[], float]) -> Built:
    """Build a gallery's index anew, as an admin asks for it."""
    return build(request_index(gallery=gallery), probe)


def build(job: Job, probe: Callable[[], float]) -> Built:
    """Do the job in a thread while this one keeps on asking; `probe` asks once and says how long it took.

    Raises:
        RuntimeError: the job failed.
    """
    worker = threading.Thread(target=_perform, args=(job,))
    worker.start()
    times = []
    while worker.is_alive():
        times.append(probe())
        time.sleep(0.02)
    worker.join()
    job.refresh_from_db()
    if job.state != Job.State.SUCCEEDED:
        raise RuntimeError(f"The index was not built: {job.error or job.state}")
    result = job.result
    return Built(
        int(result["rows"]), int(result["bytes"]), float(result["seconds"]), Percentiles.of(times) if times else None
    )


def _perform(job: Job) -> None:
    try:
        perform(job=job, work=build_index)
    finally:
        connection.close()


@dataclass(frozen=True)
class Night:
    """The platform's own nightly sample, and how many lists a search looked through before and after it."""

    asked: int
    agreed: int
    lists_before: int
    lists_after: int


def one_night(gallery: Gallery, *, probes: int) -> Night | None:
    """Have the platform look for some of the gallery's own faces, as every night; None without an index."""
    plan = plan_of(gallery)
    if plan is None or not plan.is_indexed:
        return None
    tally = sample_recall(plan=plan, probes=probes, seconds=NIGHT_SECONDS)
    after = SearchPlan.objects.get(pk=plan.pk)
    return Night(tally.asked, tally.agreed, plan.lists_searched, after.lists_searched)


def plan_of(gallery: Gallery) -> SearchPlan | None:
    """The plan of the version that serves the gallery."""
    return SearchPlan.objects.filter(gallery=gallery, encoder_version=gallery.encoder_version).first()


@dataclass(frozen=True)
class Standing:
    """How a gallery is searched: what its page shows."""

    is_exact: bool
    templates: int
    tail: int
    dead: int
    index_rows: int
    index_bytes: int
    lists: int
    lists_searched: int
    reason: str


def standing(gallery: Gallery) -> Standing:
    """As of now."""
    state, plan = index_state(gallery), plan_of(gallery)
    return Standing(
        state.is_exact,
        state.rows,
        state.tail,
        state.dead,
        state.index_rows,
        state.size_bytes,
        plan.lists if plan else 0,
        plan.lists_searched if plan else 0,
        state.decision.reason,
    )


@dataclass
class TableBytes:
    """A table's rows, and the bytes of its rows and of its indexes (those for searches left out)."""

    rows: int = 0
    table: int = 0
    indexes: int = 0
    per_row: float = field(init=False)

    def __post_init__(self) -> None:
        self.per_row = (self.table + self.indexes) / self.rows if self.rows else 0.0


SIZES = """
    SELECT pg_table_size(%(table)s::regclass), coalesce(sum(pg_relation_size(i.indexrelid)), 0)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE i.indrelid = %(table)s::regclass AND a.amname NOT IN ('hnsw', 'ivfflat')
"""


def table_bytes() -> dict[str, TableBytes]:
    """Of every table that a face costs something in, all galleries together."""
    result = {}
    with connection.cursor() as cursor:
        for name in TABLES:
            table = f"faces_{name}"
            cursor.execute(f"SELECT count(*) FROM {table}")
            (rows,) = cursor.fetchone()
            cursor.execute(SIZES, {"table": table})
            stored, indexes = cursor.fetchone()
            result[name] = TableBytes(int(rows), int(stored), int(indexes))
    return result


def asking(loaded: LoadedGallery, probes: Floats) -> Callable[[], float]:
    """Asks the gallery for one probe after the other, from the front again behind the last."""
    service, place = Service(loaded.gallery), 0

    def ask() -> float:
        nonlocal place
        place += 1
        return service.seconds(probes[place % len(probes)])

    return ask
