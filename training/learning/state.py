"""Files from which a run goes on: weights, the optimizer's moments, and for what they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from encoder.backbones import Backbone
from encoder.spec import EncoderSpec
from encoder.tensor_files import read_metadata, write_tensors
from training.configuration import TrainingConfiguration
from training.exceptions import TrainingFailedError

_PARENT = "facet_parent_spec"
_CONFIGURATION = "facet_training_configuration"
_WEIGHT = "weight."
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # AdamW's names


def write_state(
    path: Path,
    backbone: Backbone,
    optimizer: torch.optim.Optimizer,
    spec: EncoderSpec,
    configuration: TrainingConfiguration,
) -> str:
    """Write the parameters that learn with what the optimizer knows of them; return the file's SHA-256."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in learning(backbone).items():
        tensors[_WEIGHT + name] = parameter
        tensors |= {f"{moment}.{name}": value for moment, value in optimizer.state[parameter].items()}
    metadata = {_PARENT: spec.to_json(), _CONFIGURATION: json.dumps(configuration.as_json(), sort_keys=True)}
    return write_tensors(path, tensors, metadata)


def read_state(
    path: Path,
    sha256: str,
    backbone: Backbone,
    optimizer: torch.optim.Optimizer,
    spec: EncoderSpec,
    configuration: TrainingConfiguration,
) -> None:
    """Put what `write_state` wrote in the place of weights and moments.

    Raises:
        TrainingFailedError: the file is not there, not the one with this digest, or of another run.
    """
    tensors = _tensors(path, sha256, spec, configuration)
    parameters = learning(backbone)
    shapes = {name.removeprefix(_WEIGHT): value.shape for name, value in tensors.items() if name.startswith(_WEIGHT)}
    if shapes != {name: parameter.shape for name, parameter in parameters.items()}:
        raise TrainingFailedError(f"The checkpoint {path.name} has weights of another network than {spec.name!r}.")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[_WEIGHT + name])
            optimizer.state[parameter] = _moments(tensors, name, parameter)


def learning(backbone: Backbone) -> dict[str, torch.nn.Parameter]:
    """The parameters that learn, by name."""
    return {name: parameter for name, parameter in backbone.named_parameters() if parameter.requires_grad}


def _moments(tensors: dict[str, Tensor], name: str, parameter: Tensor) -> dict[str, Tensor]:
    """What the optimizer knows of a parameter, in its place and memory order; nothing before its first step."""
    found = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS if f"{moment}.{name}" in tensors}
    return {
        moment: value.to(parameter.device) if moment == "step" else torch.empty_like(parameter).copy_(value)
        for moment, value in found.items()
    }


def _tensors(path: Path, sha256: str, spec: EncoderSpec, configuration: TrainingConfiguration) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TrainingFailedError(f"The checkpoint {path.name} is not there any more; start a new run.") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise TrainingFailedError(
            f"The checkpoint {path.name} is not the file that was written: its SHA-256 is {found}, not {sha256}."
        )
    try:
        metadata = read_metadata(data)
        stored = EncoderSpec.from_json(metadata[_PARENT])
        settings = json.loads(metadata[_CONFIGURATION])
        tensors: dict[str, Tensor] = safetensors.torch.load(data)
    except (ValueError, KeyError, SafetensorError) as error:
        raise TrainingFailedError(f"The file {path.name} is no checkpoint of a training run.") from error
    _check(path, stored, spec, settings, configuration.as_json())
    return tensors


def _check(
    path: Path, stored: EncoderSpec, spec: EncoderSpec, settings: dict[str, object], wanted: dict[str, object]
) -> None:
    if stored.architecture != spec.architecture:
        raise TrainingFailedError(
            f"The checkpoint {path.name} is of the architecture {stored.architecture}, not {spec.architecture}."
        )
    if stored.fingerprint != spec.fingerprint:
        raise TrainingFailedError(
            f"The checkpoint {path.name} is of a run that began with {stored.name!r}, not with {spec.name!r}."
        )
    other = sorted(name for name in settings.keys() | wanted.keys() if settings.get(name) != wanted.get(name))
    if other:
        raise TrainingFailedError(
            f"The checkpoint {path.name} is of a run with other settings: {', '.join(other)} differ."
        )
