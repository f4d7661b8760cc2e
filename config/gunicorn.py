"""What the web server does besides serving: it has the encoder for probes warm before the first one comes.

Its threads take turns often, because one of them encodes for all.
"""

import logging
import sys
import threading
from typing import Any

logger = logging.getLogger(__name__)


SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another one wants it (Python's own: 0.005).

The encoder is hundreds of short calls that leave the interpreter to others and ask for it again. Beside a thread that
was busy in Python a photo took 70 ms with Python's interval and 54 with this one, where it took 22 alone.
"""


def post_worker_init(_worker: Any) -> None:
    """Load the encoder beside the first requests; pages need not wait for it (called by gunicorn)."""
    sys.setswitchinterval(SWITCH_SECONDS)
    threading.Thread(target=_warm, name="warm-encoder", daemon=True).start()


def _warm() -> None:
    from faces.encoding import warm_encoders  # noqa: PLC0415 - Django is set up by the time this runs

    try:
        warm_encoders()
    except Exception:
        # The first probe tries again and tells whoever asked; the pages work without.
        logger.exception("The encoder could not be loaded beforehand")
