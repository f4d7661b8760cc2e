import math
import struct

import numpy as np
import pytest

from encoder.weights.dlib_stream import DlibFormatError, DlibStream


def stream(*values: int) -> DlibStream:
    return DlibStream(bytes(values))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ([0x01, 0x00], 0),
        ([0x01, 0xFF], 255),
        ([0x02, 0x00, 0x01], 256),
        ([0x81, 0x05], -5),
        ([0x08, *[0xFF] * 8], 2**64 - 1),
    ],
)
def test_an_integer_is_a_control_byte_and_a_little_endian_magnitude(data: list[int], value: int) -> None:
    assert stream(*data).integer() == value


@pytest.mark.parametrize("control", [0x00, 0x09, 0x0F, 0x11, 0x41])
def test_a_byte_that_does_not_begin_an_integer_is_refused(control: int) -> None:
    with pytest.raises(DlibFormatError, match="does not begin an integer"):
        stream(control, *[0] * 16).integer()


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ([0x01, 0x03, 0x81, 0x01], 1.5),  # 3 * 2^-1
        ([0x81, 0x03, 0x01, 0x02], -12.0),  # -3 * 2^2
        ([0x01, 0x00, 0x02, 0x00, 0x7D], math.inf),  # exponent 32000
        ([0x01, 0x00, 0x02, 0x01, 0x7D], -math.inf),
    ],
)
def test_a_float_is_a_mantissa_and_an_exponent_of_two(data: list[int], value: float) -> None:
    assert stream(*data).float() == value


def test_a_float_may_be_not_a_number() -> None:
    assert math.isnan(stream(0x01, 0x00, 0x02, 0x02, 0x7D).float())


def test_a_float_too_large_is_refused() -> None:
    with pytest.raises(DlibFormatError, match="too large"):
        stream(0x01, 0x01, 0x02, 0xFF, 0x7C).float()


def test_a_boolean_is_a_digit() -> None:
    assert [DlibStream(b"10").boolean(), DlibStream(b"01").boolean()] == [True, False]
    with pytest.raises(DlibFormatError, match="not a boolean"):
        stream(1).boolean()


def test_a_string_is_a_length_and_bytes() -> None:
    assert DlibStream(b"\x01\x05con_4rest").string() == "con_4"


def test_a_tensor_is_a_version_a_shape_and_floats() -> None:
    values = np.arange(6, dtype="<f4")
    data = bytes([0x01, 2, 0x01, 1, 0x01, 1, 0x01, 2, 0x01, 3]) + values.tobytes()
    tensor = DlibStream(data).tensor()
    assert tensor.shape == (1, 1, 2, 3)
    assert tensor.ravel().tolist() == values.tolist()


def test_a_tensor_of_another_version_is_refused_and_the_place_told() -> None:
    with pytest.raises(DlibFormatError, match=r"should be 2 but is 1 \(before byte 2\)"):
        stream(0x01, 1).tensor()


def test_a_tensor_longer_than_the_file_is_refused_before_memory_is_taken() -> None:
    huge = struct.pack("<q", 2**40)
    data = bytes([0x01, 2]) + (b"\x08" + huge) * 2 + bytes([0x01, 1, 0x01, 1])
    with pytest.raises(DlibFormatError, match="are left"):
        DlibStream(data).tensor()


def test_a_tensor_of_negative_size_is_refused() -> None:
    with pytest.raises(DlibFormatError, match="cannot have the shape"):
        stream(0x01, 2, 0x81, 1, 0x01, 1, 0x01, 1, 0x01, 1).tensor()


def test_nothing_can_be_read_behind_the_end() -> None:
    with pytest.raises(DlibFormatError, match="1 bytes were expected but 0 are left"):
        stream().integer()
