"""Which encoder version serves a gallery, and what it takes to become that."""

import pytest

from faces.exceptions import NoThresholdError, WrongStateError
from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.galleries import create_gallery, serve_with
from faces.services.thresholds import set_tau
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    """One with a face, served by the factory encoder."""
    made = factories.gallery()
    factories.face(person=factories.person(gallery=made), vector=factories.axis(0))
    return made


def another(gallery: Gallery, *uses: Threshold.Use, own: bool = False) -> EncoderVersion:
    """An available version that encoded the gallery's faces, with a tau for these uses."""
    version = factories.encoder_version()
    for face in gallery.faces.all():
        factories.embedding(face=face, vector=factories.axis(1), encoder_version=version)
    for use in uses:
        set_tau(
            gallery=gallery if own else None, encoder_version=version, use=use, tau=0.2, reason="measured", user=None
        )
    return version


def serving(gallery: Gallery) -> EncoderVersion:
    return Gallery.objects.get(pk=gallery.pk).encoder_version


@pytest.mark.parametrize("own", [True, False])
def test_a_version_with_both_taus_serves_from_then_on(gallery: Gallery, own: bool) -> None:
    version = another(gallery, *Threshold.Use, own=own)
    serve_with(gallery=gallery, encoder_version=version)
    assert serving(gallery) == gallery.encoder_version == version


@pytest.mark.parametrize("use", Threshold.Use)
def test_a_version_without_a_tau_for_one_of_the_uses_is_refused(gallery: Gallery, use: Threshold.Use) -> None:
    before = serving(gallery)
    version = another(gallery, *(other for other in Threshold.Use if other != use))
    with pytest.raises(NoThresholdError, match=f"for {use} with encoder version “{version.name}”"):
        serve_with(gallery=gallery, encoder_version=version)
    assert serving(gallery) == gallery.encoder_version == before


def test_another_gallerys_own_taus_are_none_for_this_one(gallery: Gallery) -> None:
    version = another(factories.gallery(), *Threshold.Use, own=True)
    with pytest.raises(NoThresholdError):
        serve_with(gallery=gallery, encoder_version=version)


def test_a_new_gallery_is_not_served_by_a_version_without_taus() -> None:
    with pytest.raises(NoThresholdError):
        create_gallery(name="Staff", encoder_version=factories.encoder_version())
    assert not Gallery.objects.exists()


def test_a_candidate_is_refused_even_with_taus(gallery: Gallery) -> None:
    version = another(gallery, *Threshold.Use)
    EncoderVersion.objects.filter(pk=version.pk).update(state=EncoderVersion.State.CANDIDATE)
    with pytest.raises(WrongStateError, match="only an available one"):
        serve_with(gallery=gallery, encoder_version=version)


def test_a_version_that_has_not_encoded_all_faces_is_refused(gallery: Gallery) -> None:
    version = another(gallery, *Threshold.Use)
    factories.face(person=factories.person(gallery=gallery), vector=factories.axis(2))
    with pytest.raises(WrongStateError, match="1 faces"):
        serve_with(gallery=gallery, encoder_version=version)
    assert serving(gallery) != version


def test_the_version_that_serves_already_goes_on_serving(gallery: Gallery) -> None:
    serve_with(gallery=gallery, encoder_version=gallery.encoder_version)
    assert serving(gallery) == gallery.encoder_version
