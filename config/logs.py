"""One line a record, with the id of the request it belongs to, and nothing about a person.

Routes are logged instead of addresses, and an error of the database without the values it names.
"""

import logging
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import psycopg

request_id: ContextVar[str] = ContextVar("request_id", default="-")

LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"


class RequestIdFilter(logging.Filter):
    """Gives every record the id of the request under way, or `-` outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with the attribute `request_id` set."""
        record.request_id = request_id.get()
        return True


class PrivateFormatter(logging.Formatter):
    """Formats tracebacks; of a database error only PostgreSQL's primary message, which names no values."""

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """The traceback as text, with the DETAIL lines of database errors left out."""
        text = super().formatException(ei)
        error = ei[1]
        while error is not None:
            if isinstance(error, psycopg.Error) and error.diag.message_primary:
                text = text.replace(str(error), error.diag.message_primary)
            error = error.__cause__ or error.__context__
        return text


def logging_settings(level: str) -> dict[str, Any]:
    """Settings for `logging.config.dictConfig`: everything at `level` to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "config.logs.RequestIdFilter"}},
        "formatters": {"line": {"()": "config.logs.PrivateFormatter", "format": LINE}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Its warnings quote addresses; the request line below says the same by route.
            "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # These log arguments, and those may say too much.
            "celery.worker.strategy": {"level": "WARNING"},
            "django.db.backends": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "PIL": {"level": "WARNING"},
        },
    }
