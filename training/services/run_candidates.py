"""The version that a training run made, while it is not known yet whether the run succeeds."""

from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction

from faces.models import EncoderVersion
from training.models import TrainingRun


@transaction.atomic
def discard_candidate(run: TrainingRun) -> None:
    """Remove the version of a run that did not succeed, with its weights and reports; none is there for most runs."""
    held = TrainingRun.objects.select_for_update().get(pk=run.pk)
    version = held.candidate
    if version is None or held.state == TrainingRun.State.SUCCEEDED:
        return
    TrainingRun.objects.filter(pk=run.pk).update(candidate=None)
    run.candidate = None
    if version.state == EncoderVersion.State.CANDIDATE:
        kind, _, path = version.weights.partition(":")
        version.delete()
        if kind == "storage":
            transaction.on_commit(partial(default_storage.delete, path))
