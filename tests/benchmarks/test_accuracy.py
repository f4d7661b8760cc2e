"""How accuracy is measured: who is compared with whom, and what a face that was not found counts as."""

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from benchmarks.accuracy_album import Album, Contestant, Face, in_turns
from benchmarks.accuracy_rates import (
    Portraits,
    accuracy_of_pairs,
    all_pairs,
    first_of_each,
    fnir_at_fpir,
    probes_against,
    searches_for_one_photo,
    searches_for_templates,
    tar_at_fmr,
    tau_at_fpir,
)
from benchmarks.degradations import Subject, covered_side
from encoder.geometry import BoundingBox
from encoder.images import Pixels
from training.metrics.identification import LeaveOneOut

Vectors = npt.NDArray[np.float64]


def units(count: int, dimension: int = 4, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    normalized: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized


def portraits(people: list[int], missing: tuple[int, ...] = (), seed: int = 0, dimension: int = 4) -> Portraits:
    faces: list[Face | None] = [(row.astype(np.float32), 0.5) for row in units(len(people), dimension, seed)]
    for index in missing:
        faces[index] = None
    return Portraits.gathered(np.array(people), faces)


def distance(a: Vectors, b: Vectors) -> float:
    return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def test_embeddings_of_any_length_become_units_and_a_missing_face_stays_nothing() -> None:
    gathered = Portraits.gathered(np.array([0, 1]), [(np.array([3, 4], np.float32), 0.7), None])
    assert gathered.embeddings[0] == pytest.approx([0.6, 0.8])
    assert gathered.is_found.tolist() == [True, False]
    assert gathered.quality.tolist() == [0.7, 0]


def test_over_all_pairs_a_missing_face_matches_nobody() -> None:
    people = [0, 0, 0, 1, 1, 2, 2, 3]
    seen = portraits(people, missing=(1, 7))
    curve = all_pairs(seen)
    tau, counts = 2.2, {True: [0, 0], False: [0, 0]}
    for i, j in itertools.combinations(range(len(people)), 2):
        total_and_matches = counts[people[i] == people[j]]
        total_and_matches[0] += 1
        if {i, j}.isdisjoint({1, 7}) and distance(seen.embeddings[i], seen.embeddings[j]) <= tau:
            total_and_matches[1] += 1
    point = curve.at(tau)
    assert (curve.mated, curve.non_mated) == (counts[True][0], counts[False][0]) == (5, 23)
    assert point.tar == pytest.approx(counts[True][1] / 5)
    assert point.fmr == pytest.approx(counts[False][1] / 23)
    assert 0 < point.tar < 1


def test_a_pair_with_a_missing_face_is_decided_as_different_people() -> None:
    same = np.array([1.0, 0.0], np.float32)
    other = np.array([0.0, 1.0], np.float32)
    faces: list[Face | None] = [(same, 1.0), (same, 1.0), (other, 1.0), (same, 1.0), None]
    seen = Portraits.gathered(np.array([0, 0, 1, 0, 0]), faces)
    first, folds = np.zeros(8, np.int64), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    right = np.array([1, 2, 1, 2, 1, 2, 3, 2])
    assert accuracy_of_pairs(seen, first, right, folds).mean == 1.0
    with_missing = np.array([1, 2, 1, 2, 4, 2, 3, 2])
    assert accuracy_of_pairs(seen, first, with_missing, folds).mean == pytest.approx(7 / 8)


def test_probes_are_compared_with_their_own_reference_and_with_everybody_else_s() -> None:
    references, probes = portraits([0, 1, 2, 3], seed=1), portraits([0, 1, 2, 3], missing=(2,), seed=2)
    curve = probes_against(references, probes)
    matches = {True: 0, False: 0}
    for i, j in itertools.product(range(4), range(4)):
        near = distance(probes.embeddings[i], references.embeddings[j]) <= 2.0
        matches[i == j] += i != 2 and near
    assert (curve.mated, curve.non_mated) == (4, 12)
    assert curve.at(2.0).tar == pytest.approx(matches[True] / 4)
    assert curve.at(2.0).fmr == pytest.approx(matches[False] / 12)


def test_without_any_face_nothing_matches_at_any_fmr() -> None:
    nobody = portraits([0, 1, 2], missing=(0, 1, 2))
    assert tar_at_fmr(probes_against(portraits([0, 1, 2], dimension=128), nobody), 0.01) == (0.0, 0.0)


def test_of_each_person_only_the_first_photos_are_taken() -> None:
    assert first_of_each(np.array([7, 3, 7, 7, 3, 9]), 2).tolist() == [0, 1, 2, 4, 5]


def test_a_template_is_the_weighted_mean_of_the_other_photos() -> None:
    people, weights = np.array([0, 0, 0, 1, 1, 2]), np.array([1.0, 0.5, 0.2, 1.0, 0.3, 0.9])
    embeddings = units(6)
    searches = searches_for_templates(embeddings, people, weights)
    for probe in range(6):
        templates = {}
        for person in range(3):
            total = np.zeros(4)
            for photo in range(6):
                if people[photo] == person and photo != probe:
                    total = total + weights[photo] * embeddings[photo]
            templates[person] = total / np.linalg.norm(total) if total.any() else None
        own = templates.pop(people[probe])
        assert searches.own[probe] == pytest.approx(np.inf if own is None else distance(embeddings[probe], own))
        assert searches.other[probe] == pytest.approx(
            min(distance(embeddings[probe], template) for template in templates.values() if template is not None)
        )
    assert searches.gallery_size == 3


def test_with_one_photo_each_a_face_meets_its_next_photo_and_the_first_ones_of_others() -> None:
    people = np.array([0, 1, 0, 2, 0, 1])
    embeddings = units(6)
    searches = searches_for_one_photo(embeddings, people)
    mates, firsts = [2, 5, 4, None, 0, 1], {0: 0, 1: 1, 2: 3}
    for probe, mate in enumerate(mates):
        own = np.inf if mate is None else distance(embeddings[probe], embeddings[mate])
        assert searches.own[probe] == pytest.approx(own)
        others = [distance(embeddings[probe], embeddings[row]) for who, row in firsts.items() if who != people[probe]]
        assert searches.other[probe] == pytest.approx(min(others))


def test_the_tau_of_an_fpir_lets_that_share_pass_and_one_more_would_be_too_many() -> None:
    other = np.array([0.1, 0.2, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    searches = LeaveOneOut(people=np.arange(10), own=np.full(10, 0.3), other=other, gallery_size=10)
    assert searches.fpir(tau_at_fpir(searches, 0.3)).value == pytest.approx(0.3)
    assert tau_at_fpir(searches, 0.3) == pytest.approx(0.4)
    assert searches.fpir(tau_at_fpir(searches, 0.2)).value == pytest.approx(0.1)  # both at 0.2 would pass
    assert tau_at_fpir(searches, 1.0) == 4.0


def test_only_counted_searches_are_judged_at_the_tau_of_all() -> None:
    own = np.array([0.1, 0.9, 0.1, np.inf])
    searches = LeaveOneOut(people=np.arange(4), own=own, other=np.array([0.5, 1.0, 1.5, 2.0]), gallery_size=4)
    assert fnir_at_fpir(searches, 0.25, np.array([True, True, True, True])) == pytest.approx(0.0)
    assert fnir_at_fpir(searches, 0.0, np.array([False, True, True, True])) == pytest.approx(1 / 2)
    assert np.isnan(fnir_at_fpir(searches, 0.25, np.zeros(4, bool)))


@pytest.fixture
def album(tmp_path: Path) -> Album:
    for person, photos in {"Ada": 3, "Bob": 2, "Cid": 1}.items():
        (tmp_path / person).mkdir()
        for number in range(1, photos + 1):
            color = (ord(person[0]), number, 0)
            Image.new("RGB", (40, 40), color).save(tmp_path / person / f"{person}_{number:04d}.png")
    lines = ["Ada 1 2", "Bob 1 2", "Ada 1 Bob 1", "Ada 2 Cid 1", "Ada 1 3", "Ada 9 Bob 1"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines))
    return Album.read(tmp_path, tmp_path / "pairs.txt", None)


def test_an_album_has_the_photos_in_order_and_the_pairs_of_photos_that_are_there(album: Album) -> None:
    assert [(name.person, name.number) for name in album.names] == [
        *(("Ada", 1), ("Ada", 2), ("Ada", 3), ("Bob", 1), ("Bob", 2), ("Cid", 1))
    ]
    assert album.people.tolist() == [0, 0, 0, 1, 1, 2]
    assert np.transpose(album.pairs).tolist() == [[0, 1, 0], [3, 4, 0], [0, 3, 0], [1, 5, 0], [0, 2, 1]]
    assert album.open(4)[0, 0].tolist() == [ord("B"), 2, 0]


def test_a_part_of_an_album_keeps_its_photos_and_their_pairs(album: Album) -> None:
    part = album.part(np.array([3, 0, 5]))
    assert [part.open(number)[0, 0, 0] for number in range(3)] == [ord("B"), ord("A"), ord("C")]
    assert np.transpose(part.pairs).tolist() == [[1, 0, 0]]


def test_mated_pairs_are_of_as_many_people(album: Album) -> None:
    references, probes = album.mated_pairs(10)
    assert (references.tolist(), probes.tolist()) == ([0, 3], [1, 4])
    assert album.photos_of_pairs(1).tolist() == [0, 1]


def test_a_degraded_album_is_worse_the_same_way_each_time_and_as_it_is_without_a_face(album: Album) -> None:
    faces = [BoundingBox(4, 4, 16, 16), None, *[BoundingBox(4, 4, 16, 16)] * 4]
    worse = album.degraded(covered_side(0.5), faces)
    assert np.array_equal(worse.open(0), worse.open(0))
    assert not np.array_equal(worse.open(0), album.open(0))
    assert np.array_equal(worse.open(1), album.open(1))
    assert np.array_equal(album.degraded(None, faces).open(0), album.open(0))


def test_a_covered_side_is_a_bar_over_a_share_of_the_face() -> None:
    photo = Image.new("RGB", (40, 40), (255, 255, 255))
    sides = set()
    for seed in range(8):
        subject = Subject(photo, BoundingBox(10, 8, 30, 32), np.random.default_rng(seed))
        pixels = np.array(covered_side(0.25)(subject))
        rows, columns = np.nonzero((pixels != 255).all(axis=2))
        assert (rows.min(), rows.max()) == (8, 31)
        sides.add((int(columns.min()), int(columns.max())))
    assert sides == {(10, 14), (25, 29)}


def test_contestants_take_turns_and_each_sees_its_own_share(album: Album) -> None:
    order: list[str] = []

    def contestant(name: str) -> Contestant:
        def see(photos: list[Pixels]) -> list[Face | None]:
            order.extend(f"{name}{photo[0, 0, 0]}" for photo in photos)
            return [(np.array([1.0, photo[0, 0, 1]], np.float32), 1.0) for photo in photos]

        return Contestant(name, see)  # type: ignore[arg-type]

    ours, rival = contestant("o"), contestant("r")
    big = album.part(np.tile(np.arange(6), 20))
    seen = in_turns(big, {ours: np.arange(120), rival: np.array([0, 5, 9, 11])}, "photos")
    assert len(seen[ours]) == 120
    assert seen[rival].people.tolist() == [0, 2, 1, 2]
    assert seen[rival].embeddings[2] == pytest.approx(np.array([1, 1]) / np.sqrt(2))
    rows = [index for index, entry in enumerate(order) if entry.startswith("r")]
    assert order[0] == "o65"
    assert order[-1] in ("o67", "r67")
    assert len(order) == 124
    assert rows[0] < 62 < rows[-1]
