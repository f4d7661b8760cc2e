"""`import_encoder`: from a file that others published to a gallery that is searched by it."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from django.core.files.storage import default_storage

from faces.models import Embedding, EncoderVersion, Gallery, Photo, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.galleries import create_gallery
from faces.services.people import create_person
from faces.services.photos import accept_photo
from faces.services.thresholds import tau_in_force
from faces.tasks import encode_photos
from tests.encoder.networks import discerning_iresnet, published
from tests.faces.commands.running import Ended, run
from tests.faces.photographs import another_photo, astronaut, grace_hopper, jpeg

pytestmark = pytest.mark.django_db

TAUS = (
    "--available",
    "--verification-tau",
    0.8,
    "--recognition-tau",
    0.7,
    "--reason",
    "Between two photos and two people",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IResNet-18 with 512 numbers, as a training program of others saves it."""
    path = tmp_path_factory.mktemp("published") / "arcface_r18.pth"
    torch.save({"epoch": 20, "state_dict": published(discerning_iresnet(), prefix="module.")}, path)
    return path


def imported(file: Path, *words: object, name: str = "ArcFace R18", licence: str = "MIT") -> Ended:
    return run("import_encoder", file, "--architecture", "iresnet18", "--name", name, "--licence", licence, *words)


def told(ended: Ended) -> dict[str, Any]:
    assert ended.status == 0, ended.err
    facts: dict[str, Any] = json.loads(ended.out)
    return facts


def stored_files() -> list[str]:
    return default_storage.listdir("encoders")[1] if default_storage.exists("encoders") else []


def test_a_file_becomes_a_candidate_with_its_licence_its_digest_and_where_it_came_from(file: Path) -> None:
    ended = imported(file, licence="CC-BY-NC-4.0")
    version = EncoderVersion.objects.get(name="ArcFace R18")

    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"New encoder version {version.pk} “ArcFace R18”, candidate\n")
    assert "iresnet18, 512 numbers of 112 x 112 pixels" in ended.out
    assert "CC-BY-NC-4.0. Not for commercial use." in ended.out
    assert version.source == f"arcface_r18.pth (SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()})"
    with default_storage.open(version.weights.removeprefix("storage:")) as stored:
        assert hashlib.sha256(stored.read()).hexdigest() == version.weights_sha256
    assert default_encoder_version() != version


def test_json_is_one_object_with_the_names_of_the_api(file: Path) -> None:
    facts = told(imported(file, "--source", "a friend", "--json"))

    assert (facts["is_new"], facts["state"], facts["dimension"], facts["input_size"]) == (True, "candidate", 512, 112)
    assert (facts["licence"], facts["is_commercial_use_allowed"]) == ("MIT", True)
    assert facts["source"].startswith("a friend (SHA-256 ")


def test_the_same_weights_twice_are_one_version_and_it_says_so(file: Path, tmp_path: Path) -> None:
    first = told(imported(file, "--json"))
    bare = tmp_path / "bare.safetensors"
    safetensors.torch.save_file(published(discerning_iresnet(), counters=False), bare)
    again = imported(bare, name="Other", licence="Apache-2.0")

    assert again.status == 0
    assert again.out.startswith(f"This network is there already, as encoder version {first['id']} “ArcFace R18”")
    assert again.err == "It was stored under the licence “MIT”, and stays under it.\n"
    assert EncoderVersion.objects.filter(architecture="iresnet18").count() == len(stored_files()) == 1


def test_what_is_said_of_the_input_makes_another_version(file: Path) -> None:
    first = told(imported(file, "--json"))
    words = ("--scale", 128, "--mean", "127.5,120,110", "--channel-order", "bgr", "--json")
    second = told(imported(file, *words, name="Other scale"))
    spec = EncoderVersion.objects.get(pk=second["id"]).spec

    assert second["id"] != first["id"]
    assert (spec["scale"], spec["mean"]) == (128, [127.5, 120, 110])


def test_an_alignment_of_ones_own_is_kept(file: Path) -> None:
    facts = told(imported(file, "--alignment", "38,52 74,52 56,72 42,92 71,92", "--json"))
    assert EncoderVersion.objects.get(pk=facts["id"]).spec["alignment"][0] == [38, 52]


def test_a_file_of_another_network_is_refused_with_the_first_names_that_differ(file: Path) -> None:
    words = ("--architecture", "iresnet50", "--name", "R50", "--licence", "MIT")
    ended = run("import_encoder", file, *words)

    assert (ended.status, ended.out) == (2, "")
    assert "does not fit iresnet50" in ended.err
    assert "missing: layer1.2.bn1.weight, layer1.2.bn1.bias, layer1.2.bn1.running_mean and" in ended.err
    assert ended.err.endswith("It looks like iresnet18 with dimension 512 and input size 112.")
    assert (EncoderVersion.objects.filter(name="R50").exists(), stored_files()) == (False, [])


