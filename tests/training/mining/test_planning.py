"""The batches of an epoch: who meets whom, how often, and what goes along."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.mining.look_alikes import look_alikes
from training.configuration import Augmentation, Negatives, TrainingConfiguration
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.batches import Batch
from training.mining.exact import nearest_of_others
from training.mining.neighbors import NOBODY, Neighbors, as_stored
from training.mining.planning import plan_epoch
from training.mining.triplets import TripletKind, kinds

CONFIGURATION = TrainingConfiguration(steps_per_epoch=15, people_per_batch=8, photos_per_person=4, random_share=0.1)
FIRST_ROW = 1000
FIRST_FACE = 50_000


def planned(
    vectors: Embeddings,
    people: Counts,
    *,
    configuration: TrainingConfiguration = CONFIGURATION,
    barred: BarredPairs | None = None,
    neighbors: Neighbors | None = None,
    epoch: int = 1,
) -> list[Batch]:
    """Batches of faces that are rows from `FIRST_ROW` on, with ids from `FIRST_FACE` on."""
    barred = barred or BarredPairs.of()
    faces = np.arange(len(people)) + FIRST_FACE
    return plan_epoch(
        faces=faces,
        people=people,
        rows=np.arange(len(people)) + FIRST_ROW,
        neighbors=neighbors or barred.mask_neighbors(nearest_of_others(vectors, people, 12), faces, people),
        vectors=vectors,
        configuration=configuration,
        barred=barred,
        rng=np.random.default_rng([configuration.seed, epoch]),
    )


def seen(batches: list[Batch], faces: int) -> Counts:
    """In how many batches each face is."""
    rows = np.concatenate([np.unique(batch.rows) for batch in batches])
    return np.bincount(rows - FIRST_ROW, minlength=faces)


def couples(batch: Batch) -> int:
    """How many people of a batch meet the one who looks like them: 100 and 101, 102 and 103..."""
    there = set(batch.people.tolist())
    return sum(person ^ 1 in there for person in there)


def test_a_batch_has_people_times_photos_of_the_right_people() -> None:
    vectors, people = look_alikes(people=60, faces=6)
    batches = planned(vectors, people)
    assert len(batches) == 15
    for batch in batches:
        assert batch.people.tolist() == people[batch.rows - FIRST_ROW].tolist()
        assert np.unique(batch.people, return_counts=True)[1].tolist() == [4] * 8
        assert len(np.unique(batch.rows)) == 32


def test_look_alikes_meet_and_by_chance_they_do_not() -> None:
    vectors, people = look_alikes(people=200, faces=5)
    mined = sum(couples(batch) for batch in planned(vectors, people))
    random = replace(CONFIGURATION, negatives=Negatives.RANDOM)
    by_chance = sum(couples(batch) for batch in planned(vectors, people, configuration=random))
    assert mined > 0.7 * 15 * 8
    assert by_chance < 0.1 * 15 * 8


def test_the_same_seed_and_epoch_give_the_same_batches_and_another_epoch_others() -> None:
    vectors, people = look_alikes(people=60, faces=5)
    first, again, later = (planned(vectors, people, epoch=epoch) for epoch in (1, 1, 2))
    for one, other in zip(first, again, strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.triplets.tolist() == other.triplets.tolist()
    assert [batch.rows.tolist() for batch in first] != [batch.rows.tolist() for batch in later]


@pytest.mark.parametrize("negatives", [Negatives.DATABASE, Negatives.RANDOM])
def test_each_face_is_seen_about_equally_often(negatives: Negatives) -> None:
    vectors, people = look_alikes(people=100, faces=5)
    configuration = replace(CONFIGURATION, steps_per_epoch=64, negatives=negatives)  # 2,048 places for 500 faces
    counts = seen(planned(vectors, people, configuration=configuration), 500)
    assert counts.mean() == pytest.approx(2048 / 500)
    assert counts.min() >= 2
    assert counts.max() <= 7


def test_an_epoch_too_short_for_everybody_shows_nobody_twice_while_others_wait() -> None:
    vectors, people = look_alikes(people=200, faces=4)
    counts = seen(planned(vectors, people, configuration=replace(CONFIGURATION, steps_per_epoch=5)), 800)
    assert counts.sum() == 160
    assert counts.max() == 1


def kinds_of(batch: Batch, vectors: Embeddings, alpha: float) -> list[TripletKind]:
    stored = as_stored(vectors[batch.rows - FIRST_ROW])
    distances = squared_distances(stored, stored)
    anchors, positives, negatives = batch.triplets.T
    found = kinds(distances[anchors, positives], distances[anchors, negatives], alpha)
    return [TripletKind(kind) for kind in found]


def test_the_triplets_are_of_the_batch_and_hard_or_semi_hard_by_what_was_mined() -> None:
    vectors, people = look_alikes(people=60, faces=5, noise=0.3, likeness=0.2)
    configuration = replace(CONFIGURATION, hard_share=0.4, semi_hard_share=0.6, random_share=0.0)
    batches = planned(vectors, people, configuration=configuration)
    for batch in batches:
        anchors, positives, negatives = batch.triplets.T
        assert (batch.people[anchors] == batch.people[positives]).all()
        assert (batch.people[anchors] != batch.people[negatives]).all()
        assert (anchors != positives).all()
    found = np.array([kind for batch in batches for kind in kinds_of(batch, vectors, configuration.alpha)])
    assert (found == TripletKind.EASY).sum() == 0
    assert (found == TripletKind.SEMI_HARD).sum() > 100
    assert (found == TripletKind.HARD).sum() > 100


def test_barred_pairs_are_marked_and_in_no_triplet() -> None:
    vectors, people = look_alikes(people=40, faces=4)
    duplicates = [(person, person + 1) for person in range(100, 120, 2)]
    face_pairs = [(FIRST_FACE + 159, FIRST_FACE + 155)]  # of the last couple, which is no pair of duplicates
    barred = BarredPairs.of(people=duplicates, faces=face_pairs)
    configuration = replace(CONFIGURATION, random_share=0.5, hard_share=0.2, semi_hard_share=0.3, steps_per_epoch=60)
    met = 0
    for batch in planned(vectors, people, barred=barred, configuration=configuration):
        np.testing.assert_array_equal(batch.barred, barred.matrix(batch.rows - FIRST_ROW + FIRST_FACE, batch.people))
        assert not batch.barred[batch.triplets[:, 0], batch.triplets[:, 2]].any()
        met += int(batch.barred.sum())
    assert met


@pytest.mark.parametrize("negatives", [Negatives.IN_BATCH, Negatives.RANDOM])
def test_without_mining_there_are_people_by_chance_and_no_triplets(negatives: Negatives) -> None:
    people = np.repeat(np.arange(50), 4)
    batches = plan_epoch(
        faces=np.arange(200),
        people=people,
        rows=np.arange(200),
        neighbors=None,
        vectors=None,
        configuration=replace(CONFIGURATION, negatives=negatives),
        barred=BarredPairs.of(),
        rng=np.random.default_rng(1),
    )
    assert all(batch.triplets.shape == (0, 3) for batch in batches)
    assert all(len(batch.rows) == 32 for batch in batches)


def few_photos() -> tuple[Embeddings, Counts]:
    """40 people with 2 photos and 200 with one."""
    vectors, people = look_alikes(people=240, faces=2)
    kept = (people < 140) | (np.arange(480) % 2 == 0)
    return vectors[kept], people[kept]


def test_who_has_few_photos_is_there_with_each_of_them_twice_and_more_people_take_the_room() -> None:
    vectors, people = few_photos()
    for batch in planned(vectors, people):
        assert len(batch.rows) == 32
        owners, places = np.unique(batch.people, return_counts=True)
        assert len(owners) > 8
        assert places[owners < 140][:-1].tolist().count(4) >= len(places[owners < 140]) - 2
        assert places[owners >= 140].max(initial=0) <= 2
        assert np.unique(batch.rows, return_counts=True)[1].max() <= 2


def test_where_nothing_is_done_to_faces_no_face_is_there_twice() -> None:
    vectors, people = few_photos()
    for batch in planned(vectors, people, configuration=replace(CONFIGURATION, augmentation=Augmentation.NONE)):
        assert len(np.unique(batch.rows)) == len(batch.rows) == 32


@pytest.mark.parametrize("negatives", [Negatives.DATABASE, Negatives.RANDOM])
def test_people_with_one_photo_have_half_of_a_batch_at_most(negatives: Negatives) -> None:
    vectors, people = few_photos()
    for batch in planned(vectors, people, configuration=replace(CONFIGURATION, negatives=negatives)):
        assert batch.people[0] < 140  # the first one is an anchor with a positive
        assert 0 < (batch.people >= 140).sum() <= 16


def test_a_gallery_of_people_with_one_photo_each_still_fills_its_batches() -> None:
    vectors, people = look_alikes(people=100, faces=1)
    assert all(len(np.unique(batch.people)) == 16 for batch in planned(vectors, people))


def test_fewer_people_than_a_batch_has_make_smaller_batches() -> None:
    vectors, people = look_alikes(people=6, faces=5)
    batches = planned(vectors, people)
    assert all(sorted(set(batch.people.tolist())) == list(range(100, 106)) for batch in batches)
    assert all(len(batch.rows) == 24 for batch in batches)


def test_a_person_with_hundreds_of_photos_does_not_crowd_out_the_others() -> None:
    vectors, people = look_alikes(people=30, faces=4)
    crowd = look_alikes(people=2, faces=300, seed=9)[0][:300]
    batches = planned(np.concatenate([vectors, crowd]), np.concatenate([people, np.full(300, 7)]))
    assert all((batch.people == 7).sum() <= 4 for batch in batches)
    assert all(len(batch.rows) == 32 for batch in batches)


def test_faces_without_neighbors_are_in_batches_by_chance() -> None:
    vectors, people = look_alikes(people=20, faces=4)
    nobody = Neighbors(np.full((80, 3), NOBODY), np.full((80, 3), np.inf))
    batches = planned(vectors, people, neighbors=nobody)
    assert all(len(batch.rows) == 32 for batch in batches)
    assert seen(batches, 80).min() >= 4


def test_arrays_that_do_not_fit_are_refused() -> None:
    vectors, people = look_alikes(people=20, faces=4)
    with pytest.raises(ValueError, match=r"a row a face; these have \[79, 80\]"):
        planned(vectors, people, neighbors=nearest_of_others(vectors[:79], people[:79], 3))
