"""Encoder versions: what turns a face into an embedding, and under which licence."""

import json

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from faces.admin.theme import ReadOnlyAdmin
from faces.models import EncoderVersion


@admin.register(EncoderVersion)
class EncoderVersionAdmin(ReadOnlyAdmin[EncoderVersion]):
    """Only read: versions come with Facet, or from training."""

    list_display = ("name", "state", "serves", "dimension", "licence", "created_at")
    list_filter = ("state",)
    search_fields = ("name", "licence")
    fields = (
        "name",
        "state",
        "serves",
        "licence",
        "architecture",
        "dimension",
        "preprocessing_version",
        "weights",
        "weights_sha256",
        "parent",
        "specification",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[EncoderVersion]:
        """Count the galleries that each serves."""
        versions: QuerySet[EncoderVersion] = super().get_queryset(request)
        return versions.annotate(gallery_count=Count("galleries"))

    @admin.display(description="Serves", ordering="gallery_count")
    def serves(self, version: EncoderVersion) -> str:
        """How many galleries are searched by it."""
        number: int = getattr(version, "gallery_count", 0)
        return "no gallery" if not number else "1 gallery" if number == 1 else f"{number} galleries"

    @admin.display(description="Specification")
    def specification(self, version: EncoderVersion) -> SafeString:
        """Everything that decides its output."""
        return format_html('<pre class="f-code">{}</pre>', json.dumps(version.spec, indent=2, ensure_ascii=False))