class Touch:
    """Pickled, it runs a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def test_a_file_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    torch.save({"state_dict": Touch(tmp_path / "ran")}, tmp_path / "evil.pth")
    ended = imported(tmp_path / "evil.pth")

    assert (ended.status, stored_files()) == (2, [])
    assert "reading more than tensors could run code" in ended.err
    assert not (tmp_path / "ran").exists()


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert imported(tmp_path).err == f"{tmp_path} is not a file. Name a file of weights."
    missing = imported(tmp_path / "gone.pth")
    assert (missing.status, "gone.pth is not there" in missing.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--available",), "--available needs --verification-tau, --recognition-tau and --reason"),
        (("--available", "--verification-tau", 1, "--recognition-tau", 1), "--available needs"),
        (("--recognition-tau", 1), "add --available"),
        (("--available", "--verification-tau", 5), "tau is a squared distance from 0 to 4; 5 is not"),
        (("--input-size", 128), "Say with --alignment where the face lies in a crop of 128 pixels."),
        (("--alignment", "1,1 2,2"), "give five points"),
        (("--alignment", "1,1 2,2 3,3 4,4 500,5"), "outside of the crop of 112 pixels"),
        (("--mean", "1,2"), "give one number or three"),
        (("--scale", "0"), "0 is not greater than 0"),
        (("--scale", "nan"), "'nan' is not a number"),
        (("--dimension", "5000"), "5000 is more than 4000"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_file_is_read(
    tmp_path: Path, words: tuple[object, ...], says: str
) -> None:
    (tmp_path / "file").write_bytes(b"not read")
    ended = imported(tmp_path / "file", *words)
    assert ended.status != 0
    assert says in ended.err


def test_made_available_at_once_it_has_both_taus(file: Path) -> None:
    facts = told(imported(file, *TAUS, "--json"))
    version = EncoderVersion.objects.get(pk=facts["id"])

    assert facts["state"] == version.state == "available"
    assert tau_in_force(gallery=None, encoder_version=version, use=Threshold.Use.VERIFICATION).tau == 0.8
    assert tau_in_force(gallery=None, encoder_version=version, use=Threshold.Use.RECOGNITION).tau == 0.7


def test_a_candidate_can_be_made_available_by_importing_it_again_and_only_once(file: Path) -> None:
    first = told(imported(file, "--json"))
    assert told(imported(file, *TAUS, "--json")) == first | {"is_new": False, "state": "available"}
    again = imported(file, *TAUS)
    assert (again.status, again.err) == (0, "It is available already; its taus stay as they are.\n")
    assert Threshold.objects.filter(encoder_version=first["id"]).count() == 2


@pytest.fixture
def crew(file: Path) -> Gallery:
    """A gallery of the imported encoder, in which Eileen and Grace are enrolled with one photo each."""
    version = EncoderVersion.objects.get(pk=told(imported(file, *TAUS, "--json"))["id"])
    gallery = create_gallery(name="Crew", encoder_version=version)
    for name, image in (("Eileen Collins", astronaut()), ("Grace Hopper", grace_hopper())):
        person = create_person(gallery=gallery, name=name)
        accept_photo(gallery=gallery, data=jpeg(image), name=f"{name}.jpg", portrait_of=person)
    encode_photos(list(Photo.objects.of(gallery).values_list("pk", flat=True)))
    return gallery


@pytest.fixture
def eileen(tmp_path: Path) -> Path:
    """Another photo of Eileen than the enrolled one."""
    path = tmp_path / "eileen.jpg"
    path.write_bytes(jpeg(another_photo(astronaut())))
    return path


def test_people_are_recognized_and_verified_by_an_imported_encoder_of_512_numbers(crew: Gallery, eileen: Path) -> None:
    vectors = [np.asarray(row.vector) for row in Embedding.objects.of(crew)]
    assert [vector.shape for vector in vectors] == [(512,)] * len(vectors)
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1, atol=1e-2)

    recognized = run("recognize", eileen, "--gallery", "Crew", "--json")
    (face,) = told(recognized)["faces"]
    assert face["person"]["name"] == "Eileen Collins"
    assert face["distance"] < 0.5 < 1.0 < face["candidates"][1]["distance"]
    assert told(recognized)["tau"] == 0.7

    assert run("verify", eileen, "--person", "Eileen Collins", "--gallery", "Crew").status == 0
    assert run("verify", eileen, "--person", "Grace Hopper", "--gallery", "Crew").status == 1


def test_galleries_of_two_encoders_stand_side_by_side(crew: Gallery, eileen: Path) -> None:
    staff = create_gallery(name="Staff")
    person = create_person(gallery=staff, name="Eileen in Staff")
    photo = accept_photo(gallery=staff, data=jpeg(astronaut()), portrait_of=person).photo
    encode_photos([photo.pk])

    for gallery, name in (("Crew", "Eileen Collins"), ("Staff", "Eileen in Staff")):
        (face,) = told(run("recognize", eileen, "--gallery", gallery, "--json"))["faces"]
        assert (face["outcome"], face["person"]["name"]) == ("match", name)
    sizes = {row.gallery.name: len(row.vector) for row in Embedding.objects.select_related("gallery")}
    assert sizes == {"Crew": 512, "Staff": 128}
