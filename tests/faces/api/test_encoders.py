"""Encoder versions over REST."""

import pytest
from rest_framework.test import APIClient

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.thresholds import tau_in_force
from tests import factories
from tests.faces.api.conftest import ClientFor

pytestmark = pytest.mark.django_db

API = "/api/v1"
TAUS = {"verification_tau": 1.2, "recognition_tau": 1.1, "reason": "The publisher's figures"}


@pytest.fixture
def candidate() -> EncoderVersion:
    return factories.encoder_version(
        dimension=512,
        licence="CC-BY-NC-4.0",
        state=EncoderVersion.State.CANDIDATE,
        spec={"input_size": 112, "source": "r50.pth"},
    )


def signed_in(*, is_superuser: bool = True) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_login(factories.user(is_staff=True, is_superuser=is_superuser))
    return client


def test_a_version_tells_its_licence_its_source_and_the_galleries_that_the_asker_may_see(
    client: APIClient, gallery: Gallery, candidate: EncoderVersion
) -> None:
    factories.gallery(name="Somebody else's")
    told = client.get(f"{API}/encoder-versions/{gallery.encoder_version_id}").json()
    assert (told["licence"], told["dimension"], told["input_size"], told["state"]) == (
        "CC0-1.0",
        128,
        150,
        "available",
    )
    assert told["is_commercial_use_allowed"] is True
    assert told["licence_address"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert told["source"].endswith("of the PyPI package face_recognition_models 0.3.0")
    assert told["galleries"] == ["staff"]
    assert "weights" not in told
    other = client.get(f"{API}/encoder-versions/{candidate.pk}").json()
    assert (other["is_commercial_use_allowed"], other["galleries"]) == (False, [])
    assert other["licence_summary"].startswith("Not for commercial use.")


def test_somebody_who_is_signed_in_sees_all_galleries(gallery: Gallery) -> None:
    factories.gallery(name="Visitors")
    told = signed_in().get(f"{API}/encoder-versions/{gallery.encoder_version_id}").json()
    assert told["galleries"] == ["staff", "visitors"]


def test_versions_are_not_made_over_rest(client: APIClient) -> None:
    answer = client.post(f"{API}/encoder-versions", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_an_admin_makes_a_candidate_available_and_once(candidate: EncoderVersion) -> None:
    client = signed_in()
    address = f"{API}/encoder-versions/{candidate.pk}/available"
    answer = client.post(address, TAUS)
    assert (answer.status_code, answer.json()["state"]) == (200, "available")
    assert tau_in_force(gallery=None, encoder_version=candidate, use=Threshold.Use.VERIFICATION).tau == 1.2
    again = client.post(address, TAUS)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_a_key_and_a_member_of_staff_without_permission_make_nothing_available(
    client_for: ClientFor, gallery: Gallery, candidate: EncoderVersion
) -> None:
    for client in (client_for(gallery), signed_in(is_superuser=False)):
        answer = client.post(f"{API}/encoder-versions/{candidate.pk}/available", TAUS)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    candidate.refresh_from_db()
    assert candidate.state == EncoderVersion.State.CANDIDATE


@pytest.mark.parametrize("change", [{"verification_tau": None}, {"recognition_tau": 4.5}, {"reason": ""}])
def test_taus_that_make_no_sense_are_refused(candidate: EncoderVersion, change: dict[str, object]) -> None:
    answer = signed_in().post(f"{API}/encoder-versions/{candidate.pk}/available", TAUS | change)
    assert answer.status_code == 400
    candidate.refresh_from_db()
    assert candidate.state == EncoderVersion.State.CANDIDATE


def test_a_gallery_is_made_with_an_available_version(client: APIClient, candidate: EncoderVersion) -> None:
    refused = client.post(f"{API}/galleries", {"name": "Doors", "encoder_version": candidate.pk})
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    candidate.move_to(EncoderVersion.State.AVAILABLE)
    without_tau = client.post(f"{API}/galleries", {"name": "Doors", "encoder_version": candidate.pk})
    assert (without_tau.status_code, without_tau.json()["code"]) == (409, "no_threshold")
    factories.taus(candidate)
    made = client.post(f"{API}/galleries", {"name": "Doors", "encoder_version": candidate.pk})
    assert (made.status_code, made.json()["encoder_version"]["id"]) == (201, candidate.pk)
    plain = client.post(f"{API}/galleries", {"name": "Gates"})
    assert plain.json()["encoder_version"]["id"] == default_encoder_version().pk


@pytest.mark.parametrize("number", [999_999, 2**70, -1, "x", True])
def test_a_version_that_is_not_there_is_refused(client: APIClient, gallery: Gallery, number: object) -> None:
    answer = client.post(f"{API}/galleries", {"name": "Doors", "encoder_version": number})
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["encoder_version"])


def test_the_version_of_a_gallery_is_not_changed_by_renaming(
    client: APIClient, gallery: Gallery, candidate: EncoderVersion
) -> None:
    answer = client.patch(f"{API}/galleries/staff", {"encoder_version": candidate.pk})
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["encoder_version"])
