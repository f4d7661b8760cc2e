"""The index of a gallery: asked for, built beside running searches, and put into its plan."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from faces.exceptions import ConflictError, InvalidRequestError, JobCancelledError
from faces.models import EncoderVersion, Gallery, Job, SearchPlan, Template
from faces.services.calibration import PROBES, lists_to_search
from faces.services.index_catalog import (
    BuildProgress,
    count_templates,
    index_bytes,
    index_name,
    unplanned_indexes,
    usable_indexes,
)
from faces.services.index_decision import SIZES, Sizes
from faces.services.index_lists import lists_for, memory_for
from faces.services.index_session import POLL_SECONDS, IndexSession
from faces.services.nearest import Route
from faces.services.working import Show, request_work, unseen


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


def build_index(job: Job, *, sizes: Sizes = SIZES, probes: int = PROBES, show: Show = unseen) -> Mapping[str, object]:
    """Build the index that a job asks for, and let searches use it.

    Searches and writers go on meanwhile, and notice nothing but a busier machine. What killed builds left behind is
    removed first.

    Args:
        job: running.
        sizes: when an index is worth having.
        probes: how many to measure the index with.
        show: told about every second how many templates are done, of how many, and what is being done.

    Returns:
        rows, lists, lists_searched, bytes and seconds.

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
        lists = lists_for(rows, version.dimension, memory=session.memory_allowed())
        name = index_name(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=up_to)
        route = Route(gallery.pk, version.pk, version.dimension, name, up_to)
        tell(BuildProgress("Begins"))
        session.give_memory(memory_for(lists, version.dimension))
        try:
            session.create(route, lists=lists, watch=tell)
            searched, outdated = _put_to_use(gallery, version, route, lists, probes, tell)
        except BaseException:
            session.drop_remains(name)
            raise
        if outdated:
            session.drop(outdated)
    return {
        "rows": rows,
        "lists": lists,
        "lists_searched": searched,
        "bytes": index_bytes(name),
        "seconds": round(time.monotonic() - started, 1),
    }


@dataclass
class _Teller:
    """Passes progress on to the job's row.

    Raises JobCancelledError, when called, where somebody wished the job to stop.
    """

    job: Job
    show: Show
    done: int = 0
    total: int = 0

    def __call__(self, progress: BuildProgress) -> None:
        if progress.templates is not None:
            self.done = min(progress.templates, self.total)
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


def _put_to_use(
    gallery: Gallery, version: EncoderVersion, route: Route, lists: int, probes: int, tell: _Teller
) -> tuple[int, str]:
    """Measure an index and write it into the plan.

    The measurement reads the index from everywhere, so that no search has to wait for its pages to come from the disk.

    Returns:
        How many lists searches look through, and the name of the index that it replaces, or nothing.
    """
    if route.index_name not in usable_indexes():
        raise ConflictError("The index is not there after it was built: somebody dropped it. Build it again.")

    def tell_probes(done: int, total: int) -> None:
        note = f"Measures how many lists a search has to look through: {done:,} of {total:,} probes"
        tell(BuildProgress(note, tell.total))

    plan = _plan(gallery, version)
    searched = lists_to_search(route=route, lists=lists, plan=plan, tell=tell_probes, probes=probes)
    rows = count_templates(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=route.index_up_to)
    with transaction.atomic():
        plan = SearchPlan.objects.select_for_update().get(pk=_plan(gallery, version).pk)
        outdated = plan.index_name
        if plan.raised_from is not None and plan.lists:
            plan.raised_from = max(1, plan.raised_from * lists // plan.lists)
        plan.index_name, plan.index_up_to, plan.index_rows = route.index_name, route.index_up_to, rows
        plan.lists, plan.lists_searched, plan.index_built_at = lists, searched, timezone.now()
        plan.save(update_fields=PLANNED)
    return searched, outdated


PLANNED = [
    "index_name",
    "index_up_to",
    "index_rows",
    "index_built_at",
    "lists",
    "lists_searched",
    "raised_from",
    "updated_at",
]


def _plan(gallery: Gallery, version: EncoderVersion) -> SearchPlan:
    """Return the plan, made where there is none.

    Raises:
        JobCancelledError: the gallery is gone.
    """
    try:
        with transaction.atomic():
            Gallery.objects.select_for_update(no_key=True).get(pk=gallery.pk)
            return SearchPlan.objects.get_or_create(gallery=gallery, encoder_version=version)[0]
    except Gallery.DoesNotExist as error:
        raise JobCancelledError("The gallery was deleted.") from error
