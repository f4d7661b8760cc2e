"""What is planted, how it is scored, and that real mistakes are found among real photos."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.label_noise import Drawing, Told, compared, difference, judge, train
from benchmarks.label_noise_found import Score, as_it_is, measure, scores
from benchmarks.label_noise_planted import plant
from benchmarks.retraining_faces import Album as Crops
from benchmarks.template_faces import Album
from encoder.pipeline import FaceEncoder
from tests.training.mining.crowds import crowd, mistaken_crowd
from training.configuration import Augmentation, Layers, Negatives, TrainingConfiguration
from training.mining.sets import Part
from training.mining.suspects import find_suspects


def test_people_under_two_names_keep_all_their_photos_between_the_two() -> None:
    people = np.repeat(np.arange(40), 5)
    planted = plant(people, np.random.default_rng(0), count=30, twice=4, wrong=3)

    assert (len(planted.twice), len(planted.wrong)) == (4, 3)
    assert len(np.unique(people[planted.rows])) == 30
    for first, second in planted.twice:
        under_first, under_second = (set(planted.truth[planted.names == name].tolist()) for name in (first, second))
        assert under_first == under_second == {first}
        assert np.sum(planted.names == second) == 2
    moved = np.flatnonzero((planted.names != planted.truth) & (planted.names < 30))
    assert moved.tolist() == planted.wrong.tolist()
    assert planted.owners.tolist() == planted.truth[planted.wrong].tolist()
    assert not set(planted.owners.tolist()) & set(planted.twice[:, 0].tolist())
    assert not set(planted.names[planted.wrong].tolist()) & set(planted.twice.ravel().tolist())


def test_the_same_seed_plants_the_same_and_nobody_comes_with_more_photos_than_asked_for() -> None:
    people = np.repeat(np.arange(40), 9)
    first, second = (plant(people, np.random.default_rng(3), count=30, most=6) for _ in range(2))
    assert first.names.tolist() == second.names.tolist()
    assert np.bincount(first.truth).max() == 6


def test_too_few_people_with_photos_enough_are_refused() -> None:
    with pytest.raises(ValueError, match="3 people have 2 photos or more"):
        plant(np.repeat(np.arange(3), 2), np.random.default_rng(0), count=4, fewest=2)


def test_scores_count_what_was_planted_and_what_was_not() -> None:
    mistaken = mistaken_crowd(0)
    suspects = find_suspects(mistaken.vectors, mistaken.names)
    people, faces = scores(mistaken.planted, suspects)
    assert people.planted == faces.planted == 6
    assert people.found + people.false == len(suspects.people)
    assert faces.found + faces.false == len(suspects.faces)

    score = Score(10, 8, 2)
    assert (score.recall.value, score.precision.value) == (0.8, 0.8)
    assert score + Score(10, 10, 0) == Score(20, 18, 2)
    assert Score(10, 0, 0).as_json()["precision"]["value"] is None  # type: ignore[index]


def album(people: int, photos: int) -> Album:
    vectors, owners = crowd(np.random.default_rng(5), np.full(people, photos))
    nothing = np.zeros(len(owners), dtype=np.bool_)
    return Album(owners, np.arange(len(owners)), vectors, np.full(len(owners), 0.8), nothing, ~nothing)


def test_the_benchmark_tells_recall_and_precision(capsys: pytest.CaptureFixture[str]) -> None:
    told = measure(album(210, 4), seeds=2, fewest=4)
    assert told["people"]["planted"] == 20  # type: ignore[index]
    assert told["people"]["recall"]["value"] > 0.9  # type: ignore[index]
    assert told["faces"]["precision"]["value"] > 0.8  # type: ignore[index]
    assert "people under two names: recall" in capsys.readouterr().out


def test_mistakes_of_the_data_set_itself_are_found(shared_data: Path, tmp_path: Path) -> None:
    for person in (
        "Recep_Tayyip_Erdogan", "Abdullah_Gul", "Emmy_Rossum", "Eva_Amurri", "Tom_Hanks", "Jennifer_Garner",
        "Guillermo_Coria", "Bill_Gates", "Roger_Federer", "Naomi_Watts", "Carmen_Electra", "Lance_Armstrong",
        "Pierce_Brosnan", "Jackie_Chan", "Michael_Bloomberg", "Winona_Ryder", "Julianne_Moore", "Mike_Weir",
    ):  # fmt: skip
        (tmp_path / person).symlink_to(shared_data / "lfw" / person)
    faces = Album.of(tmp_path, limit=None, copies=False)
    found = as_it_is(faces, tmp_path)
    assert ["Emmy_Rossum_0001.jpg", "Eva_Amurri_0001.jpg"] in found
    assert "Recep_Tayyip_Erdogan_0004.jpg" in {first for first, _ in found}
    assert len(found) <= 3


def test_a_difference_is_paired_with_students_interval() -> None:
    gap = difference([0.3, 0.5, 0.4], [0.1, 0.2, 0.3])
    assert gap["mean"] == pytest.approx(0.2)
    assert gap["low"] == pytest.approx(0.2 - 0.2484, abs=1e-4)
    assert gap["high"] == pytest.approx(0.2 + 0.2484, abs=1e-4)
    assert np.isnan(difference([0.3], [0.1])["low"])


def test_the_guard_is_compared_with_doing_without() -> None:
    told = {
        way: [Told(eer, 1 - eer, 0.9, 0.1)] for way, eer in (("without", 0.04), ("with", 0.03), ("true names", 0.02))
    }
    gaps = compared(told)
    assert gaps["with: eer"]["mean"] == pytest.approx(-0.01)
    assert gaps["true names: tar"]["mean"] == pytest.approx(0.02)
    assert gaps["with: twice"]["mean"] == 0


def small_drawing() -> Drawing:
    """Forty-four people with four pictures each of a pattern and noise of their own; half of them are held out."""
    rng = np.random.default_rng(7)
    people = np.repeat(np.arange(44), 4)
    patterns = rng.integers(0, 200, (44, 150, 150, 3), dtype=np.uint8)
    crops = patterns[people] + rng.integers(0, 56, (176, 150, 150, 3), dtype=np.uint8)
    return Drawing.of(Crops(crops, people), 0, people=22)


def test_who_is_not_drawn_is_held_out_and_true_names_differ_where_mistakes_are() -> None:
    drawing = small_drawing()
    held_out = drawing.faces.rows_of(Part.HELD_OUT)
    assert (len(held_out), len(np.unique(drawing.faces.people[held_out]))) == (88, 22)
    names = drawing.under(drawing.planted.truth).people
    assert names[held_out].tolist() == drawing.faces.people[held_out].tolist()
    changed = np.flatnonzero(names != drawing.faces.people)
    assert len(changed) == 10 * 2 + 10
    assert set(drawing.planted.wrong.tolist()) <= set(changed.tolist())


def test_people_who_are_told_apart_have_no_errors() -> None:
    drawing = small_drawing()
    truth = np.concatenate([drawing.planted.truth, drawing.faces.people[len(drawing.planted.truth) :]])
    vectors = np.eye(int(truth.max()) + 1, dtype=np.float32)[truth]
    told = judge(drawing, vectors)
    assert (told.eer, told.tar, told.own_tar, told.twice) == (0, 1, 1, 0)


@pytest.mark.parametrize("way", ["without", "with", "true names"])
def test_each_way_trains_and_is_judged(way: str) -> None:
    configuration = TrainingConfiguration(
        layers=Layers.HEAD,
        augmentation=Augmentation.NONE,
        negatives=Negatives.BLOCKWISE,
        epochs=2,
        steps_per_epoch=2,
        people_per_batch=4,
    )
    before, after = train(small_drawing(), way, FaceEncoder.load().spec, configuration)
    assert before != after
    assert 0 <= after.eer <= 1
    assert 0 < after.twice < 4
