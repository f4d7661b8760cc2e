"""tau on pages: shown with what it stands for, set, restored."""

import pytest
from django.test import Client
from django.urls import reverse

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.thresholds import tau_in_force
from faces.templatetags.facet import stands_for
from tests import factories
from tests.faces.pages.test_people import said

VERIFICATION, RECOGNITION = Threshold.Use.VERIFICATION, Threshold.Use.RECOGNITION


@pytest.fixture
def gallery(db: None) -> Gallery:
    """A gallery without a tau of its own."""
    return factories.gallery(name="Staff")


def page_of(gallery: Gallery | None, use: str = RECOGNITION) -> str:
    """The address of the page of one tau."""
    version = EncoderVersion.objects.get().pk
    if gallery is None:
        return reverse("training:threshold", args=[version, use])
    return reverse("training:threshold-gallery", args=[version, use, gallery.pk])


def tau(gallery: Gallery, use: Threshold.Use = RECOGNITION) -> float:
    """The one that decides."""
    return tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=use).tau


def test_the_list_shows_the_general_and_the_own_tau_of_every_gallery(client: Client, gallery: Gallery) -> None:
    client.post(page_of(gallery), {"tau": "0.2", "reason": "Our cameras are poor"})
    ((_, scopes),) = client.get(reverse("training:thresholds")).context["versions"]
    shown = [(scope.gallery, [(decision.row.tau, decision.is_own) for decision in scope.decisions]) for scope in scopes]
    general = [tau(gallery, VERIFICATION), Threshold.objects.get(use=RECOGNITION, gallery=None).tau]
    assert shown == [
        (None, [(general[0], True), (general[1], True)]),
        (gallery, [(general[0], False), (0.2, True)]),
    ]


def test_a_tau_set_by_hand_is_in_force_at_once_and_says_who_and_why(client: Client, gallery: Gallery) -> None:
    answer = client.post(page_of(gallery), {"tau": "0.2", "reason": "Our cameras are poor"})
    assert "tau is 0.2 now" in said(answer)
    assert tau(gallery) == 0.2
    page = client.get(page_of(gallery)).content.decode()
    assert "Our cameras are poor" in page
    assert "ada" in page
    assert "Set by hand; its error rate was not measured." in page


def test_an_earlier_tau_is_restored_with_what_it_stood_for(client: Client, gallery: Gallery) -> None:
    factory = Threshold.objects.get(gallery=None, use=RECOGNITION)
    client.post(page_of(None), {"tau": "0.5", "reason": "A try"})
    assert tau(gallery) == 0.5
    answer = client.post(reverse("training:threshold-restore", args=[factory.pk]))
    assert answer["Location"] == page_of(None)
    assert tau(gallery) == factory.tau
    newest = Threshold.objects.filter(gallery=None, use=RECOGNITION)[0]
    assert (newest.error_rate, newest.evidence) == (factory.error_rate, factory.evidence)
    assert str(newest.set_by) == "ada"
    assert Threshold.objects.filter(gallery=None, use=RECOGNITION).count() == 3, "history is only added to"


def test_a_gallerys_own_tau_can_be_given_up(client: Client, gallery: Gallery) -> None:
    general = tau(gallery)
    client.post(page_of(gallery), {"tau": "0.2", "reason": "A try"})
    client.post(page_of(gallery), {"general": "yes"})
    assert tau(gallery) == general
    assert "this gallery has none of its own" in client.get(page_of(gallery)).content.decode()


@pytest.mark.parametrize("value", ["", "x", "-0.1", "4.1", "nan", "inf", "1e999"])
def test_a_tau_that_is_no_distance_is_refused_at_its_field(value: str, client: Client, gallery: Gallery) -> None:
    before = Threshold.objects.count()
    answer = client.post(page_of(gallery), {"tau": value, "reason": "A try"})
    assert "tau" in answer.context["form"].errors
    assert Threshold.objects.count() == before


def test_a_tau_without_a_reason_is_refused(client: Client, gallery: Gallery) -> None:
    answer = client.post(page_of(gallery), {"tau": "0.2", "reason": "   "})
    assert "reason" in answer.context["form"].errors


def test_the_general_tau_cannot_be_given_up(client: Client, gallery: Gallery) -> None:
    answer = client.post(page_of(None), {"general": "yes"})
    assert "cannot be empty" in said(answer)
    assert tau(gallery) > 0


def test_a_use_that_does_not_exist_has_no_page(client: Client, gallery: Gallery) -> None:
    assert client.get(page_of(None, "guessing")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "rate", "size", "sentence"),
    [
        ("", None, None, "Set by hand; its error rate was not measured."),
        ("fmr", 0.001, None, "1 in 1,000 comparisons of two different people passes as a match."),
        ("fmr", 0.0, None, "None of the measured comparisons of two different people passes as a match."),
        ("fpir", 0.01, 2500, "1 in 100 strangers is taken for somebody, in a gallery of 2,500 people."),
    ],
)
def test_an_error_rate_is_told_without_statistics(
    kind: str, rate: float | None, size: int | None, sentence: str
) -> None:
    assert stands_for(Threshold(error_rate_kind=kind, error_rate=rate, gallery_size=size)) == sentence
