"""What PostgreSQL knows about the indexes of templates: which there are, how large, how far a build is."""

from dataclasses import dataclass

from django.db import connection

from faces.models import SearchPlan, Template

TABLE = Template._meta.db_table
PREFIX = "faces_search_g"
LONGEST_NAME = 63


def index_name(*, gallery_id: int, encoder_version_id: int, up_to: int) -> str:
    """Return the name of an index; no other will ever have it, as no other has this last id."""
    return f"{PREFIX}{gallery_id}_v{encoder_version_id}_{up_to}"


def usable_indexes() -> frozenset[str]:
    """Names of the indexes of templates that searches can use; one that is being built is not among them."""
    return frozenset(name for name, is_valid in _indexes() if is_valid)


def unplanned_indexes() -> list[str]:
    """Names of indexes that no plan refers to: being built, of a killed build, outdated, or of a deleted gallery."""
    planned = frozenset(SearchPlan.objects.exclude(index_name="").values_list("index_name", flat=True))
    return [name for name, _ in _indexes() if name not in planned]


def _indexes() -> list[tuple[str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = %s::regclass AND starts_with(c.relname, %s) ORDER BY 1",
            [TABLE, PREFIX],
        )
        return [(str(name), bool(is_valid)) for name, is_valid in cursor.fetchall()]


def index_bytes(name: str) -> int:
    """Return the size of an index; 0 where it is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_relation_size(to_regclass(quote_ident(%s))), 0)", [name])
        return int(cursor.fetchone()[0])


def count_templates(
    *, gallery_id: int, encoder_version_id: int, above: int = 0, up_to: int | None = None, at_most: int | None = None
) -> int:
    """Count templates with ids above and up to the given ones, from an index alone; stop at `at_most`.

    A million take some 50 ms, so what is asked often should stop where the answer is clear.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM faces_template WHERE gallery_id = %s AND encoder_version_id = %s"
            " AND id > %s AND (%s::bigint IS NULL OR id <= %s) LIMIT %s) AS counted",
            [gallery_id, encoder_version_id, above, up_to, up_to, at_most],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class BuildProgress:
    """How far a CREATE INDEX CONCURRENTLY is.

    Attributes:
        note: what it does just now, in plain words.
        templates: how many are in the index; None in a phase that does not count them.
    """

    note: str
    templates: int | None = None


WAITS = "waiting for"
LOADS = "building index: loading tuples"
PHASES = {
    "initializing": "Begins",
    "building index: initializing": "Begins",
    "building index: performing k-means": "Finds the centers of the lists",
    "building index: assigning tuples": "Assigns templates to lists",
    LOADS: "Writes the lists",
    "index validation: scanning index": "Looks for templates written meanwhile",
    "index validation: sorting tuples": "Looks for templates written meanwhile",
    "index validation: scanning table": "Adds templates written meanwhile",
}


def build_progress(pid: int) -> BuildProgress | None:
    """Return what the build of a database process does; None where it does not build."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT phase, tuples_done, lockers_total - lockers_done FROM pg_stat_progress_create_index WHERE pid = %s",
            [pid],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    phase, templates, lockers = str(row[0]), int(row[1] or 0), int(row[2] or 0)
    if phase.startswith(WAITS):
        return BuildProgress(f"Waits for {max(lockers, 1)} older transactions in the database to end")
    return BuildProgress(PHASES.get(phase, phase), templates if phase == LOADS else None)
