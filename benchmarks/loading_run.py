"""The process that measures loads; `python -m benchmarks.loading` starts it with the settings of a fresh platform."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import django
import numpy as np

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from pgvector import HalfVector  # noqa: E402

from benchmarks.search_gallery import load  # noqa: E402
from benchmarks.synthetic_gallery import Floats, Integers  # noqa: E402
from benchmarks.timing import Row, as_json, table, take_turns  # noqa: E402
from faces.models import Embedding, EncoderVersion, Face  # noqa: E402
from faces.services.binary_copy import copy_rows  # noqa: E402
from faces.services.bulk_loading import copy_embeddings  # noqa: E402

GOAL = 100_000
"""Embeddings a second, without the templates."""

FEWER = 20
"""Contestants that write row by row get a twentieth of the rows, and at most this many:"""
MOST_ROW_BY_ROW = 50_000

COLUMNS = ("face_id", "encoder_version_id", "gallery_id", "person_id", "is_enrolled", "vector")

_numbers = count(1)


@dataclass
class Contest:
    """The rows to load, and what was seen while the contestants loaded them."""

    rows: list[Face]
    faces: Integers
    vectors: Floats
    template_seconds: list[float] = field(default_factory=list)
    without_templates: list[float] = field(default_factory=list)

    def loader(self, _: int) -> float:
        """Rows a second of the platform's loader, templates included."""
        with functions_timed():
            copied = copy_embeddings(encoder_version=version(), faces=self.faces, vectors=self.vectors)
            spent = seconds_in("faces_renew_after_insert")
        self.template_seconds.append(spent)
        self.without_templates.append(copied.rows / (copied.seconds - spent))
        return copied.rows / copied.seconds

    def loader_of_plain_account(self, _: int) -> float:
        """The same by an account without the right to set the foreign keys' triggers aside."""
        size = fewer(len(self.faces)) * 2
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE plain_account")
        copied = copy_embeddings(encoder_version=version(), faces=self.faces[:size], vectors=self.vectors[:size])
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        return copied.rows / copied.seconds

    def bare_copy(self, _: int) -> float:
        """Binary COPY of the same bytes into a table that checks nothing."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bare")
            cursor.execute("CREATE TABLE bare (LIKE faces_embedding INCLUDING IDENTITY)")
        first = self.rows[0]
        columns = dict(
            zip(COLUMNS, (self.faces, 1, first.gallery_id, first.person_id, True, self.vectors), strict=True)
        )
        return timed(len(self.faces), lambda: copy_rows("bare", columns))

    def bulk_create(self, _: int) -> float:
        """Django's way, 1000 rows a statement."""
        size, by = fewer(len(self.faces)), version()

        def work() -> None:
            Embedding.objects.bulk_create(
                (
                    Embedding(
                        face_id=face.pk,
                        encoder_version=by,
                        gallery_id=face.gallery_id,
                        person_id=face.person_id,
                        is_enrolled=face.is_enrolled,
                        vector=HalfVector(vector),
                    )
                    for face, vector in zip(self.rows[:size], self.vectors[:size], strict=True)
                ),
                batch_size=1000,
            )

        return timed(size, work)

    def text_copy(self, _: int) -> float:
        """COPY of text, a row at a time, as scripts do it."""
        size, by = fewer(len(self.faces)), version().pk
        statement = f"COPY faces_embedding ({', '.join(COLUMNS)}) FROM STDIN"

        def work() -> None:
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for face, vector in zip(self.rows[:size], self.vectors[:size], strict=True):
                    carried = (face.gallery_id, face.person_id, face.is_enrolled)
                    copy.write_row((face.pk, by, *carried, str(vector.tolist())))

        return timed(size, work)


