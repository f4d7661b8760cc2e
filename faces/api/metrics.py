"""What a monitoring system reads: how galleries are searched and what waits, in Prometheus' text format.

Galleries are named by their slugs; nothing in it is about a person.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from faces.models import Gallery, Job, Photo
from faces.querysets import GalleryQuerySet
from faces.services.search_status import SearchStatus, search_statuses


def metrics_text(galleries: GalleryQuerySet[Gallery]) -> bytes:
    """Return the metrics of these galleries, in seven queries."""
    registry = CollectorRegistry()
    registry.register(_Galleries(galleries))
    return generate_latest(registry)


class _Galleries(Collector):
    """Asks the database when it is asked."""

    def __init__(self, galleries: GalleryQuerySet[Gallery]) -> None:
        """Keep which galleries."""
        self.galleries = galleries

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: to register would cost the same queries once more."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every metric."""
        yield from _searches(search_statuses(list(self.galleries.select_related("encoder_version"))))
        yield _counted("facet_jobs", "Jobs by kind and state.", Job, ("kind", "state"), self.galleries)
        yield _counted("facet_photos", "Photos by state.", Photo, ("state",), self.galleries)


def _searches(statuses: list[SearchStatus]) -> Iterator[Metric]:
    measured = [status for status in statuses if not status.is_exact and status.recall.share.value is not None]
    yield _gauge(
        "facet_search_recall",
        "Share of answers through the present index that were the exact ones; absent where nobody can be missed.",
        [(status, status.recall.share.value) for status in measured],
    )
    yield _gauge(
        "facet_search_recall_low",
        "Lower end of the 95 % interval of facet_search_recall.",
        [(status, status.recall.share.low) for status in measured],
    )
    yield _gauge(
        "facet_search_recall_high",
        "Upper end of the 95 % interval of facet_search_recall.",
        [(status, status.recall.share.high) for status in measured],
    )
    yield _gauge(
        "facet_search_recall_goal",
        "What facet_search_recall is held to.",
        [(status, status.plan.recall_goal) for status in statuses],
    )
    yield _gauge(
        "facet_search_compared",
        "Answers that facet_search_recall was counted on.",
        [(status, status.recall.share.total) for status in statuses],
    )
    yield _gauge(
        "facet_search_exact",
        "1 where every person is compared, 0 where an index is asked.",
        [(status, int(status.is_exact)) for status in statuses],
    )
    yield _gauge(
        "facet_search_lists",
        "Lists of the index that a search looks through.",
        [(status, status.plan.lists_searched) for status in statuses if not status.is_exact],
    )
    yield _gauge(
        "facet_index_lists",
        "Lists that the index has.",
        [(status, status.plan.lists) for status in statuses if not status.is_exact],
    )
    yield _gauge("facet_templates", "People whom searches can find.", [(s, s.counts.people) for s in statuses])
    yield _gauge("facet_index_tail", "People newer than the index.", [(s, s.counts.tail) for s in statuses])
    yield _gauge("facet_index_bytes", "Size of the index.", [(s, s.counts.index_bytes) for s in statuses])


def _gauge(name: str, text: str, values: Iterable[tuple[SearchStatus, float | None]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["gallery"])
    for status, value in values:
        if value is not None:
            family.add_metric([status.gallery.slug], value)
    return family


def _counted(
    name: str,
    text: str,
    model: type[Job] | type[Photo],
    labels: tuple[str, ...],
    galleries: GalleryQuerySet[Gallery],
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    counts = (
        model._default_manager.filter(gallery__in=galleries.order_by())
        .order_by()
        .values(*labels)
        .annotate(number=Count("id"))
    )
    for row in counts:
        family.add_metric([row[label] for label in labels], row["number"])
    return family
