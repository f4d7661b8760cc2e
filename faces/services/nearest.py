"""The nearest people to a probe: the one similarity query that recognition and everything like it is made of.

Searches compare a probe with templates, one row a person. Small galleries are scanned exactly. Large ones have an index
of their own (`SearchPlan`); templates that are younger than the index, its tail, are scanned beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector import HalfVector

from faces.models import EncoderVersion, Gallery, SearchPlan

Vectors: TypeAlias = Sequence[npt.NDArray[np.float32]] | npt.NDArray[np.float32]
Parameters: TypeAlias = dict[str, list[str] | list[int] | int | str]

NOBODY = 0
"""Where a person may be left out: no number of a person."""


@dataclass(frozen=True)
class Route:
    """How the nearest templates are found; without an index by an exact scan.

    Attributes:
        gallery_id: whose templates.
        encoder_version_id: by which version.
        dimension: of its vectors.
        index_name: the index that is asked; empty for an exact scan.
        index_up_to: the last template's id that the index knows; those beyond are scanned beside it.
        lists_searched: of the index, nearest to the probe first.
    """

    gallery_id: int
    encoder_version_id: int
    dimension: int
    index_name: str = ""
    index_up_to: int = 0
    lists_searched: int = 0

    @classmethod
    def exact(cls, gallery: Gallery, version: EncoderVersion) -> "Route":
        """Every template is looked at."""
        return cls(gallery.pk, version.pk, version.dimension)

    @classmethod
    def of(cls, plan: SearchPlan | None, gallery: Gallery, version: EncoderVersion) -> "Route":
        """As the platform has planned it."""
        if plan is None or not plan.is_indexed:
            return cls.exact(gallery, version)
        return cls(gallery.pk, version.pk, version.dimension, plan.index_name, plan.index_up_to, plan.lists_searched)

    @property
    def is_exact(self) -> bool:
        """Whether the answer cannot miss anybody."""
        return not self.index_name


@dataclass(frozen=True)
class Neighbor:
    """A person near a probe: `distance` is the squared L2 between the probe and the person's template."""

    person_id: int
    distance: float


# One row a probe. The settings last as long as the statement: they are set where the probe is read, which comes first.
PROBES = """
    SELECT sent.index, sent.vector::halfvec({dimension}) AS vector, sent.without{settings}
    FROM unnest(%(vectors)s::text[], %(without)s::bigint[]) WITH ORDINALITY AS sent (vector, without, index)
"""
ITERATIVE_SCAN = """,
        set_config('ivfflat.probes', %(lists_searched)s, true),
        set_config('ivfflat.iterative_scan', 'relaxed_order', true)
"""
# The index is of vectors cast to their dimension, so an exact scan, which casts nothing, never goes through it. It is
# partial, and used because gallery, version and last id stand in the statement as constants.
EXACT_SCAN = """
    SELECT id AS template_id, person_id, vector, vector <-> probe.vector AS l2
    FROM faces_template WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s {conditions}
    ORDER BY l2, person_id LIMIT %(limit)s
"""
BEYOND = " AND id > %(up_to)s"
LEAVE_OUT = "AND person_id <> probe.without"
INDEX_SCAN = """
    SELECT id AS template_id, person_id, vector,
        (vector::halfvec({dimension})) <-> probe.vector AS l2
    FROM faces_template
    WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s AND id <= %(up_to)s {conditions}
    ORDER BY (vector::halfvec({dimension})) <-> probe.vector LIMIT %(limit)s
"""
BOTH = "SELECT * FROM (({index_scan}) UNION ALL ({tail_scan})) AS both_parts ORDER BY l2, person_id LIMIT %(limit)s"


def nearest_templates(route: Route, *, leaves_out: bool = False) -> str:
    """Return SQL of two common tables, `probe` and `nearest`.

    `probe` has (index, vector), `nearest` has (index, template_id, person_id, vector, l2). `index` counts probes from
    1; `l2` is the plain distance, by which `nearest` has each probe's `limit` first. The values that it needs are those
    of `parameters`. Each further column would cost every search 1.5 % (4,000 templates).

    Args:
        route: how the templates are found.
        leaves_out: whether a person is to be left out of the answer for some probe.
    """
    condition = LEAVE_OUT if leaves_out else ""
    if route.is_exact:
        settings, scan = "", EXACT_SCAN.format(conditions=condition)
    else:
        settings = ITERATIVE_SCAN
        index_scan = INDEX_SCAN.format(dimension=route.dimension, conditions=condition)
        scan = BOTH.format(index_scan=index_scan, tail_scan=EXACT_SCAN.format(conditions=condition + BEYOND))
    probes = PROBES.format(dimension=route.dimension, settings=settings)
    return f"""probe AS MATERIALIZED ({probes}), nearest AS (
        SELECT probe.index, found.* FROM probe CROSS JOIN LATERAL ({scan}) AS found
    )"""  # noqa: S608 - made of the constants above and a whole number


def parameters(route: Route, vectors: Vectors, *, limit: int, without: Sequence[int] = ()) -> Parameters:
    """Return the values of `nearest_templates`.

    Args:
        route: as there.
        vectors: probes, (D,) each.
        limit: people for each probe.
        without: for each probe the number of a person who is not to be found, or `NOBODY`; empty for all found.
    """
    return {
        "vectors": [HalfVector(np.asarray(vector, dtype=np.float32)).to_text() for vector in vectors],
        "without": list(without) or [NOBODY] * len(vectors),
        "gallery": route.gallery_id,
        "version": route.encoder_version_id,
        "up_to": route.index_up_to,
        "lists_searched": str(route.lists_searched),
        "limit": limit,
    }


def nearest_people(route: Route, vectors: Vectors, *, limit: int, without: Sequence[int] = ()) -> list[list[Neighbor]]:
    """Find the nearest people of every probe, nearest first, in one query.

    Args:
        route: how.
        vectors: probes of the route's encoder version, (D,) each; possibly none.
        limit: how many people for each.
        without: for each probe the number of a person who is not to be found, or `NOBODY`; empty for all found.
    """
    statement = f"""WITH {nearest_templates(route, leaves_out=any(without))}
        SELECT nearest.index, nearest.person_id, halfvec_l2_squared_distance(nearest.vector, probe.vector)
        FROM nearest JOIN probe USING (index) ORDER BY nearest.index, nearest.l2, nearest.person_id
    """  # noqa: S608 - made of constants
    answers: list[list[Neighbor]] = [[] for _ in vectors]
    if answers:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters(route, vectors, limit=limit, without=without))
            for index, person, distance in cursor.fetchall():
                answers[index - 1].append(Neighbor(person, float(distance)))
    return answers
