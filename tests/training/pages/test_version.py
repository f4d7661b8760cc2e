"""Where an encoder version comes from, on its pages."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from faces.models import EncoderVersion
from tests import factories
from tests.training import measured
from tests.training.models.factories import run as new_run
from tests.training.pages.evaluations import text_of
from tests.training.services.held_out import HeldOut, held_out
from tests.training.services.test_held_out import judged
from training.models import TrainingRun

pytestmark = pytest.mark.django_db


def page_of(version: EncoderVersion) -> str:
    return reverse("training:version", args=[version.pk])


@pytest.fixture
def made() -> HeldOut:
    """A run that succeeded, and its candidate's report."""
    made = held_out(12, after=0.4)
    TrainingRun.objects.filter(pk=made.run.pk).update(
        candidate=made.candidate, people=40, photos=160, steps=600, device="CPU"
    )
    judged(made)
    return made


def test_a_candidate_says_who_made_it_of_what_and_how_good_it_is(client: Client, made: HeldOut) -> None:
    text = text_of(client, page_of(made.candidate))

    assert f"Made by training run {made.run.pk} from {made.run.parent}: trained on 40 people and 160 photos" in text
    assert "in 600 steps (CPU)." in text
    assert "mated comparisons" in text
    assert "Its report on the 12 people who were held out" in text
    assert str(made.run.parent) in text
    assert "It was not trained here." in text  # the parent


def test_a_version_says_what_was_trained_from_it_and_measured_with_it(client: Client, made: HeldOut) -> None:
    measured.report(gallery=factories.gallery(name="Staff", encoder_version=made.run.parent))

    text = text_of(client, page_of(made.run.parent))

    assert f"no. {made.run.pk}" in text
    assert str(made.candidate) in text
    assert "Staff Letting 1 in" in text


def test_a_version_whose_run_is_deleted_still_says_what_it_was_made_from(client: Client, made: HeldOut) -> None:
    made.run.delete()

    text = text_of(client, page_of(made.candidate))

    assert "The training run that made it is deleted" in text
    assert str(made.run.parent) in text


def test_a_run_without_a_report_says_so(client: Client) -> None:
    candidate = factories.encoder_version(parent=(run := new_run()).parent)
    TrainingRun.objects.filter(pk=run.pk).update(candidate=candidate)

    assert "There is no report of it on people who were held out." in text_of(client, page_of(candidate))


def test_the_page_of_an_encoder_version_leads_there_whoever_may_see_it(client: Client, made: HeldOut) -> None:
    address = reverse("pages:encoder-version", args=[made.candidate.pk])
    assert page_of(made.candidate) in client.get(address).content.decode()

    staff = factories.user(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_encoderversion"))
    client.force_login(staff)

    assert page_of(made.candidate) not in client.get(address).content.decode()
    assert client.get(page_of(made.candidate)).status_code == 403


def test_a_version_that_there_is_not_is_not_found(client: Client) -> None:
    assert client.get(reverse("training:version", args=[987654])).status_code == 404
