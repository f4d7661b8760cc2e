"""The parameters of the three MTCNN networks, from Keras' layouts to torch's.

The names are those of `encoder.detection.networks`. The files of the PyPI package `mtcnn` hold the arrays alone, in the
order in which Keras lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from encoder.geometry import FloatArray

PNET_LAYERS = ("convolution1", "prelu1", "convolution2", "prelu2", "convolution3", "prelu3", "offsets", "scores")
RNET_LAYERS = (*PNET_LAYERS[:6], "dense", "prelu4", "offsets", "scores")
ONET_LAYERS = (*PNET_LAYERS[:6], "convolution4", "prelu4", "dense", "prelu5", "offsets", "landmarks", "scores")


def mtcnn_parameters(arrays: Sequence[npt.NDArray[np.float32]], layers: Sequence[str]) -> dict[str, FloatArray]:
    """Names the arrays after `layers` and turns them into torch's layouts.

    Convolutions go from (rows, columns, in, out) to (out, in, rows, columns), dense layers from (in, out) to
    (out, in), PReLU slopes to (channels,). Raises ValueError unless there is one array for each parameter.
    """
    names = list(_parameter_names(layers))
    if len(arrays) != len(names):
        raise ValueError(f"{len(names)} arrays were expected but {len(arrays)} found")
    return {name: _torch_layout(array) for name, array in zip(names, arrays, strict=True)}


def _parameter_names(layers: Sequence[str]) -> Iterator[str]:
    for layer in layers:
        yield f"{layer}.weight"
        if not layer.startswith("prelu"):
            yield f"{layer}.bias"


def _torch_layout(array: npt.NDArray[np.float32]) -> FloatArray:
    match array.ndim:
        case 4:
            return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
        case 2:
            return np.ascontiguousarray(array.T)
        case _:
            return array.reshape(-1)
