"""How values of numpy's are written in PostgreSQL's binary format, by the SQL type of their column."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int32]

_EPOCH = np.datetime64("2000-01-01")


@dataclass(frozen=True)
class Fields:
    """One column of a portion: bytes (n, width); of row i the first `lengths[i]`, or all where that is not said."""

    data: Bytes
    lengths: Lengths | None = None


Encoder = Callable[[Array], Fields]


def _matrix(values: Array) -> Bytes:
    """The bytes of each row: (n, bytes a row) uint8."""
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def _require(values: Array, kinds: str, wanted: str) -> None:
    if values.dtype.kind not in kinds:
        raise TypeError(f"it takes {wanted}, not {values.dtype}")


def _integers(values: Array, *, dtype: str) -> Fields:
    _require(values, "iu", "integers")
    limits = np.iinfo(np.dtype(dtype))
    if len(values) and (values.min() < limits.min or values.max() > limits.max):
        raise TypeError(f"it takes integers from {limits.min} to {limits.max}")
    return Fields(_matrix(values.astype(dtype)))


def _floats(values: Array, *, dtype: str) -> Fields:
    _require(values, "fiu", "numbers")
    return Fields(_matrix(values.astype(dtype)))


def _booleans(values: Array) -> Fields:
    _require(values, "b", "booleans")
    return Fields(_matrix(values))


def _texts(values: Array, *, prefix: bytes = b"") -> Fields:
    _require(values, "US", "text")
    encoded = np.strings.encode(values, "utf-8") if values.dtype.kind == "U" else values
    lengths = np.strings.str_len(encoded)
    letters = _matrix(encoded)  # filled up with zeros
    if ((letters == 0) & (np.arange(letters.shape[1]) < lengths[:, None])).any():
        raise TypeError("it takes text without the character NUL")
    data = np.empty((len(encoded), len(prefix) + letters.shape[1]), np.uint8)
    data[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    data[:, len(prefix) :] = letters
    return Fields(data, (lengths + len(prefix)).astype(np.int32))


def _uuids(values: Array) -> Fields:
    if values.dtype != np.uint8 or values.shape[1:] != (16,):
        raise TypeError("it takes 16 bytes a row, uint8")
    return Fields(_matrix(values))


def _moments(values: Array, *, unit: str, dtype: str) -> Fields:
    _require(values, "M", "datetime64")
    return Fields(_matrix((values - _EPOCH).astype(f"timedelta64[{unit}]").astype(np.int64).astype(dtype)))


def _vectors(values: Array, *, dtype: str) -> Fields:
    """pgvector: the dimension and an unused int16, then the numbers."""
    _require(values, "f", "floats")
    if values.ndim != 2:
        raise TypeError(f"it takes a matrix with a vector a row, not an array of shape {values.shape}")
    dimension = values.shape[1]
    numbers = _matrix(values.astype(dtype))
    data = np.empty((len(values), 4 + numbers.shape[1]), np.uint8)
    data[:, :4] = np.frombuffer(dimension.to_bytes(2, "big") + bytes(2), np.uint8)
    data[:, 4:] = numbers
    return Fields(data)


ENCODERS: dict[str, Encoder] = {
    "smallint": partial(_integers, dtype=">i2"),
    "integer": partial(_integers, dtype=">i4"),
    "bigint": partial(_integers, dtype=">i8"),
    "real": partial(_floats, dtype=">f4"),
    "double precision": partial(_floats, dtype=">f8"),
    "boolean": _booleans,
    "text": _texts,
    "character varying": _texts,
    "jsonb": partial(_texts, prefix=b"\x01"),
    "uuid": _uuids,
    "timestamp with time zone": partial(_moments, unit="us", dtype=">i8"),
    "date": partial(_moments, unit="D", dtype=">i4"),
    "vector": partial(_vectors, dtype=">f4"),
    "halfvec": partial(_vectors, dtype=">f2"),
}
