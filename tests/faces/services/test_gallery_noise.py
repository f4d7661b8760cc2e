"""How far a gallery's own people scatter."""

import numpy as np
import pytest

from faces.models import Face, Gallery, SearchPlan
from faces.services.gallery_noise import FEWEST_PEOPLE, measure_noise
from faces.services.search_plans import standing_of
from faces.tasks import measure_gallery, measure_searches
from tests import factories
from tests.faces.indexed import Vectors, fill

pytestmark = pytest.mark.django_db

SIGMA = 0.01


def scattered(people: int, faces: int, *, seed: int = 5) -> Vectors:
    """Faces (faces * people, 128), one of each person after the other, scattered with `SIGMA` in every direction.

    People lie close together beside their distance from the origin, as real ones do.
    """
    generator = np.random.default_rng(seed)
    centers = factories.axis(0) + 0.03 * generator.normal(size=(people, factories.DIMENSION))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    vectors = np.tile(centers, (faces, 1)) + SIGMA * generator.normal(size=(faces * people, factories.DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors, dtype=np.float32)


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery(name="Staff")


def test_the_noise_that_people_were_made_with_is_found_again(gallery: Gallery) -> None:
    fill(gallery, scattered(60, 6), people=60)
    found = measure_noise(gallery=gallery)
    assert found is not None
    assert found.people == 60
    assert found.sigma == pytest.approx(SIGMA, rel=0.15)
    plan = SearchPlan.objects.get(gallery=gallery)
    assert (plan.probe_noise, plan.probe_noise_people) == (found.sigma, 60)
    assert standing_of(gallery=gallery, encoder_version=gallery.encoder_version).probe_noise == found.sigma


def test_with_too_few_people_the_encoder_versions_own_noise_applies(gallery: Gallery) -> None:
    fill(gallery, scattered(FEWEST_PEOPLE - 1, 4), people=FEWEST_PEOPLE - 1)
    assert measure_noise(gallery=gallery) is None
    assert not SearchPlan.objects.exists()
    version = gallery.encoder_version
    assert standing_of(gallery=gallery, encoder_version=version).probe_noise == version.probe_noise


def test_what_was_measured_on_people_who_are_gone_applies_no_longer(gallery: Gallery) -> None:
    fill(gallery, scattered(40, 4), people=40)
    assert measure_noise(gallery=gallery) is not None
    Face.objects.filter(person__in=list(gallery.people.order_by("id")[:20])).delete()
    assert measure_noise(gallery=gallery) is None
    plan = SearchPlan.objects.get()
    assert (plan.probe_noise, plan.probe_noise_people) == (None, 20)


def test_people_with_two_faces_and_faces_of_another_gallery_take_no_part(gallery: Gallery) -> None:
    fill(gallery, scattered(40, 2), people=40)
    fill(factories.gallery(), scattered(40, 5), people=40)
    assert measure_noise(gallery=gallery) is None


def test_an_empty_gallery_has_no_noise(gallery: Gallery) -> None:
    assert measure_noise(gallery=gallery) is None


def test_the_nightly_task_measures_every_gallery(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(measure_gallery, "delay", sent.append)
    other = factories.gallery()
    measure_searches()
    assert sent == [gallery.pk, other.pk]
    fill(gallery, scattered(40, 4), people=40)
    measure_gallery(gallery.pk)
    assert SearchPlan.objects.get().probe_noise_people == 40
    measure_gallery(987_654_321)  # gone meanwhile
