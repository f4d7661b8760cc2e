"""The look of the admin site: settings of the theme."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Facet",
    "SITE_HEADER": "Facet",
    "SITE_SYMBOL": "face",
}
