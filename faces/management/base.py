"""What Facet's commands have in common: how they end, and how they show progress."""

import io
import sys
import unicodedata
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError, connection
from psycopg.errors import UndefinedTable
from tqdm import tqdm

from encoder.exceptions import EncoderError, FileTooLarge
from faces.exceptions import FacetError
from faces.services.photos import LIMITS

NO = 1
ERROR = 2
"""Exit statuses, as grep has them: 0 yes, 1 no, 2 the command could not do what it was asked."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

SECONDS_BETWEEN_LINES = 10.0
"""How often a progress bar is written where nobody watches (a log file)."""


class FacetCommand(BaseCommand):
    """A command that says in one sentence what was wrong with its input, and exits with `ERROR`."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run, with every expected end turned into a sentence."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show is no reason to stop
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().execute(*args, **options)
        except (FacetError, EncoderError) as error:
            raise CommandError(str(error), returncode=ERROR) from error
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            sys.exit(INTERRUPTED)
        except OperationalError as error:
            if was_interrupted(error):
                self.stderr.write("Interrupted.")
                sys.exit(INTERRUPTED)
            said = str(error).partition("\n")[0]
            raise CommandError(f"The database cannot be used: {said}", returncode=ERROR) from error
        except ProgrammingError as error:
            if isinstance(error.__cause__, UndefinedTable):
                text = "The database has no tables yet. Run `manage.py migrate` first."
                raise CommandError(text, returncode=ERROR) from error
            raise


def was_interrupted(error: BaseException) -> bool:
    """Return whether an error came of handling Ctrl-C, as where the database ended a statement because of it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, KeyboardInterrupt):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def leave_connection() -> None:
    """Close the connection to the database after Ctrl-C, so that what must still be written is written by another.

    Ctrl-C asks the server to cancel the running statement. That request comes through a connection of its own and may
    arrive late, where it cancels the statement after.
    """
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def breaking_off(break_off: Callable[[], object]) -> Iterator[None]:
    """Have what is begun within marked as broken off where it ends by Ctrl-C or any error."""
    try:
        yield
    except BaseException:
        leave_connection()
        break_off()
        raise


def text_argument(value: str) -> str:
    """Return a command line argument as composed text (NFC), the way names are stored.

    Raises:
        argparse.ArgumentTypeError: it is no valid Unicode, or empty.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ArgumentTypeError("it is not valid UTF-8 text") from error
    if not value.strip():
        raise ArgumentTypeError("it is empty")
    return unicodedata.normalize("NFC", value.strip())


def count_argument(value: str) -> int:
    """Return a command line argument as a whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: it is something else.
    """
    try:
        number = int(value)
    except ValueError as error:
        raise ArgumentTypeError(f"{value!r} is not a whole number") from error
    if number < 1:
        raise ArgumentTypeError(f"{number} is less than 1")
    return number


def read_photo(path: Path) -> bytes:
    """Return the bytes of a file that a command was given.

    Raises:
        CommandError: it is not there, is a folder, or cannot be read.
        encoder.exceptions.FileTooLarge: it has more bytes than are looked at.
    """
    try:
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} is not a file. Name a photo.", returncode=ERROR)
        if (size := path.stat().st_size) > LIMITS.max_bytes:
            raise FileTooLarge(size_bytes=size, max_bytes=LIMITS.max_bytes)
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {(error.strerror or '').lower()}.", returncode=ERROR) from error


def progress_bar(*, total: int, description: str, unit: str, is_shown: bool = True) -> "tqdm[Any]":
    """Return a bar on standard error, so that standard output holds the answer alone."""
    return tqdm(
        total=total,
        desc=description,
        unit=f" {unit}",
        file=sys.stderr,
        disable=not is_shown,
        dynamic_ncols=True,
        mininterval=0.1 if sys.stderr.isatty() else SECONDS_BETWEEN_LINES,
    )
