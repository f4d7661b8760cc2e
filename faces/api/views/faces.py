"""Faces."""

from typing import ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_person
from faces.api.images import picture
from faces.api.permissions import SEARCH, Needs, crud
from faces.api.serializers.faces import AssignSerializer, EnrollSerializer, FaceQuerySerializer, FaceSerializer
from faces.api.serializers.searches import SimilarAnswerSerializer, SimilarQuerySerializer
from faces.api.similar import answer_similar
from faces.api.throttling import AskerThrottle, SearchThrottle
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, Face
from faces.services.enrollment import assign_face, delete_face, release_face, set_enrolled
from faces.services.pictures import face_crop

CHANGE = Needs(ApiKey.Scope.WRITE, "change_face")


class FaceViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Face]):
    """The faces that were found in photos; each belongs to a person or to nobody yet."""

    queryset = Face.objects.select_related("gallery", "person", "photo")
    serializer_class = FaceSerializer
    query_class = FaceQuerySerializer
    needs = crud("face", ApiKey.Scope.WRITE) | {
        "assign": CHANGE,
        "release": CHANGE,
        "enroll": CHANGE,
        "image": Needs(ApiKey.Scope.READ, "view_face"),
        "similar": SEARCH,
    }
    errors: ClassVar = {"assign": (409,), "enroll": (409,), "image": (422,), "similar": (400, 409, 422)}

    @extend_schema(request=AssignSerializer, responses=FaceSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give a face to a person, whoever's it was before."""
        face = self.get_object()
        values = self.read(AssignSerializer)
        person = find_person(request, values["person"], gallery=face.gallery)
        return self._answer(assign_face(face=face, person=person, enroll=values["is_enrolled"]))

    @extend_schema(request=None, responses=FaceSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Take a face from its person: it belongs to nobody, and no search finds it."""
        return self._answer(release_face(face=self.get_object()))

    @extend_schema(request=EnrollSerializer, responses=FaceSerializer)
    @action(detail=True, methods=["post"])
    def enroll(self, request: Request, pk: str) -> Response:
        """Let searches find a person's face, or with `is_enrolled` false keep it from them."""
        values = self.read(EnrollSerializer)
        return self._answer(set_enrolled(face=self.get_object(), is_enrolled=values["is_enrolled"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a face and its embeddings; the photo stays."""
        delete_face(face=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def image(self, request: Request, pk: str) -> HttpResponseBase:
        """Get the face, cut out of its photo."""
        face = self.get_object()
        return picture(request, f"face-{face.pk}-{face.photo.sha256}", lambda: face_crop(face))

    @extend_schema(parameters=[SimilarQuerySerializer], responses=SimilarAnswerSerializer)
    @action(detail=True, methods=["get"], throttle_classes=[AskerThrottle, SearchThrottle])
    def similar(self, request: Request, pk: str) -> Response:
        """Name the people of the gallery who look most like this face, without the person whose face it is.

        Asking it is a search, and recorded as one.
        """
        limit = self.read_query(SimilarQuerySerializer)["limit"]
        face = self.get_object()
        return self.answer(SimilarAnswerSerializer, answer_similar(request, face, limit=limit))

    def _answer(self, face: Face) -> Response:
        return self.answer(FaceSerializer, self.get_queryset().get(pk=face.pk))
