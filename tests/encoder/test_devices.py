import pytest
import torch

from encoder import devices
from encoder.devices import WORTHWHILE, bfloat16_speedup, choose_device, choose_dtype

CPU = torch.device("cpu")
CUDA = torch.device("cuda")


def test_auto_takes_cuda_where_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta"])
def test_an_unknown_device_is_refused_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="use 'auto', 'cpu', 'cuda' or 'cuda:N'"):
        choose_device(name)


def test_a_cuda_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no device 'cuda:99'"):
        choose_device("cuda:99")


def test_auto_precision_is_bfloat16_where_the_cpu_was_measured_to_be_faster_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for speedup, dtype in (
        (4.0, torch.bfloat16),
        (WORTHWHILE, torch.bfloat16),
        (1.1, torch.float32),
        (0, torch.float32),
    ):
        monkeypatch.setattr(devices, "bfloat16_speedup", lambda speedup=speedup: speedup)
        assert choose_dtype("auto", CPU) is dtype


def test_a_cpu_with_matrix_instructions_for_bfloat16_is_found_to_be_faster_in_it() -> None:
    if not torch.cpu.get_capabilities().get("amx_bf16"):
        pytest.skip("This CPU has no AMX.")
    threads = torch.get_num_threads()
    assert bfloat16_speedup() >= WORTHWHILE
    assert torch.get_num_threads() == threads


def test_auto_precision_on_cuda_is_float16() -> None:
    assert choose_dtype("auto", CUDA) is torch.float16


def test_float16_is_taken_on_cuda_and_refused_on_a_cpu() -> None:
    assert choose_dtype("float16", CUDA) is torch.float16
    with pytest.raises(ValueError, match="'float16' is for CUDA devices; on a CPU use 'bfloat16' or 'float32'"):
        choose_dtype("float16", CPU)


@pytest.mark.parametrize(("word", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_named_precision_is_taken_as_it_is(word: str, dtype: torch.dtype) -> None:
    assert choose_dtype(word, CPU) is dtype
    assert choose_dtype(word, CUDA) is dtype


def test_an_unknown_precision_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ValueError, match="'half' is not a precision; use one of auto, float32, bfloat16, float16"):
        choose_dtype("half", CPU)
