"""How galleries are searched, how well that works and how long it takes: for the page, the API and the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from faces.models import Gallery, Job, SearchEvent, SearchPlan
from faces.services.index_decision import Decision, Facts, decide
from faces.services.recall import Recall, recalls_of

LATENCY_OF = timedelta(hours=24)

# Counted in the index of ids alone: some 50 ms for a million.
COUNTS = """
    SELECT g.id,
        (SELECT count(*) FROM faces_template t
            WHERE t.gallery_id = g.id AND t.encoder_version_id = g.encoder_version_id),
        (SELECT count(*) FROM faces_template t
            WHERE t.gallery_id = g.id AND t.encoder_version_id = g.encoder_version_id AND t.id > p.index_up_to),
        coalesce(pg_relation_size(to_regclass(quote_ident(p.index_name))), 0)
    FROM faces_gallery g
    LEFT JOIN faces_searchplan p
        ON p.gallery_id = g.id AND p.encoder_version_id = g.encoder_version_id AND p.index_name <> ''
    WHERE g.id = ANY (%s)
"""
LATENCIES = """
    SELECT gallery_id, count(*), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms)
    FROM faces_searchevent WHERE gallery_id = ANY (%s) AND use = %s AND created_at > %s GROUP BY gallery_id
"""


@dataclass(frozen=True)
class Latency:
    """How long recognitions of the last 24 hours took, from the photo to the answer, in milliseconds."""

    searches: int
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True)
class Counts:
    """Templates of a gallery, of these its tail (0 without an index), and the size of the index in bytes."""

    people: int = 0
    tail: int = 0
    index_bytes: int = 0


@dataclass(frozen=True)
class SearchStatus:
    """How one gallery is searched.

    Attributes:
        gallery: with its encoder version.
        plan: as stored; one with all defaults where the platform has planned nothing yet.
        counts: what is searched.
        decision: what the platform thinks of the index, and why.
        job: the build of an index that waits or runs.
        recall: of the present index and number of lists searched; empty for exact scans, which miss nobody.
        latency: of the last 24 hours.
    """

    gallery: Gallery
    plan: SearchPlan
    counts: Counts
    decision: Decision
    job: Job | None
    recall: Recall
    latency: Latency

    @property
    def is_exact(self) -> bool:
        """Whether searches compare with every person."""
        return not self.plan.is_indexed

    @property
    def dead(self) -> int:
        """Templates that were deleted or replaced since the index was built."""
        return max(self.plan.index_rows - (self.counts.people - self.counts.tail), 0) if self.plan.index_name else 0


def search_status(gallery: Gallery) -> SearchStatus:
    """Return how one gallery is searched."""
    return search_statuses([gallery])[0]


def search_statuses(galleries: Sequence[Gallery]) -> list[SearchStatus]:
    """Return how each of these galleries is searched by the version that serves it, in five queries for all."""
    ids = [gallery.pk for gallery in galleries]
    serving = {gallery.pk: gallery.encoder_version_id for gallery in galleries}
    plans = {
        plan.gallery_id: plan
        for plan in SearchPlan.objects.filter(gallery__in=ids)
        if plan.encoder_version_id == serving[plan.gallery_id]
    }
    recalls = recalls_of(plans.values())
    unfinished = Job.objects.unfinished().filter(gallery__in=ids, kind=Job.Kind.INDEX)
    jobs = {job.gallery_id: job for job in unfinished}
    counts, latencies = _counts(ids), _latencies(ids)
    statuses = []
    for gallery in galleries:
        plan = plans.get(gallery.pk) or SearchPlan(gallery=gallery, encoder_version=gallery.encoder_version)
        count = counts.get(gallery.pk, Counts())
        statuses.append(
            SearchStatus(
                gallery=gallery,
                plan=plan,
                counts=count,
                decision=decide(_facts(plan, count)),
                job=jobs.get(gallery.pk),
                recall=recalls.get(plan.pk) or Recall.nothing(),
                latency=latencies.get(gallery.pk, Latency(0, None, None)),
            )
        )
    return statuses


def _facts(plan: SearchPlan, counts: Counts) -> Facts:
    if not plan.index_name:
        return Facts(tail=counts.people)
    dead = max(plan.index_rows - (counts.people - counts.tail), 0)
    return Facts(
        tail=counts.tail,
        has_index=True,
        index_rows=plan.index_rows,
        dead=dead,
    )


def _counts(ids: Sequence[int]) -> dict[int, Counts]:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [list(ids)])
        return {pk: Counts(people, tail, size) for pk, people, tail, size in cursor.fetchall()}


def _latencies(ids: Sequence[int]) -> dict[int, Latency]:
    since = timezone.now() - LATENCY_OF
    with connection.cursor() as cursor:
        cursor.execute(LATENCIES, [list(ids), SearchEvent.Use.RECOGNITION.value, since])
        return {pk: Latency(searches, p50, p95) for pk, searches, (p50, p95) in cursor.fetchall()}
