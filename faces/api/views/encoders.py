"""Encoder versions."""

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from faces.api.permissions import crud
from faces.api.serializers.encoders import EncoderVersionSerializer
from faces.api.serializers.fields import QuerySerializer
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, EncoderVersion


class EncoderVersionViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[EncoderVersion]):
    """The sets of weights that embeddings come from, with their licences. Every key may see them."""

    queryset = EncoderVersion.objects.all()
    serializer_class = EncoderVersionSerializer
    query_class = QuerySerializer
    needs = crud("encoderversion", ApiKey.Scope.ADMIN)

    def visible(self, rows: QuerySet[EncoderVersion]) -> QuerySet[EncoderVersion]:
        """Return all of them: they belong to no gallery."""
        return rows
