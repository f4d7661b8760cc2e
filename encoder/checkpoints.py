"""The one place that opens weight files: digests are checked before a byte is understood, and nothing falls back.

Others' formats are read as they are; ours is safetensors with the encoder's spec in its metadata.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import joblib
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from encoder.backbones import Backbone, DlibResNet, build_backbone
from encoder.detection.networks import OutputNetwork, ProposalNetwork, RefinementNetwork
from encoder.exceptions import WeightsAltered, WeightsMalformed, WeightsMissing, WeightsTooLarge
from encoder.geometry import FloatArray
from encoder.spec import (
    BACKBONE_FILE,
    DLIB_RESNET_SPEC,
    ONET_FILE,
    PNET_FILE,
    RNET_FILE,
    Architecture,
    EncoderSpec,
    WeightsFile,
)
from encoder.tensor_files import is_tensor_file, read_metadata, write_tensors
from encoder.weights.dlib_network import DlibFormatError, parse_metric_network
from encoder.weights.dlib_resnet import resnet_parameters
from encoder.weights.keras_mtcnn import ONET_LAYERS, PNET_LAYERS, RNET_LAYERS, mtcnn_parameters
from encoder.weights.state_dict import StateDictError, parse_state_dict

MAX_STATE_DICT_BYTES = 1 << 30
"""Of a file of others; the largest network here has 261 MB."""

_SPEC_KEY = "facet_encoder_spec"
_FORM_KEY = "facet_form"
_AFFINE, _FOLDED = "affine", "folded"


def locate_package_file(file: WeightsFile) -> Path:
    """Where an installed package keeps a file; the package itself is not imported. Raises WeightsMissing."""
    found = importlib.util.find_spec(file.package)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / file.path
        if path.is_file():
            return path
    raise WeightsMissing(
        name=Path(file.path).name, remedy=f"Install the package {file.package} that carries it (see requirements.txt)."
    )


def locate_factory_weights() -> Path:
    """The file of the factory encoder, `DLIB_RESNET_SPEC`. Raises WeightsMissing."""
    return locate_package_file(BACKBONE_FILE)


def load_backbone(spec: EncoderSpec, weights: Path | None = None, *, trainable: bool = False) -> Backbone:
    """The network of an encoder version, on the CPU in float32.

    Args:
        spec: what to build; the file must have its `weights_sha256`.
        weights: a file in dlib's format or one that `save_backbone` wrote. None: the factory file.
        trainable: as stored, with gradients. Otherwise folded and frozen.

    Raises WeightsMissing, WeightsAltered or WeightsMalformed.
    """
    path = locate_factory_weights() if weights is None else weights
    data = _read(path, spec.weights_sha256)
    read = _from_safetensors if is_tensor_file(data) else _from_dlib
    backbone = read(data, path.name, spec)
    return backbone.train() if trainable else backbone.folded().eval().requires_grad_(requires_grad=False)


def load_factory_backbone(*, trainable: bool = False) -> DlibResNet:
    return cast(DlibResNet, load_backbone(DLIB_RESNET_SPEC, trainable=trainable))


def save_backbone(path: Path, backbone: Backbone, spec: EncoderSpec) -> EncoderSpec:
    """Writes weights as safetensors, whole or not at all, and returns `spec` with the digest of the new file.

    The digest cannot stand in the file that it is of, so the stored spec has none.
    """
    form = _AFFINE if backbone.has_affine else _FOLDED
    metadata = {_SPEC_KEY: replace(spec, weights_sha256="").to_json(), _FORM_KEY: form}
    return replace(spec, weights_sha256=write_tensors(path, backbone.state_dict(), metadata))


def read_spec(path: Path) -> EncoderSpec:
    """The spec of a file that `save_backbone` wrote, with the file's own digest.

    Raises WeightsMissing or WeightsMalformed.
    """
    data = _read(path, None)
    spec, _ = _stored_facts(data, path.name)
    return replace(spec, weights_sha256=hashlib.sha256(data).hexdigest())


def read_state_dict(path: Path, *, max_bytes: int = MAX_STATE_DICT_BYTES) -> tuple[dict[str, Tensor], str]:
    """The tensors of a file that others published, and the file's SHA-256. Nothing in the file is run.

    Reads safetensors and what `torch.save` wrote, of a state dict or of a dict that holds one.
    Raises WeightsMissing, WeightsTooLarge or WeightsMalformed.
    """
    if path.is_file() and (size := path.stat().st_size) > max_bytes:
        raise WeightsTooLarge(name=path.name, size_bytes=size, max_bytes=max_bytes)
    data = _read(path, None)
    try:
        return parse_state_dict(data, max_bytes=max_bytes), hashlib.sha256(data).hexdigest()
    except StateDictError as error:
        raise WeightsMalformed(name=path.name, reason=str(error)) from error


def load_detector_networks() -> tuple[ProposalNetwork, RefinementNetwork, OutputNetwork]:
    """MTCNN with the weights of the PyPI package `mtcnn`. Raises WeightsMissing, WeightsAltered or WeightsMalformed."""
    pnet, rnet, onet = ProposalNetwork(), RefinementNetwork(), OutputNetwork()
    _load_mtcnn(pnet, PNET_FILE, PNET_LAYERS)
    _load_mtcnn(rnet, RNET_FILE, RNET_LAYERS)
    _load_mtcnn(onet, ONET_FILE, ONET_LAYERS)
    return pnet, rnet, onet


def _load_mtcnn(network: nn.Module, file: WeightsFile, layers: tuple[str, ...]) -> None:
    path = locate_package_file(file)
    data = _read(path, file.sha256)
    # joblib unpickles, which runs whatever the file says: the digest above is what makes this safe
    arrays = joblib.load(io.BytesIO(data))
    try:
        _fill(network, mtcnn_parameters(arrays, layers), path.name)
    except ValueError as error:
        raise WeightsMalformed(name=path.name, reason=str(error)) from error


def _from_dlib(data: bytes, name: str, spec: EncoderSpec) -> Backbone:
    if spec.architecture != Architecture.DLIB_RESNET:
        raise WeightsMalformed(name=name, reason=f"it is no safetensors file, as weights of {spec.architecture} are")
    try:
        parameters = resnet_parameters(parse_metric_network(data))
    except DlibFormatError as error:
        raise WeightsMalformed(name=name, reason=str(error)) from error
    backbone = build_backbone(spec, affine=True)
    _fill(backbone, parameters, name)
    return backbone


def _from_safetensors(data: bytes, name: str, spec: EncoderSpec) -> Backbone:
    stored, form = _stored_facts(data, name)
    if replace(stored, weights_sha256=spec.weights_sha256).fingerprint != spec.fingerprint:
        raise WeightsMalformed(name=name, reason="it was saved for an encoder with another spec than the one asked for")
    backbone = build_backbone(spec, affine=form == _AFFINE)
    try:
        parameters = {key: value.numpy() for key, value in safetensors.torch.load(data).items()}
    except SafetensorError as error:
        raise WeightsMalformed(name=name, reason=str(error)) from error
    _fill(backbone, parameters, name)
    return backbone


def _stored_facts(data: bytes, name: str) -> tuple[EncoderSpec, str]:
    """The spec (without its digest) and the form, from the header of a safetensors file."""
    try:
        metadata = read_metadata(data)
        spec, form = EncoderSpec.from_json(metadata[_SPEC_KEY]), metadata[_FORM_KEY]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsMalformed(name=name, reason="its header does not describe an encoder of this platform") from error
    if form not in (_AFFINE, _FOLDED):
        raise WeightsMalformed(name=name, reason=f"its form is {form!r}, not {_AFFINE!r} or {_FOLDED!r}")
    return spec, form


def _fill(network: nn.Module | Backbone, parameters: Mapping[str, FloatArray], name: str) -> None:
    """Copies every parameter into the network; a missing, surplus or misshapen one is an error."""
    state = {key: torch.from_numpy(value) for key, value in parameters.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsMalformed(name=name, reason=f"its parameters do not fit the network ({error})") from error


def _read(path: Path, sha256: str | None) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsMissing(name=path.name, remedy="Put the file back, or name another one.") from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise WeightsAltered(name=path.name, expected=sha256, found=found)
    return data
