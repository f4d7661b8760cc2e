"""How many processors this process may use."""

import os
import sys


def cores() -> int:
    """Those that the system lets it run on (a container or `taskset` may allow fewer than there are)."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
