"""Faces and photos on their way through the services, on a square of 100 pixels."""

from dataclasses import replace

from django.utils import timezone

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto
from faces.models import Gallery, Person, Photo
from faces.services.enrollment import store_encoded_photo
from faces.services.photos import accept_photo
from faces.services.queueing import LEASE
from tests import factories
from tests.factories import Vector, axis, picture

__all__ = ["axis", "encoded_face", "encoded_photo", "near", "picture", "stored_photo"]


def near(index: int, toward: int, distance: float) -> Vector:
    """A unit vector at this squared distance from `axis(index)`, in the direction of `axis(toward)`."""
    return factories.at_distance(distance, of=index, towards=toward)


def encoded_face(
    vector: Vector, *, left: float = 20, top: float = 20, size: float = 60, sharpness: float = 0.9
) -> EncodedFace:
    """A good face, unless a keyword says otherwise."""
    quality = replace(factories.GOOD_QUALITY, size=size, sharpness=sharpness)
    return factories.encoded_face(vector, box=BoundingBox(left, top, left + size, top + size), quality=quality)


def encoded_photo(*faces: EncodedFace) -> EncodedPhoto:
    """A photo of 100 x 100 pixels with these faces."""
    return factories.encoded_photo(faces, size=(100, 100))


def stored_photo(gallery: Gallery, *faces: EncodedFace, portrait_of: Person | None = None) -> Photo:
    """A photo that went the whole way: accepted, claimed, encoded as said, stored."""
    data = picture(size=(100, 100))
    photo = accept_photo(gallery=gallery, data=data, name="test.png", portrait_of=portrait_of).photo
    _, claimed = Photo.claim_batch([photo.pk], until=timezone.now() + LEASE)
    assert store_encoded_photo(photo=claimed[0], encoded=encoded_photo(*faces), encoder_version=gallery.encoder_version)
    photo.refresh_from_db()
    return photo
