"""How often searches through an index answer as an exact scan would: counted, held to the goal, and told.

A probe is answered twice, by the live meter (`faces.live_recall`) or the nightly sample. What is kept of it is a count.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from django.db import connection
from django.utils import timezone

from faces.exceptions import InvalidRequestError
from faces.models import Gallery, RecallCount, SearchPlan
from faces.services.comparing import Tally
from faces.services.intervals import Share, share
from faces.services.nearest import Route

logger = logging.getLogger(__name__)

GOALS = (0.99, 0.999, 0.9995)
"""What an admin may ask for."""

LEAST_MISSES = 5
"""Fewer say nothing, whatever the interval: Wilson's is too narrow where nearly every trial agrees (one miss among the
first 100 puts its upper end below 0.999 and comes about by chance once in ten times)."""

RISE = 1.5
"""How much the number of lists that are looked through rises at a time; a search takes about as much longer."""

KEPT = timedelta(days=90)

# One statement, so that two processes that count at once lose nothing. A plan that is gone is not counted for.
COUNT = """
    INSERT INTO faces_recallcount AS counted
        (plan_id, index_name, lists_searched, source, day, asked, agreed, wrong_nobody)
    SELECT id, %(index_name)s, %(lists_searched)s, %(source)s, %(day)s, %(asked)s, %(agreed)s, %(wrong_nobody)s
    FROM faces_searchplan WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s
    ON CONFLICT (plan_id, index_name, lists_searched, source, day) DO UPDATE SET
        asked = counted.asked + EXCLUDED.asked,
        agreed = counted.agreed + EXCLUDED.agreed,
        wrong_nobody = counted.wrong_nobody + EXCLUDED.wrong_nobody
    RETURNING plan_id
"""


@dataclass(frozen=True)
class Recall:
    """What was counted for the present index of a plan, and the number of its lists that are searched.

    Attributes:
        share: answers that were the exact ones, with the 95 % interval.
        live: searches that were answered twice.
        night: probes of the nightly sample.
        wrong_nobody: answers `nobody` where exactly somebody is within tau.
    """

    share: Share
    live: int
    night: int
    wrong_nobody: int

    @classmethod
    def nothing(cls) -> "Recall":
        """Nothing was counted."""
        return cls(share(0, 0), 0, 0, 0)

    def misses(self, goal: float) -> bool:
        """Whether recall lies below the goal, and not by chance: the whole interval does."""
        few = self.share.total - self.share.count < LEAST_MISSES
        return not few and self.share.high is not None and self.share.high < goal


def count_recall(*, route: Route, source: RecallCount.Source, tally: Tally) -> SearchPlan | None:
    """Add to the day's count of the index and number of lists that were asked, and hold the plan to its goal.

    Returns:
        The plan as it stands now; None where it is gone meanwhile, and nothing was counted.
    """
    values: dict[str, str | int | date] = {
        "gallery": route.gallery_id,
        "version": route.encoder_version_id,
        "index_name": route.index_name,
        "lists_searched": route.lists_searched,
        "source": source.value,
        "day": timezone.localdate(),
        "asked": tally.asked,
        "agreed": tally.agreed,
        "wrong_nobody": tally.wrong_nobody,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        counted = cursor.fetchone()
    return hold_to_goal(plan_id=counted[0]) if counted else None


def recall_of(plan: SearchPlan) -> Recall:
    """Return what was counted for the plan's present index and number of lists searched."""
    return recalls_of([plan])[plan.pk]


def recalls_of(plans: Iterable[SearchPlan]) -> dict[int, Recall]:
    """Return what was counted for each plan's present index and lists searched, by the plan's number, in one query."""
    present = {plan.pk: (plan.index_name, plan.lists_searched) for plan in plans}
    rows: dict[int, list[RecallCount]] = {pk: [] for pk in present}
    for row in RecallCount.objects.filter(plan__in=present):
        if (row.index_name, row.lists_searched) == present[row.plan_id]:
            rows[row.plan_id].append(row)
    return {pk: _sum(counts) for pk, counts in rows.items()}


def _sum(counts: Iterable[RecallCount]) -> Recall:
    counts = list(counts)
    asked = {source: sum(row.asked for row in counts if row.source == source) for source in RecallCount.Source}
    return Recall(
        share=share(sum(row.agreed for row in counts), sum(asked.values())),
        live=asked[RecallCount.Source.LIVE],
        night=asked[RecallCount.Source.NIGHT],
        wrong_nobody=sum(row.wrong_nobody for row in counts),
    )


def hold_to_goal(*, plan_id: int) -> SearchPlan | None:
    """Have searches look through more lists of the index where recall misses the goal.

    For a new `lists_searched` counting starts anew, as counts belong to the value that they were made with. Two
    processes that come to the same verdict raise once: the row is changed only while it still has what was judged. When
    all lists are looked through nobody is missed any more, so the goal is always reached.

    Returns:
        The plan as it stands now; None where it is gone.
    """
    plan = SearchPlan.objects.filter(pk=plan_id).first()
    if plan is None or not plan.is_indexed or plan.lists_searched >= plan.lists:
        return plan
    recall = recall_of(plan)
    if not recall.misses(plan.recall_goal):
        return plan
    judged = SearchPlan.objects.filter(pk=plan.pk, index_name=plan.index_name, lists_searched=plan.lists_searched)
    higher, now = min(ceil(plan.lists_searched * RISE), plan.lists), timezone.now()
    if judged.update(lists_searched=higher, raised_from=plan.lists_searched, raised_at=now, updated_at=now):
        facts = {"gallery": plan.gallery_id, "asked": recall.share.total, "agreed": recall.share.count}
        logger.warning(
            "Recall is below its goal: searches look through %d lists, not %d", higher, plan.lists_searched, extra=facts
        )
    plan.refresh_from_db()
    return plan


def set_recall_goal(*, gallery: Gallery, goal: float) -> SearchPlan:
    """Set what share of answers must be the exact ones. It holds at once, for what was counted already, too.

    Returns:
        The plan of the version that serves the gallery, as it stands now.

    Raises:
        InvalidRequestError: it is none of `GOALS`.
    """
    if goal not in GOALS:
        choices = ", ".join(f"{value:g}" for value in GOALS)
        raise InvalidRequestError(f"The goal of recall is one of {choices}; {goal:g} is not.", goal=goal)
    plan, _ = SearchPlan.objects.get_or_create(gallery=gallery, encoder_version_id=gallery.encoder_version_id)
    SearchPlan.objects.filter(pk=plan.pk).update(recall_goal=goal, updated_at=timezone.now())
    hold_to_goal(plan_id=plan.pk)
    plan.refresh_from_db()
    return plan


def forget_old_counts() -> int:
    """Delete counts that are older than is kept; returns how many rows."""
    deleted, _ = RecallCount.objects.filter(day__lt=timezone.localdate() - KEPT).delete()
    return deleted
