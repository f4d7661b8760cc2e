"""Galleries."""

from typing import ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from faces.api.access import find_gallery, key_of, visible_galleries
from faces.api.permissions import crud
from faces.api.serializers.galleries import (
    GalleryInputSerializer,
    GalleryNameSerializer,
    GalleryQuerySerializer,
    GallerySerializer,
)
from faces.api.views.base import FacetViewSet
from faces.models import ApiKey, Gallery
from faces.querysets import GalleryQuerySet
from faces.services.galleries import create_gallery, delete_gallery, rename_gallery


class GalleryViewSet(ListModelMixin, RetrieveModelMixin, FacetViewSet[Gallery]):
    """The sets of people one searches in. A key sees its own, and those that it makes."""

    queryset = Gallery.objects.select_related("encoder_version").with_counts()
    serializer_class = GallerySerializer
    query_class = GalleryQuerySerializer
    lookup_field = "slug"
    lookup_value_regex = "[^/]+"
    needs = crud("gallery", ApiKey.Scope.ADMIN)
    errors: ClassVar = {"create": (409,), "partial_update": (409,)}

    def visible(self, rows: GalleryQuerySet[Gallery]) -> GalleryQuerySet[Gallery]:  # type: ignore[override]
        """Return the asking key's galleries."""
        return rows.filter(pk__in=visible_galleries(self.request))

    def get_object(self) -> Gallery:
        """Return the gallery of this slug or name."""
        found = find_gallery(self.request, self.kwargs["slug"])
        return self.get_queryset().get(pk=found.pk)

    @extend_schema(request=GalleryInputSerializer, responses={201: GallerySerializer})
    def create(self, request: Request) -> Response:
        """Make an empty gallery, which the asking key may then see."""
        with transaction.atomic():
            gallery = create_gallery(**self.read(GalleryInputSerializer))
            if api_key := key_of(request):
                api_key.galleries.add(gallery)
        made = self.get_queryset().get(pk=gallery.pk)
        return self.answer(GallerySerializer, made, status=status.HTTP_201_CREATED)

    @extend_schema(request=GalleryNameSerializer, responses=GallerySerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Rename a gallery; its slug stays."""
        gallery = self.get_object()
        values = self.read(GalleryNameSerializer, partial=True)
        if "name" in values:
            rename_gallery(gallery=gallery, name=values["name"])
        return self.answer(GallerySerializer, gallery)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete a gallery with its people, photos, files, faces, embeddings, taus and record of searches."""
        delete_gallery(gallery=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
