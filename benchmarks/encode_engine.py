"""The project's encoder as `benchmarks.encode` drives it: in a process of its own, with so many threads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import cpu_seconds, portions, rate
from encoder.checkpoints import load_backbone, load_factory_backbone
from encoder.devices import choose_device, choose_dtype
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC

ResultT = TypeVar("ResultT")

BATCH = 16
"""Photos that a worker encodes together (faces.services.queueing.BATCH)."""

STAGES = ("decode", "detect", "align", "embed")
_MATRIX_SIDE = {"cpu": 2048, "cuda": 8192}


class Ours:
    """The encoder as the platform loads it, warm."""

    def __init__(self, threads: int, device: str = "cpu", precision: str = "auto") -> None:
        torch.set_num_threads(threads)
        self._device = choose_device(device)
        self._dtype = choose_dtype(precision, self._device)
        self._encoder = FaceEncoder.load(device=device, precision=precision)
        self._backbone = load_backbone(DLIB_RESNET_SPEC).to_inference(self._dtype).to(self._device)
        self._encoder.encode([np.full((250, 250, 3), 128, np.uint8)] * 2)

    def encode(self, paths: list[str]) -> int:
        """Files to embeddings in batches, as a worker does it; returns how many faces."""
        return sum(
            len(photo.faces) for part in portions(paths, BATCH) for photo in self._encoder.encode(_decoded(part))
        )

    def cost(self, paths: list[str]) -> tuple[float, int]:
        """Seconds of processor time for `encode`, and how many faces."""
        return cpu_seconds(partial(self.encode, paths))

    def probe(self, path: str) -> float:
        """Seconds from a file to its embeddings."""
        return _seconds(lambda: self._encoder.encode(_decoded([path])))[0]

    def crowd(self, photo: Pixels) -> tuple[float, list[tuple[float, float]]]:
        """Seconds to encode one decoded photo, and the centers of its faces, (x, y)."""
        seconds, (encoded,) = _seconds(lambda: self._encoder.encode([photo]))
        return seconds, [(face.box.center.x, face.box.center.y) for face in encoded.faces]

    def stages(self, paths: list[str]) -> dict[str, float]:
        """Median seconds a photo of each of `STAGES`, and as "whole" those of all of it in one go."""
        spent: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "whole")}

        def timed(stage: str, work: Callable[[], ResultT], photos: int) -> ResultT:
            seconds, result = _seconds(work)
            spent[stage].append(seconds / photos)
            return result

        for part in portions(paths, BATCH):
            count = len(part)
            timed("whole", partial(self.encode, part), count)
            photos = timed("decode", partial(_decoded, part), count)
            found = timed("detect", partial(self._encoder.detect, photos), count)
            landmarks = [[face.landmarks for face in faces] for faces in found]
            crops = timed("align", partial(self._encoder.align, photos, landmarks), count)
            timed("embed", partial(self._encoder.embed, crops), count)
        return {stage: statistics.median(values) for stage, values in spent.items()}

    @torch.inference_mode()
    def backbone_rate(self, batch: int, at_least_s: float) -> float:
        """Faces a second of the network alone, in the form in which the encoder runs it."""
        crops = self._crops(batch, self._dtype)
        self._finish(self._backbone(crops))
        return rate(lambda: self._finish(self._backbone(crops)), batch, at_least_s=at_least_s)

    @torch.inference_mode()
    def plain_backbone_rate(self, batch: int, at_least_s: float) -> float:
        """The same of the network as dlib trained it, in float32 and with nothing done for speed."""
        network = load_factory_backbone(trainable=True).eval().to(self._device)
        crops = self._crops(batch, torch.float32).contiguous()
        self._finish(network(crops))
        return rate(lambda: self._finish(network(crops)), batch, at_least_s=at_least_s)

    @torch.inference_mode()
    def embed_rate(self, batch: int, at_least_s: float) -> float:
        """Faces a second from uint8 crops to embeddings: normalized, all views, averaged."""
        crops = np.random.default_rng(0).integers(0, 256, (batch, 150, 150, 3), np.uint8)
        self._encoder.embed(crops)
        return rate(lambda: self._encoder.embed(crops), batch, at_least_s=at_least_s)

    @torch.inference_mode()
    def matrix_rate(self, dtype_name: str, at_least_s: float) -> float:
        """FLOP/s of square matrices multiplied, the highest of a few tries: what the machine can do at most."""
        side = _MATRIX_SIDE[self._device.type]
        one, other = (torch.randn(side, side, device=self._device).to(getattr(torch, dtype_name)) for _ in range(2))
        self._finish(one @ other)
        tries = 4
        return max(
            rate(lambda: self._finish(one @ other), 2 * side**3, at_least_s=at_least_s / tries) for _ in range(tries)
        )

    def flops_a_face(self) -> float:
        """Of one pass of the network, multiplications and additions counted as two."""
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            load_factory_backbone()(torch.zeros(1, 3, 150, 150))
        return float(counter.get_total_flops())

    def views(self) -> int:
        """How many crops go through the network for one embedding, by counting."""
        passed: list[int] = []

        def count(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            if type(module) is type(self._backbone):
                passed.append(len(inputs[0]))

        hook = register_module_forward_pre_hook(count)
        try:
            self._encoder.embed(np.zeros((1, 150, 150, 3), np.uint8))
        finally:
            hook.remove()
        return sum(passed)

    def encode_decoded_rate(self, paths: list[str], batch: int, at_least_s: float) -> float:
        """Photos a second from decoded photos to embeddings, `batch` photos at a time."""
        photos = _decoded(paths)
        runs = [photos[start : start + batch] for start in range(0, len(photos), batch)]
        self._encoder.encode(runs[0])
        return rate(lambda: [self._encoder.encode(run) for run in runs], len(photos), at_least_s=at_least_s)

    def copy_rate(self, megabytes: int, at_least_s: float, *, pinned: bool) -> float:
        """Bytes a second from the computer's memory to the device's."""
        data = torch.zeros(megabytes << 20, dtype=torch.uint8)
        source = data.pin_memory() if pinned and self._device.type == "cuda" else data
        self._finish(source.to(self._device, non_blocking=True))
        return rate(
            lambda: self._finish(source.to(self._device, non_blocking=True)), len(source), at_least_s=at_least_s
        )

    def _crops(self, batch: int, dtype: torch.dtype) -> torch.Tensor:
        crops = torch.randn(batch, 3, 150, 150, generator=torch.Generator().manual_seed(0))
        return crops.to(self._device, dtype, memory_format=torch.channels_last)

    def _finish(self, result: torch.Tensor) -> torch.Tensor:
        """CUDA answers before it is done."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return result


def _decoded(paths: Sequence[str]) -> list[Pixels]:
    return [decode_image(Path(path)).pixels for path in paths]


def _seconds(work: Callable[[], ResultT]) -> tuple[float, ResultT]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
