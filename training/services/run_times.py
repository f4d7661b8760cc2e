"""How long a training run takes: beforehand roughly, and while it goes on from what it took so far."""

from collections.abc import Sequence
from statistics import median

from django.db.models import F

from training.configuration import Layers, TrainingConfiguration
from training.models import EpochRecord, TrainingRun

STEP_SECONDS_A_FACE = {Layers.ALL: 0.0032, Layers.LAST: 0.0008, Layers.HEAD: 0.0002}
"""Of a step, on two cores without a GPU."""

LOOK_SECONDS_A_FACE = 0.002
"""Of embedding a face anew and asking for its nearest others, once an epoch."""

PREPARE_SECONDS_A_FACE = 0.02
"""Of reading a photo, cutting out its face, and embedding it by the parent and in the end by the candidate."""

EARLIER = 12
"""Epochs of earlier runs that say how fast this machine is."""


def expected_seconds(configuration: TrainingConfiguration, faces: int) -> float:
    """Return about how long a run will take with so many faces.

    Where a run with the same layers was done before, its speed counts, else that of a machine of two cores.
    """
    steps = configuration.epochs * configuration.steps_per_epoch
    a_face = _seen_seconds_a_face(configuration.layers) or STEP_SECONDS_A_FACE[configuration.layers]
    learning = a_face * steps * configuration.batch + LOOK_SECONDS_A_FACE * faces * configuration.epochs
    if configuration.minutes is not None:
        learning = min(learning, 60 * configuration.minutes)
    return learning + PREPARE_SECONDS_A_FACE * faces


def _seen_seconds_a_face(layers: Layers) -> float | None:
    records = EpochRecord.objects.filter(steps__gt=0, run__configuration__layers=layers.value)
    rows = records.order_by("-pk").values_list(
        "seconds",
        "mining_seconds",
        "steps",
        F("run__configuration__people_per_batch"),
        F("run__configuration__photos_per_person"),
    )[:EARLIER]
    speeds = [max(seconds - mining, 0) / (steps * people * photos) for seconds, mining, steps, people, photos in rows]
    return median(speeds) if speeds else None


def seconds_left(run: TrainingRun, records: Sequence[EpochRecord]) -> float | None:
    """Return how long the epochs that are left will take, as long as the last ones did; None before the first."""
    done = [each for each in records if each.number > 0]
    if run.state != TrainingRun.State.TRAINING or not done:
        return None
    configuration = TrainingConfiguration.from_json(run.configuration)
    last = done[-3:]
    left = max(configuration.epochs - len(done), 0) * sum(each.seconds for each in last) / len(last)
    if configuration.minutes is not None:
        left = min(left, max(60 * configuration.minutes - sum(each.seconds for each in done), 0))
    return left
