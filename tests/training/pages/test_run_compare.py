"""Two training runs side by side."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from faces.models import Gallery
from tests import factories
from tests.training.models.factories import run as new_run
from tests.training.pages.evaluations import text_of
from tests.training.pages.runs import judged_run, run_with_job
from tests.training.services.held_out import HeldOut
from tests.training.services.test_held_out import judged
from training.configuration import TrainingConfiguration
from training.models import TrainingRun

State = TrainingRun.State


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Staff")


def address_of(run: TrainingRun, other: TrainingRun | None = None) -> str:
    address = reverse("training:run-compare", args=[run.pk])
    return address if other is None else f"{address}?with={other.pk}"


def test_the_only_run_has_nothing_to_be_compared_with(client: Client, gallery: Gallery) -> None:
    assert "Nothing to compare with" in text_of(client, address_of(run_with_job(gallery)))


def test_a_run_is_compared_with_the_one_before_on_its_gallery_unless_another_is_named(
    client: Client, gallery: Gallery
) -> None:
    first, second = (run_with_job(gallery, State.CANCELLED) for _ in range(2))
    elsewhere = run_with_job(factories.gallery(), State.CANCELLED)
    third = run_with_job(gallery)
    assert client.get(address_of(third)).context["other"] == second
    assert client.get(address_of(third, first)).context["other"] == first
    assert client.get(address_of(first)).context["other"] == second
    assert client.get(address_of(third, elsewhere)).context["other"] == elsewhere
    for missing in (third.pk, 999_999):
        assert client.get(f"{reverse('training:run-compare', args=[third.pk])}?with={missing}").status_code == 404
    assert client.get(f"{reverse('training:run-compare', args=[third.pk])}?with=x").context["other"] == second


def test_settings_that_differ_are_marked(client: Client, gallery: Gallery) -> None:
    one = run_with_job(gallery, State.CANCELLED, configuration=TrainingConfiguration(alpha=0.3).as_json())
    two = run_with_job(gallery, State.CANCELLED, configuration={"layers": "head"})
    page = client.get(address_of(two, one))
    rows = [row for _, rows in page.context["groups"] for row in rows]
    assert {row.setting.name for row in rows if row.differs} == {"alpha", "layers"}
    assert page.content.decode().count('class="r-differs"') == 2
    assert next(row.values for row in rows if row.setting.name == "alpha") == ["0.2", "0.3"]


def test_curves_lie_over_each_other(client: Client, gallery: Gallery) -> None:
    one = run_with_job(gallery, State.CANCELLED, epochs=3)
    two = run_with_job(gallery, State.CANCELLED, epochs=2)
    charts = {chart.key: chart for chart in client.get(address_of(two, one)).context["charts"]}
    loss = charts["run-loss"]
    assert [(line.name, len(line.x)) for line in loss.lines] == [(f"Run {two.pk}", 4), (f"Run {one.pk}", 6)]
    assert len({line.color for line in loss.lines}) == 2
    assert len(charts["run-eer"].lines) == 4
    assert [line.is_dashed for line in charts["run-eer"].lines] == [False, True, False, True]


def test_figures_stand_side_by_side_with_their_intervals(client: Client) -> None:
    run, made = judged_run(after=0.4)
    other = another_run(made, after=0.5)
    text = text_of(client, address_of(run, other)).replace("\u00a0", " ")
    for each in (run, other):
        report = each.evaluation_reports.get(compared_with__isnull=False)
        tar = report.snapshot["comparison"]["plain"]["tar"]
        assert f"{100 * tar['difference']:+.1f} points (95 %: {100 * tar['low']:+.1f} to" in text


def another_run(made: HeldOut, *, after: float) -> TrainingRun:
    """A second run on the same people, with another outcome."""
    vectors = after * made.parent_vectors + (1 - after) * made.candidate_vectors
    vectors /= (vectors**2).sum(axis=1, keepdims=True) ** 0.5
    candidate = factories.encoder_version(state="candidate", parent=made.run.parent)
    run = new_run(gallery=made.gallery)
    judged(
        HeldOut(made.gallery, run, candidate, made.training_set, made.parent_vectors, vectors),
    )
    for state in (State.TRAINING, State.EVALUATING):
        run.move_to(state)
    run.move_to(State.SUCCEEDED, candidate=candidate)
    return run


def test_the_pairs_that_differ_most_between_two_candidates_are_shown(client: Client) -> None:
    run, made = judged_run(after=0.3)
    other = another_run(made, after=0.9)
    page = client.get(address_of(other, run))
    pairs = [pair.pair for each in page.context["changed"] for pair in each.pairs]
    assert pairs
    assert all(pair.before != pair.after for pair in pairs)
    # what the one run brought together is farther apart for the other, which hardly left its parent
    assert {"Came together"} <= {each.title for each in page.context["changed"]}
    assert "f-picture" in page.content.decode()


def test_runs_of_different_galleries_are_told_apart(client: Client, gallery: Gallery) -> None:
    one = run_with_job(gallery, State.CANCELLED)
    two = run_with_job(factories.gallery(), State.CANCELLED)
    assert "They learned from different galleries" in text_of(client, address_of(two, one))


def test_whoever_may_not_see_photos_or_people_is_shown_neither(staff_with: Callable[..., Client]) -> None:
    run, made = judged_run(after=0.3)
    other = another_run(made, after=0.9)
    page = staff_with("training.view_trainingrun").get(address_of(other, run))
    assert page.status_code == 200
    assert page.context["changed"]
    assert "f-picture" not in page.content.decode()
    assert page.context["changed"][0].pairs[0].first.person.name not in page.content.decode()
