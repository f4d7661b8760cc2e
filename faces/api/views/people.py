"""People."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_person, user_of
from faces.api.permissions import SEARCH, Needs, crud
from faces.api.serializers.people import (
    ErasedSerializer,
    MergeSerializer,
    PersonChangesSerializer,
    PersonInputSerializer,
    PersonQuerySerializer,
    PersonSerializer,
)
from faces.api.serializers.photos import PhotosInputSerializer, UploadAnswerSerializer, WaitSerializer
from faces.api.serializers.searches import SimilarAnswerSerializer, SimilarQuerySerializer
from faces.api.similar import answer_similar
from faces.api.throttling import AskerThrottle, SearchThrottle
from faces.api.uploading import answer_upload
from faces.api.views.base import FacetViewSet
from faces.exceptions import ConflictError, PersonNotFoundError
from faces.models import ApiKey, Person
from faces.services.people import create_person, delete_person, merge_people, update_person
from faces.services.uploads import upload_photos
from faces.tasks import send_photos


class PersonViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Person]):
    """The people of galleries."""

    queryset = Person.objects.select_related("gallery").with_counts()
    serializer_class = PersonSerializer
    query_class = PersonQuerySerializer
    missing = PersonNotFoundError
    form_actions = ("photos",)
    needs = crud("person", ApiKey.Scope.WRITE) | {
        "merge": Needs(ApiKey.Scope.WRITE, "change_person"),
        "photos": Needs(ApiKey.Scope.WRITE, "add_photo"),
        "similar": SEARCH,
    }
    errors: ClassVar = {
        "create": (404, 409),
        "partial_update": (409,),
        "destroy": (409,),
        "merge": (409,),
        "photos": (409, 413, 415, 422),
        "similar": (400, 409, 422),
    }

    @extend_schema(request=PersonInputSerializer, responses={201: PersonSerializer})
    def create(self, request: Request) -> Response:
        """Make a person, still without a face."""
        person = create_person(**self.read(PersonInputSerializer))
        made = self.get_queryset().get(pk=person.pk)
        return self.answer(PersonSerializer, made, status=status.HTTP_201_CREATED)

    @extend_schema(request=PersonChangesSerializer, responses=PersonSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Correct what is known of a person."""
        person = self._present()
        update_person(person=person, **self.read(PersonChangesSerializer, partial=True))
        return self.answer(PersonSerializer, person)

    @extend_schema(responses={200: ErasedSerializer})
    def destroy(self, request: Request, pk: str) -> Response:
        """Erase a person: their faces, embeddings, and every photo that shows nobody else, with its file."""
        return self.answer(ErasedSerializer, delete_person(person=self._present()))

    @extend_schema(request=MergeSerializer, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Make two people one: the faces of this one become those of another, who is answered."""
        source = self._present()
        target = find_person(request, self.read(MergeSerializer)["into"], gallery=source.gallery)
        merge_people(source=source, target=target)
        return self.answer(PersonSerializer, self.get_queryset().get(pk=target.pk))

    @extend_schema(
        request={"multipart/form-data": PhotosInputSerializer},
        parameters=[WaitSerializer],
        responses={200: UploadAnswerSerializer, 201: UploadAnswerSerializer},
    )
    @action(detail=True, methods=["post"])
    def photos(self, request: Request, pk: str) -> Response:
        """Enroll: add portraits of this person. The main face of each becomes theirs, and searches find it."""
        person = find_person(request, self.get_object().pk)
        wait = self.read_query(WaitSerializer)["wait"]
        upload = upload_photos(
            gallery=person.gallery,
            files=self.read(PhotosInputSerializer)["photos"],
            portrait_of=person,
            user=user_of(request),
            send=send_photos,
        )
        return answer_upload(upload, wait=wait, context=self.context)

    @extend_schema(parameters=[SimilarQuerySerializer], responses=SimilarAnswerSerializer)
    @action(detail=True, methods=["get"], throttle_classes=[AskerThrottle, SearchThrottle])
    def similar(self, request: Request, pk: str) -> Response:
        """Name the people of the gallery who look most like this one; the same person under two names among them.

        Asking it is a search, and recorded as one.
        """
        limit = self.read_query(SimilarQuerySerializer)["limit"]
        person = find_person(request, self.get_object().pk)
        return self.answer(SimilarAnswerSerializer, answer_similar(request, person, limit=limit))

    def _present(self) -> Person:
        """Return the person that the address names, to be changed.

        Raises:
            ConflictError: they were merged into another one.
        """
        person = self.get_object()
        if person.merged_into_id is not None:
            raise ConflictError(
                f"Person {person.pk} was merged into person {person.merged_into_id}; use that number.",
                person=person.merged_into_id,
            )
        return person
