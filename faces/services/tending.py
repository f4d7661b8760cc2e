"""The platform looks after its indexes: which gallery wants one, which is out of date, which is nobody's."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import EncoderVersion, Gallery, Job, SearchPlan
from faces.services.index_catalog import count_templates, index_bytes, unplanned_indexes, usable_indexes
from faces.services.index_decision import SIZES, Action, Decision, Facts, Sizes, decide
from faces.services.index_session import drop_unplanned
from faces.services.indexing import request_index

logger = logging.getLogger(__name__)

BUILDING_SHARE = 1 / 3
"""Of the time that may go into building a gallery's indexes by itself, however fast the gallery changes."""
AFTER_FAILURE = timedelta(hours=1)
AFTER_CANCEL = timedelta(days=1)
"""How long a build that failed, or that somebody cancelled, is not begun again by itself."""

# Of every gallery and version the templates beyond its index (all, without one), counted as far as the answer matters.
TAILS = """
    SELECT g.id, v.id, (
        SELECT count(*) FROM (
            SELECT FROM faces_template t
            WHERE t.gallery_id = g.id AND t.encoder_version_id = v.id AND t.id > coalesce(p.index_up_to, 0)
            LIMIT CASE WHEN p.index_rows > 0 THEN greatest(%(tail)s, floor(%(tail_share)s * p.index_rows)) + 1
                ELSE %(build_from)s END
        ) AS beyond
    )
    FROM faces_gallery g CROSS JOIN faces_encoderversion v
    LEFT JOIN faces_searchplan p ON p.gallery_id = g.id AND p.encoder_version_id = v.id
    WHERE v.state <> 'retired' OR p.id IS NOT NULL
    ORDER BY g.id, v.id
"""


@dataclass(frozen=True)
class Tended:
    """What one round came to.

    Attributes:
        forgotten: plans whose index was gone or broken; their galleries are scanned exactly.
        given_up: plans of galleries that became too small for an index.
        dropped: indexes that no plan referred to.
        requested: the build that was asked for, if any; to be sent after the commit.
    """

    forgotten: int
    given_up: int
    dropped: int
    requested: Job | None


@dataclass(frozen=True)
class IndexState:
    """How the index of a gallery stands, for a page.

    Attributes:
        is_exact: whether searches scan all templates.
        rows: templates.
        tail: of these, how many are scanned beside the index; 0 without one.
        index_rows: templates in the index when it was built; 0 without one.
        dead: of these, how many were deleted or replaced since.
        size_bytes: of the index.
        built_at: None without an index.
        job: the build that waits or runs.
        decision: what the platform thinks of it, with the reason.
        not_before: when a build that it wants may begin by itself; None where nothing holds it up.
    """

    is_exact: bool
    rows: int
    tail: int
    index_rows: int
    dead: int
    size_bytes: int
    built_at: datetime | None
    job: Job | None
    decision: Decision
    not_before: datetime | None

    @property
    def dead_share(self) -> float:
        """How much of the index was deleted or replaced since it was built, 0 to 1."""
        return self.dead / self.index_rows if self.index_rows else 0.0


def wanted(plan: SearchPlan, *, sizes: Sizes = SIZES) -> Decision:
    """Decide about the index of a plan, with all its templates counted (some 50 ms for a million)."""
    return decide(_facts(plan, plan.gallery_id, plan.encoder_version_id), sizes=sizes)


def index_state(gallery: Gallery, *, encoder_version: EncoderVersion | None = None, sizes: Sizes = SIZES) -> IndexState:
    """Return how a gallery's index stands; of the version that serves it if not said otherwise."""
    version_id = encoder_version.pk if encoder_version else gallery.encoder_version_id
    plan = SearchPlan.objects.filter(gallery=gallery, encoder_version=version_id).first()
    facts = _facts(plan, gallery.pk, version_id)
    decision = decide(facts, sizes=sizes)
    is_wanted = decision.action is Action.BUILD
    has_index = plan is not None and facts.has_index
    return IndexState(
        is_exact=not has_index,
        rows=facts.rows,
        tail=facts.tail if has_index else 0,
        index_rows=facts.index_rows,
        dead=facts.dead,
        size_bytes=index_bytes(plan.index_name) if plan and has_index else 0,
        built_at=plan.index_built_at if plan and has_index else None,
        job=Job.objects.unfinished().filter(gallery=gallery, kind=Job.Kind.INDEX).first(),
        decision=decision,
        not_before=_not_before(gallery.pk, version_id) if is_wanted else None,
    )


