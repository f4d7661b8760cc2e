"""What the asker can see. What lies in a gallery that they cannot see answers as if it were not there."""

from django.contrib.auth.models import User
from rest_framework.request import Request

from faces.exceptions import GalleryNotFoundError, PersonNotFoundError, PhotoNotFoundError
from faces.models import ApiKey, Gallery, Person, Photo, SearchEvent
from faces.querysets import GalleryQuerySet
from faces.services.events import Asker
from faces.services.galleries import get_gallery
from faces.services.people import get_person


def key_of(request: Request) -> ApiKey | None:
    """Return the API key that asks; None for a person who is signed in."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def user_of(request: Request) -> User | None:
    """Return the account that answers for the request."""
    return request.user if isinstance(request.user, User) else None


def asker_of(request: Request) -> Asker:
    """Return who asks, for the record of searches."""
    return Asker(
        channel=SearchEvent.Channel.API,
        user=user_of(request),
        api_key=key_of(request),
        request_id=request_id_of(request),
    )


def request_id_of(request: object) -> str:
    """Return the id that the log knows the request by."""
    return str(getattr(request, "request_id", ""))


def visible_galleries(request: Request) -> GalleryQuerySet[Gallery]:
    """Return the galleries that the asker may see: a key its own, a member of staff all."""
    api_key = key_of(request)
    galleries: GalleryQuerySet[Gallery] = Gallery.objects.all()
    return galleries if api_key is None else galleries.filter(api_keys=api_key)


def find_gallery(request: Request, name: str) -> Gallery:
    """Find a visible gallery by slug or name.

    Raises:
        GalleryNotFoundError: there is none, or none that the asker may see; the two look the same.
    """
    if "\x00" in name:
        raise GalleryNotFoundError("No gallery's name contains the character NUL.")
    return get_gallery(name, among=visible_galleries(request).select_related("encoder_version"))


def find_person(request: Request, person_id: int, *, gallery: Gallery | None = None) -> Person:
    """Find a person of a visible gallery, of this one if given; a merged one leads to whom they were merged into.

    Raises:
        PersonNotFoundError: there is none that the asker may see.
    """
    people = Person.objects.filter(pk=person_id, gallery__in=visible_galleries(request))
    found = people.select_related("gallery__encoder_version").first()
    if found is None or (gallery is not None and found.gallery_id != gallery.pk):
        where = f" in gallery “{gallery.slug}”" if gallery else ""
        raise PersonNotFoundError(f"There is no person {person_id}{where}.", person=person_id)
    return found if found.merged_into_id is None else get_person(found.gallery, found.pk)


def find_photo(request: Request, photo_id: int, *, gallery: Gallery | None = None) -> Photo:
    """Find a photo of a visible gallery, of this one if given.

    Raises:
        PhotoNotFoundError: there is none that the asker may see.
    """
    photos = Photo.objects.filter(pk=photo_id, gallery__in=visible_galleries(request))
    found = photos.select_related("gallery__encoder_version").first()
    if found is None or (gallery is not None and found.gallery_id != gallery.pk):
        where = f" in gallery “{gallery.slug}”" if gallery else ""
        raise PhotoNotFoundError(f"There is no photo {photo_id}{where}.", photo=photo_id)
    return found
