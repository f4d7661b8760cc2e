"""Recognition, verification, and the record of both."""

import time
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from encoder.geometry import EncodedFace
from faces.api.access import asker_of, find_person, find_photo, key_of, visible_galleries
from faces.api.permissions import SEARCH, crud
from faces.api.serializers.photos import WaitSerializer
from faces.api.serializers.searches import (
    RecognizeAnswerSerializer,
    RecognizeInputSerializer,
    SearchEventQuerySerializer,
    SearchEventSerializer,
    VerifyAnswerSerializer,
    VerifyInputSerializer,
)
from faces.api.throttling import AskerThrottle, SearchThrottle
from faces.api.uploading import wait_for
from faces.api.views.base import FacetViewSet
from faces.encoding import encode_probe
from faces.exceptions import NoFaceFoundError
from faces.live_recall import after_answer
from faces.models import ApiKey, EncoderVersion, Gallery, Photo, SearchEvent
from faces.services.encoders import default_encoder_version
from faces.services.events import Asker, record_recognition, record_verification
from faces.services.recognition import recognize
from faces.services.uploads import read_upload
from faces.services.verification import Verification, one_face, verify_faces, verify_person, verify_photo


class RecognizeView(FacetViewSet[SearchEvent]):
    """Who is this? (1:N)"""

    queryset = SearchEvent.objects.none()
    serializer_class = RecognizeAnswerSerializer
    throttle_classes = [AskerThrottle, SearchThrottle]
    form_actions = ("create",)
    needs = {"create": SEARCH}
    errors: ClassVar = {"create": (404, 409, 413, 415, 422)}

    @extend_schema(
        operation_id="recognize",
        request={"multipart/form-data": RecognizeInputSerializer},
        parameters=[WaitSerializer],
        responses={200: RecognizeAnswerSerializer},
    )
    def create(self, request: Request) -> Response:
        """Name the people on a photo, face by face, or say that it is nobody of this gallery.

        With `wait`, photos of the gallery that are still on their way through the workers are waited for first.
        """
        wait = self.read_query(WaitSerializer)["wait"]
        values = self.read(RecognizeInputSerializer)
        data = read_upload(values["photo"])
        wait_for(Photo.objects.of(values["gallery"]), seconds=wait)
        answer = _name_faces(asker_of(request), data, gallery=values["gallery"], limit=values["candidates"])
        return self.answer(RecognizeAnswerSerializer, answer)


def _name_faces(asker: Asker, data: bytes, *, gallery: Gallery, limit: int) -> dict[str, Any]:
    """Encode a probe, search for all its faces, and record that somebody asked."""
    started = time.perf_counter()
    encoded = encode_probe(data, gallery.encoder_version)
    if not encoded.faces:
        raise NoFaceFoundError("No face was found in the photo. Send one in which the face is at least 40 pixels wide.")
    answers = recognize(gallery=gallery, probes=encoded.faces, limit=limit)
    event = record_recognition(
        asker=asker,
        gallery=gallery,
        probe=data,
        answers=answers,
        tau=answers[0].tau,
        limit=limit,
        duration_ms=_milliseconds_since(started),
    )
    after_answer(answers)
    return {"event": event, "width": encoded.width, "height": encoded.height, "faces": answers}


class VerifyView(FacetViewSet[SearchEvent]):
    """Is this the person they claim to be? (1:1)"""

    queryset = SearchEvent.objects.none()
    serializer_class = VerifyAnswerSerializer
    throttle_classes = [AskerThrottle, SearchThrottle]
    form_actions = ("create",)
    needs = {"create": SEARCH}
    errors: ClassVar = {"create": (404, 409, 413, 415, 422)}

    @extend_schema(
        operation_id="verify",
        request={"multipart/form-data": VerifyInputSerializer},
        responses={200: VerifyAnswerSerializer},
    )
    def create(self, request: Request) -> Response:
        """Compare the face on a photo with a person's enrolled faces, a stored photo, or a second photo."""
        values = self.read(VerifyInputSerializer)
        data = read_upload(values["photo"])
        answer = _compare(asker_of(request), data, _Claim(request, values))
        return self.answer(VerifyAnswerSerializer, answer)


def _compare(asker: Asker, data: bytes, claim: "_Claim") -> dict[str, Any]:
    """Encode a probe, compare its one face with what was claimed, and record that somebody asked."""
    started = time.perf_counter()
    probe = one_face(encode_probe(data, claim.encoder_version), which="the photo")
    verification, second = claim.verify(probe)
    photos = [data] if claim.second is None else [data, claim.second]
    event = record_verification(
        asker=asker,
        gallery=claim.gallery,
        encoder_version=claim.encoder_version,
        photos=photos,
        verification=verification,
        duration_ms=_milliseconds_since(started),
    )
    return {
        "event": event,
        "verification": verification,
        "probe": probe,
        "second_probe": second,
    }


class _Claim:
    """What a probe is compared with: found before anything is encoded, so that what is not there costs nothing."""

    def __init__(self, request: Request, values: dict[str, Any]) -> None:
        """Find the person or photo that was named, and with it the gallery."""
        self.gallery: Gallery | None = values["gallery"]
        self.person = find_person(request, values["person"], gallery=self.gallery) if "person" in values else None
        self.photo = find_photo(request, values["photo_id"], gallery=self.gallery) if "photo_id" in values else None
        self.second = read_upload(values["second_photo"]) if "second_photo" in values else None
        stored = self.person or self.photo
        if stored is not None:
            self.gallery = stored.gallery
        self.encoder_version: EncoderVersion = (
            self.gallery.encoder_version if self.gallery else default_encoder_version()
        )

    def verify(self, probe: EncodedFace) -> tuple[Verification, EncodedFace | None]:
        """Return the answer, and the face of the second photo if that is what was compared."""
        if self.person is not None:
            return verify_person(person=self.person, probe=probe), None
        if self.photo is not None:
            return verify_photo(photo=self.photo, probe=probe), None
        second = one_face(encode_probe(self.second or b"", self.encoder_version), which="the second photo")
        return verify_faces(first=probe, second=second, gallery=self.gallery), second


class SearchEventViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[SearchEvent]):
    """Who asked what, and what was answered."""

    queryset = SearchEvent.objects.select_related("gallery", "encoder_version", "user", "api_key")
    serializer_class = SearchEventSerializer
    query_class = SearchEventQuerySerializer
    lookup_field = "key"
    lookup_value_regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    needs = crud("searchevent", ApiKey.Scope.ADMIN)

    def visible(self, rows: QuerySet[SearchEvent]) -> QuerySet[SearchEvent]:
        """Return the searches in the asking key's galleries, and its own between two files."""
        own = Q(gallery__isnull=True, api_key=key_of(self.request))
        return rows.filter(Q(gallery__in=visible_galleries(self.request)) | own)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
