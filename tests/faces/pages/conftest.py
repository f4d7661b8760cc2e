"""Who looks at the pages, and what there is to look at."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from faces.models import Face, Gallery, Job, Person, Photo, ProbablePerson
from faces.services.api_keys import create_api_key
from tests import factories

ClientOf = Callable[[User], Client]


@dataclass(frozen=True)
class Filled:
    """A gallery with a bit of everything."""

    gallery: Gallery
    person: Person
    other: Person
    photo: Photo
    face: Face
    unknown: Face
    refused: Photo
    failed: Photo
    waiting: Photo
    job: Job
    probable: ProbablePerson


@pytest.fixture
def client_of() -> ClientOf:
    """Signs somebody in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def admin(db: None) -> User:
    """Somebody who may do everything."""
    return factories.user(name="ada", is_staff=True, is_superuser=True)


@pytest.fixture
def client(admin: User, client_of: ClientOf) -> Client:
    """The browser of an admin who may do everything."""
    return client_of(admin)


@pytest.fixture
def staff_with(client_of: ClientOf, db: None) -> Callable[..., Client]:
    """Makes the browser of somebody who is staff and has just these permissions (`faces.view_photo`)."""

    def make(*permissions: str) -> Client:
        user = factories.user(is_staff=True)
        for permission in permissions:
            app, codename = permission.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return client_of(user)

    return make


@pytest.fixture
def filled(admin: User) -> Filled:
    """A gallery with people, photos in every state, an upload, an API key."""
    gallery = factories.gallery(name="Staff")
    person = factories.person(gallery=gallery, name="Grace Hopper", external_id="G-1", metadata={"team": "Navy"})
    other = factories.person(gallery=gallery, name="Ada Lovelace", consent=Person.Consent.WITHHELD)
    photo = factories.photo(gallery=gallery, name="group.png", uploaded_by=admin)
    face = factories.face(photo=photo, person=person, vector=factories.axis(0))
    probable = factories.probable_person(gallery=gallery)
    unknown = factories.face(photo=photo, vector=factories.axis(1), probable_person=probable)
    factories.face(person=other, vector=factories.axis(2))
    job = factories.job(gallery=gallery, created_by=admin, total=3, done=1)
    create_api_key(name="Door", scopes=["search"], galleries=[gallery], user=admin)
    return Filled(
        gallery=gallery,
        person=person,
        other=other,
        photo=photo,
        face=face,
        unknown=unknown,
        refused=factories.photo(gallery=gallery, state=Photo.State.REJECTED, name="wall.png", job=job),
        failed=factories.photo(gallery=gallery, state=Photo.State.FAILED, name="odd.png", job=job),
        waiting=factories.photo(gallery=gallery, state=Photo.State.PENDING, name="new.png", job=job),
        job=job,
        probable=probable,
    )
