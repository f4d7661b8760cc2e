"""The embedded PostgreSQL, for real: started, found, shared, killed and recovered in folders of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from config.embedded import postgres, programs
from config.embedded.postgres import Cluster
from config.paths import PROJECT

USER = """
import sys
from dataclasses import replace
from pathlib import Path
from config.embedded.postgres import Cluster, ensure_running, server_pid
cluster = Cluster(Path(sys.argv[1]), durable=False)
ensure_running(cluster)
print(server_pid(cluster), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that nothing has been done with yet; whatever runs at the end is stopped."""
    cluster = Cluster(tmp_path / "postgres", durable=False)
    yield cluster
    postgres.release(cluster)
    postgres.stop(cluster)


def start_user(cluster: Cluster) -> subprocess.Popen[str]:
    """A process that uses the cluster until its input ends; its first line is the server's process number."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(cluster.folder)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def server_seen_by(user: subprocess.Popen[str]) -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


def end(user: subprocess.Popen[str]) -> None:
    user.communicate(timeout=60)
    assert user.returncode == 0


def count_rows(cluster: Cluster) -> int:
    with psycopg.connect(cluster.conninfo()) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def keep_a_row(cluster: Cluster) -> None:
    with psycopg.connect(cluster.conninfo()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
        connection.execute("INSERT INTO kept VALUES (1)")


def test_a_new_cluster_has_vectors_unicode_and_no_port(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    with psycopg.connect(cluster.conninfo()) as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,0]'::vector <-> '[0,0]'::vector").fetchone() == (1.0,)
        assert connection.execute("SELECT upper('straße ñ я')").fetchone() == ("STRASSE Ñ Я",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    assert cluster.log.stat().st_mode & 0o777 == 0o600


def test_data_is_still_there_after_a_stop_and_a_start(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    keep_a_row(cluster)
    postgres.release(cluster)
    assert postgres.server_pid(cluster) is None
    postgres.ensure_running(cluster)
    assert count_rows(cluster) == 1


def test_processes_that_start_at_once_share_one_server(cluster: Cluster) -> None:
    users = [start_user(cluster) for _ in range(4)]
    assert len({server_seen_by(user) for user in users}) == 1
    for user in users:
        end(user)


def test_the_last_user_stops_the_server_and_no_earlier_one(cluster: Cluster) -> None:
    first, second = start_user(cluster), start_user(cluster)
    pid = server_seen_by(first)
    assert server_seen_by(second) == pid
    end(first)
    assert postgres.server_pid(cluster) == pid
    end(second)
    assert postgres.server_pid(cluster) is None


def test_a_server_whose_users_were_killed_is_found_again(cluster: Cluster) -> None:
    user = start_user(cluster)
    pid = server_seen_by(user)
    user.kill()
    user.communicate()
    assert postgres.server_pid(cluster) == pid
    postgres.ensure_running(cluster)
    assert postgres.server_pid(cluster) == pid
    postgres.release(cluster)
    assert postgres.server_pid(cluster) is None


def test_a_killed_server_is_started_anew_and_keeps_what_was_committed(cluster: Cluster) -> None:
    cluster = replace(cluster, durable=True)
    postgres.ensure_running(cluster)
    keep_a_row(cluster)
    pid = postgres.server_pid(cluster)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    postgres.ensure_running(cluster)
    assert postgres.server_pid(cluster) not in (None, pid)
    assert count_rows(cluster) == 1


def test_a_session_that_works_on_after_its_server_was_killed_does_not_hold_up_the_next_start(cluster: Cluster) -> None:
    if sys.platform != "linux":
        pytest.skip("looks into /proc for sessions that were left over")
    postgres.ensure_running(cluster)
    pid = postgres.server_pid(cluster)
    assert pid is not None
    endless = "SELECT count(*) FROM generate_series(1, 1000000000) AS n WHERE md5(n::text) = ''"
    script = f"import psycopg; psycopg.connect({cluster.conninfo()!r}).execute({endless!r})"
    session = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM pg_stat_activity WHERE query = %s", [endless]).fetchone() is None:
            assert session.poll() is None
    os.kill(pid, signal.SIGKILL)
    postgres.ensure_running(cluster)
    assert session.wait(60) != 0


def test_a_process_number_that_is_another_program_now_is_no_server(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    postgres.release(cluster)
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n{cluster.socket_folder}\n\n")
    assert postgres.server_pid(cluster) is None
    postgres.ensure_running(cluster)
    assert postgres.server_pid(cluster) not in (None, os.getpid())


def test_the_server_of_another_cluster_is_not_taken_for_ours(cluster: Cluster, tmp_path: Path) -> None:
    other = Cluster(tmp_path / "other", durable=False)
    postgres.ensure_running(cluster)
    postgres.ensure_running(other)
    postgres.release(cluster)
    (cluster.data / "postmaster.pid").write_text((other.data / "postmaster.pid").read_text())
    postgres.ensure_running(cluster)
    assert postgres.server_pid(cluster) != postgres.server_pid(other)
    postgres.release(other)


def test_a_cluster_that_was_made_only_half_is_made_again(cluster: Cluster) -> None:
    half_made = cluster.folder / "new-x"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    postgres.ensure_running(cluster)
    assert not half_made.exists()
    assert cluster.data.exists()


def test_a_missing_database_is_made_when_the_start_was_cut_short(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE facet")
    postgres.ensure_running(cluster)
    keep_a_row(cluster)


def test_a_socket_path_too_long_for_the_kernel_goes_to_a_private_folder(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / ("x" * 120), durable=False)
    assert len(os.fsencode(cluster.socket_folder)) < 90
    postgres.ensure_running(cluster)
    try:
        keep_a_row(cluster)
        assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700
    finally:
        postgres.release(cluster)
        cluster.socket_folder.rmdir()


def test_a_start_that_fails_quotes_what_postgresql_said(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    postgres.release(cluster)
    with (cluster.data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(programs.EmbeddedPostgresError, match="no_such_setting"):
        postgres.ensure_running(cluster)


def test_values_of_rows_do_not_reach_the_log(cluster: Cluster) -> None:
    postgres.ensure_running(cluster)
    with psycopg.connect(cluster.conninfo()) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('Grace Hopper')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people VALUES ('Grace Hopper')")
    log = cluster.log.read_text()
    assert "duplicate key value" in log
    assert "Hopper" not in log
