"""Galleries: made, found by what people call them, and emptied."""

from django.db import IntegrityError, transaction

from faces.exceptions import DuplicateSlugError, GalleryNotFoundError, InvalidRequestError, WrongStateError
from faces.models import Embedding, EncoderVersion, Face, Gallery, Photo, Threshold
from faces.querysets import GalleryQuerySet
from faces.services.encoders import default_encoder_version
from faces.services.thresholds import tau_in_force


def create_gallery(*, name: str, encoder_version: EncoderVersion | None = None) -> Gallery:
    """Make an empty gallery.

    Args:
        name: in any script.
        encoder_version: what serves it; the default one if not given.

    Raises:
        InvalidRequestError: the name is empty or longer than 200 characters.
        WrongStateError: the encoder version is not available.
        NoThresholdError: the encoder version has no tau for one of the uses.
        DuplicateSlugError: there is one of this name, or of one that differs in signs and case only.
    """
    name = _checked_name(name)
    version = encoder_version or default_encoder_version()
    try:
        with transaction.atomic():
            _check_can_serve(version)
            return Gallery.objects.create(name=name, slug=Gallery.slug_for(name), encoder_version=version)
    except IntegrityError as error:
        raise DuplicateSlugError(
            f"There is a gallery called “{name}” already, or one whose name differs in signs and case only.",
            name=name,
        ) from error


@transaction.atomic
def serve_with(*, gallery: Gallery, encoder_version: EncoderVersion) -> None:
    """Have a gallery served by another encoder version, from the very next request on.

    The distances of two versions mean different things, so no tau is taken over from one to the other.

    Raises:
        WrongStateError: the version is not available, or faces of the gallery have no embedding by it yet.
        NoThresholdError: it has no tau for one of the uses, neither this gallery's own nor one for all galleries.
    """
    held = Gallery.objects.select_for_update(no_key=True).get(pk=gallery.pk)
    _check_can_serve(encoder_version, held)
    missing = Embedding.objects.of(held).filter(encoder_version_id=held.encoder_version_id)
    missing = missing.exclude(face__embeddings__encoder_version=encoder_version)
    if held.encoder_version_id != encoder_version.pk and (count := missing.count()):
        raise WrongStateError(
            f"{count:,} faces of gallery “{held.name}” were not encoded by “{encoder_version.name}” yet; nobody would "
            "find them. Encode them first.",
            faces=count,
        )
    Gallery.objects.filter(pk=held.pk).update(encoder_version=encoder_version)
    gallery.encoder_version = encoder_version


def _check_can_serve(version: EncoderVersion, gallery: Gallery | None = None) -> None:
    """Hold the version's row until the end of the transaction, so that nobody retires it in between."""
    held = EncoderVersion.objects.select_for_update().get(pk=version.pk)
    if held.state != EncoderVersion.State.AVAILABLE:
        raise WrongStateError(
            f"Encoder version “{held.name}” is {held.state}; only an available one can serve a gallery.",
            state=held.state,
        )
    for use in Threshold.Use:
        tau_in_force(gallery=gallery, encoder_version=held, use=use)


def rename_gallery(*, gallery: Gallery, name: str) -> Gallery:
    """Give a gallery another name. Its slug stays, so that the addresses that programs use stay right.

    Raises:
        InvalidRequestError: the name is empty or longer than 200 characters.
        DuplicateSlugError: there is another one of this name.
    """
    name = _checked_name(name)
    try:
        with transaction.atomic():
            Gallery.objects.filter(pk=gallery.pk).update(name=name)
    except IntegrityError as error:
        raise DuplicateSlugError(f"There is another gallery called “{name}”.", name=name) from error
    gallery.name = name
    return gallery


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 200:
        raise InvalidRequestError(
            f"A gallery's name has 1 to 200 characters; this one has {len(name)}.", length=len(name)
        )
    if "\x00" in name:
        raise InvalidRequestError("A gallery's name cannot contain the character NUL.")
    return name


def get_gallery(name: str, *, among: GalleryQuerySet[Gallery] | None = None) -> Gallery:
    """Find a gallery by its name or slug.

    Args:
        name: as a person wrote it.
        among: the galleries that the asker may see; all if not given.

    Raises:
        GalleryNotFoundError: none of this name; the text names those there are.
    """
    visible = Gallery.objects.all() if among is None else among
    gallery = visible.filter(slug=name).first() or visible.filter(name=name).first()
    gallery = gallery or visible.filter(slug=Gallery.slug_for(name)).first()
    if gallery is None:
        there = ", ".join(f"“{slug}”" for slug in visible.order_by("slug").values_list("slug", flat=True)[:10])
        raise GalleryNotFoundError(
            f"There is no gallery “{name}”. " + (f"There is {there}." if there else "There is no gallery yet."),
            gallery=name,
        )
    return gallery


@transaction.atomic
def delete_gallery(*, gallery: Gallery) -> None:
    """Remove a gallery with its people, photos, files, faces, embeddings, thresholds and the record of its searches."""
    Embedding.objects.of(gallery).delete()
    Face.objects.of(gallery).delete()
    Photo.objects.of(gallery).delete()
    gallery.delete()
