"""How templates are measured: who is looked for among whom, what is planted, and what the tables say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.template_faces import Album, Floats
from benchmarks.template_rates import (
    LARGEST_FMR,
    WAYS,
    against_templates,
    both_averaged,
    by_enrolled,
    first_two,
    part,
    resampled,
    template,
    with_wrong_labels,
)
from benchmarks.templates import ambiguous, compare, noise, outliers, taus
from encoder.noise import scatter
from tests.encoder import loops
from tests.encoder.golden.package_photos import astronaut, hopper
from tests.training.metrics import loops as searched
from training.metrics.identification import LeaveOneOut


def album(seed: int, people: int, most: int, spread: float = 0.03) -> Album:
    """Faces of people with one to `most` photos each, scattered by `spread` along each of 64 axes."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), rng.integers(1, most + 1, size=people))
    centers = rng.normal(size=(people, 64)) / 8
    vectors: Floats = centers[owner] + spread * rng.normal(size=(len(owner), 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nothing = np.zeros(len(owner), dtype=np.bool_)
    return Album(
        owner, np.arange(len(owner)), vectors.astype(np.float32), rng.uniform(size=len(owner)), nothing, ~nothing
    )


def test_every_way_looks_for_the_same_people() -> None:
    few = album(0, 20, 5)

    found = {name: way(few) for name, way in WAYS.items()}

    for searches in found.values():
        assert searches.gallery_size == 20
        assert searches.is_mated.tolist() == [np.sum(few.people == person) > 1 for person in few.people]
        assert np.isfinite(searches.other).all()
    assert len({tuple(searches.own) for searches in found.values()}) == len(WAYS)


def test_the_average_is_that_of_the_distances_to_template_and_nearest_face() -> None:
    few = album(1, 6, 4, 0.1)
    vectors, people, photos = few.embeddings.tolist(), few.people.tolist(), few.photos.tolist()
    result = both_averaged(few)

    for i in range(len(few)):
        averages = {}
        for person in set(people):
            faces = [j for j in range(len(few)) if people[j] == person and j != i]
            if faces:
                whole, _ = loops.template([vectors[j] for j in faces], [float(few.qualities[j]) for j in faces])
                nearest = min(searched.squared_distance(vectors[i], vectors[j]) for j in faces)
                averages[person] = (searched.squared_distance(vectors[i], whole) + nearest) / 2
        assert result.own[i] == pytest.approx(averages.pop(people[i], float("inf")), abs=1e-9)
        assert result.other[i] == pytest.approx(min(averages.values()), abs=1e-9)
    assert photos == list(range(len(few)))


def test_wrong_labels_are_planted_among_people_with_several_photos_only() -> None:
    everybody = album(2, 200, 5)
    counts = np.bincount(everybody.people)
    relabelled, wrong = with_wrong_labels(everybody, 0.2, seed=0)

    assert wrong.sum() == round(0.2 * counts[counts >= 3].sum())
    assert (relabelled.people[wrong] != everybody.people[wrong]).all()
    assert (relabelled.people[~wrong] == everybody.people[~wrong]).all()
    for person in (*everybody.people[wrong], *relabelled.people[wrong]):
        assert counts[person] >= 3


def test_the_two_nearest_people_are_those_of_the_searches() -> None:
    few = album(3, 30, 5, 0.12)
    searches = template(few)
    mated = searches.is_mated

    two = first_two(few)

    assert two.is_right.tolist() == (searches.own < searches.other)[mated].tolist()
    assert 0 < two.is_right.sum() < len(two.is_right)
    np.testing.assert_allclose(two.first, np.minimum(searches.own, searches.other)[mated], atol=1e-12)
    right = two.is_right
    np.testing.assert_allclose(two.second[right], searches.other[mated][right], atol=1e-12)
    assert (two.second >= two.first).all()
    # The gap is 2 x·(t1 - t2), which is 2 ||t1 - t2|| at most.
    assert (two.second - two.first <= 2 * two.apart + 1e-12).all()
    assert (two.apart > 0).all()


def test_the_loosest_tau_of_an_fmr_lets_just_that_share_through() -> None:
    few = album(4, 40, 4)
    non_mated = against_templates(few)
    distances = [
        searched.squared_distance(probe, loops.template(faces.tolist(), qualities.tolist())[0])
        for probe, owner in zip(few.embeddings.tolist(), few.people, strict=True)
        for person in range(40)
        if person != owner
        for faces, qualities in [(few.embeddings[few.people == person], few.qualities[few.people == person])]
    ]

    assert non_mated.count == len(distances)
    np.testing.assert_allclose(non_mated.nearest, sorted(distances)[: len(distances) // 1000], atol=1e-9)
    tau = non_mated.tau_at(LARGEST_FMR)
    assert tau is not None
    assert sum(distance <= tau + 1e-9 for distance in distances) == len(distances) // 1000
    assert non_mated.tau_at(1e-4) is None


def test_resampled_rates_lie_around_the_rate_and_differences_are_of_the_same_people() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(300), 2)
    searches = LeaveOneOut(people, rng.uniform(size=600), rng.uniform(0.4, 2, size=600), 300)
    worse = LeaveOneOut(people, np.where(people < 30, 3.0, searches.own), searches.other, 300)
    drawn = resampled({"one": searches, "same": searches, "worse": worse})

    assert drawn.difference("one", "same") == (0, 0)
    low, high = drawn.difference("worse", "one")
    assert 0 < low < high < 0.2
    low, high = drawn.interval("one")
    tau = np.sort(searches.other)[6]
    assert low < 1 - np.mean((searches.own < searches.other) & (searches.own < tau)) < high
    assert high - low < 0.3


def test_rates_by_enrolled_photos_are_of_those_people_alone() -> None:
    searches = LeaveOneOut(np.arange(4), np.array([0.1, 3, 0.1, np.inf]), np.array([1.0, 2, 2, 2]), 4)

    found = by_enrolled(searches, np.array([1, 2, 2, 0]), ((1, 1), (2, 2), (3, 5)))

    assert found[:2] == [0, 0.5]
    assert np.isnan(found[2])


def test_who_is_not_asked_stays_in_the_gallery() -> None:
    searches = template(album(5, 10, 3))
    some = np.arange(len(searches.people)) % 2 == 0

    assert part(searches, some).gallery_size == 10
    assert part(searches, some).own.tolist() == searches.own[some].tolist()


def test_the_tables_say_what_they_return(capsys: pytest.CaptureFixture[str]) -> None:
    everybody = album(6, 150, 8, 0.12)
    nobody = np.zeros(len(everybody), dtype=np.bool_)
    compared = compare("as they are", everybody, nobody)
    left_out, recognition = outliers(everybody), taus(everybody)
    measured = scatter(everybody.embeddings, everybody.people, everybody.qualities)
    scattered = noise(everybody, measured)
    doubt = ambiguous(everybody, 0.03)
    out = capsys.readouterr().out

    assert set(compared) == set(WAYS)
    assert all(f"\n{way} " in out for way in WAYS)
    assert list(left_out) == ["2", "2.5", "3", "4"]
    assert recognition["non_mated"] == 149 * len(everybody)
    assert f"sigma {scattered['sigma']:.4f}" in out
    searches = [row["searches"] for row in doubt.values() if isinstance(row, dict)]
    assert sum(searches) == len(first_two(everybody).first)


def test_copies_share_their_photos_number_and_bad_ones_take_the_place_of_good_ones(tmp_path: Path) -> None:
    for name, photo in (("Hopper", hopper()), ("Astronaut", astronaut())):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(photo).save(tmp_path / name / f"{number}.png")
    faces = Album.of(tmp_path, limit=None, copies=True)

    assert (~faces.is_copy).sum() == 6
    assert set(faces.photos[faces.is_copy]) <= {0, 5}
    for copy in np.flatnonzero(faces.is_copy):
        original = np.flatnonzero((faces.photos == faces.photos[copy]) & ~faces.is_copy)
        assert faces.people[original].tolist() == [faces.people[copy]]
        assert not np.array_equal(faces.embeddings[original[0]], faces.embeddings[copy])
    bad = faces.with_bad_photos()
    assert bad.is_good.all()
    assert len(np.unique(bad.photos)) == len(bad)
    faces.save(tmp_path / "faces.npz")
    again = Album.load(tmp_path / "faces.npz")
    assert again.embeddings.tobytes() == faces.embeddings.tobytes()
    assert again.people.tolist() == faces.people.tolist()


def test_a_folder_without_a_face_is_an_end_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()
    Image.new("RGB", (120, 120)).save(tmp_path / "Ada" / "1.png")

    with pytest.raises(SystemExit, match="shows a face"):
        Album.of(tmp_path, limit=None, copies=False)
