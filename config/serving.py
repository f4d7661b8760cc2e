"""How many requests the web server works on at a time, and how many of them may be about photos to look at."""

from config import env
from config.cores import cores

WEB_PROCESSES = 2
"""Where there are as many cores. Only one thread of a process runs Python at a time, and of a request for recognition
that is a third: one process left half of two cores idle. Each has an encoder of its own, and gathers its own probes."""

WEB_THREADS = 16
"""Of each process. Most wait: for the encoder, for each other's batch, for the database, to which each is connected."""

KEPT_FREE = 4
"""Threads that probes leave to pages and health checks, so that a crowd of probes does not look like a dead server."""


def web_processes() -> int:
    """The processes of the web server, as the operator wants them."""
    return env.integer("FACET_WEB_PROCESSES", min(WEB_PROCESSES, cores()), minimum=1, maximum=64)


def web_threads() -> int:
    """The threads of each of them."""
    return env.integer("FACET_WEB_THREADS", WEB_THREADS, minimum=1, maximum=256)


def probes_at_once() -> int:
    """The probes that a process takes in at a time; whoever comes after that is asked to come again."""
    return max(1, web_threads() - KEPT_FREE)
