"""The list of training runs and the page of one: how it stands, its curves, what came of it."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Job
from tests import factories
from tests.training.models.factories import question
from tests.training.pages.evaluations import text_of
from tests.training.pages.runs import epoch, judged_run, run_with_job
from training.models import EpochRecord, TrainingRun
from training.services.held_out_outcome import judgement_of
from training.services.report_words import percent

RUNS = "training:runs"
SIGNED_IN = 2  # the session and its user


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Staff")


def address_of(run: TrainingRun, name: str = "run") -> str:
    return reverse(f"training:{name}", args=[run.pk])


def test_an_empty_list_says_what_retraining_does_and_what_it_needs(client: Client, gallery: Gallery) -> None:
    text = text_of(client, reverse(RUNS))
    assert "Nothing was trained yet" in text
    assert "ten people with two photos each" in text
    assert "People who withheld consent are left out" in text
    assert reverse("training:run-start") in client.get(reverse(RUNS)).content.decode()


def test_runs_are_listed_newest_first_with_state_and_error(client: Client, gallery: Gallery) -> None:
    failed = run_with_job(gallery, TrainingRun.State.FAILED)
    running = run_with_job(gallery)
    page = client.get(reverse(RUNS))
    assert [run for run, _ in page.context["rows"]] == [running, failed]
    text = text_of(client, reverse(RUNS))
    assert "Training 40 %" in text
    assert "The loss is not finite." in text


def test_a_list_tells_what_came_of_a_run_before_and_after(client: Client) -> None:
    run, _ = judged_run(after=0.4)
    judgement = judgement_of(run.evaluation_reports.get(compared_with__isnull=False))
    assert judgement is not None
    before, after = percent(judgement.plain.tar.before), percent(judgement.plain.tar.after)
    text = text_of(client, reverse(RUNS)).replace("\u00a0", " ")
    assert f"{before} → {after} better" in text


def test_the_list_of_one_gallery_shows_no_other(client: Client, gallery: Gallery) -> None:
    mine = run_with_job(gallery, TrainingRun.State.CANCELLED)
    other = run_with_job(factories.gallery(), TrainingRun.State.CANCELLED)
    page = client.get(reverse(RUNS), {"gallery": gallery.pk})
    assert [run for run, _ in page.context["rows"]] == [mine]
    for nonsense in ("x", "0", "9" * 30, "\u0661"):
        page = client.get(reverse(RUNS), {"gallery": nonsense})
        assert [run for run, _ in page.context["rows"]] == [other, mine]


def test_a_gallery_s_page_leads_to_its_runs(
    client: Client, gallery: Gallery, staff_with: Callable[..., Client]
) -> None:
    link = f"{reverse(RUNS)}?gallery={gallery.pk}"
    address = reverse("pages:gallery", args=[gallery.pk])
    assert link in client.get(address).content.decode()
    assert link not in staff_with("faces.view_gallery").get(address).content.decode()


def test_many_runs_are_paged_at_a_fixed_number_of_queries(
    client: Client, gallery: Gallery, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(100):
        run_with_job(gallery, TrainingRun.State.CANCELLED, epochs=0)
    run_with_job(gallery)
    client.get(reverse(RUNS))
    with django_assert_num_queries(SIGNED_IN + 5):  # the running one's job, how many, a page, their reports, galleries
        page = client.get(reverse(RUNS))
    assert len(page.context["rows"]) == 20
    assert page.context["listing"].total == 101
    assert len(client.get(reverse(RUNS), {"page": 6}).context["rows"]) == 1


def test_a_finished_job_leads_to_its_run(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, TrainingRun.State.CANCELLED)
    assert run.job is not None
    Job.objects.update(state=Job.State.SUCCEEDED, finished_at=timezone.now(), result={"run": run.pk})
    page = client.get(reverse("pages:job", args=[run.job.key])).content.decode()
    assert f'href="{address_of(run)}">Show what it came to' in page


def test_a_running_run_renews_itself_and_tells_its_progress(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, epochs=2)
    page = client.get(address_of(run)).content.decode()
    assert f'hx-get="{address_of(run, "run-live")}"' in page
    text = text_of(client, address_of(run))
    assert "40 %" in text
    assert "Epoch 1 of 10" in text
    assert "40 people, 160 faces" in text
    assert "epoch 2, EER 3.3" in text
    assert "3 min left" in text  # eight epochs of 20 seconds


def test_the_part_that_renews_itself_brings_curves_and_epochs(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, epochs=1)
    part = client.get(address_of(run, "run-live"), headers={"HX-Request": "true"})
    assert 'id="run-epochs" hx-swap-oob="true"' in part.content.decode()
    before = {chart["key"]: chart for chart in part.context["curves"]}
    assert before["run-loss"]["lines"][0]["x"] == [5, 10]
    epoch(run, 2)
    part = client.get(address_of(run, "run-live"), headers={"HX-Request": "true"})
    written = part.content.decode().split('<script type="application/json">')[1].split("</script>")[0]
    after = {chart["key"]: chart for chart in json.loads(written)}
    assert after["run-loss"]["lines"][0]["x"] == [5, 10, 15, 20]
    assert after["run-eer"]["lines"][0]["y"] == pytest.approx([0.1, 0.05, 0.1 / 3], rel=1e-4)


def test_the_page_is_loaded_again_once_the_run_is_finished(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, TrainingRun.State.CANCELLED)
    answer = client.get(address_of(run, "run-live"), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert address_of(run, "run-live") not in client.get(address_of(run)).content.decode()


def test_a_run_whose_job_was_ended_without_it_is_shown_as_ended(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    Job.objects.update(state=Job.State.FAILED, error="4 workers stopped while they did it.", finished_at=timezone.now())
    text = text_of(client, address_of(run))
    assert "Failed" in text
    assert "4 workers stopped while they did it." in text


def test_every_epoch_is_told_and_the_best_one_marked(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, TrainingRun.State.CANCELLED, epochs=3)
    page = client.get(address_of(run)).content.decode()
    assert page.count('<tr class="r-best">') == 1
    rows = page.split('id="run-epochs"')[1].split("<tbody>")[1].split("</tbody>")[0].split("<tr")[1:]
    assert len(rows) == 4
    assert "r-best" in rows[3]
    assert "80\u00a0%" in rows[1]  # active triplets of the first epoch


def test_a_run_that_has_recorded_nothing_yet_has_empty_curves(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, TrainingRun.State.QUEUED)
    page = client.get(address_of(run))
    assert all(not chart.lines for chart in page.context["charts"])
    assert "It waits for the worker that trains." in page.content.decode()


def test_what_came_of_a_run_is_told_in_words_with_both_reports_and_the_candidate(client: Client) -> None:
    run, made = judged_run(after=0.4)
    text = text_of(client, address_of(run))
    assert "The candidate is better than its parent." in text
    assert f"The candidate is called {made.candidate.name}." in text
    page = client.get(address_of(run)).content.decode()
    assert reverse("pages:encoder-version", args=[made.candidate.pk]) in page
    for report in run.evaluation_reports.all():
        assert reverse("training:evaluation", args=[report.pk]) in page


def test_the_pairs_that_changed_most_are_shown_with_their_faces(
    client: Client, staff_with: Callable[..., Client]
) -> None:
    run, _ = judged_run(after=0.4)
    page = client.get(address_of(run))
    lists = {each.title: each for each in page.context["changed"]}
    assert set(lists) >= {"Came together", "Parted"}
    assert all(pair.first.person_id == pair.second.person_id for pair in lists["Came together"].pairs)
    assert all(pair.pair.change < 0 for pair in lists["Came together"].pairs)
    assert all(pair.first.person_id != pair.second.person_id for pair in lists["Parted"].pairs)
    assert "f-picture" in page.content.decode()
    looking = staff_with("training.view_trainingrun").get(address_of(run)).content.decode()
    assert "f-picture" not in looking
    assert lists["Came together"].pairs[0].first.person.name not in looking


def test_a_pair_whose_face_is_gone_is_not_shown(client: Client) -> None:
    run, _ = judged_run(after=0.4)
    gone = client.get(address_of(run)).context["changed"][0].pairs[0].first
    gone.delete()
    shown = client.get(address_of(run)).context["changed"]
    assert gone.pk not in {face.pk for each in shown for pair in each.pairs for face in (pair.first, pair.second)}


def test_questions_that_a_run_raised_are_counted_and_led_to(
    client: Client, gallery: Gallery, staff_with: Callable[..., Client]
) -> None:
    run = run_with_job(gallery)
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    question(first, second, training_run=run)
    link = f"{reverse('training:questions')}?gallery={gallery.pk}"
    assert "1 question came up" in text_of(client, address_of(run))
    assert link in client.get(address_of(run)).content.decode()
    looking = staff_with("training.view_trainingrun").get(address_of(run)).content.decode()
    assert "1 question came up" in looking
    assert link not in looking


def test_a_failed_run_says_what_went_wrong_and_how_to_go_on(client: Client, gallery: Gallery) -> None:
    begun = run_with_job(gallery, TrainingRun.State.FAILED)
    text = text_of(client, address_of(begun))
    assert "The loss is not finite." in text
    assert "“Try again” begins it anew." in text
    TrainingRun.objects.update(checkpoint={"path": "training/1/a", "sha256": "0" * 64, "epoch": 2})
    assert "“Go on” takes it up after epoch 2" in text_of(client, address_of(begun))


def test_settings_are_told_in_words_and_unusual_ones_marked(client: Client, gallery: Gallery) -> None:
    run = run_with_job(gallery, configuration={"alpha": 0.25, "layers": "last", "seed": 20_000})
    text = text_of(client, address_of(run))
    assert "Margin alpha0.25 own" in text
    assert "Layers that learnThe last layers own" in text
    assert "Seed20000 own" in text
    assert "Warm-up30 own" not in text
    assert text.count(" own") == 3


def test_a_run_s_page_costs_a_fixed_number_of_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run, _ = judged_run(people=12)
    for number in range(3):
        epoch(run, number)
    client.get(address_of(run))
    # the run, its epochs, its questions, its report and the parent's, faces that changed, other runs
    with django_assert_num_queries(SIGNED_IN + 7):
        client.get(address_of(run))


def test_a_run_that_is_not_there_says_so(client: Client, gallery: Gallery) -> None:
    for name in ("run", "run-live", "run-compare"):
        assert client.get(reverse(f"training:{name}", args=[999_999])).status_code == 404


def test_whoever_may_only_look_is_offered_nothing_else(gallery: Gallery, staff_with: Callable[..., Client]) -> None:
    run = run_with_job(gallery)
    ended = run_with_job(factories.gallery(), TrainingRun.State.FAILED)
    looking = staff_with("training.view_trainingrun")
    for each in (run, ended):
        page = looking.get(address_of(each)).content.decode()
        for name in ("run-cancel", "run-finish", "run-retry", "run-delete"):
            assert address_of(each, name) not in page
            assert looking.post(address_of(each, name)).status_code == 403
    assert reverse("training:run-start") not in looking.get(reverse(RUNS)).content.decode()
    assert looking.get(reverse("training:run-start")).status_code == 403
    assert EpochRecord.objects.count() == 0
