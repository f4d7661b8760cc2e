"""The primitive values of dlib's serialization: integers, floats, booleans, strings and tensors."""

from __future__ import annotations

import math

import numpy as np

from encoder.geometry import FloatArray

_NEGATIVE = 0x80
_SIZE = 0x0F
_SPECIAL_EXPONENTS = {32000: math.inf, 32001: -math.inf, 32002: math.nan}


class DlibFormatError(ValueError):
    """Bytes that are not what dlib writes; says at which of them."""


class DlibStream:
    """Reads one value after another; `position` is the offset of the next byte."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.position = 0

    @property
    def remaining(self) -> int:
        return len(self._data) - self.position

    def bytes(self, count: int) -> memoryview:
        if count > self.remaining:
            raise self.error(f"{count} bytes were expected but {self.remaining} are left")
        start, self.position = self.position, self.position + count
        return self._data[start : self.position]

    def integer(self) -> int:
        """A control byte (low nibble: how many bytes follow; 0x80: negative), then a little-endian magnitude."""
        control = self.bytes(1)[0]
        size = control & _SIZE
        if not 1 <= size <= 8 or control & ~(_NEGATIVE | _SIZE):
            raise self.error(f"0x{control:02x} does not begin an integer")
        magnitude = int.from_bytes(self.bytes(size), "little")
        return -magnitude if control & _NEGATIVE else magnitude

    def float(self) -> float:
        """An integer mantissa and an integer exponent of 2; some exponents stand for infinity and NaN."""
        mantissa, exponent = self.integer(), self.integer()
        special = _SPECIAL_EXPONENTS.get(exponent)
        try:
            return math.ldexp(mantissa, exponent) if special is None else special
        except OverflowError as error:
            raise self.error(f"{mantissa} * 2^{exponent} is too large for a float") from error

    def boolean(self) -> bool:
        digit = bytes(self.bytes(1))
        if digit not in (b"0", b"1"):
            raise self.error(f"{digit!r} is not a boolean, which is written as '0' or '1'")
        return digit == b"1"

    def string(self) -> str:
        return bytes(self.bytes(self.integer())).decode("latin-1")

    def tensor(self) -> FloatArray:
        """Version 2, four integers (samples, channels, rows, columns), then float32 values: shaped as the four."""
        self.expect(2, "the version of a tensor")
        shape = self._shape()
        values = self.bytes(4 * math.prod(shape))
        return np.frombuffer(values, dtype="<f4").reshape(shape).astype(np.float32)

    def alias_tensor(self) -> tuple[int, ...]:
        """A shape that views a part of another tensor: version 1 and four integers."""
        self.expect(1, "the version of an alias tensor")
        return self._shape()

    def expect(self, wanted: int, what: str) -> None:
        found = self.integer()
        if found != wanted:
            raise self.error(f"{what} should be {wanted} but is {found}")

    def error(self, problem: str) -> DlibFormatError:
        return DlibFormatError(f"{problem} (before byte {self.position})")

    def _shape(self) -> tuple[int, ...]:
        shape = tuple(self.integer() for _ in range(4))
        if min(shape) < 0:
            raise self.error(f"a tensor cannot have the shape {shape}")
        return shape
