"""The index of a gallery: asked for, built beside running searches, and put into its plan."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from faces.exceptions import ConflictError, InvalidRequestError, JobCancelledError
from faces.models import EncoderVersion, Gallery, Job, SearchPlan, Template
from faces.services.index_catalog import (
    BuildProgress,
    count_templates,
    index_bytes,
    index_name,
    unplanned_indexes,
    usable_indexes,
)
from faces.services.index_decision import SIZES, Sizes
from faces.services.index_session import POLL_SECONDS, IndexSession
from faces.services.nearest import Route, nearest_people
from faces.services.working import request_work

WARMING_PROBES = 256
WARMING_AT_ONCE = 16

Show = Callable[[int, int, str], None]


def request_index(
    *,
    gallery: Gallery,
    encoder_version: EncoderVersion | None = None,
    user: User | None = None,
    sizes: Sizes = SIZES,
) -> Job:
    """Queue the building of a gallery's index, a first or a new one; the caller sends the job after the commit.

    Args:
        gallery: whose templates.
        encoder_version: by which version; the one that serves the gallery if not given.
        user: who asks; None for the platform itself.
        sizes: when an index is worth having.

    Raises:
        InvalidRequestError: the gallery is so small that an index would be slower than a scan.
        ConflictError: an index of this gallery is being built already.
    """
    version = encoder_version or gallery.encoder_version
    _check_size(gallery.pk, version.pk, sizes)
    return request_work(
        gallery=gallery,
        kind=Job.Kind.INDEX,
        title=f"Index for searches of “{gallery.name}”",
        parameters={"encoder_version": version.pk},
        user=user,
    )


def _check_size(gallery_id: int, version_id: int, sizes: Sizes) -> None:
    rows = count_templates(gallery_id=gallery_id, encoder_version_id=version_id, at_most=sizes.drop_below)
    if rows < sizes.drop_below:
        raise InvalidRequestError(
            f"The gallery has {rows:,} people that searches can find. All of them are compared exactly, which is faster"
            f" than an index would be: one is of use from {sizes.drop_below:,} on.",
            rows=rows,
        )


def build_index(job: Job, *, sizes: Sizes = SIZES, show: Show | None = None) -> Mapping[str, object]:
    """Build the index that a job asks for, and let searches use it.

    Searches and writers go on meanwhile, and notice nothing but a busier machine. What killed builds left behind is
    removed first.

    Args:
        job: running.
        sizes: when an index is worth having.
        show: told about every second how many templates are done, of how many, and what is being done.

    Returns:
        rows, bytes and seconds.

    Raises:
        JobCancelledError: somebody wished it to stop, or the gallery is gone.
        InvalidRequestError: the gallery has become so small that an index would be of no use.
        ConflictError: the index was dropped or spoilt by somebody else while it was built.
    """
    gallery = job.gallery
    if gallery is None:
        raise InvalidRequestError("An index belongs to a gallery; this job names none.")
    version = EncoderVersion.objects.get(pk=job.parameters.get("encoder_version", gallery.encoder_version_id))
    started = time.monotonic()
    with IndexSession() as session:
        tell = _Teller(job, show)
        while not session.try_lock():
            tell(BuildProgress("Waits until another index is finished"))
            time.sleep(POLL_SECONDS)
        for name in unplanned_indexes():
            session.drop(name)
        _check_size(gallery.pk, version.pk, sizes)
        up_to = _last_id()
        tell.total = rows = count_templates(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=up_to)
        name = index_name(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=up_to)
        tell(BuildProgress("Begins"))
        session.give_memory(rows, version.dimension)
        try:
            session.create(
                name,
                gallery_id=gallery.pk,
                encoder_version_id=version.pk,
                dimension=version.dimension,
                up_to=up_to,
                watch=tell,
            )
            outdated = _put_to_use(gallery, version, name, up_to, tell)
        except BaseException:
            session.drop_remains(name)
            raise
        if outdated:
            session.drop(outdated)
    return {"rows": rows, "bytes": index_bytes(name), "seconds": round(time.monotonic() - started, 1)}


@dataclass
class _Teller:
    """Passes progress on to the job's row.

    Raises JobCancelledError, when called, where somebody wished the job to stop.
    """

    job: Job
    show: Show | None
    done: int = 0
    total: int = 0

    def __call__(self, progress: BuildProgress) -> None:
        if progress.templates is not None:
            self.done = min(progress.templates, self.total)
        if self.show is not None:
            self.show(self.done, self.total, progress.note)
        try:
            goes_on = self.job.report(self.done, self.total, progress.note)
        except Job.DoesNotExist as error:
            raise JobCancelledError("The gallery was deleted.") from error
        if not goes_on:
            raise JobCancelledError("It was cancelled.")


def _last_id() -> int:
    """Take a number from the sequence of the templates' ids: none that was handed out before is larger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Template._meta.db_table])
        return int(cursor.fetchone()[0])


def _put_to_use(gallery: Gallery, version: EncoderVersion, name: str, up_to: int, tell: _Teller) -> str:
    """Warm an index and write it into the plan; returns the name of the one it replaces, or nothing."""
    if name not in usable_indexes():
        raise ConflictError("The index is not there after it was built: somebody dropped it. Build it again.")
    plan, _ = SearchPlan.objects.get_or_create(gallery=gallery, encoder_version=version)
    route = Route(gallery.pk, version.pk, version.dimension, name, up_to, plan.ef_search)
    for _ in _warm(route):
        tell(BuildProgress("Reads the index into memory", tell.total))
    rows = count_templates(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=up_to)
    with transaction.atomic():
        if not Gallery.objects.select_for_update(no_key=True).filter(pk=gallery.pk).exists():
            raise JobCancelledError("The gallery was deleted.")
        plan, _ = SearchPlan.objects.select_for_update().get_or_create(gallery=gallery, encoder_version=version)
        outdated = plan.index_name
        plan.index_name, plan.index_up_to, plan.index_rows = name, up_to, rows
        plan.index_built_at, plan.is_out_of_reach = timezone.now(), False
        plan.save(
            update_fields=["index_name", "index_up_to", "index_rows", "index_built_at", "is_out_of_reach", "updated_at"]
        )
    return outdated


def _warm(route: Route) -> Iterator[None]:
    """Search with templates from everywhere in the index, so that nobody waits for its pages to come from the disk."""
    templates = Template.objects.filter(gallery_id=route.gallery_id, encoder_version_id=route.encoder_version_id)
    first = templates.order_by("pk").values_list("pk", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT (SELECT id FROM faces_template WHERE gallery_id = %s AND encoder_version_id = %s"
            " AND id >= place ORDER BY id LIMIT 1) FROM unnest(%s::bigint[]) AS place",
            [
                route.gallery_id,
                route.encoder_version_id,
                np.linspace(first, route.index_up_to, WARMING_PROBES).astype(np.int64).tolist(),
            ],
        )
        ids = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(ids), WARMING_AT_ONCE):
        some = templates.filter(pk__in=ids[start : start + WARMING_AT_ONCE]).values_list("vector", flat=True)
        nearest_people(route, [np.asarray(vector, dtype=np.float32) for vector in some], limit=1)
        yield
