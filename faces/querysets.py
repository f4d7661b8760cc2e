"""Questions that are asked more than once, as sentences over querysets.

Models are named under TYPE_CHECKING only, so that this module stays below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar, cast

from django.db import models
from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faces.models import EncoderVersion, Gallery, Photo

M = TypeVar("M", bound=models.Model)


def _over(
    model: type[models.Model], relation: str, aggregate: models.Aggregate, **condition: object
) -> models.expressions.Combinable:
    """Return a sub-select over the rows that a relation of a model leads to.

    Two counts over joins would multiply, and a join is counted for all rows before a page of them is cut out;
    a sub-select is run for the rows of the page alone.
    """
    to = cast("models.ForeignObjectRel", model._meta.get_field(relation))
    related = to.related_model
    name = to.remote_field.name
    rows = related._default_manager.filter(**{name: OuterRef("pk")}, **condition).order_by().values(name)
    return Subquery(rows.annotate(value=aggregate).values("value"))


def _count_of(model: type[models.Model], relation: str, **condition: object) -> models.expressions.Combinable:
    """Return a sub-select that counts the rows that a relation of a model leads to."""
    return Coalesce(_over(model, relation, Count("pk"), **condition), 0)


class OfGallery(models.QuerySet[M]):
    """Rows that belong to exactly one gallery."""

    def of(self, gallery: Gallery) -> Self:
        """Only the rows of this gallery."""
        return self.filter(gallery=gallery)


class PersonQuerySet(OfGallery[M]):
    """People of galleries."""

    def present(self) -> Self:
        """People who were not merged into somebody else."""
        return self.filter(merged_into__isnull=True)

    def with_counts(self) -> Self:
        """Adds `face_count`, `enrolled_count` and `cover_face_id` (the first enrolled face, or null)."""
        return self.annotate(
            face_count=_count_of(self.model, "faces"),
            enrolled_count=_count_of(self.model, "faces", is_enrolled=True),
            cover_face_id=_over(self.model, "faces", Min("pk"), is_enrolled=True),
        )


class PhotoQuerySet(OfGallery[M]):
    """Uploaded photos and their way through the workers."""

    def waiting(self) -> Self:
        """Accepted, and claimed by nobody."""
        return self.filter(state="pending")

    def with_lapsed_lease(self) -> Self:
        """Claimed by a worker that has not finished in the time it was given: it was killed, or lost its database."""
        return self.filter(state="encoding", leased_until__lt=timezone.now())

    def held(self, photos: Iterable[Photo]) -> Self:
        """Those of these photos that are still claimed as these objects say."""
        photos = list(photos)
        claims = {photo.claim for photo in photos if photo.claim is not None}
        return self.filter(pk__in=[photo.pk for photo in photos], claim__in=claims, state="encoding")

    def finish(self, state: str, *, reason: str = "", error: str = "") -> int:
        """Write the outcome of photos whose claim is held; returns how many there were."""
        return self.update(
            state=state,
            reason=reason,
            error=error,
            claim=None,
            leased_until=None,
            sent_at=None,
            finished_at=timezone.now(),
        )

    def unfinished(self) -> Self:
        """Waiting or being encoded."""
        return self.filter(state__in=("pending", "encoding"))

    def to_try_again(self) -> Self:
        """Failed, or set aside when their job was cancelled: nothing is wrong with the photos themselves."""
        return self.filter(Q(state="failed") | Q(state="rejected", reason="cancelled"))

    def with_face_counts(self) -> Self:
        """Adds `face_count`."""
        return self.annotate(face_count=_count_of(self.model, "faces"))


class FaceQuerySet(OfGallery[M]):
    """Detected faces."""

    def unassigned(self) -> Self:
        """Faces that belong to nobody yet."""
        return self.filter(person__isnull=True)

    def enrolled(self) -> Self:
        """Faces that searches can find."""
        return self.filter(is_enrolled=True)


class ProbablePersonQuerySet(OfGallery[M]):
    """Groups of unknown faces."""

    def with_faces(self) -> Self:
        """Only those of whom a face is left; adds `face_count` and `cover_face_id` (the first face)."""
        cover = _over(self.model, "faces", Min("pk"))
        return self.annotate(face_count=_count_of(self.model, "faces"), cover_face_id=cover).filter(face_count__gt=0)


class EmbeddingQuerySet(OfGallery[M]):
    """Embeddings; vectors of two encoder versions are never compared, so every search names one."""

    def searchable(self, gallery: Gallery, encoder_version: EncoderVersion) -> Self:
        """The vectors of faces that people are found by."""
        return self.filter(gallery=gallery, encoder_version=encoder_version, is_enrolled=True)


class TemplateQuerySet(OfGallery[M]):
    """Templates; as with embeddings, every search names one encoder version."""

    def searchable(self, gallery: Gallery, encoder_version: EncoderVersion) -> Self:
        """The vectors that a recognition in this gallery compares a probe with, one a person."""
        return self.filter(gallery=gallery, encoder_version=encoder_version)


class JobQuerySet(models.QuerySet[M]):
    """Long work."""

    def unfinished(self) -> Self:
        """Queued or running."""
        return self.filter(state__in=("queued", "running"))


class GalleryQuerySet(models.QuerySet[M]):
    """Galleries."""

    def among(self, ids: Iterable[int]) -> Self:
        """Only these galleries: what an API key may see."""
        return self.filter(pk__in=list(ids))

    def with_counts(self) -> Self:
        """Adds `person_count` and `photo_count`."""
        return self.annotate(
            person_count=_count_of(self.model, "people", merged_into__isnull=True),
            photo_count=_count_of(self.model, "photos"),
        )