def _facts(plan: SearchPlan | None, gallery_id: int, version_id: int) -> Facts:
    """Count everything."""
    if plan is None or plan.index_name not in usable_indexes():
        return Facts(tail=count_templates(gallery_id=gallery_id, encoder_version_id=version_id))
    return _facts_of_index(
        plan,
        count_templates(gallery_id=gallery_id, encoder_version_id=version_id, above=plan.index_up_to),
        is_thorough=True,
    )


def _facts_of_index(plan: SearchPlan, tail: int, *, is_thorough: bool) -> Facts:
    dead = 0
    if is_thorough:
        left = count_templates(
            gallery_id=plan.gallery_id, encoder_version_id=plan.encoder_version_id, up_to=plan.index_up_to
        )
        dead = max(plan.index_rows - left, 0)
    return Facts(tail=tail, has_index=True, index_rows=plan.index_rows, dead=dead)


def tend(*, is_thorough: bool = False, sizes: Sizes = SIZES) -> Tended:
    """Look after all indexes once.

    Every round sees what grew; a thorough one counts what was deleted, too, which takes some 50 ms for a million
    templates. At most one build is under way at a time: it keeps the database busy, and waiting ones the workers.
    """
    forgotten = _forget_lost_indexes()
    given_up, requested = 0, None
    for plan, gallery_id, version_id, decision in _decisions(is_thorough=is_thorough, sizes=sizes):
        if decision.action is Action.DROP and plan is not None:
            given_up += _forget(plan)
        elif decision.action is Action.BUILD and requested is None:
            requested = _request(gallery_id, version_id, sizes)
    dropped = drop_unplanned() if unplanned_indexes() else 0
    return Tended(forgotten, given_up, dropped, requested)


def _decisions(*, is_thorough: bool, sizes: Sizes) -> Iterator[tuple[SearchPlan | None, int, int, Decision]]:
    with connection.cursor() as cursor:
        cursor.execute(TAILS, {"tail": sizes.tail, "tail_share": sizes.tail_share, "build_from": sizes.build_from})
        tails = cursor.fetchall()
    plans = {(plan.gallery_id, plan.encoder_version_id): plan for plan in SearchPlan.objects.exclude(index_name="")}
    for gallery_id, version_id, tail in tails:
        plan = plans.get((gallery_id, version_id))
        facts = Facts(tail=tail) if plan is None else _facts_of_index(plan, tail, is_thorough=is_thorough)
        yield plan, gallery_id, version_id, decide(facts, sizes=sizes)


def _forget_lost_indexes() -> int:
    """Let searches scan exactly where the index that a plan names is gone or broken: a restored dump, an operator."""
    # In this order: an index that is put to use in between is in no plan that was read.
    plans = list(SearchPlan.objects.exclude(index_name=""))
    usable = usable_indexes() if plans else frozenset()
    return sum(_forget(plan) for plan in plans if plan.index_name not in usable)


def _forget(plan: SearchPlan) -> int:
    """Take the index out of a plan, unless it has another one meanwhile."""
    return SearchPlan.objects.filter(pk=plan.pk, index_name=plan.index_name).update(
        index_name="",
        index_up_to=0,
        index_rows=0,
        index_built_at=None,
        lists=0,
        lists_searched=0,
        raised_from=None,
        raised_at=None,
        updated_at=timezone.now(),
    )


def _request(gallery_id: int, version_id: int, sizes: Sizes) -> Job | None:
    if Job.objects.unfinished().filter(kind=Job.Kind.INDEX).exists():
        return None
    if _not_before(gallery_id, version_id) is not None:
        return None
    gallery = Gallery.objects.filter(pk=gallery_id).first()
    version = EncoderVersion.objects.filter(pk=version_id).first()
    if gallery is None or version is None:
        return None
    try:
        return request_index(gallery=gallery, encoder_version=version, sizes=sizes)
    except (ConflictError, InvalidRequestError) as error:
        logger.info("No index is built now: %s", error.code, extra={"gallery": gallery_id})
        return None


def _not_before(gallery_id: int, version_id: int) -> datetime | None:
    """Return until when no build is begun by itself; None where one may begin."""
    last = (
        Job.objects.filter(
            gallery=gallery_id, kind=Job.Kind.INDEX, parameters__encoder_version=version_id, state__in=Job.FINISHED
        )
        .order_by("-finished_at")
        .first()
    )
    if last is None or last.finished_at is None:
        return None
    took = last.finished_at - (last.started_at or last.finished_at)
    pause = {
        Job.State.FAILED.value: AFTER_FAILURE,
        Job.State.CANCELLED.value: AFTER_CANCEL,
    }.get(last.state, took * (1 / BUILDING_SHARE - 1))
    until = last.finished_at + pause
    return until if until > timezone.now() else None
