"""What the web server does besides serving: it has the encoder for probes warm before the first one comes."""

import logging
import threading
from typing import Any

logger = logging.getLogger(__name__)


def post_worker_init(_worker: Any) -> None:
    """Load the encoder beside the first requests; pages need not wait for it (called by gunicorn)."""
    threading.Thread(target=_warm, name="warm-encoder", daemon=True).start()


def _warm() -> None:
    from faces.encoding import warm_encoders  # noqa: PLC0415 - Django is set up by the time this runs

    try:
        warm_encoders()
    except Exception:
        # The first probe tries again and tells whoever asked; the pages work without.
        logger.exception("The encoder could not be loaded beforehand")
