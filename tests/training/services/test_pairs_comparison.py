"""Two versions on the pairs of a file and the photos of a folder."""

from pathlib import Path

import numpy as np
import pytest

from faces.services.folders import FoundFile
from training.exceptions import TooFewComparisonsError
from training.metrics.paired import Outcome
from training.services.pairs_comparison import STEPS, compare_versions
from training.services.pairs_evaluation import evaluate_pairs
from training.services.pairs_file import Pair, PhotoName
from training.services.portraits import Portraits

PEOPLE, PHOTOS, DIMENSION = 40, 3, 16


def file_of(person: int, number: int) -> FoundFile:
    return FoundFile(
        path=Path(f"P{person}/{number}.jpg"), name=f"P{person}/{number}.jpg", person=f"P{person}", size_bytes=1
    )


def portraits(noise: float, *, left_out: int = 0, photos: int = PHOTOS) -> Portraits:
    """The more `noise`, the worse; of the first `left_out` photos no face was found."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(PEOPLE), photos)
    vectors = rng.normal(size=(PEOPLE, DIMENSION))[labels] + noise * rng.normal(size=(len(labels), DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    files = [file_of(label, number + 1) for label in range(PEOPLE) for number in range(photos)]
    return Portraits(
        embeddings=np.asarray(vectors[left_out:], dtype=np.float32),
        files=tuple(files[left_out:]),
        without_face=tuple(files[:left_out]),
        refused=(),
        seconds=1.0,
    )


def pairs() -> list[Pair]:
    """Each person's first two photos, and the first photo of neighbors; ten folds."""
    found = []
    for person in range(PEOPLE):
        mine = PhotoName(f"P{person}", 1)
        found.append(Pair(mine, PhotoName(f"P{person}", 2), person % 10))
        found.append(Pair(mine, PhotoName(f"P{(person + 1) % PEOPLE}", 1), person % 10))
    return found


def test_a_worse_version_is_found_worse_on_file_and_folder() -> None:
    steps: list[int] = []

    found = compare_versions(pairs(), portraits(0.3), portraits(1.2), progress=steps.append)

    assert (found.pairs.outcome, found.photos.outcome) == (Outcome.WORSE, Outcome.WORSE)
    assert found.accuracy.high < 0
    assert sum(steps) == STEPS


def test_the_rates_are_those_of_each_version_alone() -> None:
    before, after = portraits(0.6), portraits(0.8)

    found = compare_versions(pairs(), before, after)

    one, other = evaluate_pairs(pairs(), before), evaluate_pairs(pairs(), after)
    assert (found.pairs.eer.before, found.pairs.eer.after) == pytest.approx((one.pairs.eer, other.pairs.eer), abs=1e-5)
    assert (found.accuracy.before, found.accuracy.after) == pytest.approx((one.accuracy.mean, other.accuracy.mean))
    assert (found.pairs.mated, found.pairs.non_mated, found.pairs.people) == (40, 40, 40)
    assert found.photos.eer.before == pytest.approx(one.all_pairs.eer, abs=2e-3)  # half precision


def test_only_what_both_versions_could_compare_counts() -> None:
    found = compare_versions(pairs(), portraits(0.3), portraits(0.3, left_out=4))

    # The first person's photos and the first of the second one's: their mated pairs, and the pairs 0-1, 1-2 and 39-0
    assert (found.pairs.mated, found.pairs.non_mated) == (38, 37)
    assert found.photos.mated == 38 * 6 + 2
    assert found.pairs.tar.difference == 0


def test_a_person_with_very_many_photos_counts_with_a_few() -> None:
    found = compare_versions(pairs(), portraits(0.3, photos=9), portraits(0.4, photos=9))
    assert found.most_photos == 9  # as many as everybody has

    every = portraits(0.3, photos=9)
    kept = np.array([row for row, file in enumerate(every.files) if row < 9 or int(file.path.stem) < 3])
    some = Portraits(every.embeddings[kept], tuple(every.files[row] for row in kept), (), (), 1.0)
    found = compare_versions(pairs(), some, some)
    assert found.most_photos == 5
    assert found.photos.mated == 5 * 4 + 39 * 2


def test_without_a_photo_in_common_there_is_nothing_to_compare() -> None:
    one, other = portraits(0.3), portraits(0.3)
    half = len(one.files) // 2
    first = Portraits(one.embeddings[:half], one.files[:half], one.files[half:], (), 1.0)
    second = Portraits(other.embeddings[half:], other.files[half:], other.files[:half], (), 1.0)

    with pytest.raises(TooFewComparisonsError, match="both encoder versions"):
        compare_versions(pairs(), first, second)
