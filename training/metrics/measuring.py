"""From evidence to figures: everything that a report says."""

from collections.abc import Mapping, Sequence

from training.metrics.confusions import confusions
from training.metrics.evidence import Comparisons, Evidence
from training.metrics.figures import Figures, Histogram
from training.metrics.groups import groups_of
from training.metrics.recognition import recognition, recognition_rates
from training.metrics.resampling import draws_of_people
from training.metrics.tau_grid import tau_grid
from training.metrics.types import Progress, ignore
from training.metrics.verification import histogram_of, verification, verification_rates


def figures_of(
    evidence: Evidence,
    *,
    tau: Mapping[str, float],
    fields: Mapping[str, Sequence[str | None]],
    seed: int = 0,
    resamples: int = 200,
    minimum_people: int = 30,
    progress: Progress = ignore,
) -> Figures:
    """Return everything that a report says.

    Args:
        evidence: the comparisons and searches.
        tau: those in force, by use ("verification", "recognition").
        fields: of each metadata field the value of each person, in the order of `evidence.people`; None where absent.
        seed: of the resamples: the same evidence gives the same figures.
        resamples: how many times people are drawn anew.
        minimum_people: smaller groups are counted, and nothing else is said of them.
        progress: told how many resamples were counted since the last call; 0 after each group. It may raise to stop.

    Raises:
        ValueError: a field has not one value for each person.
    """
    people = len(evidence.people)
    for field, values in fields.items():
        if len(values) != people:
            raise ValueError(f"The field {field!r} needs {people} values, one a person, not {len(values)}.")
    taus = tau_grid(evidence, tau.values())
    draws = draws_of_people(people, resamples, seed)
    person = verification_rates(evidence.person_mated, evidence.person_non_mated, taus, draws, progress)
    photo = verification_rates(evidence.photo_mated, evidence.photo_non_mated, taus, draws, progress)
    searched = recognition_rates(evidence.searches, taus, draws, progress)
    confused, nearest = confusions(evidence, taus)
    return Figures(
        taus=[float(each) for each in taus],
        tau=dict(tau),
        person=verification(person, _histogram(evidence.person_mated, evidence.person_non_mated), taus),
        photo=verification(photo, _histogram(evidence.photo_mated, evidence.photo_non_mated), taus),
        recognition=recognition(evidence.searches, searched, person.fmr, taus, draws, progress),
        groups=groups_of(evidence, tau, fields, draws, minimum_people, progress),
        confused=confused,
        confusions=nearest,
    )


def _histogram(mated: Comparisons, non_mated: Comparisons) -> Histogram:
    return histogram_of(mated.distances, non_mated.distances, non_mated.weights, mated.weights)
