"""`group_unknown_faces`: the job, done at once on the command line."""

import json

import pytest

from faces.models import Face, Gallery, Job
from faces.services.probable_people import request_grouping
from tests import factories
from tests.faces.commands.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    gallery = factories.gallery(name="Staff")
    for person in (0, 0, 0, 1):
        factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(person))
    return gallery


def test_the_groups_are_made_and_counted(gallery: Gallery) -> None:
    ended = run("group_unknown_faces", "--gallery", "Staff", "--json")
    assert ended.status == 0, ended.err
    *text, last = ended.out.splitlines()
    assert text == [
        "Unknown faces that can be compared: 4",
        "Probable people: 1, of which new 1; their faces: 3",
    ]
    assert json.loads(last) == {
        "faces_compared": 4,
        "probable_people": 1,
        "their_faces": 3,
        "new_probable_people": 1,
    }
    assert Face.objects.filter(probable_person__isnull=False).count() == 3
    assert Job.objects.get().state == Job.State.SUCCEEDED


def test_progress_is_shown_on_standard_error(gallery: Gallery, capsys: pytest.CaptureFixture[str]) -> None:
    run("group_unknown_faces", "--gallery", "Staff")
    assert "4/4" in capsys.readouterr().err


def test_what_is_under_way_already_is_not_begun_again(gallery: Gallery) -> None:
    request_grouping(gallery=gallery)
    ended = run("group_unknown_faces", "--gallery", "Staff")
    assert (ended.status, "under way already" in ended.err) == (2, True)


def test_ctrl_c_leaves_everything_as_it_was(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("faces.services.grouping.write_groups", interrupted)
    ended = run("group_unknown_faces", "--gallery", "Staff")
    assert (ended.status, "as they were" in ended.err) == (130, True)
    assert Job.objects.get().state == Job.State.CANCELLED
    assert not Face.objects.filter(probable_person__isnull=False).exists()


def test_a_gallery_that_there_is_not_is_said_so(gallery: Gallery) -> None:
    ended = run("group_unknown_faces", "--gallery", "Staf")
    assert (ended.status, "no gallery" in ended.err) == (2, True)
