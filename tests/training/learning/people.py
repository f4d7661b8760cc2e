"""A few people made of colored tiles, for learners that have to be quick."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from encoder.checkpoints import load_factory_backbone, save_backbone
from encoder.images import Pixels
from encoder.spec import DLIB_RESNET_SPEC, EncoderSpec
from training.configuration import Augmentation, Layers, TrainingConfiguration
from training.learning.learner import Learner
from training.metrics.types import Progress, ignore
from training.mining.batches import Batch
from training.mining.sets import Part, TrainingSet

CPU = torch.device("cpu")
PEOPLE, FACES = 6, 3
TILE = 30


def crops(people: int = PEOPLE, faces: int = FACES) -> Pixels:
    """(people * faces, 150, 150, 3): a person is a mosaic, a photo of it has noise of its own."""
    chance = np.random.default_rng(3)
    coarse = chance.integers(60, 196, (people, 1, 5, 5, 3)).repeat(faces, axis=1)
    fine = coarse.repeat(TILE, axis=2).repeat(TILE, axis=3).reshape(-1, 150, 150, 3)
    noise = chance.normal(0, 25, (len(fine), 15, 15, 3)).repeat(10, axis=1).repeat(10, axis=2)
    return (fine + noise).clip(0, 255).astype(np.uint8)


def training_set(pixels: Pixels | None = None) -> TrainingSet:
    """The last person is watched, the one before held out."""
    pixels = crops() if pixels is None else pixels
    people = np.arange(len(pixels), dtype=np.int64) // FACES
    parts = np.zeros(len(pixels), np.int8)
    parts[people == people.max()] = Part.WATCHED
    parts[people == people.max() - 1] = Part.HELD_OUT
    return TrainingSet(
        faces=np.arange(100, 100 + len(pixels), dtype=np.int64), people=people, parts=parts, crops=pixels
    )


def batch(number: int = 0) -> Batch:
    """Two photos of each of four people, and a mined triplet."""
    chance = np.random.default_rng(number)
    rows = np.concatenate([person * FACES + chance.choice(FACES, 2, replace=False) for person in range(4)])
    mined = np.array([[0, 1, 2], [4, 5, 7]], np.int64)
    return Batch(rows.astype(np.int64), (rows // FACES).astype(np.int64), mined, np.zeros((8, 8), np.bool_))


def configured(
    layers: Layers = Layers.HEAD, augmentation: Augmentation = Augmentation.USUAL, **more: float
) -> TrainingConfiguration:
    """A run with a warm-up of one step."""
    settings = {"warm_up_steps": 1, "learning_rate": 1e-4, "alpha": 0.3, **more}
    return TrainingConfiguration.from_json({"layers": layers, "augmentation": augmentation, **settings})


@lru_cache(maxsize=1)
def parent() -> tuple[EncoderSpec, Path]:
    """The factory's weights in a file that is read more quickly than the factory's own; deleted at the end."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    path = folder / "parent.safetensors"
    return save_backbone(path, load_factory_backbone(trainable=True), DLIB_RESNET_SPEC), path


def learner(
    folder: Path, configuration: TrainingConfiguration, pixels: Pixels | None = None, *, progress: Progress = ignore
) -> Learner:
    """One that begins with the factory's weights, prepared."""
    made = Learner(*parent(), configuration, device=CPU, folder=folder)
    made.prepare(training_set(pixels), progress=progress)
    return made
