"""Each night some of a gallery's own faces are looked for through its index and exactly."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.models import Embedding, RecallCount, SearchPlan, Threshold
from faces.services.comparing import Tally, compare
from faces.services.nearest import NOBODY, Route
from faces.services.recall import count_recall
from faces.services.thresholds import tau_or_none

PROBES = 1000
AT_ONCE = 20
"""Probes in a statement; the exact scans of 400,000 templates for so many take some 2 seconds."""

SECONDS = 240.0
"""For one gallery. A message that a worker does not acknowledge within 15 minutes is given to another one."""

PART_OF_A_CORE = 0.5
"""What the sample takes of the database's time while it lasts; searches go on beside it."""


@dataclass(frozen=True)
class StoredProbe:
    """A stored face (D,) to look for; `without` is a person who is left out of both answers, or `NOBODY`."""

    vector: npt.NDArray[np.float32]
    without: int = NOBODY


def sample_recall(*, plan: SearchPlan, probes: int = PROBES, seconds: float = SECONDS) -> Tally:
    """Ask the index about stored faces, count how it answers, and hold it to the goal after every few.

    Where more lists are searched meanwhile, the other probes are asked so, too, so that a bad index is brought to
    its goal in one night.

    Args:
        plan: of the gallery; one without an index has nothing to measure.
        probes: faces to look for.
        seconds: after which no more is begun.
    """
    tau = tau_or_none(gallery=plan.gallery, encoder_version=plan.encoder_version, use=Threshold.Use.RECOGNITION)
    total = Tally()
    if tau is None or not plan.is_indexed:
        return total
    end = time.monotonic() + seconds
    present: SearchPlan | None = plan
    drawn = draw_probes(plan=plan, count=probes)
    for start in range(0, len(drawn), AT_ONCE):
        portion = drawn[start : start + AT_ONCE]
        began = time.monotonic()
        if began >= end or present is None or not present.is_indexed:
            break
        route = Route.of(present, plan.gallery, plan.encoder_version)
        tally = compare(
            route, [probe.vector for probe in portion], tau=tau.tau, without=[probe.without for probe in portion]
        )
        present = count_recall(route=route, source=RecallCount.Source.NIGHT, tally=tally)
        total += tally
        time.sleep((time.monotonic() - began) * (1 / PART_OF_A_CORE - 1))
    return total


def draw_probes(*, plan: SearchPlan, count: int) -> list[StoredProbe]:
    """Draw stored faces at random: enrolled people, the same number of strangers, and unknown faces.

    A face whose own person is left out asks what a stranger's does, among the people of this very gallery. That is the
    hard case: the nearest of many people who are all far away.
    """
    embeddings = Embedding.objects.of(plan.gallery).filter(encoder_version=plan.encoder_version).order_by("?")
    enrolled = embeddings.filter(is_enrolled=True, person__isnull=False).values_list("person_id", "vector")
    unknown = embeddings.filter(person__isnull=True).values_list("vector", flat=True)
    third = max(count // 3, 1)
    known = [(person or NOBODY, _array(vector)) for person, vector in enrolled[: 2 * third]]
    probes = [StoredProbe(vector) for _, vector in known[::2]]
    probes += [StoredProbe(vector, without=person) for person, vector in known[1::2]]
    probes += [StoredProbe(_array(vector)) for vector in unknown[:third]]
    order = np.random.default_rng().permutation(len(probes))
    return [probes[position] for position in order]


def _array(vector: Sequence[float]) -> npt.NDArray[np.float32]:
    return np.asarray(vector, dtype=np.float32)
