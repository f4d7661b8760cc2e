"""What all operations have in common: who may, what they can see, how input is read."""

from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from faces.api.access import key_of, visible_galleries
from faces.api.parsers import AnswersInJson, LimitedJSONParser, SizeLimitHandler
from faces.api.permissions import AccessPermission, Needs
from faces.api.representing import represent
from faces.api.schema import FacetSchema
from faces.api.serializers.fields import LARGEST_ID, QuerySerializer, StrictSerializer
from faces.api.throttling import AskerThrottle
from faces.exceptions import NotFoundError

M = TypeVar("M", bound=Model)


class FacetViewSet(GenericViewSet[M]):
    """A view names what each action `needs`, and which `errors` it has besides those that all have.

    `query_class` reads the parameters of its list, `form_actions` are read from forms with files. Rows whose gallery
    the asker cannot see are not there; `gallery_path` leads to the gallery.
    """

    schema = FacetSchema()
    permission_classes = [AccessPermission]
    throttle_classes = [AskerThrottle]
    metadata_class = None
    content_negotiation_class = AnswersInJson
    lookup_value_regex = "[0-9]{1,19}"
    needs: ClassVar[dict[str, Needs]] = {}
    errors: ClassVar[dict[str, tuple[int, ...]]] = {}
    query_class: ClassVar[type[QuerySerializer] | None] = None
    form_actions: ClassVar[tuple[str, ...]] = ()
    missing: ClassVar[type[NotFoundError]] = NotFoundError
    gallery_path: ClassVar[str] = "gallery"

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Put the limit before whatever keeps files; a session's check reads the form before any parser does."""
        wrapped = super().initialize_request(request, *args, **kwargs)
        if self.action in self.form_actions:
            request.upload_handlers.insert(0, SizeLimitHandler(request))
        return wrapped

    def get_parsers(self) -> list[BaseParser]:
        """Return how the body is read: a form with files, or JSON."""
        method = str(getattr(self.request, "method", "")).lower()
        action = getattr(self, "action", None) or getattr(self, "action_map", {}).get(method)
        return [MultiPartParser()] if action in self.form_actions else [LimitedJSONParser()]

    def get_queryset(self) -> QuerySet[M, M]:
        """Return the rows that the asker can see."""
        rows = super().get_queryset()
        return rows if key_of(self.request) is None else self.visible(rows)

    def visible(self, rows: QuerySet[M, M]) -> QuerySet[M, M]:
        """Return those of the rows that the asking key can see."""
        return rows.filter(**{f"{self.gallery_path}__in": visible_galleries(self.request)})

    def filter_queryset(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that the parameters of a list ask for."""
        if self.action != "list" or self.query_class is None:
            return queryset
        query = self.query_class(data=self.request.query_params.dict(), context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        return query.apply(queryset)

    def get_object(self) -> M:
        """Return the row that the address names.

        Raises:
            NotFoundError: there is none that the asker can see.
        """
        value = self.kwargs[self.lookup_field]
        rows = self.filter_queryset(self.get_queryset())
        too_large = self.lookup_field == "pk" and int(value) > LARGEST_ID
        found: M | None = None if too_large else rows.filter(**{self.lookup_field: value}).first()
        if found is None:
            noun = str(rows.model._meta.verbose_name)
            raise self.missing(f"There is no {noun} {value}.", **{noun.replace(" ", "_"): value})
        return found

    def read(self, serializer_class: type[StrictSerializer], *, partial: bool = False) -> dict[str, Any]:
        """Return the valid values of the body.

        Raises:
            ValidationError: what is missing, wrong or unknown.
        """
        return self._valid(serializer_class(data=self.request.data, partial=partial, context=self.context))

    def read_query(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """Return the valid values of the parameters of an address. Raises what `read` raises."""
        return self._valid(serializer_class(data=self.request.query_params.dict(), context=self.context))

    def answer(self, serializer_class: type[BaseSerializer[Any]], value: object, *, status: int = 200) -> Response:
        """Answer with one value."""
        return Response(represent(serializer_class, value, self.context), status=status)

    @property
    def context(self) -> dict[str, Any]:
        """What serializers need to know of the request."""
        return {"request": self.request, "view": self}

    @staticmethod
    def _valid(serializer: StrictSerializer) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
