"""How many lists of a new index a search has to look through, measured before anybody searches through it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from django.db import connection

from faces.models import Embedding, EncoderVersion, Gallery, SearchPlan, Template, Threshold
from faces.services.comparing import Tally, compare
from faces.services.index_catalog import count_templates
from faces.services.nearest import NOBODY, Route
from faces.services.thresholds import MAX_DISTANCE, tau_or_none

Vector: TypeAlias = npt.NDArray[np.float32]

SHARES = (0.05, 0.06, 0.07, 0.085, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4, 0.5, 0.7, 1.0)
"""Of the lists, tried in this order."""

UNNOTICED_ROWS = 8_000
"""Templates that a search always looks through, as it does in a gallery without an index: some two milliseconds. The
share that smaller galleries need is larger, and so nearly the same number everywhere."""

PROBES = 2000
SECONDS = 90.0
"""After which no further probe is asked, unless there were fewer than `FEWEST_PROBES`."""
FEWEST_PROBES = 100

TELL_SECONDS = 1.0


@dataclass(frozen=True)
class Probe:
    """A stored vector (D,) to look for; `without` is a person who is left out, or `NOBODY`."""

    vector: Vector
    without: int = NOBODY


def lists_to_search(
    *,
    route: Route,
    lists: int,
    plan: SearchPlan,
    tell: Callable[[int, int], None],
    probes: int = PROBES,
    unnoticed: int = UNNOTICED_ROWS,
) -> int:
    """Return the fewest lists with which searches reach the plan's goal of recall.

    Every probe is asked through the index and exactly, with few lists first; whoever is missed is asked again with
    more. The lists of a smaller share are among those of a larger one, so nobody else need be. Where live searches had
    shown that more are needed than such a measurement says, that share of the lists is the least.

    Args:
        route: the new index.
        lists: how many it has.
        plan: what the goal is, and what became of the index before.
        tell: told about every second how many probes were asked, of how many; what it raises ends it.
        probes: how many to ask, if the time allows.
        unnoticed: templates that a search looks through in any case.
    """
    gallery, version = plan.gallery, plan.encoder_version
    in_force = tau_or_none(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION)
    tau = in_force.tau if in_force else MAX_DISTANCE
    drawn = draw_probes(gallery, version, up_to=route.index_up_to, count=probes)
    least = _raised_share(plan)
    missed: Sequence[Probe] = drawn
    allowed = 0
    rows = count_templates(gallery_id=gallery.pk, encoder_version_id=version.pk, up_to=route.index_up_to)
    shares = [share for share in SHARES if share * rows >= unnoticed] or [1.0]
    for share in shares:
        searched = max(1, ceil(max(share, least) * lists))
        tally, missed = _ask(replace(route, lists_searched=searched), missed, tau, tell)
        if share == shares[0]:
            allowed = int(tally.somebody * (1 - plan.recall_goal))
        if len(missed) <= allowed:
            return searched
    return lists


def _raised_share(plan: SearchPlan) -> float:
    """Return the share of its lists that the plan was raised to because searches missed people; 0 where it was not."""
    return plan.lists_searched / plan.lists if plan.raised_at is not None and plan.lists else 0.0


def _ask(
    route: Route, probes: Sequence[Probe], tau: float, tell: Callable[[int, int], None]
) -> tuple[Tally, list[Probe]]:
    """Return what came of as many probes as there was time for, and those that were not answered as exactly."""
    end, told = time.monotonic() + SECONDS, 0.0
    missed: list[Probe] = []
    tally = Tally()
    for done, probe in enumerate(probes):
        now = time.monotonic()
        if now >= end and done >= FEWEST_PROBES:
            return tally, missed
        if now - told >= TELL_SECONDS:
            tell(done, len(probes))
            told = now
        verdict = compare(route, [probe.vector], tau=tau, without=[probe.without])
        tally += verdict
        if not verdict.agreed:
            missed.append(probe)
    return tally, missed


def draw_probes(gallery: Gallery, version: EncoderVersion, *, up_to: int, count: int) -> list[Probe]:
    """Draw probes from everywhere in the index, in no order: new photos of its people, as far as can be known.

    Of a person with several faces it is one of them. Of a person with one face, which is the template itself, it is the
    template moved by as much as two photos of another person of this gallery differ: (photo, photo) differs as (new
    photo, photo enrolled) does. Where nobody has several faces, it is the template with its own person left out.
    """
    drawn = list(Template.objects.filter(pk__in=_drawn_ids(gallery, version, up_to, count)))
    pairs = _two_faces_each(version, [template.person_id for template in drawn if template.faces > 1])
    moves = [first - second for first, second in pairs.values()]
    rng = np.random.default_rng(up_to)
    probes = []
    for index in rng.permutation(len(drawn)):
        template = drawn[index]
        vector = _array(template.vector)
        if template.person_id in pairs:
            probes.append(Probe(pairs[template.person_id][0]))
        elif moves:
            moved = vector + moves[rng.integers(len(moves))]
            probes.append(Probe(moved / np.linalg.norm(moved)))
        else:
            probes.append(Probe(vector, without=template.person_id))
    return probes


def _two_faces_each(version: EncoderVersion, people: Sequence[int]) -> dict[int, tuple[Vector, Vector]]:
    """Return two enrolled faces of each of these people who has two."""
    faces: dict[int, list[Vector]] = {}
    enrolled = Embedding.objects.filter(person_id__in=people, encoder_version=version, is_enrolled=True)
    for person, vector in enrolled.order_by("pk").values_list("person_id", "vector"):
        faces.setdefault(person or NOBODY, []).append(_array(vector))
    return {person: (vectors[0], vectors[-1]) for person, vectors in faces.items() if len(vectors) > 1}


def _drawn_ids(gallery: Gallery, version: EncoderVersion, up_to: int, count: int) -> list[int]:
    """Ids of templates at even distances; reads no more than there are asked for."""
    first = Template.objects.searchable(gallery, version).order_by("pk").values_list("pk", flat=True).first() or up_to
    places = np.linspace(first, up_to, count).astype(np.int64).tolist()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT drawn.id FROM unnest(%s::bigint[]) AS place CROSS JOIN LATERAL ("
            " SELECT id FROM faces_template WHERE gallery_id = %s AND encoder_version_id = %s AND id >= place"
            " AND id <= %s ORDER BY id LIMIT 1) AS drawn",
            [places, gallery.pk, version.pk, up_to],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _array(vector: Sequence[float]) -> Vector:
    return np.asarray(vector, dtype=np.float32)
