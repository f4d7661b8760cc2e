"""Which PostgreSQL serves the platform: the embedded one, or the one that DATABASE_URL names."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from config.embedded.postgres import DATABASE_NAME, SUPERUSER, Cluster
from config.env import ConfigurationError

EXAMPLE_URL = "postgresql://user:password@host:5432/facet"
SCHEMES = ("postgresql", "postgres")

# To compile a statement takes longer than to look through the vectors of most galleries.
CONNECTION_OPTIONS = "-c jit=off"


def embedded_database(cluster: Cluster) -> dict[str, Any]:
    """Django's connection settings for the embedded server; it is started by the first connection."""
    return {
        "ENGINE": "config.embedded.engine",
        "NAME": DATABASE_NAME,
        "USER": SUPERUSER,
        "HOST": str(cluster.socket_folder),
        "PORT": "",
        **_shared_settings({}),
    }


def database_from_url(url: str) -> dict[str, Any]:
    """Django's connection settings for `postgresql://user:password@host:port/name?sslmode=...`.

    Parameters after the question mark are handed to libpq. A host that is a folder (percent-encoded
    or as `?host=/run/postgresql`) is a Unix socket.

    Raises:
        ConfigurationError: another database system, no database name, or a port that is no number.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"DATABASE_URL begins with {parts.scheme or 'no scheme'!r}; Facet stores its embeddings in PostgreSQL"
            f" with pgvector, so it must look like {EXAMPLE_URL}."
        )
    name = unquote(parts.path.lstrip("/"))
    if not name or "/" in name:
        raise ConfigurationError(f"DATABASE_URL must end in one database name, as in {EXAMPLE_URL}.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": _port(parts),
        **_shared_settings(options),
    }


def _port(parts: SplitResult) -> str:
    try:
        return str(parts.port or "")
    except ValueError:
        raise ConfigurationError(
            f"DATABASE_URL has a port that is not a number from 0 to 65535; it must look like {EXAMPLE_URL}."
        ) from None


def _shared_settings(options: dict[str, str]) -> dict[str, Any]:
    given = options.pop("options", "")
    return {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, "options": f"{CONNECTION_OPTIONS} {given}".strip()},
    }
