"""Asking for a training run: whatever can be found out is found out before anything is made."""

import hashlib
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from encoder.spec import EncoderSpec
from faces.exceptions import ConflictError, UnavailableError
from faces.models import EncoderVersion, Gallery, Job
from faces.services.working import request_work
from training.configuration import TrainingConfiguration
from training.mining.sets import Part
from training.models import TrainingRun
from training.services.run_states import settle_runs
from training.services.training_sets import choose_faces


def request_training(
    *, gallery: Gallery, configuration: TrainingConfiguration, user: User | None = None
) -> TrainingRun:
    """Queue the retraining of the encoder that serves a gallery; the caller sends the job after the commit.

    Args:
        gallery: whose photos are learned from.
        configuration: how. Whether its device is there only the worker knows.
        user: who asks.

    Raises:
        InvalidConfigurationError: a setting is wrong, or a batch has more people than can be trained on.
        TooLittleToLearnError: the gallery has too few people or photos; the text says what is missing.
        ConflictError: another run of this gallery is under way.
        UnavailableError: the encoder's weights are missing, or others than they were.
    """
    configuration.checked()
    settle_runs(gallery=gallery)
    _refuse_second(gallery)
    check_weights(gallery.encoder_version)
    choose_faces(gallery, configuration, before=timezone.now())
    with transaction.atomic():
        held = Gallery.objects.select_for_update(no_key=True).select_related("encoder_version").get(pk=gallery.pk)
        _refuse_second(held)
        run = TrainingRun.objects.create(
            gallery=held,
            parent=held.encoder_version,
            configuration=configuration.as_json(),
            requested_by=user,
        )
        run.job = request_work(
            gallery=held,
            kind=Job.Kind.TRAINING,
            title=f"Retraining of “{held.encoder_version.name}” on “{held.name}”",
            parameters={"run": run.pk},
            user=user,
        )
        run.save(update_fields=["job"])
    return run


def fitted(gallery: Gallery, configuration: TrainingConfiguration) -> TrainingConfiguration:
    """Return the settings with fewer people in a batch where the gallery has fewer to train on.

    Raises:
        TooLittleToLearnError: the gallery has too few people or photos altogether.
    """
    smallest = replace(configuration, people_per_batch=2)
    there = choose_faces(gallery, smallest).people_in(Part.TRAINED_ON)
    return replace(configuration, people_per_batch=min(configuration.people_per_batch, there))


def check_weights(version: EncoderVersion) -> None:
    """Make sure that the weights that a run starts from can be had, and are what they were.

    Raises:
        UnavailableError: they are not; the text says what would help.
    """
    kind, _, path = version.weights.partition(":")
    data = _of_package(path) if kind == "package" else _of_storage(path) if kind == "storage" else None
    if data is None:
        raise UnavailableError(
            f"The weights of encoder version “{version.name}” are not at {version.weights}. Restore that file."
        )
    if hashlib.sha256(data).hexdigest() != version.weights_sha256:
        raise UnavailableError(
            f"The weights of encoder version “{version.name}” at {version.weights} are not what they were: their "
            "digest is another one. Restore that file."
        )
    try:
        architecture = EncoderSpec.from_json(json.dumps(version.spec)).architecture
    except ValueError as error:
        raise UnavailableError(f"Encoder version “{version.name}” is of no kind that is known here.") from error
    if architecture != version.architecture:
        raise UnavailableError(
            f"Encoder version “{version.name}” is said to be {version.architecture}, and its spec is of {architecture}."
        )


def _of_package(path: str) -> bytes | None:
    package, _, inside = path.partition("/")
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / inside
        if file.is_file():
            return file.read_bytes()
    return None


def _of_storage(path: str) -> bytes | None:
    if not default_storage.exists(path):
        return None
    with default_storage.open(path, "rb") as file:
        return bytes(file.read())


def _refuse_second(gallery: Gallery) -> None:
    run = TrainingRun.objects.filter(gallery=gallery).exclude(state__in=TrainingRun.FINISHED).first()
    if run is not None:
        raise ConflictError(
            f"Training run {run.pk} of gallery “{gallery.name}” is under way. Wait for it, or cancel it first.",
            run=run.pk,
        )
