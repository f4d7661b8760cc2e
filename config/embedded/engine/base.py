"""The database wrapper that Django looks for under this name."""

from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base as postgresql
from django.utils.asyncio import async_unsafe

from config.embedded.postgres import ensure_running, is_in_use_here


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """PostgreSQL that is there when it is needed.

    The server is looked for once in each process, and again whenever a connection fails: a server that
    was killed is started anew by whoever needs it next.
    """

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, with the embedded server started first where it is not running."""
        cluster = settings.EMBEDDED_POSTGRES
        if not is_in_use_here(cluster):
            ensure_running(cluster)
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            ensure_running(cluster)
            return super().get_new_connection(conn_params)
