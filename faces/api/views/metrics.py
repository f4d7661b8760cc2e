"""/metrics, for Prometheus and what reads its format."""

from typing import ClassVar

from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.request import Request

from faces.api.access import visible_galleries
from faces.api.metrics import metrics_text
from faces.api.permissions import Needs
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, Gallery


class MetricsView(FacetViewSet[Gallery]):
    """What a monitoring system may know: for a key of scope admin of its galleries, for an admin of all.

    It is no part of the described API: its format is Prometheus'.
    """

    schema = None  # type: ignore[assignment]
    queryset = Gallery.objects.none()
    needs: ClassVar = {"retrieve": Needs(ApiKey.Scope.ADMIN, "view_searchplan")}

    def retrieve(self, request: Request) -> HttpResponse:
        """Return the metrics as they are now."""
        return HttpResponse(metrics_text(visible_galleries(request)), content_type=CONTENT_TYPE_LATEST)
