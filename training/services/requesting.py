"""Asking for the error rates of a gallery."""

from django.contrib.auth.models import User

from faces.exceptions import InvalidRequestError
from faces.models import Embedding, EncoderVersion, Gallery, Job
from faces.services.working import request_work
from training.exceptions import TooFewComparisonsError

MINIMUM_PEOPLE = 30
"""Of a group, so that a rate is told of it; see `training.metrics.figures.ENOUGH_PEOPLE`."""

FEWEST_PEOPLE = 2
"""Of whom one can be taken for the other. With less than two photos of anybody FNMR and FNIR have no trials, but FMR
and FPIR have."""

LARGEST_SEED = 2**32 - 1


def request_evaluation(
    *,
    gallery: Gallery,
    encoder_version: EncoderVersion | None = None,
    user: User | None = None,
    minimum_people: int = MINIMUM_PEOPLE,
    seed: int = 0,
) -> Job:
    """Queue the measurement of a gallery's error rates; the caller sends it after the commit.

    Args:
        gallery: whose enrolled faces.
        encoder_version: by whose embeddings; the one that serves the gallery if not given.
        user: who asks.
        minimum_people: groups of fewer are counted, and nothing else is said of them; 2 at least.
        seed: of everything that is drawn by chance: the same photos and seed give the same figures.

    Raises:
        InvalidRequestError: a number is out of its range.
        TooFewComparisonsError: fewer than two people have an enrolled face with an embedding by this version.
        ConflictError: a measurement of this gallery is under way.
    """
    if minimum_people < FEWEST_PEOPLE:
        raise InvalidRequestError(f"A group has at least {FEWEST_PEOPLE} people; {minimum_people} are too few.")
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidRequestError(f"A seed is a whole number from 0 to {LARGEST_SEED}, not {seed}.")
    version = encoder_version or gallery.encoder_version
    check_people(gallery, version)
    return request_work(
        gallery=gallery,
        kind=Job.Kind.EVALUATION,
        title=f"Error rates of “{gallery.name}”",
        parameters={"encoder_version": version.pk, "minimum_people": minimum_people, "seed": seed},
        user=user,
    )


def check_people(gallery: Gallery, version: EncoderVersion) -> None:
    """Make sure that there are people who could be taken for each other.

    Raises:
        TooFewComparisonsError: there are none, or nobody who could be compared by this version.
    """
    enrolled = Embedding.objects.of(gallery).filter(is_enrolled=True)
    by_version = enrolled.filter(encoder_version=version).order_by()
    people = len(by_version.values_list("person_id").distinct()[:FEWEST_PEOPLE])
    if people >= FEWEST_PEOPLE:
        return
    if not enrolled.exists():
        raise TooFewComparisonsError(f"Nobody is enrolled in gallery “{gallery.slug}” yet. Import photos first.")
    if not people:
        raise TooFewComparisonsError(
            f"No enrolled face of gallery “{gallery.slug}” has an embedding by encoder version “{version.name}”."
        )
    raise TooFewComparisonsError(
        f"Only one person is enrolled in gallery “{gallery.slug}”; nobody can be taken for somebody else."
    )
