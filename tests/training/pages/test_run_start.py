"""Starting a training run: what there is to learn from, presets, settings, refusals."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from encoder.geometry import FaceQuality
from faces.models import Gallery, Job, Person
from tests import factories
from tests.faces.pages.test_people import said
from tests.training.pages.evaluations import text_of
from tests.training.pages.runs import run_with_job
from training.configuration import TrainingConfiguration
from training.models import TrainingRun
from training.services.run_words import PRESETS, SETTINGS, Preset

START = "training:run-start"
POOR = FaceQuality(size=100, sharpness=0.01, brightness=0.5, yaw=0, pitch=0, roll=0, score=0.05)


@pytest.fixture
def gallery(db: None) -> Gallery:
    """Thirty people with two photos each."""
    gallery = factories.gallery(name="Staff")
    for _ in range(30):
        person = factories.person(gallery=gallery)
        for _ in range(2):
            factories.face(person=person, vector=factories.axis(0))
    return gallery


def settings_of(**changed: object) -> dict[str, object]:
    """What the form sends for a batch that fits: every setting, one that is off left out."""
    values = TrainingConfiguration().as_json() | {"people_per_batch": 8} | changed
    return {name: str(value) for name, value in values.items() if value is not None and value is not False}


def test_without_a_gallery_one_is_asked_for_first(client: Client, db: None) -> None:
    assert "First a gallery" in text_of(client, reverse(START))


def test_a_gallery_is_told_in_numbers_with_who_is_left_out_and_why(client: Client, gallery: Gallery) -> None:
    withheld = factories.person(gallery=gallery, consent=Person.Consent.WITHHELD)
    lapsed = factories.person(gallery=gallery, consent_until=timezone.localdate() - timedelta(days=1))
    single = factories.person(gallery=gallery)
    for person in (withheld, withheld, lapsed, single):
        factories.face(person=person)
    factories.face(person=single, quality=POOR, is_enrolled=False)
    factories.face(photo=factories.photo(gallery=gallery))
    page = client.get(reverse(START), {"gallery": gallery.pk})
    material = page.context["material"]
    assert (material.people, material.faces, material.single) == (31, 61, 1)
    assert material.trained_on + material.watched + material.held_out == 31
    assert {each.reason: each.faces for each in material.left_out} == {
        "show somebody who withheld consent, or whose consent has run out": 3,
        "are of too poor quality": 1,
        "belong to nobody yet": 1,
    }
    assert material.missing == ""


def test_too_small_a_gallery_says_what_is_missing_and_cannot_be_started(client: Client, db: None) -> None:
    gallery = factories.gallery()
    factories.face(person=factories.person(gallery=gallery))
    page = client.get(reverse(START), {"gallery": gallery.pk})
    assert "have one usable photo only" in page.content.decode()
    assert "disabled" in page.content.decode().split('class="f-btn f-btn-main"')[1][:20]
    answer = client.post(reverse(START), {"gallery": gallery.pk, **settings_of()})
    assert "have one usable photo only" in answer.content.decode()
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize("wanted", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_fills_in_the_settings(client: Client, gallery: Gallery, wanted: Preset) -> None:
    page = client.get(reverse(START), {"gallery": str(gallery.pk), "preset": wanted.key})
    form = page.context["form"]
    assert page.context["preset"] == wanted
    people = min(wanted.configuration.people_per_batch, page.context["material"].trained_on)
    filled_in = wanted.configuration.as_json() | {"people_per_batch": people}
    assert {name: form[name].value() for name in SETTINGS} == filled_in
    assert form["layers"].value() == wanted.configuration.layers


def test_a_batch_is_no_larger_than_the_gallery(client: Client, db: None) -> None:
    gallery = factories.gallery()
    for _ in range(14):
        person = factories.person(gallery=gallery)
        factories.face(person=person)
        factories.face(person=person)
    page = client.get(reverse(START), {"gallery": gallery.pk})
    assert page.context["form"]["people_per_batch"].value() == page.context["material"].trained_on < 14


def test_the_settings_of_an_earlier_run_are_taken_over(client: Client, gallery: Gallery) -> None:
    earlier = run_with_job(
        gallery, TrainingRun.State.CANCELLED, configuration=TrainingConfiguration(alpha=0.25, epochs=3).as_json()
    )
    page = client.get(reverse(START), {"gallery": gallery.pk, "from": earlier.pk})
    form = page.context["form"]
    assert (form["alpha"].value(), form["epochs"].value(), page.context["preset"]) == (0.25, 3, None)


@pytest.mark.parametrize("query", ["gallery=x", "gallery=999999", "preset=odd", "from=0", "from=x", "from=%00"])
def test_a_query_that_makes_no_sense_shows_the_usual(client: Client, gallery: Gallery, query: str) -> None:
    page = client.get(f"{reverse(START)}?{query}")
    assert (page.context["gallery"], page.context["preset"]) == (gallery, PRESETS[0])


def test_starting_makes_a_run_with_its_job_and_leads_to_it(client: Client, gallery: Gallery) -> None:
    changed = {"epochs": 3, "minutes": 4.5, "uses_guard": False}
    answer = client.post(reverse(START), {"gallery": gallery.pk, **settings_of(**changed)})
    assert answer.status_code == 302, answer.context["form"].errors
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("training:run", args=[run.pk])
    assert (run.gallery, run.requested_by and run.requested_by.username) == (gallery, "ada")
    assert run.configuration == TrainingConfiguration().as_json() | {"people_per_batch": 8} | changed
    assert run.job is not None
    assert (run.job.kind, run.job.state) == (Job.Kind.TRAINING, Job.State.QUEUED)
    assert "waits for a worker" in said(answer)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"alpha": "5"}, "alpha", "from 0.005 to 1, not 5"),
        ({"alpha": "0"}, "alpha", "from 0.005 to 1, not 0"),
        ({"alpha": "much"}, "alpha", f"Give a number, such as {TrainingConfiguration().alpha}"),
        ({"epochs": "2.5"}, "epochs", f"Give a whole number, such as {TrainingConfiguration().epochs}"),
        ({"epochs": ""}, "epochs", "required"),
        ({"people_per_batch": "200", "photos_per_person": "32"}, "people_per_batch", "at most 1,024 faces"),
        ({"people_per_batch": "100"}, "people_per_batch", "does not fit"),
        ({"hard_share": "0.9"}, "hard_share", "are 1 together"),
        ({"minutes": "-1"}, "minutes", "more than 0"),
        ({"layers": "few"}, "layers", "not one of the available choices"),
        ({"learning_rate": "nan"}, "learning_rate", "Give a number"),
    ],
)
def test_a_wrong_setting_is_refused_where_it_stands(
    client: Client, gallery: Gallery, changed: dict[str, str], field: str, words: str
) -> None:
    page = client.post(reverse(START), {"gallery": gallery.pk, "preset": "usual", **settings_of(), **changed})
    errors = page.context["form"].errors
    assert list(errors) == [field]
    assert words in " ".join(errors[field])
    assert page.context["is_open"]
    assert '<details class="r-more" open>' in page.content.decode()
    assert not TrainingRun.objects.exists()
    assert not Job.objects.exists()


def test_a_second_run_at_once_is_refused_and_led_to_the_first(client: Client, gallery: Gallery) -> None:
    first = run_with_job(gallery)
    page = client.get(reverse(START), {"gallery": gallery.pk})
    assert page.context["under_way"] == first
    assert reverse("training:run", args=[first.pk]) in page.content.decode()
    answer = client.post(reverse(START), {"gallery": gallery.pk, **settings_of()})
    assert "is under way" in answer.content.decode()
    assert TrainingRun.objects.count() == 1


def test_the_page_costs_as_many_queries_for_many_people_as_for_few(client: Client, gallery: Gallery) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(START), {"gallery": gallery.pk}).context["material"].missing == ""
        return len(captured)

    queries()
    few = queries()
    for _ in range(10):
        factories.face(person=factories.person(gallery=gallery))
    assert queries() == few < 20
