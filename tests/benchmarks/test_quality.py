"""How quality is measured: who is compared with whom, what a copy is, and that a fit finds what is there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.degradations import DEGRADATIONS, Subject
from benchmarks.quality import mated_pairs, mixed, tau_of
from benchmarks.quality_faces import AS_IT_IS, MeasuredFaces, measure_faces, people_of
from benchmarks.quality_fit import compare_with_originals, fit
from encoder.geometry import BoundingBox
from encoder.pipeline import FaceEncoder
from encoder.quality import Weaknesses, score
from tests.encoder.golden.package_photos import astronaut, hopper

TERMS = len(Weaknesses.__dataclass_fields__)


def measured(person: list[int], photo: list[int], kind: list[str], embedding: np.ndarray) -> MeasuredFaces:
    count = len(person)
    zeros = np.zeros(count)
    return MeasuredFaces(
        person=np.array(person),
        half=np.ones(count, dtype=bool),
        photo=np.array(photo),
        kind=np.array(kind),
        embedding=embedding.astype(np.float32),
        detection_score=zeros,
        agreement=zeros,
        size=zeros,
        sharpness=zeros,
        brightness=zeros,
        yaw=zeros,
        pitch=zeros,
        weaknesses=np.zeros((count, TERMS)),
    )


def axes(*numbers: int) -> np.ndarray:
    return np.eye(8)[list(numbers)]


def test_a_person_s_faces_are_compared_with_each_other_but_no_photo_with_its_copy() -> None:
    faces = measured([0, 0, 0, 1, 1], [0, 0, 1, 2, 3], ["", "haze", "", "", ""], axes(0, 0, 0, 1, 1))

    assert {tuple(sorted(pair)) for pair in mated_pairs(faces).tolist()} == {(0, 2), (1, 2), (3, 4)}


def test_each_face_is_held_against_the_good_photos_of_its_person_only() -> None:
    embedding = np.vstack([axes(0, 0, 1), axes(2, 2)])  # of person 0 the third photo matches no other
    faces = measured([0, 0, 0, 1, 1], [0, 0, 1, 2, 3], ["", "haze", "", "", "haze"], embedding)

    compared = compare_with_originals(faces, tau=0.5)

    assert compared.count.tolist() == [1, 1, 1, 0, 1]
    assert compared.misses.tolist() == [1, 1, 1, 0, 0]
    assert compared.rate.tolist() == [1, 1, 1, 0, 0]


def test_every_photo_is_judged_and_the_first_copy_of_every_fourth() -> None:
    photos = np.repeat(np.arange(8), 3).tolist()
    faces = measured([0] * 24, photos, ["", "haze", "JPEG 30"] * 8, np.zeros((24, 8)))

    chosen = np.flatnonzero(mixed(faces)).tolist()

    assert chosen == sorted([*range(0, 24, 3), 1, 13])


def test_tau_lets_one_comparison_of_different_people_in_a_thousand_pass() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(300, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    faces = measured([*range(299), 298], list(range(300)), [""] * 300, vectors)
    distances = 2 - 2 * vectors @ vectors.T
    non_mated = distances[np.triu_indices(300, 1)][:-1]  # the last pair is the mated one

    assert (non_mated <= tau_of(faces)).mean() == pytest.approx(1e-3, abs=2e-5)


def test_a_fit_finds_the_weights_by_which_faces_were_made_to_miss() -> None:
    rng = np.random.default_rng(0)
    count = 6000
    terms = rng.exponential(size=(count, TERMS))
    truth, offset = np.array([1.5, 0.0, 0.8, 0.4, 0.0, 2.0]), 4.0
    misses = rng.random(count) < 1 / (1 + np.exp(offset - terms @ truth))
    # each face has one good photo to be held against, which it matches or not
    person = np.repeat(np.arange(count), 2)
    embedding = np.zeros((2 * count, 8))
    embedding[0::2, 0] = 1
    embedding[1::2, 0], embedding[1::2, 1] = ~misses, misses
    faces = measured(person.tolist(), list(range(2 * count)), ["haze", AS_IT_IS] * count, embedding)
    faces.weaknesses[0::2] = terms

    fitted = fit(faces, tau=0.5)

    assert fitted.weights == pytest.approx(truth, abs=0.2)
    assert fitted.offset == pytest.approx(offset, abs=0.4)
    assert fitted.weights.min() >= 0


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_copy_differs_from_its_photo_and_is_the_same_each_time(name: str) -> None:
    photo = Image.fromarray(astronaut()[:260, 90:350])
    box = BoundingBox(80, 50, 180, 180)

    first, second = (
        np.asarray(DEGRADATIONS[name](Subject(photo, box, np.random.default_rng(7)))).astype(int) for _ in range(2)
    )

    assert np.array_equal(first, second)
    assert first.shape != np.asarray(photo).shape or np.abs(first - np.asarray(photo)).max() > 10


def test_a_reduced_face_has_the_size_that_was_asked_for() -> None:
    photo = Image.fromarray(hopper())
    subject = Subject(photo, BoundingBox(0, 0, 200, 250), np.random.default_rng(0))

    assert DEGRADATIONS["20 pixels"](subject).size == (round(photo.width / 10), round(photo.height / 10))


def test_faces_are_measured_and_kept_in_a_file(tmp_path: Path) -> None:
    for person, pixels in {"ada": astronaut()[:260, 90:350], "grace": hopper()}.items():
        for number in range(3):
            path = tmp_path / person / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.roll(pixels, number, axis=1)).save(path)
    (tmp_path / "alone").mkdir()
    Image.fromarray(hopper()).save(tmp_path / "alone" / "0.png")

    sources = people_of(tmp_path, limit=None, photos_each=2)
    faces = measure_faces(FaceEncoder.load(device="cpu", precision="float32"), sources, copies=1)
    faces.save(tmp_path / "faces.npz")
    again = MeasuredFaces.load(tmp_path / "faces.npz")

    assert len(sources) == 4
    assert faces.person[faces.is_original].tolist() == [0, 0, 1, 1]
    assert set(faces.kind) - {AS_IT_IS} <= set(DEGRADATIONS)
    assert np.array_equal(again.embedding, faces.embedding)
    assert np.array_equal(again.score, score(Weaknesses(*faces.weaknesses.T)))
