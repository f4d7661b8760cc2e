"""The page of one tau where error rates were measured: what it tells, choosing by a rate, growth, confused people."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Job, Person, Threshold
from faces.services.people import delete_person
from faces.services.thresholds import tau_in_force
from faces.templatetags.facet import stands_for
from tests import factories
from tests.faces.pages.test_people import said
from tests.training import measured as rows
from tests.training.pages.test_thresholds import page_of
from training.services.measured import figures_at, newest_measured
from training.services.report_words import one_in
from training.services.tau_choices import choose_tau, save_choice
from training.views.rate_cards import rate_cards

VERIFICATION, RECOGNITION = Threshold.Use.VERIFICATION, Threshold.Use.RECOGNITION


@pytest.fixture
def gallery(db: None) -> Gallery:
    """One whose error rates were measured, with as many people as then."""
    gallery = factories.gallery(name="Staff")
    rows.report(gallery=gallery)
    return gallery


def text_of(answer: Any) -> str:
    """What a page says, without its tags and line breaks."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'").split())


def in_force(gallery: Gallery, use: Threshold.Use = RECOGNITION) -> Threshold:
    return tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=use).threshold


def put(gallery: Gallery, fpir: float = 0.1) -> Threshold:
    measured = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    return save_choice(choose_tau(measured, use=RECOGNITION, fpir=fpir), reason="The door", user=None)


@pytest.mark.parametrize("use", Threshold.Use)
def test_the_page_tells_all_four_rates_at_the_tau_in_force_with_their_intervals(
    client: Client, gallery: Gallery, use: Threshold.Use
) -> None:
    answer = client.get(page_of(gallery, use))
    measured = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    assert measured is not None
    rates = figures_at(measured, in_force(gallery, use).tau or 0)
    said_here = text_of(answer)
    for card in rate_cards(rates, ("fpir", "fnir", "fmr", "fnmr")):
        assert f"{card.value} {card.words}" in said_here
        assert card.interval in said_here


