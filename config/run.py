"""One machine, one command: `make run` ends up here.

    python -m config.run

Starts PostgreSQL (unless DATABASE_URL names another), prepares the database, starts the web server, the workers
and the clock, waits until the page answers, and stops everything on Ctrl-C or SIGTERM.
"""

import contextlib
import fcntl
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.cores import cores
from config.embedded import postgres
from config.embedded.locks import open_lock_file, try_lock
from config.embedded.programs import EmbeddedPostgresError
from config.embedded.supervisor import CHILD, Service, Supervisor
from config.paths import PROJECT, Folders, folders
from config.serving import web_processes, web_threads

READY_SECONDS = 180.0
MOST_ENCODERS = 4
"""Each holds half a gigabyte."""

HEALTH_ADDRESS = "/healthz"


class StartError(Exception):
    """Facet cannot start; the message says why and what would help."""


def main() -> int:
    """Run until told to stop; the exit status is 0 after an orderly stop, 1 where Facet could not start."""
    try:
        bind = env.address("FACET_BIND", ("127.0.0.1", 8000))
        here = folders()
        here.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(here, bind):
            _run(here, bind)
    except (ImproperlyConfigured, StartError, EmbeddedPostgresError) as error:
        say(str(error))
        return 1
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def services(here: Folders, bind: tuple[str, int]) -> list[Service]:
    """The processes of one machine, in the order of their start.

    The encode workers are processes that take one batch at a time each; see `encoders`. The other worker runs short
    tasks side by side, so that a long one does not hold up the sweeper.
    """
    worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Service("web", _web_command(here, bind), stop_seconds=15),
        Service("worker", [*worker, "-n", "default@%h", "-Q", "default", "-P", "threads", "-c", "4"], stop_seconds=20),
        *encoders(worker, cores=cores()),
        trainer(worker),
        Service("clock", [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile="]),
    ]


def encoders(worker: list[str], *, cores: int) -> list[Service]:
    """One encode worker for each core, at most four; with more cores, each has several.

    On two cores two processes of one thread encoded 147 photos a second together, one process of two threads 111; and
    they keep their speed when something else wants a core, since no thread waits for another that is not running. An
    operator's FACET_TORCH_THREADS comes first.
    """
    count = min(cores, MOST_ENCODERS)
    threads = env.integer("FACET_TORCH_THREADS", 0, minimum=0, maximum=1024) or max(1, cores // count)
    command = ["env", f"FACET_TORCH_THREADS={threads}", *worker, "-Q", "encode", "-P", "solo", "-c", "1"]
    names = ["encoder", *(f"encoder-{number}" for number in range(2, count + 1))]
    return [Service(name, [*command, "-n", f"{name}@%h"], stop_seconds=30) for name in names]


def trainer(worker: list[str]) -> Service:
    """The worker that retrains encoders, one run at a time, with whatever the searches and the uploads leave."""
    return Service("trainer", ["nice", "-n", "10", *worker, "-Q", "train", "-P", "solo", "-c", "1", "-n", "trainer@%h"])


def sample_service() -> Service:
    """Draws people for a first visitor to search, where there is nobody yet, while the page answers already."""
    command = [sys.executable, "manage.py", "load_sample_gallery", "--no-color"]
    return Service("sample", command, stop_seconds=10, once=True)


def _web_command(here: Folders, bind: tuple[str, int]) -> list[str]:
    # Any of its threads may lead a batch. With a heap for each (glibc) the process had 986 MB after a crowd of probes,
    # with two in all 680.
    heaps = os.environ.get("MALLOC_ARENA_MAX", "2")
    command = ["env", f"MALLOC_ARENA_MAX={heaps}", sys.executable, "-m", "gunicorn", "config.wsgi:application"]
    command += ["--bind", _host_and_port(bind)]
    command += ["--config", "python:config.gunicorn"]
    command += ["--workers", str(web_processes()), "--worker-class", "gthread", "--threads", str(web_threads())]
    command += ["--timeout", "120", "--graceful-timeout", "10", "--worker-tmp-dir", str(here.run)]
    return [*command, "--no-control-socket", "--log-level", "warning"]


def _run(here: Folders, bind: tuple[str, int]) -> None:
    started = time.monotonic()
    supervisor = Supervisor(services(here, bind), PROJECT, here.run, here.logs, say)
    supervisor.listen_to_signals()
    for name in supervisor.end_orphans():
        say(f"{name} was left over from a start that was killed; it has been ended")
    _check_bind(bind)
    cluster = (
        None
        if env.optional_text("DATABASE_URL")
        else postgres.Cluster(here.postgres, durable=env.flag("FACET_POSTGRES_DURABLE", default=True))
    )
    try:
        if cluster is not None:
            postgres.ensure_running(cluster)
        _prepare(supervisor)
        if not supervisor.stop_is_wished:
            supervisor.start()
            if _wait_until_ready(supervisor, bind):
                say(
                    f"Facet is ready after {time.monotonic() - started:.1f} s:  {_web_address(bind)}  (Ctrl-C stops it)"
                )
                say(f"Logs are in {here.logs}")
                if env.flag("FACET_SAMPLE_GALLERY", default=True):
                    supervisor.add(sample_service())
        supervisor.run_until_stopped()
    finally:
        was_running = bool(supervisor.running)
        if was_running:
            say("Stopping ...")
        supervisor.stop()
        if cluster is not None:
            postgres.release(cluster)
            if postgres.server_pid(cluster) is not None:
                say("PostgreSQL goes on for another command that uses it, and stops with that.")
        if was_running:
            say("Stopped.")


@contextmanager
def _only_one(here: Folders, bind: tuple[str, int]) -> Iterator[None]:
    """Hold the lock of this folder for as long as Facet runs.

    Raises:
        StartError: another Facet runs on the same folder; the message says where.
    """
    descriptor = open_lock_file(here.run / "facet.lock")
    try:
        if not try_lock(descriptor):
            with contextlib.suppress(json.JSONDecodeError, KeyError):
                facts = json.loads(os.pread(descriptor, 1000, 0))
                raise StartError(
                    f"Facet is already running here: {facts['address']} (process {facts['pid']}, data in {here.var})."
                )
            raise StartError(f"Facet is just being started by another command on {here.var}.")
        os.ftruncate(descriptor, 0)
        facts = {"pid": os.getpid(), "address": _web_address(bind)}
        os.pwrite(descriptor, json.dumps(facts).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _check_bind(bind: tuple[str, int]) -> None:
    """Find out that the address cannot be had before anything has been started.

    Raises:
        StartError: another program listens there, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(bind)
    except OSError as error:
        raise StartError(
            f"Facet cannot listen on {_host_and_port(bind)} ({error.strerror}). Stop the program that uses that port,"
            f" or choose another one: `FACET_BIND=127.0.0.1:{min(bind[1] + 1, 65535)} make run`."
        ) from error


def _prepare(supervisor: Supervisor) -> None:
    """Run `config.prepare` to its end, or to the wish to stop.

    Raises:
        StartError: it failed; it has said why itself.
    """
    command = [sys.executable, str(CHILD), str(os.getpid()), sys.executable, "-m", "config.prepare"]
    process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while process.poll() is None and not supervisor.stop_is_wished:
            time.sleep(0.02)
    finally:
        process.terminate()
        status = process.wait()
    if status != 0 and not supervisor.stop_is_wished:
        raise StartError(f"Facet could not be prepared (status {status}); nothing was started.")


def _wait_until_ready(supervisor: Supervisor, bind: tuple[str, int]) -> bool:
    """Wait until the page answers; False where somebody wished to stop before.

    Raises:
        StartError: it does not answer; the message quotes the end of the web server's log.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not supervisor.stop_is_wished:
        if _answers(bind):
            return True
        supervisor.look_after()
        time.sleep(0.05)
        if time.monotonic() > deadline:
            log = supervisor.log_path(supervisor.services[0])
            last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise StartError(
                f"The web server has not answered for {READY_SECONDS:.0f} s. The end of {log}:\n{last_lines}"
            )
    return False


def _answers(bind: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(_reachable_host(bind[0]), bind[1], timeout=5)
    try:
        connection.request("GET", HEALTH_ADDRESS, headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _host_and_port(bind: tuple[str, int]) -> str:
    host, port = bind
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _web_address(bind: tuple[str, int]) -> str:
    return f"http://{_host_and_port((_reachable_host(bind[0]), bind[1]))}/"


if __name__ == "__main__":
    sys.exit(main())
