"""No accepted photo is forgotten, none is sent without need, and one bad photo harms no other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from faces.models import Gallery, Photo
from faces.services.queueing import (
    BATCH,
    LEASE,
    MAX_ATTEMPTS,
    RESEND_AFTER,
    batches_to_send,
    forget_sent,
    recover_photos,
    renew_lease,
)
from tests import factories

pytestmark = pytest.mark.django_db
PENDING = Photo.State.PENDING


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


def waiting(gallery: Gallery, count: int = 1) -> list[int]:
    return [factories.photo(gallery=gallery, state=PENDING).pk for _ in range(count)]


def test_waiting_photos_go_out_in_batches_and_only_once(gallery: Gallery) -> None:
    ids = waiting(gallery, BATCH + 3)
    assert batches_to_send() == [ids[:BATCH], ids[BATCH:]]
    assert batches_to_send() == []


def test_a_message_that_stays_unanswered_is_sent_again(gallery: Gallery) -> None:
    waiting(gallery, 2)
    batches_to_send()
    Photo.objects.filter(pk=Photo.objects.earliest("pk").pk).update(
        sent_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1)
    )
    assert batches_to_send() == [[Photo.objects.earliest("pk").pk]]


def test_a_message_that_could_not_go_out_is_sent_by_the_next_sweep(gallery: Gallery) -> None:
    ids = waiting(gallery, 3)
    batches_to_send(ids)
    forget_sent(ids[1:])
    assert batches_to_send() == [ids[1:]]


def test_only_waiting_photos_are_sent_even_when_asked_for_by_number(gallery: Gallery) -> None:
    (waits,) = waiting(gallery)
    ready = factories.photo(gallery=gallery).pk
    assert batches_to_send([ready, waits]) == [[waits]]


def test_photos_of_a_worker_that_vanished_wait_again_and_go_out_alone(gallery: Gallery) -> None:
    ids = waiting(gallery, 2)
    Photo.claim_batch(ids, until=timezone.now() - timedelta(seconds=1))
    fresh = waiting(gallery, 2)
    assert recover_photos() == 2
    assert sorted(batches_to_send()) == [[ids[0]], [ids[1]], fresh]


def test_a_photo_that_keeps_taking_workers_down_fails_with_an_error(gallery: Gallery) -> None:
    (pk,) = waiting(gallery)
    for _ in range(MAX_ATTEMPTS):
        assert Photo.objects.get().state == PENDING
        Photo.claim_batch([pk], until=timezone.now() - timedelta(seconds=1))
        recover_photos()
    photo = Photo.objects.get()
    assert (photo.state, photo.claim) == (Photo.State.FAILED, None)
    assert "4 workers stopped" in photo.error
    assert batches_to_send() == []


def test_a_worker_that_renews_its_lease_keeps_its_photos(gallery: Gallery) -> None:
    _, photos = Photo.claim_batch(waiting(gallery, 2), until=timezone.now() - timedelta(seconds=1))
    renew_lease(photos)
    assert recover_photos() == 0
    assert Photo.objects.latest("pk").leased_until > timezone.now() + LEASE / 2  # type: ignore[operator]


def test_a_worker_that_lost_its_photos_cannot_renew_the_lease_of_the_new_owner(gallery: Gallery) -> None:
    ids = waiting(gallery)
    _, late = Photo.claim_batch(ids, until=timezone.now() - timedelta(seconds=1))
    recover_photos()
    until = timezone.now() + timedelta(seconds=1)
    Photo.claim_batch(ids, until=until)
    renew_lease(late)
    assert Photo.objects.get().leased_until == until
