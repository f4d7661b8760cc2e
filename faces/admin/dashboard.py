"""The first page after signing in."""

from typing import Any

from django.http import HttpRequest

from faces.models import Face, Gallery, Person
from faces.views.cards import covers_of_galleries
from faces.views.overview import present_work

GALLERIES_SHOWN = 6
COVERS = 6


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the overview shows: galleries with faces, the workers, the first steps while all is new."""
    has_faces = Face.objects.enrolled().exists()
    galleries = []
    if request.user.has_perm("faces.view_gallery"):
        shown = list(Gallery.objects.with_counts().order_by("-created_at")[:GALLERIES_SHOWN])
        covers = covers_of_galleries([gallery.pk for gallery in shown], count=COVERS)
        galleries = [(gallery, covers.get(gallery.pk, [])) for gallery in shown]
    return {
        **context,
        "title": "Overview",
        "heading": "" if has_faces else "Welcome to Facet",
        "galleries": galleries,
        "gallery_count": Gallery.objects.count(),
        "has_people": Person.objects.exists(),
        "has_faces": has_faces,
        "unassigned": Face.objects.unassigned().count(),
        "work": present_work() if request.user.has_perms(("faces.view_photo", "faces.view_job")) else None,
    }
