"""Typed readers of environment variables.

Each reader names the variable and what would have been right, and raises `ConfigurationError`,
which is a Django `ImproperlyConfigured`: a wrong value stops the start instead of meaning something else.
An empty value counts as not set.
"""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")

_known_names: set[str] = set()


class ConfigurationError(ImproperlyConfigured):
    """An environment variable has a value that cannot be used; the message says which one would do."""


def _read(name: str) -> str | None:
    _known_names.add(name)
    return os.environ.get(name, "").strip() or None


def expect(*names: str) -> None:
    """Say that another part of the composition root reads these variables."""
    _known_names.update(names)


def text(name: str, default: str) -> str:
    """The value as it stands, without surrounding space."""
    value = _read(name)
    return default if value is None else value


def optional_text(name: str) -> str | None:
    """The value as it stands, or None where the variable is not set."""
    return _read(name)


def flag(name: str, *, default: bool) -> bool:
    """A yes-or-no value: 1/true/yes/on or 0/false/no/off, in any case."""
    value = _read(name)
    if value is None:
        return default
    word = value.lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    allowed = ", ".join((*TRUE_WORDS, *FALSE_WORDS))
    raise ConfigurationError(f"{name} is {value!r}; it must be one of {allowed}.")


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """A whole number from `minimum` to `maximum`, both included."""
    value = _read(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ConfigurationError(
            f"{name} is {value!r}; it must be a whole number from {minimum} to {maximum}."
        ) from None
    if not minimum <= number <= maximum:
        raise ConfigurationError(f"{name} is {number}; it must lie between {minimum} and {maximum}.")
    return number


def choice(name: str, default: str, *, allowed: Sequence[str]) -> str:
    """One of the words in `allowed`, as spelled there."""
    value = _read(name)
    if value is None:
        return default
    if value not in allowed:
        raise ConfigurationError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def words(name: str, default: Sequence[str]) -> list[str]:
    """A list separated by commas; empty parts are dropped."""
    value = _read(name)
    if value is None:
        return list(default)
    return [part.strip() for part in value.split(",") if part.strip()]


def folder(name: str, default: Path) -> Path:
    """An absolute folder path; `~` is expanded. The folder need not exist yet."""
    value = _read(name)
    path = default if value is None else Path(value).expanduser()
    if not path.is_absolute():
        raise ConfigurationError(f"{name} is {value!r}; it must be an absolute path, such as {default}.")
    if path.exists() and not path.is_dir():
        raise ConfigurationError(f"{name} is {value!r}; a file of that name is in the way of the folder.")
    return path


def address(name: str, default: tuple[str, int]) -> tuple[str, int]:
    """A host and a port to listen on, as `127.0.0.1:8000` or `[::1]:8000`."""
    value = _read(name)
    if value is None:
        return default
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ConfigurationError(
            f"{name} is {value!r}; it must be a host and a port from 1 to 65535, such as 127.0.0.1:8000"
            " (this machine alone) or 0.0.0.0:8000 (all its networks)."
        )
    return host, int(port)


def refuse_unknown(prefix: str) -> None:
    """Raise when the environment has a variable of this prefix that no reader asked for.

    A misspelled setting would otherwise be ignored in silence.
    """
    for name in sorted(os.environ):
        if not name.startswith(prefix) or name in _known_names:
            continue
        close = difflib.get_close_matches(name, sorted(_known_names), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(_known_names))}."
        raise ConfigurationError(f"{name} is set, but Facet has no such setting; {hint}")
