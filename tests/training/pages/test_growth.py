"""What becomes of a gallery's taus as it grows, on its page."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.thresholds import Grounds, set_tau
from tests import factories
from tests.training.measured import enroll, made, report
from training.services.rates_at_size import fpir_at_size
from training.services.report_words import one_in, percent, rate_at

TAU = {"verification": 0.5, "recognition": 0.4}


@pytest.fixture
def gallery(db: None) -> Gallery:
    """Two people now, with taus of its own among those that made-up people are measured at."""
    gallery = factories.gallery(name="Staff")
    enroll(gallery, 2)
    for use in Threshold.Use:
        set_tau(
            gallery=gallery,
            encoder_version=gallery.encoder_version,
            use=use,
            tau=TAU[use],
            reason="For this test",
            user=None,
        )
    return gallery


def address(gallery: Gallery, **asked: object) -> str:
    """The page's, with a question."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return reverse("training:growth", args=[gallery.encoder_version_id, gallery.pk]) + (f"?{query}" if query else "")


def text_of(client: Client, gallery: Gallery, **asked: object) -> str:
    """What the page says, in one line."""
    page = client.get(address(gallery, **asked)).content.decode()
    return " ".join(unescape(strip_tags(page)).split())


def is_or_are(share: float) -> str:
    """As "1 in 40" and "62 in 100" want it."""
    return "are" if share > 0.1 else "is"


def test_the_page_says_how_many_strangers_pass_with_any_number_of_people(client: Client, gallery: Gallery) -> None:
    figures = made()
    report(gallery=gallery)

    page = client.get(address(gallery, people=60, one_in=10))

    answer = page.context["answer"]
    fpir = fpir_at_size(figures, 60)
    for each in answer["uses"]:
        assert each.card.value == one_in(rate_at(fpir, figures.taus, TAU[each.use]).value or 0)
    assert "With 60 people counted" in text_of(client, gallery, people=60, one_in=10)
    held = [tau for tau, rate in zip(figures.taus, fpir.value, strict=True) if rate <= 0.1]
    assert answer["found"].needed == held[-1]
    assert not answer["found"].is_projected


def test_more_people_than_were_measured_are_said_to_be_projected(client: Client, gallery: Gallery) -> None:
    report(gallery=gallery)
    assert "With 600 people projected" in text_of(client, gallery, people=600, one_in=10)
    assert "far beyond" not in text_of(client, gallery, people=600, one_in=10)
    assert "far beyond what was measured" in text_of(client, gallery, people=6_001, one_in=10)


def test_the_same_tau_is_told_for_verification_and_for_recognition(client: Client, gallery: Gallery) -> None:
    figures = made()
    report(gallery=gallery)

    text = text_of(client, gallery)

    fmr = rate_at(figures.person.fmr, figures.taus, TAU["verification"]).value or 0
    assert f"At tau 0.5000, of impostors {one_in(fmr)} {is_or_are(fmr)} verified in this gallery" in text
    among = rate_at(fpir_at_size(figures, 2), figures.taus, TAU["verification"]).value or 0
    assert f"With that same tau and the 2 people here, of strangers {one_in(among)} {is_or_are(among)} taken" in text
    assert f"here {percent(1 - (1 - fmr) ** 2)}, where {percent(among)} were counted" in text


def test_a_rate_that_so_few_people_cannot_show_has_no_tau(client: Client, gallery: Gallery) -> None:
    report(gallery=gallery, figures=made(4, 2))
    text = text_of(client, gallery, people=4, one_in=10_000)
    assert "No tau can be shown to hold 1 in 10,000" in text
    assert "too few people to say" in text


def test_the_rate_that_was_asked_for_is_chosen_already(client: Client, gallery: Gallery) -> None:
    report(gallery=gallery)
    assert client.get(address(gallery)).context["one_in"] == 100
    set_tau(
        gallery=gallery,
        encoder_version=gallery.encoder_version,
        use=Threshold.Use.RECOGNITION,
        tau=0.3,
        reason="Fewer strangers",
        user=None,
        grounds=Grounds(kind=Threshold.ErrorRate.FPIR, rate=0.001, gallery_size=2),
    )
    assert client.get(address(gallery)).context["one_in"] == 1_000


@pytest.mark.parametrize(
    ("people", "error"),
    [
        ("0", "Give a number of people from 1 on"),
        ("many", "Give a whole number of people"),
        ("9" * 30, "So many people there are not"),
    ],
)
def test_no_number_of_people_is_refused_in_words(client: Client, gallery: Gallery, people: str, error: str) -> None:
    report(gallery=gallery)
    text = text_of(client, gallery, people=people, one_in=10)
    assert error in text
    assert "for 1 in 100" in text


def test_a_gallery_that_was_not_measured_has_the_reasons_and_a_button(client: Client, gallery: Gallery) -> None:
    text = text_of(client, gallery)
    assert "This gallery was not measured yet" in text
    assert "Labeled Faces in the Wild" in text
    assert reverse("training:evaluation-measure", args=[gallery.pk]) in client.get(address(gallery)).content.decode()
    assert "63 in 100" in text


def test_without_any_tau_it_says_so_and_which_one_would_hold(client: Client, gallery: Gallery) -> None:
    report(gallery=gallery)
    Threshold.objects.all().delete()
    text = text_of(client, gallery, people=60, one_in=10)
    assert "No tau is set" in text
    assert "holds 1 in 10" in text


@pytest.mark.parametrize("photos", [1, 2])
def test_two_people_are_too_few_to_say_anything(client: Client, gallery: Gallery, photos: int) -> None:
    report(gallery=gallery, figures=made(2, photos))
    text = text_of(client, gallery, people=200, one_in=10)
    assert "With 200 people projected" in text
    assert "too few people to say" in text


def test_a_version_that_does_not_serve_the_gallery_is_not_measured_here(client: Client, gallery: Gallery) -> None:
    other = factories.encoder_version(name="Another")
    text = " ".join(
        unescape(
            strip_tags(client.get(reverse("training:growth", args=[other.pk, gallery.pk])).content.decode())
        ).split()
    )
    assert "Another encoder version serves this gallery" in text


def test_only_whoever_may_see_thresholds_sees_the_page(staff_with: Callable[..., Client], gallery: Gallery) -> None:
    report(gallery=gallery)
    assert staff_with("faces.view_threshold").get(address(gallery)).status_code == 200
    assert staff_with("faces.view_person").get(address(gallery)).status_code == 403
    assert Client().get(address(gallery)).status_code == 302


def test_an_unknown_gallery_or_version_is_not_found(client: Client, gallery: Gallery) -> None:
    version = EncoderVersion.objects.get().pk
    for wrong in ([version, 10**6], [10**6, gallery.pk]):
        assert client.get(reverse("training:growth", args=wrong)).status_code == 404
