"""tau."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import key_of, user_of, visible_galleries
from faces.api.permissions import Needs, crud
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, EncoderVersion, Gallery, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.thresholds import tau_in_force
from training.api.serializers.thresholds import (
    CurrentQuerySerializer,
    CurrentThresholdsSerializer,
    ThresholdInputSerializer,
    ThresholdQuerySerializer,
    ThresholdSerializer,
)
from training.exceptions import WrongRateError
from training.services.growth import growths
from training.services.measured import newest_measured
from training.services.tau_choices import choose_tau, save_by_hand, save_choice


class ThresholdViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Threshold]):
    """The history of tau: a match is a distance of at most tau. Rows are only ever added; the newest is in force."""

    queryset = Threshold.objects.select_related("gallery", "encoder_version", "set_by")
    serializer_class = ThresholdSerializer
    query_class = ThresholdQuerySerializer
    needs = crud("threshold", ApiKey.Scope.ADMIN) | {"current": Needs(ApiKey.Scope.READ, "view_threshold")}
    errors: ClassVar = {"create": (404, 409), "current": (400, 404, 409)}

    def visible(self, rows: QuerySet[Threshold]) -> QuerySet[Threshold]:
        """Return the taus of the asking key's galleries, and those for all galleries."""
        return rows.filter(Q(gallery__in=visible_galleries(self.request)) | Q(gallery__isnull=True))

    @extend_schema(request=ThresholdInputSerializer, responses={201: ThresholdSerializer})
    def create(self, request: Request) -> Response:
        """Put a tau in force, for the very next request: one that is given, or the loosest that holds an error rate.

        The rate is that of the gallery's newest evaluation. That of all galleries is for people who are signed in.
        """
        values = self.read(ThresholdInputSerializer)
        if values["gallery"] is None and key_of(request) is not None:
            raise PermissionDenied(
                "An API key sets tau for its own galleries; that of all galleries is set by an admin."
            )
        threshold = _put_in_force(user_of(request), **values)
        return self.answer(ThresholdSerializer, threshold, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[CurrentQuerySerializer], responses=CurrentThresholdsSerializer)
    @action(detail=False, methods=["get"], pagination_class=None)
    def current(self, request: Request) -> Response:
        """Get the taus that decide right now, for a gallery or for new ones."""
        gallery = self.read_query(CurrentQuerySerializer)["gallery"]
        version = _version(gallery)
        taus: dict[str, Any] = {
            use.value: tau_in_force(gallery=gallery, encoder_version=version, use=use).threshold
            for use in Threshold.Use
        }
        grown = growths(taus.values()) if gallery is not None else {}
        growth = next(iter(grown.values()), None)
        answer = {"gallery": gallery, "encoder_version": version, "growth": growth, **taus}
        return self.answer(CurrentThresholdsSerializer, answer)


def _version(gallery: Gallery | None) -> EncoderVersion:
    return default_encoder_version() if gallery is None else gallery.encoder_version


def _put_in_force(
    user: User | None, *, gallery: Gallery | None, use: str, reason: str, **way: float | None
) -> Threshold:
    """Set a tau by the one `way` that is given."""
    version, wanted = _version(gallery), Threshold.Use(use)
    if "tau" in way:
        return save_by_hand(
            gallery=gallery, encoder_version=version, use=wanted, tau=way["tau"], reason=reason, user=user
        )
    if gallery is None:
        raise WrongRateError("Error rates are measured gallery by gallery. Name one, or give a tau.")
    measured = newest_measured(gallery=gallery, encoder_version=version)
    return save_choice(choose_tau(measured, use=wanted, **way), reason=reason, user=user)
