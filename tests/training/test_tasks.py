"""The sweep after training runs."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from faces.models import Job
from faces.services.jobs import cancel_job
from tests import factories as rows
from tests.training.models import factories
from training.tasks import sweep_runs


@pytest.mark.django_db
def test_the_sweep_settles_runs_and_removes_what_was_left(tmp_path: Any, settings: Any) -> None:
    settings.FOLDERS = SimpleNamespace(var=tmp_path)
    run = factories.run()
    run.job = rows.job(gallery=run.gallery, kind=Job.Kind.TRAINING, state=Job.State.QUEUED)
    run.save()
    cancel_job(job=run.job)
    left = tmp_path / "training" / "run-7-abc"
    left.mkdir(parents=True)
    (left / "lock").touch()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE training_neighbors_run_999 (row int)")
    sweep_runs()
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not left.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('training_neighbors_run_999')")
        assert cursor.fetchone() == (None,)


def test_the_clock_sends_it() -> None:
    entry = django_settings.CELERY_BEAT_SCHEDULE["sweep-runs"]
    assert entry["task"] == sweep_runs.name
