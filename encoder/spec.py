"""What an encoder is, as data: everything needed to build its network and to reproduce its output."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeAlias

PREPROCESSING_VERSION = 2
"""Counts every change to detection or alignment that moves embeddings by more than rounding does."""

Template: TypeAlias = tuple[tuple[float, float], ...]


class Architecture(StrEnum):
    """The networks that `encoder.backbones` can build."""

    DLIB_RESNET = "dlib_resnet"
    IRESNET18 = "iresnet18"
    IRESNET34 = "iresnet34"
    IRESNET50 = "iresnet50"
    IRESNET100 = "iresnet100"


@dataclass(frozen=True)
class View:
    """One look at an aligned crop; with the default values, the crop itself.

    Attributes:
        degrees: the crop is turned by them about its middle, clockwise where positive.
        scale: then it is enlarged by this factor, about its middle.
        mirrored: then left and right change places.
    """

    degrees: float = 0.0
    scale: float = 1.0
    mirrored: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.degrees) and 0.5 <= self.scale <= 2.0):
            raise ValueError(
                f"A view is turned by some degrees and scaled by 0.5 to 2, not {self.degrees} and {self.scale}."
            )

    @property
    def is_upright(self) -> bool:
        """Whether each of its pixels is one of the crop's."""
        return self.degrees == 0 and self.scale == 1


MIRRORED_PAIR = (View(), View(mirrored=True))
"""The face and its mirror image: what every encoder used before views were part of its spec."""


@dataclass(frozen=True)
class EncoderSpec:
    """One encoder version as data. Embeddings of specs with different `fingerprint`s are never compared.

    Attributes:
        name: for people; no meaning to the code.
        architecture: which network the weights belong to.
        dimension: length of the embedding.
        input_size: side of the square crop that the network sees, in pixels.
        mean: subtracted from RGB values of 0 to 255.
        scale: what the difference is divided by.
        alignment: where the five landmarks lie in the crop, (x, y) in the order of `Landmarks`, in pixels of the
            crop, whose frame is that of photos (see `encoder.geometry`): pixel centers lie at halves.
        weights_sha256: digest of the weights file.
        licence: under which the weights may be used, as an SPDX identifier where there is one.
        source: where the weights come from.
        preprocessing_version: which detection and alignment the weights were made for.
        views: of an aligned crop, one pass of the network each. The embedding is the mean of their unit embeddings,
            brought to unit length.
    """

    name: str
    architecture: Architecture
    dimension: int
    input_size: int
    mean: tuple[float, float, float]
    scale: float
    alignment: Template
    weights_sha256: str
    licence: str
    source: str
    preprocessing_version: int = PREPROCESSING_VERSION
    views: tuple[View, ...] = MIRRORED_PAIR

    def __post_init__(self) -> None:
        if self.dimension < 1 or self.input_size < 1 or self.scale <= 0:
            raise ValueError(
                f"An encoder needs a positive dimension, input_size and scale, "
                f"not {self.dimension}, {self.input_size} and {self.scale}."
            )
        if len(self.alignment) != 5 or any(len(point) != 2 for point in self.alignment):
            raise ValueError(f"An alignment has five points (x, y), not {self.alignment}.")
        if not self.views:
            raise ValueError("An encoder needs at least one view; the crop itself is View().")

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides the output, so not over the name, the licence and the source."""
        facts = {key: value for key, value in asdict(self).items() if key not in {"name", "licence", "source"}}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> EncoderSpec:
        """The inverse of `to_json`. Raises ValueError for text that does not describe an encoder.

        Texts from before there were views have none; their encoders used the mirrored pair.
        """
        try:
            facts = json.loads(text)
            facts["architecture"] = Architecture(facts["architecture"])
            facts["mean"] = tuple(facts["mean"])
            facts["alignment"] = tuple((x, y) for x, y in facts["alignment"])
            if "views" in facts:
                facts["views"] = tuple(View(**view) for view in facts["views"])
            return cls(**facts)
        except (KeyError, TypeError) as error:
            raise ValueError(f"This text does not describe an encoder: {error}.") from error


DLIB_RESNET_SPEC = EncoderSpec(
    name="dlib ResNet v1",
    architecture=Architecture.DLIB_RESNET,
    dimension=128,
    input_size=150,
    mean=(122.782, 117.001, 104.298),
    scale=256.0,
    alignment=((46.54, 44.33), (102.82, 44.52), (74.70, 77.98), (49.83, 106.24), (99.10, 106.44)),
    weights_sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    licence="CC0-1.0",
    source="dlib_face_recognition_resnet_model_v1.dat of the PyPI package face_recognition_models 0.3.0",
    views=(View(), View(degrees=9.0, mirrored=True), View(degrees=-9.0, mirrored=True)),
)
"""The factory encoder: the residual network that Davis King trained for dlib, 99.38 % on LFW by his own account."""


@dataclass(frozen=True)
class ArchitectureDefaults:
    """What weights of an architecture are usually made for; the attributes are those of `EncoderSpec`.

    Every published file may differ, so an import can override each of them.
    """

    dimension: int
    input_size: int
    mean: tuple[float, float, float]
    scale: float
    alignment: Template


_DLIB_RESNET = ArchitectureDefaults(
    dimension=DLIB_RESNET_SPEC.dimension,
    input_size=DLIB_RESNET_SPEC.input_size,
    mean=DLIB_RESNET_SPEC.mean,
    scale=DLIB_RESNET_SPEC.scale,
    alignment=DLIB_RESNET_SPEC.alignment,
)
# The 112 x 112 crop of ArcFace (Deng et al. 2019, https://arxiv.org/abs/1801.07698). Its template is published for
# pixel centers at whole numbers, (38.2946, 51.6963) and so on; here they lie at halves: each number is larger by 0.5.
_IRESNET = ArchitectureDefaults(
    dimension=512,
    input_size=112,
    mean=(127.5, 127.5, 127.5),
    scale=127.5,
    alignment=((38.7946, 52.1963), (74.0318, 52.0014), (56.5252, 72.2366), (42.0493, 92.8655), (71.2299, 92.7041)),
)
ARCHITECTURE_DEFAULTS: Mapping[Architecture, ArchitectureDefaults] = {
    Architecture.DLIB_RESNET: _DLIB_RESNET,
    Architecture.IRESNET18: _IRESNET,
    Architecture.IRESNET34: _IRESNET,
    Architecture.IRESNET50: _IRESNET,
    Architecture.IRESNET100: _IRESNET,
}


@dataclass(frozen=True)
class WeightsFile:
    """A file that a PyPI package carries: the package's name, the path inside it, and the file's SHA-256."""

    package: str
    path: str
    sha256: str


BACKBONE_FILE = WeightsFile(
    package="face_recognition_models",
    path="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256=DLIB_RESNET_SPEC.weights_sha256,
)
PNET_FILE = WeightsFile(
    package="mtcnn",
    path="assets/weights/pnet.lz4",
    sha256="ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
)
RNET_FILE = WeightsFile(
    package="mtcnn",
    path="assets/weights/rnet.lz4",
    sha256="cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
)
ONET_FILE = WeightsFile(
    package="mtcnn",
    path="assets/weights/onet.lz4",
    sha256="94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
)
DETECTOR_FILES = (PNET_FILE, RNET_FILE, ONET_FILE)
DETECTOR_LICENCE = "MIT"
"""Of the detector's weights and of the package that carries them: Copyright (c) 2019-2024 Iván de Paz Centeno."""
DETECTOR_SOURCE = "pnet.lz4, rnet.lz4 and onet.lz4 of the PyPI package mtcnn 1.0.0"
