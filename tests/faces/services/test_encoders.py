"""Encoder versions: added as candidates, made available with their taus, chosen for a new gallery."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from encoder.spec import DLIB_RESNET_SPEC, MIRRORED_PAIR, EncoderSpec
from faces.exceptions import DuplicateEncoderNameError, InvalidRequestError, InvalidTauError, WrongStateError
from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.encoders import (
    default_encoder_version,
    ensure_factory_encoder,
    make_available,
    store_candidate,
)
from faces.services.galleries import create_gallery
from faces.services.thresholds import tau_in_force
from tests import factories

pytestmark = pytest.mark.django_db

TAUS = {Threshold.Use.VERIFICATION: 1.2, Threshold.Use.RECOGNITION: 1.1}
CONTENT = b"weights of somebody"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(CONTENT)
    return path


def spec(**values: str) -> EncoderSpec:
    digest = hashlib.sha256(CONTENT).hexdigest()
    facts = {"name": "Theirs", "licence": "MIT", "source": "elsewhere", "weights_sha256": digest} | values
    return replace(DLIB_RESNET_SPEC, **facts)  # type: ignore[arg-type]


def stored_files() -> list[str]:
    return default_storage.listdir("encoders")[1] if default_storage.exists("encoders") else []


def stored_bytes(path: str) -> bytes:
    with default_storage.open(path) as file:
        return bytes(file.read())


def test_a_candidate_is_kept_with_its_weights_and_everything_that_is_known_of_it(weights: Path) -> None:
    stored = store_candidate(spec=spec(), weights=weights)
    version = EncoderVersion.objects.get(name="Theirs")
    assert (stored.version, stored.is_new, version.state) == (version, True, EncoderVersion.State.CANDIDATE)
    assert (version.licence, version.source, version.input_size, version.dimension) == ("MIT", "elsewhere", 150, 128)
    assert EncoderSpec.from_json(spec().to_json()).fingerprint == spec().fingerprint
    kind, _, path = version.weights.partition(":")
    assert (kind, stored_bytes(path)) == ("storage", CONTENT)


def test_the_same_network_twice_is_one_version_under_its_first_name(weights: Path) -> None:
    first = store_candidate(spec=spec(), weights=weights)
    again = store_candidate(spec=spec(name="Other", licence="CC0-1.0"), weights=weights)
    assert (again.version, again.is_new) == (first.version, False)
    assert (again.version.name, again.version.licence, len(stored_files())) == ("Theirs", "MIT", 1)


def test_a_name_that_is_taken_is_refused_and_leaves_no_file(weights: Path) -> None:
    with pytest.raises(DuplicateEncoderNameError, match="called"):
        store_candidate(spec=spec(name=default_encoder_version().name), weights=weights)
    assert stored_files() == []


@pytest.mark.parametrize("values", [{"name": " "}, {"name": "x" * 101}, {"licence": ""}, {"licence": "x" * 201}])
def test_a_version_needs_a_name_and_a_licence(weights: Path, values: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError, match=f"{next(iter(values))} has 1 to"):
        store_candidate(spec=spec(**values), weights=weights)


def test_what_cannot_be_stored_leaves_nothing_behind(weights: Path) -> None:
    with pytest.raises(Exception, match="encoder_version_digest_is_sha256"):
        store_candidate(spec=spec(weights_sha256="x" * 64), weights=weights)
    assert stored_files() == []


def test_a_file_that_a_killed_import_left_is_written_anew(weights: Path) -> None:
    path = f"encoders/{spec().weights_sha256}.safetensors"
    default_storage.save(path, ContentFile(CONTENT[:5]))
    store_candidate(spec=spec(), weights=weights)
    assert stored_bytes(path) == CONTENT
    assert len(stored_files()) == 1


def test_a_candidate_becomes_available_with_both_taus_and_their_reason(weights: Path) -> None:
    version = store_candidate(spec=spec(), weights=weights).version
    ada = factories.user(name="ada")
    make_available(version=version, taus=TAUS, reason="The publisher's", user=ada)
    version.refresh_from_db()
    assert version.state == EncoderVersion.State.AVAILABLE
    for use, tau in TAUS.items():
        row = tau_in_force(gallery=None, encoder_version=version, use=use).threshold
        assert (row.tau, row.reason, row.set_by) == (tau, "The publisher's", ada)


def test_an_impossible_tau_leaves_it_a_candidate(weights: Path) -> None:
    version = store_candidate(spec=spec(), weights=weights).version
    with pytest.raises(InvalidTauError):
        make_available(version=version, taus=TAUS | {Threshold.Use.RECOGNITION: 4.1}, reason="x", user=None)
    version.refresh_from_db()
    assert version.state == EncoderVersion.State.CANDIDATE
    assert not version.thresholds.exists()


def test_what_is_available_already_keeps_its_taus() -> None:
    version = default_encoder_version()
    with pytest.raises(WrongStateError):
        make_available(version=version, taus=TAUS, reason="x", user=None)
    assert tau_in_force(gallery=None, encoder_version=version, use=Threshold.Use.RECOGNITION).tau != 1.1


def as_of_version_1() -> EncoderVersion:
    """Turn the factory's row into that of an installation from before views were part of a spec."""
    version = default_encoder_version()
    facts = version.spec | {"preprocessing_version": 1}
    del facts["views"]
    version.spec, version.preprocessing_version, version.name = facts, 1, "dlib ResNet v1, preprocessing 1"
    version.save()
    return version


def test_an_older_factory_encoder_goes_on_serving_its_galleries_beside_the_new_one() -> None:
    old = as_of_version_1()
    staff = create_gallery(name="Staff")
    taus = list(old.thresholds.values_list("use", "tau"))
    new = ensure_factory_encoder()
    staff.refresh_from_db()
    assert (staff.encoder_version, create_gallery(name="Visitors").encoder_version) == (old, new)
    assert list(old.thresholds.values_list("use", "tau")) == taus
    assert new.thresholds.count() == len(Threshold.Use)
    assert ensure_factory_encoder() == new


def test_what_an_older_factory_encoder_was_can_still_be_read_from_its_row() -> None:
    spec = EncoderSpec.from_json(json.dumps(as_of_version_1().spec))
    assert spec.views == MIRRORED_PAIR
    assert spec.fingerprint != DLIB_RESNET_SPEC.fingerprint


def test_an_imported_version_is_never_the_default_by_itself() -> None:
    own = default_encoder_version()
    factories.encoder_version()
    assert default_encoder_version() == own


def test_without_one_of_facets_own_the_newest_available_version_is_the_default() -> None:
    default_encoder_version().move_to(EncoderVersion.State.RETIRED)
    factories.encoder_version()
    newest = factories.encoder_version()
    factories.encoder_version(state=EncoderVersion.State.CANDIDATE)
    assert default_encoder_version() == newest


def test_a_gallery_is_served_by_the_version_that_was_chosen() -> None:
    version = factories.encoder_version(dimension=512)
    factories.taus(version)
    assert create_gallery(name="Staff", encoder_version=version).encoder_version == version
    assert create_gallery(name="Visitors").encoder_version == default_encoder_version()


@pytest.mark.parametrize("state", [EncoderVersion.State.CANDIDATE, EncoderVersion.State.RETIRED])
def test_only_an_available_version_can_serve_a_gallery(state: EncoderVersion.State) -> None:
    version = factories.encoder_version(state=state)
    with pytest.raises(WrongStateError, match="only an available one can serve a gallery"):
        create_gallery(name="Staff", encoder_version=version)
    assert not Gallery.objects.exists()
