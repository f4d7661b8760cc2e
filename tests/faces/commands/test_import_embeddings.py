"""manage.py export_embeddings and import_embeddings: to another installation, and from a program of one's own."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoder.geometry import BoundingBox
from faces.models import Embedding, EncoderVersion, Face, Gallery, Template
from faces.services.galleries import delete_gallery
from tests import factories
from tests.faces.commands.running import Ended, run
from tests.factories import axis, picture

pytestmark = pytest.mark.django_db

LEFT, RIGHT = BoundingBox(10, 10, 70, 90), BoundingBox(90, 10, 150, 90)


@pytest.fixture
def version() -> EncoderVersion:
    return factories.encoder_version(name="Candidate")


def gallery_of_three(name: str, *, along: tuple[int, ...] | None = (3, 4, 5), shifted: float = 0) -> list[Face]:
    """Two faces on one photo and one on another, stored in another order each time; of Ada, of Eve, of nobody."""
    gallery = factories.gallery(name=name)
    ada, eve = factories.person(gallery=gallery, name="Ada"), factories.person(gallery=gallery, name="Eve")
    both = factories.photo(gallery=gallery, data=picture(number=1))
    lone = factories.photo(gallery=gallery, data=picture(number=2))
    places = [(both, ada, LEFT), (both, eve, RIGHT), (lone, None, LEFT)]
    faces: dict[int, Face] = {}
    for index in reversed(range(3)) if along is None else range(3):
        photo, person, box = places[index]
        box = replace(box, left=box.left + shifted, right=box.right + shifted)
        vector = None if along is None else axis(along[index])
        faces[index] = factories.face(photo=photo, person=person, box=box, vector=vector)
    return [faces[index] for index in range(3)]


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_embeddings_find_their_faces_in_another_installation(tmp_path: Path) -> None:
    here = gallery_of_three("Here")
    there = gallery_of_three("There", along=None, shifted=3.5)
    file = tmp_path / "here.npz"
    version = here[0].gallery.encoder_version
    exported = run("export_embeddings", file, "--gallery", "Here")
    assert (exported.status, exported.out) == (0, f"3 embeddings by “{version.name}” are in {file}.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    imported = run("import_embeddings", file, "--encoder-version", version.name, "--gallery", "There")
    assert imported.status == 0, imported.err
    assert imported.out == f"3 faces have embeddings by “{version.name}” now; 0 had one before.\n"
    for old, new in zip(here, there, strict=True):
        assert new.embeddings.get().vector == old.embeddings.get().vector
    assert Template.objects.filter(gallery=there[0].gallery).count() == 2


def test_a_program_may_give_the_ids_of_faces(tmp_path: Path, version: EncoderVersion) -> None:
    faces = gallery_of_three("Here")
    vectors = np.stack([axis(7), axis(8), axis(9)])
    file = saved(tmp_path / "own.npz", faces=np.array([face.pk for face in faces]), vectors=vectors)

    assert run("import_embeddings", file, "--encoder-version", version.pk).status == 0
    assert [list(face.embeddings.get(encoder_version=version).vector).index(1) for face in faces] == [7, 8, 9]

    again = run("import_embeddings", file, "--encoder-version", "Candidate")
    assert again.status == 2
    assert "3 of 3 faces have an embedding by “Candidate” already" in again.err
    replaced = run("import_embeddings", file, "--encoder-version", "Candidate", "--replace")
    assert replaced.out == "3 faces have embeddings by “Candidate” now; 3 had one before.\n"


def test_faces_that_are_not_stored_here_are_left_out_only_when_that_is_said(tmp_path: Path) -> None:
    here = gallery_of_three("Here")
    file = tmp_path / "here.npz"
    run("export_embeddings", file, "--gallery", "Here")
    there = factories.gallery(name="There")
    both = factories.photo(gallery=there, data=picture(number=1))
    face = factories.face(photo=both, box=RIGHT)
    words = ("import_embeddings", file, "--encoder-version", there.encoder_version.pk, "--gallery", "There")

    refused = run(*words)
    assert refused.status == 2
    assert "2 of the 3 faces in the file are not stored here" in refused.err
    assert not Embedding.objects.of(there).exists()

    taken = run(*words, "--skip-missing")
    assert taken.status == 0
    assert taken.out.endswith("2 faces are not stored here and were left out.\n")
    assert face.embeddings.get().vector == here[1].embeddings.get().vector


def test_a_face_at_another_place_of_the_photo_is_another_face(tmp_path: Path) -> None:
    gallery_of_three("Here")
    file = tmp_path / "here.npz"
    run("export_embeddings", file, "--gallery", "Here")
    gallery_of_three("There", along=None, shifted=40)
    version = Gallery.objects.get(name="There").encoder_version

    refused = run("import_embeddings", file, "--encoder-version", version.pk, "--gallery", "There")
    assert "3 of the 3 faces in the file are not stored here" in refused.err


def test_vectors_of_one_version_are_not_taken_for_those_of_another(tmp_path: Path, version: EncoderVersion) -> None:
    gallery_of_three("Here")
    file = tmp_path / "here.npz"
    run("export_embeddings", file, "--gallery", "Here")

    refused = run("import_embeddings", file, "--encoder-version", "Candidate", "--gallery", "Here")
    assert refused.status == 2
    assert "were made by another encoder than “Candidate”" in refused.err


def test_an_export_writes_over_nothing(tmp_path: Path) -> None:
    gallery_of_three("Here")
    (tmp_path / "there.npz").write_text("mine")

    refused = run("export_embeddings", tmp_path / "there.npz", "--gallery", "Here")
    assert (refused.status, refused.out) == (2, "")
    assert "is there already" in refused.err
    assert (tmp_path / "there.npz").read_text() == "mine"
    assert "folder" in run("export_embeddings", tmp_path / "no" / "a.npz", "--gallery", "Here").err


def test_an_export_of_nothing_leaves_no_file(tmp_path: Path, version: EncoderVersion) -> None:
    gallery_of_three("Here")
    file = tmp_path / "a.npz"
    refused = run("export_embeddings", file, "--gallery", "Here", "--encoder-version", "Candidate")

    assert "has no embeddings by “Candidate”" in refused.err
    assert not list(tmp_path.iterdir())


def imported(file: Path, *words: str) -> Ended:
    return run("import_embeddings", file, "--encoder-version", "Candidate", *words)


@pytest.mark.usefixtures("version")
def test_files_that_cannot_be_used_are_refused_in_a_sentence(tmp_path: Path) -> None:
    good = {"faces": np.array([1, 2]), "vectors": np.stack([axis(0), axis(1)])}
    place = {"photos": np.zeros((2, 32), np.uint8), "boxes": np.zeros((2, 4))}
    (tmp_path / "text.npz").write_text("no arrays")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "lone.npy", axis(0))
    objects = saved(tmp_path / "objects.npz", **good | {"faces": np.array([{}, {}], dtype=object)})
    cases = [
        (tmp_path / "none.npz", "is not there"),
        (tmp_path, "is not a file"),
        (tmp_path / "text.npz", "no file of arrays"),
        (tmp_path / "empty.npz", "no file of arrays"),
        (tmp_path / "lone.npy", "no file of arrays"),
        (objects, "no file of arrays"),
        (saved(tmp_path / "a.npz", vectors=good["vectors"]), "“faces” (ids), or “photos”"),
        (saved(tmp_path / "b.npz", faces=good["faces"]), "It needs the array “vectors”"),
        (saved(tmp_path / "c.npz", **good | {"vectors": axis(0)}), "“vectors” are floats (M, D)"),
        (saved(tmp_path / "d.npz", **good | {"faces": np.array([1])}), "“faces” have the shape (2,)"),
        (saved(tmp_path / "e.npz", **place | {"vectors": good["vectors"]}), "say which gallery"),
        (saved(tmp_path / "f.npz", **good | {"vectors": np.eye(2, 64)}), "makes vectors of 128 numbers; these have 64"),
        (saved(tmp_path / "g.npz", **good), "faces 1, 2 are not there"),
    ]
    for file, text in cases:
        ended = imported(file)
        assert (ended.status, ended.out) == (2, ""), file
        assert text in ended.err, ended.err


def test_an_encoder_version_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    face = factories.face(person=factories.person(), vector=axis(0))
    refused = imported(tmp_path / "any.npz")
    assert refused.status == 2
    assert f"There is no encoder version “Candidate”. There is {face.gallery.encoder_version.pk} “" in refused.err


def test_what_was_exported_comes_back_as_it_was(tmp_path: Path) -> None:
    faces = gallery_of_three("Here")
    gallery = faces[0].gallery
    file = tmp_path / "here.npz"
    run("export_embeddings", file, "--gallery", "Here")
    version = gallery.encoder_version
    delete_gallery(gallery=gallery)
    fresh = gallery_of_three("Here", along=None)

    assert run("import_embeddings", file, "--encoder-version", version.pk, "--gallery", "Here").status == 0
    assert [list(face.embeddings.get().vector).index(1) for face in fresh] == [3, 4, 5]
    assert [face.embeddings.get().person_id for face in fresh] == [face.person_id for face in fresh]
