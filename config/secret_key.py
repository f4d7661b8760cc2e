"""The key that signs sessions and one-time links: made once, kept beside the data."""

import os
import secrets
import tempfile
from pathlib import Path

from config.env import ConfigurationError

SHORTEST = 32


def load_or_create(path: Path) -> str:
    """The key in `path` (mode 0600); a new one is written there where none is.

    Two processes that start at once agree: the key is linked into place, and the first link wins.

    Raises:
        ConfigurationError: the file holds less than 32 characters, or cannot be read or written.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"The secret key in {path} cannot be read or written ({error.strerror}). Start Facet as the user who owns"
            " that folder, or set FACET_SECRET_KEY."
        ) from error
    if len(key) < SHORTEST:
        raise ConfigurationError(
            f"{path} holds a secret key of {len(key)} characters; at least {SHORTEST} are needed. Remove the file,"
            " and a new one is made at the next start (everybody has to sign in again)."
        )
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix="secret-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        if not path.exists():
            os.link(draft, path)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
