"""How galleries are searched."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_gallery, user_of
from faces.api.permissions import Needs
from faces.api.serializers.jobs import JobSerializer
from faces.api.serializers.search_status import RecallGoalSerializer, SearchStatusSerializer
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, Gallery
from faces.services.indexing import request_index
from faces.services.recall import set_recall_goal
from faces.services.search_status import search_status
from faces.tasks import send_jobs

CHANGE = Needs(ApiKey.Scope.ADMIN, "change_gallery")


class SearchStatusView(FacetViewSet[Gallery]):
    """How a gallery is searched, how well that works, and how long it takes."""

    queryset = Gallery.objects.none()
    serializer_class = SearchStatusSerializer
    lookup_field = "slug"
    pagination_class = None
    needs: ClassVar = {
        "retrieve": Needs(ApiKey.Scope.READ, "view_gallery"),
        "partial_update": CHANGE,
        "rebuild": CHANGE,
    }
    errors: ClassVar = {"rebuild": (400, 409)}

    @extend_schema(operation_id="search_status_retrieve", responses=SearchStatusSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """Get how a gallery is searched: exactly or through an index, with recall, its interval and the latency."""
        return self.answer(SearchStatusSerializer, search_status(find_gallery(request, slug)))

    @extend_schema(
        operation_id="search_status_partial_update", request=RecallGoalSerializer, responses=SearchStatusSerializer
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        """Set what share of answers must be the exact ones. The platform does by itself what that takes."""
        gallery = find_gallery(request, slug)
        set_recall_goal(gallery=gallery, goal=self.read(RecallGoalSerializer)["recall_goal"])
        return self.answer(SearchStatusSerializer, search_status(gallery))

    @extend_schema(operation_id="search_index_create", request=None, responses={202: JobSerializer})
    def rebuild(self, request: Request, slug: str) -> Response:
        """Have the gallery's index built anew, beside running searches. Usually the platform does so by itself."""
        job = request_index(gallery=find_gallery(request, slug), user=user_of(request))
        send_jobs()
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)
