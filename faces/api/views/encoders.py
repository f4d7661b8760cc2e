"""Encoder versions."""

from typing import ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import key_of, user_of, visible_galleries
from faces.api.permissions import Needs, crud
from faces.api.serializers.encoders import AvailableInputSerializer, EncoderVersionSerializer
from faces.api.serializers.fields import QuerySerializer
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, EncoderVersion, Threshold
from faces.services.encoders import make_available


class EncoderVersionViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[EncoderVersion]):
    """The sets of weights that embeddings come from, with their licences. Every key may see them."""

    queryset = EncoderVersion.objects.all()
    serializer_class = EncoderVersionSerializer
    query_class = QuerySerializer
    needs = crud("encoderversion", ApiKey.Scope.ADMIN) | {
        "available": Needs(ApiKey.Scope.ADMIN, "change_encoderversion")
    }
    errors: ClassVar = {"available": (409,)}

    def get_queryset(self) -> QuerySet[EncoderVersion]:
        """Return all of them, each with those of its galleries that the asker may see."""
        return super().get_queryset().prefetch_related(Prefetch("galleries", visible_galleries(self.request)))

    def visible(self, rows: QuerySet[EncoderVersion]) -> QuerySet[EncoderVersion]:
        """Return all of them: they belong to no gallery."""
        return rows

    @extend_schema(request=AvailableInputSerializer, responses=EncoderVersionSerializer)
    @action(detail=True, methods=["post"])
    def available(self, request: Request, pk: str) -> Response:
        """Let a candidate serve galleries, with taus for all of them. For people who are signed in."""
        if key_of(request) is not None:
            raise PermissionDenied(
                "An API key cannot make an encoder version available; an admin who is signed in can."
            )
        version = self.get_object()
        values = self.read(AvailableInputSerializer)
        taus = {
            Threshold.Use.VERIFICATION: values["verification_tau"],
            Threshold.Use.RECOGNITION: values["recognition_tau"],
        }
        make_available(version=version, taus=taus, reason=values["reason"], user=user_of(request))
        return self.answer(EncoderVersionSerializer, self.get_object())
