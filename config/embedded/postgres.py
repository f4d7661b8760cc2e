"""The embedded PostgreSQL: real server binaries from PyPI, one data folder, one Unix socket, no port.

A cluster is started by the first process that needs it and stopped by the last one that leaves it. Who
uses it is kept as shared file locks, so a process that is killed is not counted any more. A server whose
users were all killed stays up and is found again by the next one.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import server_settings
from config.embedded.locks import exclusive_lock, open_lock_file, try_lock
from config.embedded.processes import executable_name, is_alive, processes_of, working_folder
from config.embedded.programs import EmbeddedPostgresError, run, succeeds

SUPERUSER = "postgres"
DATABASE_NAME = "facet"
SOCKET_FILE = ".s.PGSQL.5432"
# The kernel takes 107 bytes (103 on macOS) for the path of a socket.
LONGEST_SOCKET_PATH = 100
START_SECONDS = 600
STOP_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """One embedded PostgreSQL: `folder` holds its data, settings, log and locks.

    `durable=False` gives up crash safety for speed: for clusters that live as long as a test run.
    """

    folder: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log; statements and values are kept out of it."""
        return self.folder / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        """The 0700 folder of the socket: inside the cluster, or a short one where that path is too long."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside / SOCKET_FILE)) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"facet-{os.geteuid()}-{digest}"

    def conninfo(self, database: str = DATABASE_NAME) -> str:
        """A libpq connection string for one database of this cluster."""
        return psycopg.conninfo.make_conninfo(host=str(self.socket_folder), user=SUPERUSER, dbname=database)


_use_locks: dict[tuple[int, Path], int] = {}


def is_in_use_here(cluster: Cluster) -> bool:
    """Whether this very process (not the one it was forked from) is counted as a user of the cluster."""
    return (os.getpid(), cluster.folder) in _use_locks


def ensure_running(cluster: Cluster) -> None:
    """Start the server or attach to the running one, and count this process among its users until it ends.

    Safe to call again, and from several processes at once.

    Raises:
        EmbeddedPostgresError: the server cannot run here; the message quotes what PostgreSQL said.
    """
    _prepare_folder(cluster)
    with exclusive_lock(cluster.folder / "lock"):
        if not cluster.data.exists():
            _initialize(cluster)
        if not _is_ready(cluster):
            _start(cluster)
        _create_database(cluster)
        _count_in(cluster)


def stop(cluster: Cluster) -> None:
    """Stop the server, whoever uses it; nothing happens where none runs.

    Raises:
        EmbeddedPostgresError: it did not end within the time given.
    """
    if not cluster.data.exists():
        return
    with exclusive_lock(cluster.folder / "lock"):
        _stop(cluster)


def release(cluster: Cluster) -> None:
    """Stop counting this process as a user; the last user's release stops the server."""
    use_lock = _use_locks.pop((os.getpid(), cluster.folder), None)
    if use_lock is None:
        return
    try:
        if cluster.data.exists():
            with exclusive_lock(cluster.folder / "lock"):
                if try_lock(use_lock):
                    _stop(cluster)
    finally:
        os.close(use_lock)


def server_pid(cluster: Cluster) -> int | None:
    """The process number of the running server of exactly this cluster, or None."""
    try:
        pid = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if not is_alive(pid) or executable_name(pid) != "postgres":
        return None
    folder = working_folder(pid)
    return pid if folder is None or folder == cluster.data.resolve() else None


def _prepare_folder(cluster: Cluster) -> None:
    for folder in (cluster.folder, cluster.socket_folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat(follow_symlinks=False).st_uid
        if owner != os.geteuid() or folder.is_symlink():
            raise EmbeddedPostgresError(
                f"{folder} belongs to user id {owner}, but this process runs as {os.geteuid()}. Start Facet as the"
                " user who made the folder, or name another one in FACET_VAR."
            )
        folder.chmod(0o700)


def _count_in(cluster: Cluster) -> None:
    if is_in_use_here(cluster):
        return
    descriptor = open_lock_file(cluster.folder / "users")
    try_lock(descriptor, shared=True)
    _use_locks[os.getpid(), cluster.folder] = descriptor
    atexit.register(release, cluster)


def _initialize(cluster: Cluster) -> None:
    """Make the data folder under another name first, so that a half-made one is never taken for a cluster."""
    for left_over in cluster.folder.glob("new-*"):
        shutil.rmtree(left_over)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=cluster.folder))
    # PG_UNICODE_FAST knows upper and lower case of every script, without ICU and without the machine's locales.
    options = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C"]
    options += ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"]
    if not cluster.durable:
        options.append("--no-sync")
    run("initdb", "-D", new, *options, what="make a new database cluster")
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude = '{server_settings.FILE_NAME}'\n")
    new.rename(cluster.data)


def _is_ready(cluster: Cluster) -> bool:
    """Whether a server of this cluster answers; waits while one is starting or recovering."""
    deadline = time.monotonic() + START_SECONDS
    while server_pid(cluster) is not None:
        if succeeds("pg_isready", "-h", cluster.socket_folder, "-U", SUPERUSER, "-d", "postgres"):
            return True
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL runs on {cluster.data}, but has not answered for {START_SECONDS} s; see {cluster.log}."
            )
        time.sleep(0.05)
    return False


def _start(cluster: Cluster) -> None:
    for lock_file in (cluster.data / "postmaster.pid", cluster.socket_folder / f"{SOCKET_FILE}.lock"):
        _remove_if_misleading(lock_file)
    for pid in processes_of("postgres", cluster.data):
        # A session of a server that was killed; while it works on, no new server may start.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
    server_settings.write(cluster.data, cluster.socket_folder, durable=cluster.durable)
    cluster.log.touch(mode=0o600)
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        log_size = cluster.log.stat().st_size
        options: list[str | Path] = ["-w", "-s", "-t", str(START_SECONDS), "-D", cluster.data, "-l", cluster.log]
        try:
            run("pg_ctl", "start", *options, what="start")
        except EmbeddedPostgresError as error:
            said = cluster.log.read_bytes()[log_size:].decode(errors="replace").strip()
            # The children of a server that was killed need a moment to notice, and hold its memory till then.
            if "still in use" not in said or time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"{error}\nThe end of {cluster.log}:\n{said}") from error
        else:
            return
        time.sleep(0.2)


def _remove_if_misleading(lock_file: Path) -> None:
    """Remove a lock file that names a process which is no server of ours, and for which PostgreSQL would wait.

    Where there is no such process at all, PostgreSQL finds that out itself, and more safely.
    """
    try:
        os.kill(int(lock_file.read_text().splitlines()[0]), 0)
    except (FileNotFoundError, ProcessLookupError):
        return
    except (ValueError, IndexError, PermissionError):
        pass  # cut short while it was written, or now a process of somebody else
    lock_file.unlink()


def _stop(cluster: Cluster) -> None:
    pid = server_pid(cluster)
    if pid is None:
        return
    # "Fast": sessions are ended, a checkpoint is written.
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(pid):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL (process {pid}) has not stopped within {STOP_SECONDS} s; see {cluster.log}."
            )
        time.sleep(0.02)


def _create_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE_NAME)))
