"""A training run's faces in the database: the same neighbors as by comparing all, and nothing left behind."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import DiskFull, QueryCanceled
from psycopg.sql import Composable

from faces.exceptions import JobCancelledError
from faces.models import Job
from tests import factories
from tests.training.mining.look_alikes import look_alikes
from tests.training.models import factories as training_factories
from training.configuration import TrainingConfiguration
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.batches import Batch
from training.mining.exact import nearest_of_others
from training.mining.neighbors import NOBODY, Neighbors
from training.mining.planning import plan_epoch
from training.models import TrainingRun
from training.services import mining
from training.services.mining import NeighborTable, drop_leftovers

pytestmark = pytest.mark.django_db

RUN = 41


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(mining.LEFTOVERS, [mining.PREFIX])
        return [row[0] for row in cursor.fetchall()]


def by_database(vectors: Embeddings, people: Counts, k: int, *, scanned_up_to: int = mining.SCANNED_UP_TO) -> Neighbors:
    with NeighborTable(RUN, scanned_up_to=scanned_up_to) as table:
        table.write(vectors, people)
        return table.nearest(k)


def batches_of(vectors: Embeddings, people: Counts, neighbors: Neighbors) -> list[Batch]:
    configuration = TrainingConfiguration(steps_per_epoch=12, people_per_batch=8, photos_per_person=3)
    return plan_epoch(
        faces=np.arange(len(people)) + 7,
        people=people,
        rows=np.arange(len(people)),
        neighbors=neighbors,
        vectors=vectors,
        configuration=configuration,
        barred=BarredPairs.of(),
        rng=np.random.default_rng([3, 1]),
    )


def assert_same(found: Neighbors, expected: Neighbors) -> None:
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.distances, expected.distances)


def test_the_database_finds_the_neighbors_triplets_and_batches_of_the_exact_product() -> None:
    vectors, people = look_alikes(people=120, faces=4)
    found, expected = by_database(vectors, people, 10), nearest_of_others(vectors, people, 10)
    assert_same(found, expected)
    for batch, other in zip(batches_of(vectors, people, found), batches_of(vectors, people, expected), strict=True):
        np.testing.assert_array_equal(batch.rows, other.rows)
        np.testing.assert_array_equal(batch.triplets, other.triplets)
        assert len(batch.triplets)


def test_the_index_finds_nearly_all_of_them() -> None:
    vectors, people = look_alikes(people=600, faces=4)
    found, expected = by_database(vectors, people, 8, scanned_up_to=0), nearest_of_others(vectors, people, 8)
    hits = [len(np.intersect1d(ours, theirs)) for ours, theirs in zip(found.rows, expected.rows, strict=True)]
    assert np.mean(hits) > 0.95 * 8


def test_hundreds_of_copies_of_one_face_do_not_hide_the_others_in_the_index() -> None:
    vectors, people = look_alikes(people=20, faces=3)
    crowd = np.repeat(vectors[:1], 400, axis=0)
    found = by_database(
        np.concatenate([vectors, crowd]), np.concatenate([people, np.full(400, people[0])]), 5, scanned_up_to=0
    )
    assert (found.rows != NOBODY).all()
    assert (found.rows[60:] < 60).all()


def test_equal_distances_go_by_row() -> None:
    face = factories.axis(0)
    found = by_database(np.stack([face] * 12), np.array([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), 3)
    assert found.rows[0].tolist() == [2, 3, 4]
    assert found.rows[11].tolist() == [0, 1, 2]
    assert (found.distances == 0).all()


def test_where_there_is_one_person_nobody_has_a_neighbor() -> None:
    vectors, people = look_alikes(people=2, faces=2)
    found = by_database(vectors[:2], people[:2], 3)
    assert (found.rows == NOBODY).all()
    assert np.isinf(found.distances).all()


@pytest.fixture
def table() -> Iterator[NeighborTable]:
    with NeighborTable(RUN) as opened:
        yield opened


def test_each_epoch_overwrites_the_one_before(table: NeighborTable) -> None:
    first, people = look_alikes(people=10, faces=2, seed=1)
    table.write(first, people)
    vectors, people = look_alikes(people=16, faces=3, seed=2)
    table.write(vectors, people)
    assert_same(table.nearest(4), nearest_of_others(vectors, people, 4))


def test_a_table_that_was_emptied_behind_its_back_is_no_gallery_without_neighbors(table: NeighborTable) -> None:
    table.write(*look_alikes(people=10, faces=2))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {mining.PREFIX}{RUN}")
    with pytest.raises(OperationalError, match="not in the database any more"):
        table.nearest(3)


def test_progress_is_told_in_portions_and_can_end_the_search(
    table: NeighborTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining, "ANCHORS", 20)
    vectors, people = look_alikes(people=10, faces=5)
    table.write(vectors, people)
    told: list[int] = []
    table.nearest(2, progress=told.append)
    assert told == [20, 20, 10]

    def cancel(done: int) -> None:
        raise JobCancelledError("It was cancelled.")

    with pytest.raises(JobCancelledError):
        table.nearest(2, progress=cancel)


def write_and_raise(error: BaseException, *, breaks: bool = False) -> None:
    vectors, people = look_alikes(people=4, faces=2)
    with NeighborTable(RUN) as table:
        table.write(vectors, people)
        assert tables() == [f"{mining.PREFIX}{RUN}"]
        if breaks:
            transaction.set_rollback(True)
        raise error


@pytest.mark.parametrize("error", [JobCancelledError("It was cancelled."), KeyboardInterrupt()])
def test_nothing_is_left_whatever_ends_it(error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_and_raise(error)
    assert tables() == []


def test_an_error_within_a_broken_transaction_keeps_its_reason() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write_and_raise(ZeroDivisionError(), breaks=True)
    assert tables() == []


class Failing:
    """Lets statements with some words in them fail, the first so many times."""

    def __init__(self, words: str, cause: Exception, *, times: int = 1) -> None:
        self.words, self.cause, self.times = words, cause, times

    def __call__(self, execute: Callable[..., Any], sql: Any, *details: Any) -> Any:
        text = sql.as_string() if isinstance(sql, Composable) else str(sql)
        if self.words in text and self.times:
            self.times -= 1
            raise OperationalError("It failed.") from self.cause
        return execute(sql, *details)


def test_an_index_that_several_processes_have_no_room_for_is_built_by_one() -> None:
    vectors, people = look_alikes(people=100, faces=4)
    fails = Failing("USING hnsw", DiskFull())
    with connection.execute_wrapper(fails), NeighborTable(RUN, scanned_up_to=0) as table:
        table.write(vectors, people)
        found = table.nearest(5)
    assert not fails.times
    assert (found.rows == nearest_of_others(vectors, people, 5).rows).mean() > 0.9


def test_an_index_that_cannot_be_built_for_another_reason_is_an_error() -> None:
    with connection.execute_wrapper(Failing("USING hnsw", QueryCanceled())), pytest.raises(OperationalError):
        NeighborTable(RUN, scanned_up_to=0).write(*look_alikes(people=4, faces=2))
    assert tables() == []


def test_a_table_that_cannot_be_dropped_hides_no_other_error_and_is_one_by_itself() -> None:
    table = NeighborTable(RUN)
    table.write(*look_alikes(people=4, faces=2))
    with connection.execute_wrapper(Failing("DROP TABLE", DiskFull(), times=2)):
        with pytest.raises(JobCancelledError), table:
            raise JobCancelledError("It was cancelled.")
        with pytest.raises(OperationalError), table:
            pass
    assert tables() == [f"{mining.PREFIX}{RUN}"]


@pytest.mark.django_db(transaction=True)
def test_the_job_is_kept_alive_while_the_table_is_written() -> None:
    job = factories.job(kind=Job.Kind.TRAINING)
    vectors, people = look_alikes(people=4, faces=2)
    with NeighborTable(RUN, job=job) as table:
        table.write(vectors, people)
        assert len(table.nearest(2).rows) == 8


def test_tables_of_runs_that_are_finished_or_gone_are_dropped() -> None:
    vectors, people = look_alikes(people=4, faces=2)
    running = training_factories.run(state=TrainingRun.State.TRAINING)
    finished = training_factories.run()
    finished.move_to(TrainingRun.State.CANCELLED)
    for number in (running.pk, finished.pk, finished.pk + 1000):
        NeighborTable(number).write(vectors, people)
    assert drop_leftovers() == 2
    assert tables() == [f"{mining.PREFIX}{running.pk}"]
