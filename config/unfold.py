"""The look of the admin site: settings of the theme, and the menu."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(*permissions: str) -> Callable[[HttpRequest], bool]:
    def check(request: HttpRequest) -> bool:
        return request.user.has_perms(permissions)

    return check


def _item(title: str, icon: str, address: str, *permissions: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(address), "permission": _may(*permissions)}


def _stylesheet(_: HttpRequest) -> str:
    return static("faces/facet.css")


def _icon(_: HttpRequest) -> str:
    return static("faces/icon.svg")


def _script(_: HttpRequest) -> str:
    return static("faces/facet.js")


MENU: list[dict[str, Any]] = [
    {
        "items": [
            _item("Overview", "home", "admin:index"),
            _item("Recognize", "person_search", "pages:recognize", "faces.add_searchevent"),
            _item("Verify", "how_to_reg", "pages:verify", "faces.add_searchevent"),
            _item("Add photos", "add_photo_alternate", "pages:upload", "faces.add_photo"),
        ],
    },
    {
        "title": "Who is known",
        "items": [
            _item("Galleries", "photo_library", "pages:galleries", "faces.view_gallery"),
            _item("People", "group", "pages:people", "faces.view_person"),
            _item("Photos", "imagesmode", "pages:photos", "faces.view_photo"),
            _item("Unknown faces", "familiar_face_and_zone", "pages:unknown-faces", "faces.view_probableperson"),
            _item("Questions", "rule", "training:questions", "training.view_reviewitem", "faces.view_person"),
        ],
    },
    {
        "title": "How it decides",
        "items": [
            _item("Thresholds", "tune", "training:thresholds", "faces.view_threshold"),
            _item("Evaluations", "monitoring", "training:evaluations", "training.view_evaluationreport"),
            _item("Training", "model_training", "training:runs", "training.view_trainingrun"),
            _item("Encoder versions", "neurology", "pages:encoder-versions", "faces.view_encoderversion"),
        ],
    },
    {
        "title": "Operation",
        "items": [
            _item("Jobs", "pending_actions", "pages:jobs", "faces.view_job"),
            _item("Search", "travel_explore", "pages:search-status", "faces.view_gallery"),
            _item("Searches", "manage_search", "admin:faces_searchevent_changelist", "faces.view_searchevent"),
            _item("API keys", "key", "pages:api-keys", "faces.view_apikey"),
            _item("Users", "badge", "admin:auth_user_changelist", "auth.view_user"),
            _item("Groups", "groups", "admin:auth_group_changelist", "auth.view_group"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Facet",
    "SITE_HEADER": "Facet",
    "SITE_SUBHEADER": "Face search",
    "SITE_SYMBOL": "familiar_face_and_zone",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "DASHBOARD_CALLBACK": "faces.admin.dashboard.dashboard",
    "STYLES": [_stylesheet],
    "SCRIPTS": [_script],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.6% .013 222)",
            "100": "oklch(94.8% .028 222)",
            "200": "oklch(89.8% .052 222)",
            "300": "oklch(82.8% .085 222)",
            "400": "oklch(74.5% .115 222)",
            "500": "oklch(64% .12 224)",
            "600": "oklch(51.5% .105 226)",
            "700": "oklch(45% .092 227)",
            "800": "oklch(39% .077 228)",
            "900": "oklch(33.5% .062 229)",
            "950": "oklch(25.5% .05 230)",
        },
    },
    "SIDEBAR": {"navigation": MENU},
}
