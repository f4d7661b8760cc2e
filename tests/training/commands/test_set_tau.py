"""`set_tau`, as it is called."""

import json

import pytest

from faces.models import Gallery, Threshold
from tests import factories
from tests.faces.commands.running import run
from tests.training import measured as rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    """One that was measured."""
    gallery = factories.gallery(name="Staff")
    rows.report(gallery=gallery)
    return gallery


def test_a_tau_for_recognition_is_set_by_its_fpir(gallery: Gallery) -> None:
    ended = run(
        "set_tau", "--gallery", "Staff", "--use", "recognition", "--fpir", 0.1, "--reason", "The door", "--json"
    )
    assert ended.status == 0, ended.err
    *lines, last = ended.out.splitlines()
    told, row = json.loads(last), Threshold.objects.get(gallery=gallery)
    assert (told["tau"], told["error_rate"], told["gallery_size"]) == (row.tau, 0.1, 60)
    assert (row.use, row.error_rate_kind, row.reason) == ("recognition", "fpir", "The door")
    assert lines[0].startswith(f"tau for recognition in gallery “Staff” is {row.tau:g} now")
    assert any(line.strip().startswith("FPIR among 60 people: ") for line in lines)
    assert any("60 people and 240 photos of this gallery" in line for line in lines)


def test_a_tau_for_verification_is_set_by_its_fmr(gallery: Gallery) -> None:
    ended = run("set_tau", "--gallery", "Staff", "--use", "verification", "--fmr", 0.05, "--reason", "The app")
    assert ended.status == 0, ended.err
    row = Threshold.objects.get(gallery=gallery)
    assert (row.error_rate_kind, row.error_rate, row.gallery_size) == ("fmr", 0.05, None)


def test_a_tau_is_set_by_hand_for_a_version_that_does_not_serve_yet(gallery: Gallery) -> None:
    version = factories.encoder_version(name="Next")
    ended = run(
        *("set_tau", "--gallery", "Staff", "--use", "verification", "--tau", 0.2),
        *("--reason", "Before it serves", "--encoder-version", "Next"),
    )
    assert ended.status == 0, ended.err
    assert "were not measured" in ended.out
    row = Threshold.objects.get(gallery=gallery)
    assert (row.encoder_version, row.tau, row.error_rate) == (version, 0.2, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--use", "recognition", "--fpir", 1e-6], "cannot be shown with the 60 people"),
        (["--use", "recognition", "--fmr", 0.01], "asked for by its fpir"),
        (["--use", "verification", "--fmr", 2], "between 0 and 1"),
        (["--use", "recognition", "--tau", 5], "from 0 to 4"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_sentence(gallery: Gallery, words: list[object], says: str) -> None:
    before = Threshold.objects.count()
    ended = run("set_tau", "--gallery", "Staff", *words, "--reason", "The door")
    assert ended.status == 2
    assert says in ended.err
    assert Threshold.objects.count() == before


def test_a_gallery_that_was_not_measured_gets_a_tau_by_hand_only() -> None:
    factories.gallery(name="Visitors")
    ended = run("set_tau", "--gallery", "Visitors", "--use", "recognition", "--fpir", 0.1, "--reason", "The door")
    assert (ended.status, "Measure the gallery first" in ended.err) == (2, True)
    assert run("set_tau", "--gallery", "Visitors", "--use", "recognition", "--tau", 0.1, "--reason", "x").status == 0