def fewer(rows: int) -> int:
    """How many rows a slow contestant gets."""
    return min(max(rows // FEWER, 500), MOST_ROW_BY_ROW)


def timed(rows: int, work: Callable[[], object]) -> float:
    """Rows a second of what is done in one transaction, its end included."""
    started = time.perf_counter()
    with transaction.atomic():
        work()
    return rows / (time.perf_counter() - started)


def version() -> EncoderVersion:
    """Another encoder version of the same dimension, without weights."""
    number = next(_numbers)
    return EncoderVersion.objects.create(
        name=f"Contestant {number}",
        architecture="none",
        weights="storage:none",
        weights_sha256=f"{number:064x}",
        dimension=128,
        preprocessing_version=1,
        spec={},
        licence="CC0-1.0",
    )


@contextmanager
def functions_timed() -> Iterator[None]:
    """Let PostgreSQL count the time in its functions, from zero."""
    with connection.cursor() as cursor:
        cursor.execute("SET track_functions = 'pl'")
        cursor.execute("SELECT pg_stat_reset()")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET track_functions")


def seconds_in(function: str) -> float:
    """What was counted for one of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT sum(total_time) / 1000 FROM pg_stat_user_functions WHERE funcname = %s", [function])
        (seconds,) = cursor.fetchone() or (None,)
    return float(seconds or 0)


def make_plain_account() -> None:
    """An account as a hosted PostgreSQL gives it: it may write rows, and is no superuser."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_account NOSUPERUSER")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_account")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain_account")


def say(text: str) -> None:
    """Tell whoever waits what goes on."""
    print(f"... {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Fill a gallery, have everybody load, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    call_command("migrate", interactive=False, verbosity=0)
    say(f"a gallery of {options.rows:,} faces")
    loaded, _ = load(options.rows, seed=1)
    rows = Face.objects.of(loaded.gallery).order_by("pk").only("pk", "gallery_id", "person_id", "is_enrolled")
    vectors = np.concatenate([block.vector for block in loaded.synthetic.blocks()])
    contest = Contest(list(rows[: 2 * fewer(options.rows)]), np.array(rows.values_list("pk", flat=True)), vectors)
    make_plain_account()
    say("everybody loads")
    rates = take_turns(
        {
            "loader_with_templates": contest.loader,
            "bare_copy": contest.bare_copy,
            "loader_of_plain_account": contest.loader_of_plain_account,
            "bulk_create": contest.bulk_create,
            "text_copy": contest.text_copy,
        },
        options.rounds,
    )
    result = lines(rates, contest, people=loaded.synthetic.person_count)
    print(table(f"{options.rows:,} embeddings of 128 numbers, {loaded.synthetic.person_count:,} people", result))
    if options.json:
        print(json.dumps(as_json(result)))


def lines(rates: dict[str, list[float]], contest: Contest, *, people: int) -> list[Row]:
    """The medians, and what they mean."""
    middle = {name: statistics.median(values) for name, values in rates.items()}
    alone, templates = statistics.median(contest.without_templates), statistics.median(contest.template_seconds)
    few = f"{fewer(len(contest.faces)):,} rows"
    return [
        Row("loader", alone, "rows/s", GOAL, "all constraints checked; without the time that templates take"),
        Row("loader_with_templates", middle["loader_with_templates"], "rows/s", note="start to commit"),
        Row("templates", people / templates, "people/s", note="renewed in the same transaction"),
        Row("bare_copy", middle["bare_copy"], "rows/s", note="no constraint, no index: the limit"),
        Row("share_of_bare_copy", alone / middle["bare_copy"], "", note="of the loader without templates"),
        Row("share_with_templates", middle["loader_with_templates"] / middle["bare_copy"], ""),
        Row("loader_of_plain_account", middle["loader_of_plain_account"], "rows/s", note="templates included"),
        Row("bulk_create", middle["bulk_create"], "rows/s", note=f"{few}, templates included"),
        Row("text_copy", middle["text_copy"], "rows/s", note=f"{few}, templates included"),
        Row("times_bulk_create", middle["loader_with_templates"] / middle["bulk_create"], "", note="with templates"),
    ]


if __name__ == "__main__":
    main()
