"""Probable people."""

from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_person, user_of
from faces.api.permissions import Needs, crud
from faces.api.serializers.jobs import JobSerializer
from faces.api.serializers.probable_people import (
    LIKENESS,
    AssignProbableSerializer,
    MergeProbableSerializer,
    NamedSerializer,
    NameSerializer,
    ProbablePersonQuerySerializer,
    ProbablePersonSerializer,
    RegroupSerializer,
    TakeOutSerializer,
)
from faces.api.views.base import FacetViewSet
from faces.exceptions import NotFoundError
from faces.models import ApiKey, ProbablePerson
from faces.services.likenesses import likenesses
from faces.services.probable_people import (
    assign_probable_person,
    dismiss_probable_person,
    merge_probable_people,
    name_probable_person,
    request_grouping,
    restore_probable_person,
    take_out_faces,
)
from faces.tasks import send_jobs

CHANGE = Needs(ApiKey.Scope.WRITE, "change_probableperson")


class ProbablePersonViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[ProbablePerson]):
    """Unknown faces that are probably one person's: to be named, merged or dismissed."""

    queryset = ProbablePerson.objects.select_related("gallery__encoder_version").with_faces()
    serializer_class = ProbablePersonSerializer
    query_class = ProbablePersonQuerySerializer
    needs = crud("probableperson", ApiKey.Scope.WRITE) | {
        "give_name": Needs(ApiKey.Scope.WRITE, "add_person"),
        "assign": Needs(ApiKey.Scope.WRITE, "change_face"),
        "merge": CHANGE,
        "take_out": CHANGE,
        "dismiss": CHANGE,
        "restore": CHANGE,
        "regroup": Needs(ApiKey.Scope.WRITE, "add_probableperson"),
    }
    errors: ClassVar = {
        **dict.fromkeys(("give_name", "assign", "merge", "take_out", "dismiss", "restore"), (409,)),
        "regroup": (404, 409),
    }

    def list(self, request: Request) -> Response:
        """List probable people, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer(_with_likenesses(page), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Get one probable person."""
        return self._answer(self.get_object())

    @extend_schema(request=NameSerializer, responses=NamedSerializer)
    @action(detail=True, methods=["post"], url_path="name")
    def give_name(self, request: Request, pk: str) -> Response:
        """Make a new person of the faces, in one transaction; those of good quality are enrolled."""
        probable = self.get_object()
        return self.answer(NamedSerializer, name_probable_person(probable=probable, **self.read(NameSerializer)))

    @extend_schema(request=AssignProbableSerializer, responses=NamedSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give the faces to a person who is known, in one transaction; those of good quality are enrolled."""
        probable = self.get_object()
        values = self.read(AssignProbableSerializer)
        person = find_person(request, values["person"], gallery=probable.gallery)
        named = assign_probable_person(probable=probable, person=person, without=values["without"])
        return self.answer(NamedSerializer, named)

    @extend_schema(request=MergeProbableSerializer, responses=ProbablePersonSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Make two probable people one: the faces of this one become those of another, who is answered."""
        source = self.get_object()
        number = self.read(MergeProbableSerializer)["into"]
        target = self.get_queryset().filter(pk=number, gallery=source.gallery).first()
        if target is None:
            raise NotFoundError(f"There is no probable person {number} in this gallery.", probable_person=number)
        return self._answer(merge_probable_people(source=source, target=target))

    @extend_schema(request=TakeOutSerializer, responses={200: ProbablePersonSerializer, 204: None})
    @action(detail=True, methods=["post"], url_path="take-out")
    def take_out(self, request: Request, pk: str) -> Response:
        """Take faces out that show somebody else; no grouping puts them back. 204 when no face is left."""
        probable = self.get_object()
        if not take_out_faces(probable=probable, faces=self.read(TakeOutSerializer)["faces"]):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return self._answer(probable)

    @extend_schema(request=None, responses=ProbablePersonSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """Say that nobody needs to look at these faces; later groupings add that person's new ones to them."""
        return self._answer(dismiss_probable_person(probable=self.get_object()))

    @extend_schema(request=None, responses=ProbablePersonSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Undo a dismissal."""
        return self._answer(restore_probable_person(probable=self.get_object()))

    @extend_schema(request=RegroupSerializer, responses={202: JobSerializer})
    @action(detail=False, methods=["post"])
    def regroup(self, request: Request) -> Response:
        """Have a worker group the unknown faces of a gallery; the job that is answered says how far it is."""
        job = request_grouping(user=user_of(request), **self.read(RegroupSerializer))
        send_jobs()
        return self.answer(JobSerializer, job, status=status.HTTP_202_ACCEPTED)

    def _answer(self, probable: ProbablePerson) -> Response:
        found = self.get_queryset().get(pk=probable.pk)
        return self.answer(ProbablePersonSerializer, _with_likenesses([found])[0])


def _with_likenesses(rows: Sequence[ProbablePerson]) -> Sequence[ProbablePerson]:
    """Set `likeness` on each row: who it probably is."""
    for gallery in {row.gallery for row in rows}:
        of_gallery = [row for row in rows if row.gallery_id == gallery.pk]
        found = likenesses(gallery=gallery, probable_people=of_gallery)
        for row in of_gallery:
            setattr(row, LIKENESS, found.get(row.pk))
    return rows