def test_its_script_gets_curves_histograms_and_counts(client: Client, gallery: Gallery) -> None:
    page = client.get(page_of(gallery)).content.decode()
    found = re.search(r'<script id="tau-data" type="application/json">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    figures = rows.made()
    assert data["taus"] == figures.taus
    assert data["rates"]["fpir"]["value"] == figures.recognition.fpir.value
    assert data["rates"]["fnmr"]["people"] == figures.person.fnmr.people
    assert data["confused"] == figures.confused
    assert data["tau"] == in_force(gallery).tau
    assert (data["false"], data["missed"]) == ("fpir", "fnir")


def test_a_tau_is_chosen_by_the_strangers_who_may_be_recognized(client: Client, gallery: Gallery) -> None:
    sent = {"how": "rate", "one_in": "10", "tau": "0.2", "reason": "The door"}
    answer = client.post(page_of(gallery), sent)
    row = in_force(gallery)
    assert f"tau is {row.tau:g} now" in said(answer)
    assert "Rough: errors of only" in said(answer)
    assert (row.error_rate_kind, row.error_rate, row.gallery_size) == ("fpir", 0.1, 60)
    page = text_of(client.get(page_of(gallery)))
    assert "1 in 10 strangers is taken for somebody, in a gallery of 60 people." in page
    assert "60 people and 240 photos of this gallery" in page
    assert "The door" in page


def test_a_tau_is_chosen_by_the_impostors_who_may_be_verified(client: Client, gallery: Gallery) -> None:
    client.post(page_of(gallery, VERIFICATION), {"how": "rate", "one_in": "50", "reason": "The app"})
    row = in_force(gallery, VERIFICATION)
    assert (row.error_rate_kind, row.error_rate, row.gallery_size) == ("fmr", 0.02, None)


def test_a_rate_that_cannot_be_shown_is_refused_at_its_field(client: Client, gallery: Gallery) -> None:
    answer = client.post(page_of(gallery), {"how": "rate", "one_in": "1000000", "reason": "The door"})
    (error,) = answer.context["form"].errors["one_in"]
    assert "cannot be shown with the 60 people" in error
    assert in_force(gallery).gallery is None


@pytest.mark.parametrize("one_in", ["", "x", "0", "1", "-5", "nan"])
def test_a_rate_that_is_none_is_refused_at_its_field(client: Client, gallery: Gallery, one_in: str) -> None:
    answer = client.post(page_of(gallery), {"how": "rate", "one_in": one_in, "reason": "The door"})
    assert list(answer.context["form"].errors) == ["one_in"]


def test_a_tau_set_by_hand_stands_for_what_was_measured_at_it(client: Client, gallery: Gallery) -> None:
    client.post(page_of(gallery), {"how": "hand", "tau": "0.6", "reason": "A try"})
    row = in_force(gallery)
    fpir = row.measured["fpir"]["value"]
    assert stands_for(row).startswith(f"Set by hand. {one_in(fpir)} strangers is taken for somebody")


def test_without_a_report_the_gallery_can_be_measured_and_tau_set_by_hand(client: Client, db: None) -> None:
    gallery = factories.gallery(name="Visitors")
    answer = client.get(page_of(gallery))
    assert "Not measured yet" in text_of(answer)
    assert reverse("training:evaluation-measure", args=[gallery.pk]) in answer.content.decode()
    refused = client.post(page_of(gallery), {"how": "rate", "one_in": "100", "reason": "The door"})
    assert "Measure the gallery first" in refused.context["form"].errors["one_in"][0]
    client.post(page_of(gallery), {"tau": "0.2", "reason": "For now"})
    assert in_force(gallery).tau == 0.2


def test_while_it_is_being_measured_the_page_leads_to_the_job(client: Client, db: None) -> None:
    gallery = factories.gallery(name="Visitors")
    job = factories.job(gallery=gallery, kind=Job.Kind.EVALUATION, state=Job.State.QUEUED)
    page = client.get(page_of(gallery)).content.decode()
    assert reverse("pages:job", args=[job.key]) in page
    assert reverse("training:evaluation-measure", args=[gallery.pk]) not in page


def test_the_value_for_all_galleries_leads_to_those_that_are_measured(client: Client, gallery: Gallery) -> None:
    answer = client.get(page_of(None))
    assert page_of(gallery) in answer.content.decode()
    assert "measured gallery by gallery" in text_of(answer)
    refused = client.post(page_of(None), {"how": "rate", "one_in": "100", "reason": "x"})
    assert "one_in" in refused.context["form"].errors


def test_when_growth_undoes_what_was_asked_for_the_page_says_so_and_offers_the_new_tau(
    client: Client, gallery: Gallery
) -> None:
    row = put(gallery)
    assert "no longer holds" not in text_of(client.get(page_of(gallery)))
    rows.enroll(gallery, 180)
    page = text_of(client.get(page_of(gallery)))
    assert "What was asked for no longer holds." in page
    assert "asked for with 60 people. Now there are 180" in page
    assert "Measure the gallery again to be sure" in page
    listed = text_of(client.get(reverse("training:thresholds")))
    assert "no longer holds 1 in 10 strangers was asked for with 60 people; with 180 now" in listed
    answer = client.post(reverse("training:threshold-hold", args=[row.pk]), {"reason": "It has grown"})
    newest = in_force(gallery)
    assert f"tau is {newest.tau:g} now" in said(answer)
    assert (newest.error_rate, newest.gallery_size, newest.reason) == (0.1, 180, "It has grown")
    assert (newest.tau or 0) < (row.tau or 0)
    assert "no longer holds" not in text_of(client.get(page_of(gallery)))


def test_a_new_tau_for_a_grown_gallery_needs_a_reason_and_one_that_was_asked_for(
    client: Client, gallery: Gallery
) -> None:
    row = put(gallery)
    assert "why tau is changed" in said(client.post(reverse("training:threshold-hold", args=[row.pk]), {"reason": ""}))
    client.post(page_of(gallery), {"tau": "0.6", "reason": "A try"})
    by_hand = in_force(gallery)
    answer = client.post(reverse("training:threshold-hold", args=[by_hand.pk]), {"reason": "It has grown"})
    assert answer.status_code == 404
    assert in_force(gallery) == by_hand


def confused(gallery: Gallery, tau: object) -> str:
    address = reverse(
        "training:threshold-confused", args=[gallery.encoder_version_id, Threshold.Use.RECOGNITION, gallery.pk]
    )
    return f"{address}?tau={tau}"


@pytest.fixture
def mixed_up(db: None) -> Gallery:
    """One in which two pairs of people are 0.1 and 0.3 apart."""
    gallery = factories.gallery(name="Twins")
    faces = rows.enroll(gallery, 4)
    for face, name in zip(faces, ("Ada", "Byron", "Clara", "Dora"), strict=True):
        Person.objects.filter(faces=face).update(name=name)
    rows.report(gallery=gallery, figures=rows.confusing(rows.made(), faces, [0.1, 0.3]))
    return gallery


def test_pairs_within_tau_are_shown_with_their_faces(client: Client, mixed_up: Gallery) -> None:
    near = client.get(confused(mixed_up, 0.2)).content.decode()
    assert "Ada" in near
    assert "Byron" in near
    assert "Clara" not in near
    assert near.count("/crop/320/") == 2
    far = client.get(confused(mixed_up, 0.3)).content.decode()
    assert far.index("Ada") < far.index("Clara")
    assert "Nobody of this gallery lies within" in client.get(confused(mixed_up, 0.05)).content.decode()


def test_who_is_gone_drops_out_of_the_pairs(client: Client, mixed_up: Gallery) -> None:
    clara, dora = Person.objects.get(name="Clara"), Person.objects.get(name="Dora")
    delete_person(person=Person.objects.get(name="Byron"))
    Person.objects.filter(pk=dora.pk).update(merged_into=clara)
    page = client.get(confused(mixed_up, 0.5)).content.decode()
    assert "Ada" not in page
    assert "Clara" not in page
    assert "not in the gallery any more" in page


def test_faces_of_pairs_are_for_those_who_may_see_photos(staff_with: Callable[..., Client], mixed_up: Gallery) -> None:
    no_photos = staff_with("faces.view_threshold", "faces.view_person").get(confused(mixed_up, 0.5))
    assert "Ada" in no_photos.content.decode()
    assert "/crop/" not in no_photos.content.decode()
    assert staff_with("faces.view_threshold").get(confused(mixed_up, 0.5)).status_code == 403


@pytest.mark.parametrize("tau", ["", "x", "-1", "5", "nan"])
def test_pairs_within_no_distance_are_refused(client: Client, mixed_up: Gallery, tau: str) -> None:
    assert client.get(confused(mixed_up, tau)).status_code == 400


def test_pairs_cost_a_fixed_number_of_queries(
    client: Client, mixed_up: Gallery, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    faces = rows.enroll(mixed_up, 24)
    rows.report(gallery=mixed_up, figures=rows.confusing(rows.made(), faces, [0.1] * 12))
    client.get(confused(mixed_up, 0.2))
    with django_assert_max_num_queries(2 + 8):  # who asks; gallery, version, report, size; people, faces
        assert client.get(confused(mixed_up, 0.2)).content.decode().count("f-likeness-faces") == 12


def test_whoever_may_only_look_is_shown_no_form(staff_with: Callable[..., Client], gallery: Gallery) -> None:
    client = staff_with("faces.view_threshold")
    page = client.get(page_of(gallery)).content.decode()
    assert "data-tau-form" not in page
    before = Threshold.objects.count()
    client.post(page_of(gallery), {"how": "rate", "one_in": "10", "reason": "x"})
    assert Threshold.objects.count() == before
