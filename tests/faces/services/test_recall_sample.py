"""The nightly sample: a gallery's own faces as probes."""

import pytest

from faces.models import Gallery, RecallCount, SearchPlan, Template, Threshold
from faces.services import recall_sample
from faces.services.comparing import Tally
from faces.services.nearest import NOBODY
from faces.services.recall import recall_of
from faces.services.recall_sample import draw_probes, sample_recall
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces.indexed import clustered, fill, index

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 500


@pytest.fixture
def gallery() -> Gallery:
    """500 people with two faces each."""
    gallery = factories.gallery(name="Staff")
    fill(gallery, clustered(2 * PEOPLE), people=PEOPLE)
    return gallery


@pytest.fixture(autouse=True)
def _without_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall_sample, "PART_OF_A_CORE", 1.0)


def test_a_bad_index_is_brought_nearer_to_its_goal_in_one_night(gallery: Gallery) -> None:
    plan = index(gallery, lists=100, lists_searched=1)
    # Where everybody is within tau, every answer is somebody's, and may be wrong.
    use, version = Threshold.Use.RECOGNITION, gallery.encoder_version
    set_tau(gallery=gallery, encoder_version=version, use=use, tau=4.0, reason="test", user=None)
    tally = sample_recall(plan=plan, probes=300)
    assert tally.asked == 200, "there is no unknown face"
    assert tally.agreed < 180
    plan.refresh_from_db()
    assert plan.lists_searched > 2
    assert set(RecallCount.objects.values_list("source", flat=True)) == {"night"}
    assert sum(RecallCount.objects.values_list("asked", flat=True)) == tally.asked


def test_a_good_index_keeps_the_number_of_lists_it_searches(gallery: Gallery) -> None:
    plan = index(gallery, lists_searched=20)
    assert sample_recall(plan=plan, probes=150) == Tally(100, 100, 0)
    plan.refresh_from_db()
    assert (plan.lists_searched, plan.raised_at) == (20, None)
    assert recall_of(plan).night == 100


def test_what_is_younger_than_the_index_is_scanned_beside_it_and_never_missed(gallery: Gallery) -> None:
    first = Template.objects.order_by("id").values_list("id", flat=True)[0]
    plan = index(gallery, lists=100, lists_searched=1, up_to=first)
    assert sample_recall(plan=plan, probes=60) == Tally(40, 40, 0)


def test_strangers_are_faces_whose_own_person_is_left_out_and_unknown_faces(gallery: Gallery) -> None:
    photo = factories.photo(gallery=gallery)
    for number in range(5):
        factories.face(photo=photo, vector=factories.axis(number))
    plan = SearchPlan.objects.create(gallery=gallery, encoder_version=gallery.encoder_version)
    probes = draw_probes(plan=plan, count=90)
    strangers = [probe.without for probe in probes if probe.without != NOBODY]
    assert len(probes) == 65
    assert len(strangers) == 30
    assert set(strangers) <= set(gallery.people.values_list("id", flat=True))
    unknown = [probe for probe in probes if max(probe.vector) == 1.0]
    assert len(unknown) == 5
    assert {probe.without for probe in unknown} == {NOBODY}


def test_the_sample_ends_when_its_time_is_over(gallery: Gallery) -> None:
    plan = index(gallery)
    assert sample_recall(plan=plan, seconds=0.0) == Tally()


def test_without_index_or_tau_there_is_nothing_to_measure(gallery: Gallery) -> None:
    plan = SearchPlan.objects.create(gallery=gallery, encoder_version=gallery.encoder_version)
    assert sample_recall(plan=plan) == Tally()
    plan.index_name = "one"
    Threshold.objects.all().delete()
    assert sample_recall(plan=plan) == Tally()
