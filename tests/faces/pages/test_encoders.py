"""Encoder versions on pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from encoder.spec import DETECTOR_FILES
from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.thresholds import tau_in_force
from tests import factories

LIST = reverse("pages:encoder-versions")
TAUS = {"verification_tau": "1.2", "recognition_tau": "1.1", "reason": "The publisher's figures"}


def page_of(version: EncoderVersion) -> str:
    return reverse("pages:encoder-version", args=[version.pk])


@pytest.fixture
def candidate(db: None) -> EncoderVersion:
    return factories.encoder_version(
        name="Theirs",
        architecture="iresnet50",
        dimension=512,
        licence="Non-commercial research only",
        state=EncoderVersion.State.CANDIDATE,
        spec={"input_size": 112, "source": "r50.pth (SHA-256 ab12)"},
    )


def test_the_list_says_of_each_version_what_its_licence_allows_and_whom_it_serves(
    client: Client, candidate: EncoderVersion
) -> None:
    gallery = factories.gallery(name="Staff")
    text = client.get(LIST).content.decode()
    for said in ("CC0-1.0", "commercial use allowed", "iresnet50", "512 numbers of 112 "):
        assert said in text
    assert "Non-commercial research only" in text
    assert "not for commercial use" in text
    assert reverse("pages:gallery", args=[gallery.pk]) in text


def test_the_list_names_the_detector_s_weights_and_their_licence(client: Client) -> None:
    text = client.get(LIST).content.decode()
    assert "of the PyPI package mtcnn 1.0.0" in text
    assert "https://spdx.org/licenses/MIT.html" in text
    assert all(file.sha256 in text for file in DETECTOR_FILES)


def test_a_version_s_page_has_its_digest_source_and_licence(client: Client, candidate: EncoderVersion) -> None:
    text = client.get(page_of(candidate)).content.decode()
    assert candidate.weights_sha256 in text
    assert "r50.pth (SHA-256 ab12)" in text
    assert "Not for commercial use." in text
    factory = client.get(page_of(default_encoder_version())).content.decode()
    assert "https://creativecommons.org/publicdomain/zero/1.0/" in factory


def test_a_candidate_is_made_available_with_its_taus(client: Client, candidate: EncoderVersion) -> None:
    assert client.post(page_of(candidate), TAUS)["Location"] == page_of(candidate)
    candidate.refresh_from_db()
    assert candidate.state == EncoderVersion.State.AVAILABLE
    row = tau_in_force(gallery=None, encoder_version=candidate, use=Threshold.Use.RECOGNITION).threshold
    assert (row.tau, row.reason, str(row.set_by)) == (1.1, "The publisher's figures", "ada")
    assert client.get(page_of(candidate)).context["form"] is None


@pytest.mark.parametrize("change", [{"verification_tau": ""}, {"recognition_tau": "5"}, {"reason": " "}])
def test_without_both_taus_and_a_reason_it_stays_a_candidate(
    client: Client, candidate: EncoderVersion, change: dict[str, str]
) -> None:
    answer = client.post(page_of(candidate), TAUS | change)
    assert list(answer.context["form"].errors) == list(change)
    candidate.refresh_from_db()
    assert candidate.state == EncoderVersion.State.CANDIDATE


def test_an_available_version_cannot_be_made_available_again(client: Client, db: None) -> None:
    version = default_encoder_version()
    client.post(page_of(version), TAUS)
    assert tau_in_force(gallery=None, encoder_version=version, use=Threshold.Use.RECOGNITION).tau != 1.1


def test_whoever_may_only_look_cannot_make_it_available(
    staff_with: Callable[..., Client], candidate: EncoderVersion
) -> None:
    factories.gallery(name="Secret gallery")
    client = staff_with("faces.view_encoderversion")
    assert client.get(page_of(candidate)).context["form"] is None
    assert "Secret gallery" not in client.get(LIST).content.decode()
    client.post(page_of(candidate), TAUS)
    candidate.refresh_from_db()
    assert candidate.state == EncoderVersion.State.CANDIDATE


def test_a_new_gallery_asks_for_the_version_only_where_there_is_a_choice(
    client: Client, candidate: EncoderVersion
) -> None:
    page = reverse("pages:gallery-add")
    assert "encoder_version" not in client.get(page).context["form"].fields
    candidate.move_to(EncoderVersion.State.AVAILABLE)
    factories.taus(candidate)
    form = client.get(page).context["form"]
    assert form["encoder_version"].value() == default_encoder_version().pk
    assert "Theirs (Non-commercial research only, not for commercial use)" in str(form["encoder_version"])
    client.post(page, {"name": "Staff", "encoder_version": candidate.pk})
    client.post(page, {"name": "Visitors"})
    staff = Gallery.objects.get(name="Staff")
    assert staff.encoder_version == candidate
    assert "not for commercial use" in client.get(reverse("pages:gallery", args=[staff.pk])).content.decode()
    assert Gallery.objects.get(name="Visitors").encoder_version == default_encoder_version()


def test_a_version_that_is_not_available_cannot_be_chosen(client: Client, candidate: EncoderVersion) -> None:
    factories.encoder_version()
    answer = client.post(reverse("pages:gallery-add"), {"name": "Staff", "encoder_version": candidate.pk})
    assert list(answer.context["form"].errors) == ["encoder_version"]
    assert not Gallery.objects.exists()
