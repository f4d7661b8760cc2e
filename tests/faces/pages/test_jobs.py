"""Jobs on pages, and what the overview says of the workers."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from faces.models import Job, Photo
from faces.views.outcomes import counted_words
from faces.views.overview import present_work
from tests import factories
from tests.faces.pages.conftest import Filled
from tests.faces.pages.test_people import said


def test_a_running_job_asks_for_its_progress_again_and_a_finished_one_does_not(client: Client, filled: Filled) -> None:
    page = reverse("pages:job-progress", args=[filled.job.key])
    assert 'hx-trigger="every 2s"' in client.get(page).content.decode()
    filled.job.move_to(Job.State.SUCCEEDED)
    assert "hx-trigger" not in client.get(page).content.decode()


def test_a_job_tells_its_result_by_reason_in_words(client: Client, filled: Filled) -> None:
    Job.objects.filter(pk=filled.job.pk).update(result={"new": 3, "known": 0, "refused": {"not_an_image": 2}})
    answer = client.get(reverse("pages:job", args=[filled.job.key]))
    assert answer.context["taken_in"] == [("taken in", 3), ("not a picture", 2)]
    labels = {count.label: count.number for count in answer.context["counts"]}
    assert labels == {"Refused: no face found": 1, "Failed": 1, "Waiting": 1}


def test_results_of_the_same_words_are_added() -> None:
    assert counted_words({"refused": {"image_error": 1}, "image_error": 2, "note": "no number"}) == [
        ("cannot be used", 3)
    ]


def test_a_job_is_cancelled_and_what_was_set_aside_is_brought_back(client: Client, filled: Filled) -> None:
    client.post(reverse("pages:job-cancel", args=[filled.job.key]))
    filled.waiting.refresh_from_db()
    assert (filled.waiting.state, filled.waiting.reason) == (Photo.State.REJECTED, "cancelled")
    answer = client.post(reverse("pages:job-retry", args=[filled.job.key]))
    assert "2 photos go to a worker again" in said(answer)
    filled.waiting.refresh_from_db()
    assert filled.waiting.state == Photo.State.PENDING


def test_a_finished_job_cannot_be_cancelled_and_the_page_says_so(client: Client, filled: Filled) -> None:
    filled.job.move_to(Job.State.SUCCEEDED)
    assert "nothing to cancel" in said(client.post(reverse("pages:job-cancel", args=[filled.job.key])))


def test_a_job_whose_photos_are_all_fine_offers_no_retry(client: Client, filled: Filled) -> None:
    Photo.objects.filter(job=filled.job).update(job=None)
    filled.job.move_to(Job.State.SUCCEEDED)
    page = client.get(reverse("pages:job", args=[filled.job.key]))
    assert not page.context["can_retry"]
    answer = client.post(reverse("pages:job-retry", args=[filled.job.key]))
    assert "Only a finished job with failed or cancelled photos" in said(answer)


def test_the_overview_counts_what_the_workers_do(filled: Filled) -> None:
    work = present_work()
    assert (work.waiting, work.encoding, work.ready, work.refused, work.failed) == (1, 0, 2, 1, 1)
    assert work.jobs == (filled.job,)


@pytest.mark.parametrize(
    ("age_s", "others", "seems_idle"),
    [
        (600, {}, True),
        (5, {}, False),
        (600, {"state": Photo.State.READY, "finished": True}, False),
        (600, {"state": Photo.State.READY, "finished": False}, True),
    ],
    ids=["waiting for long", "just came", "others are finished just now", "others were finished long ago"],
)
def test_the_overview_warns_only_where_photos_wait_and_nobody_encodes(
    age_s: int, others: dict[str, object], seems_idle: bool, db: None
) -> None:
    photo = factories.photo(state=Photo.State.PENDING)
    Photo.objects.filter(pk=photo.pk).update(created_at=timezone.now() - timedelta(seconds=age_s))
    if others:
        finished_at = timezone.now() - timedelta(seconds=0 if others["finished"] else 3600)
        factories.photo(state=Photo.State.READY, finished_at=finished_at)
    assert present_work().seems_idle is seems_idle


def test_the_overview_leads_through_the_first_steps_until_somebody_can_be_found(client: Client) -> None:
    assert "Three steps to the first answer" in client.get(reverse("admin:index")).content.decode()
    factories.face(person=factories.person(), vector=factories.axis(0))
    page = client.get(reverse("admin:index")).content.decode()
    assert "Three steps" not in page
    assert "Who is on this photo?" in page
