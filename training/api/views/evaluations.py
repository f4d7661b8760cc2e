"""Evaluations: error rates of galleries."""

from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import user_of
from faces.api.permissions import Needs
from faces.api.serializers.jobs import JobSerializer
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey
from faces.tasks import send_jobs
from training.api.serializers.evaluations import (
    EvaluationDetailSerializer,
    EvaluationQuerySerializer,
    EvaluationSerializer,
    MeasureSerializer,
)
from training.models import EvaluationReport
from training.services.report_exports import Form, export_report, form_of
from training.services.reports import shown_reports
from training.services.requesting import request_evaluation

LOOK = Needs(ApiKey.Scope.READ, "view_evaluationreport", app="training")


class EvaluationViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[EvaluationReport]):
    """How often answers are wrong, measured on a gallery's own photos, or on people held out from a training run."""

    queryset = shown_reports()
    serializer_class = EvaluationSerializer
    query_class = EvaluationQuerySerializer
    needs: ClassVar = {
        "list": LOOK,
        "retrieve": LOOK,
        "export": LOOK,
        "create": Needs(ApiKey.Scope.ADMIN, "add_evaluationreport", app="training"),
    }
    errors: ClassVar = {"create": (404, 409), "export": (400, 404, 409)}

    @extend_schema(responses=EvaluationDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Get one evaluation with all of its figures."""
        return self.answer(EvaluationDetailSerializer, self.get_object())

    @extend_schema(request=MeasureSerializer, responses={202: JobSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker measure a gallery's error rates. The job's result names the `report` when it is done."""
        job = request_evaluation(user=user_of(request), **self.read(MeasureSerializer))
        send_jobs()
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[OpenApiParameter("form", str, OpenApiParameter.PATH, enum=list(Form))],
        responses={
            (200, "text/html"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
        },
    )
    @action(detail=True, methods=["get"], url_path="export/(?P<form>[^/]+)")
    def export(self, request: Request, pk: str, form: str) -> HttpResponse:
        """Get one evaluation as a file: `html` (opens anywhere), `json` (documented) or `csv` (one long table)."""
        made = export_report(self.get_object(), form_of(form))
        headers = {"Content-Disposition": made.disposition}
        return HttpResponse(made.text, content_type=made.media_type, headers=headers)
