"""How many requests the web server works on at a time, and how many of them may be about photos to look at."""

from config import env

WEB_THREADS = 24
"""Most of them wait: for the encoder, for each other's batch, for the database. Each keeps a connection to that."""

KEPT_FREE = 4
"""Threads that probes leave to pages and health checks, so that a crowd of probes does not look like a dead server."""


def web_threads() -> int:
    """The threads of the web server, as the operator wants them."""
    return env.integer("FACET_WEB_THREADS", WEB_THREADS, minimum=1, maximum=256)


def probes_at_once() -> int:
    """The probes that are taken in at a time; whoever comes after that is asked to come again."""
    return max(1, web_threads() - KEPT_FREE)
