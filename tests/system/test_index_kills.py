"""`manage.py build_index` as an operator runs it, interrupted and killed, and a real worker that takes over."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from config.paths import PROJECT
from tests.faces.commands.running import Installation, wait_until

ROWS = 10_000

FILL = f"""
    INSERT INTO faces_person (gallery_id, name, external_id, metadata, consent, consent_purpose, created_at, updated_at)
        SELECT g.id, 'Person ' || i, '', '{{}}', 'unknown', '', now(), now()
        FROM faces_gallery g, generate_series(1, {ROWS}) AS i;
    INSERT INTO faces_template (gallery_id, person_id, encoder_version_id, faces, left_out, vector)
        SELECT p.gallery_id, p.id, g.encoder_version_id, 1, 0, l2_normalize(
            (SELECT array_agg(random() - 0.5) FROM generate_series(1, 128 + 0 * p.id))::vector::halfvec
        ) FROM faces_person p JOIN faces_gallery g ON g.id = p.gallery_id;
"""
BUILDERS = "SELECT count(*) FROM pg_stat_progress_create_index"
PLANNED = "SELECT count(*) FROM faces_searchplan p JOIN pg_index i ON i.indexrelid = to_regclass(p.index_name)"
INDEXES = "SELECT count(*) FROM pg_class WHERE relkind = 'i' AND relname ~ '_g[0-9]+_v[0-9]+_[0-9]+$'"
WAITS = "SELECT count(*) FROM faces_job WHERE state = 'running' AND note LIKE '%older transactions%'"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Facet with a gallery that is large enough for an index."""
    installation = Installation(tmp_path_factory.mktemp("installation") / "var")
    try:
        installation.install()
        code = "from faces.services.galleries import create_gallery; create_gallery(name='Large')"
        answer = installation.manage("shell", "-c", code)
        assert answer.returncode == 0, answer.stderr
        installation.rows(FILL)
        yield installation
    finally:
        installation.remove()


@contextmanager
def old_snapshot(installation: Installation) -> Iterator[None]:
    """A build does not get beyond its last phase before this is over."""
    with psycopg.connect(installation.cluster.conninfo()) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM faces_gallery")
        yield


def send(installation: Installation, task: str) -> None:
    """Send a task to the workers, as the clock does."""
    command = [sys.executable, "-m", "celery", "-A", "config", "call", task]
    subprocess.run(command, cwd=PROJECT, env=installation.environment, check=True, capture_output=True)


@contextmanager
def worker(installation: Installation) -> Iterator[None]:
    """A real worker of the queue that jobs go to."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads", "-c", "2", "-Q", "default"]
    with installation.folder.with_name("worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=installation.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_build_survives_ctrl_c_and_kill_minus_nine_and_a_worker_ends_it(installation: Installation) -> None:
    with old_snapshot(installation):
        command = installation.begin("build_index", "--gallery", "large")
        wait_until(lambda: installation.number(WAITS) == 1, "the build waits for the old transaction")
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=60)
        assert (command.returncode, "Interrupted" in err) == (130, True)
        assert [installation.number(query) for query in (BUILDERS, INDEXES, PLANNED)] == [0, 0, 0]

        command = installation.begin("build_index", "--gallery", "large")
        wait_until(lambda: installation.number(WAITS) == 1, "the next build waits for the old transaction")
        os.kill(command.pid, signal.SIGKILL)
        command.communicate(timeout=60)
        # The database notices by itself that nobody waits for the answer any more.
        wait_until(lambda: installation.number(BUILDERS) == 0, "the database ends the build of a killed process")
        assert [installation.number(query) for query in (INDEXES, PLANNED)] == [1, 0]

    installation.rows("UPDATE faces_job SET heartbeat_at = now() - interval '1 hour' WHERE state = 'running'")
    with worker(installation):
        send(installation, "faces.tasks.sweep_jobs")
        wait_until(lambda: installation.number(PLANNED) == 1, "the worker has built the index")
        wait_until(
            lambda: installation.rows("SELECT state FROM faces_job ORDER BY id") == [("cancelled",), ("succeeded",)],
            "the job is done",
        )
    assert installation.number(INDEXES) == 1
    assert installation.rows("SELECT index_rows FROM faces_searchplan") == [(ROWS,)]


@pytest.mark.slow
def test_the_command_says_what_it_built(installation: Installation) -> None:
    ended = installation.manage("build_index", "--gallery", "large", "--json")
    assert ended.returncode == 0, ended.stderr
    assert f"Searches use the new index of {ROWS:,} templates" in ended.stdout
    assert '"rows": 10000' in ended.stdout.splitlines()[-1]
    assert [installation.number(query) for query in (INDEXES, PLANNED)] == [1, 1]


@pytest.mark.slow
def test_a_gallery_too_small_is_refused_in_words(installation: Installation) -> None:
    code = "from faces.services.galleries import create_gallery; create_gallery(name='Small')"
    installation.manage("shell", "-c", code)
    ended = installation.manage("build_index", "--gallery", "small")
    assert ended.returncode == 2
    assert "one is of use from 10,000 on" in ended.stderr
