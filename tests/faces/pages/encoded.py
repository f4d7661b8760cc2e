"""Real photographs in a gallery, encoded as a worker does it."""

from faces.models import Gallery, Person, Photo
from faces.services.photos import accept_photo
from faces.tasks import encode_photos
from tests import factories


def enroll(gallery: Gallery, name: str, data: bytes) -> Person:
    """A person of this name with the main face of a photo."""
    person = factories.person(gallery=gallery, name=name)
    photo = accept_photo(gallery=gallery, data=data, name=f"{name}.jpg", portrait_of=person).photo
    encode_photos([photo.pk])
    assert Photo.objects.get(pk=photo.pk).state == Photo.State.READY
    return person
