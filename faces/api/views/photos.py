"""Photos."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_person, user_of
from faces.api.images import original, picture
from faces.api.permissions import Needs, crud, require
from faces.api.serializers.photos import (
    ImageQuerySerializer,
    PhotoQuerySerializer,
    PhotoSerializer,
    UploadAnswerSerializer,
    UploadSerializer,
    WaitSerializer,
)
from faces.api.uploading import answer_upload
from faces.api.views.base import FacetViewSet
from faces.exceptions import PhotoNotFoundError
from faces.models import ApiKey, Person, Photo
from faces.services.photos import delete_photo, retry_photo
from faces.services.pictures import photo_thumbnail
from faces.services.uploads import PersonToBe, upload_photos
from faces.tasks import send_photos

ADD_PERSON = Needs(ApiKey.Scope.WRITE, "add_person")


class PhotoViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Photo]):
    """Uploaded pictures, and their way through the workers: pending, encoding, then ready, rejected or failed."""

    queryset = Photo.objects.select_related("gallery").with_face_counts()
    serializer_class = PhotoSerializer
    query_class = PhotoQuerySerializer
    missing = PhotoNotFoundError
    form_actions = ("create",)
    needs = crud("photo", ApiKey.Scope.WRITE) | {
        "retry": Needs(ApiKey.Scope.WRITE, "change_photo"),
        "image": Needs(ApiKey.Scope.READ, "view_photo"),
    }
    errors: ClassVar = {"create": (404, 409, 413, 415, 422), "retry": (409,), "image": (400, 422)}

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        parameters=[WaitSerializer],
        responses={200: UploadAnswerSerializer, 201: UploadAnswerSerializer},
    )
    def create(self, request: Request) -> Response:
        """Upload photos; every file is accepted or refused by itself, and the same file twice is one photo.

        The answer is 201 where a photo is new, 200 where all were there before, and the first file's error where none
        was accepted. Faces are found by the workers afterwards; `wait` holds the answer back for them.
        """
        wait = self.read_query(WaitSerializer)["wait"]
        values = self.read(UploadSerializer)
        upload = upload_photos(
            gallery=values["gallery"],
            files=values["photos"],
            portrait_of=self._portrait_of(values),
            user=user_of(request),
            send=send_photos,
        )
        return answer_upload(upload, wait=wait, context=self.context)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a photo with its file, faces and embeddings; the people in it stay."""
        delete_photo(photo=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: PhotoSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Send a rejected or failed photo to the workers again."""
        photo = retry_photo(photo=self.get_object())
        send_photos([photo.pk])
        return self.answer(PhotoSerializer, photo, status=status.HTTP_202_ACCEPTED)

    @extend_schema(parameters=[ImageQuerySerializer], responses={(200, "image/*"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def image(self, request: Request, pk: str) -> HttpResponseBase:
        """Get the bytes that were sent, or with `size=thumb` a small upright JPEG without EXIF."""
        photo = self.get_object()
        if self.read_query(ImageQuerySerializer)["size"] == "thumb":
            return picture(request, f"{photo.sha256}-thumb", lambda: photo_thumbnail(photo))
        return original(request, photo)

    def _portrait_of(self, values: dict[str, Any]) -> Person | PersonToBe | None:
        """Return whose portraits the files of an upload are."""
        if "person" in values:
            return find_person(self.request, values["person"], gallery=values["gallery"])
        named = {"name": "person_name", "external_id": "external_id"}
        given = {to: str(values[field]) for to, field in named.items() if field in values}
        if not given:
            return None
        require(self.request, ADD_PERSON)
        return PersonToBe(**given)
