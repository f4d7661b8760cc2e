"""The encoder on a CUDA device, beside the floors of copying and of computing. Part of `benchmarks.encode`."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Sequence
from functools import partial

import torch

from benchmarks.crew import Crew
from benchmarks.encode_engine import BATCH, Ours
from benchmarks.timing import Row, portions, take_turns
from config.run import MOST_ENCODERS

PRECISIONS = ("float32", "float16", "bfloat16")
BATCHES = (16, 256, 1024)
PHOTO_BATCHES = (16, 128)
PHOTO_BYTES = 250 * 250 * 3
COPIED_MB = 64


def end_without_cuda(device: str) -> None:
    """Ends the program where torch sees no such device."""
    index = torch.device(device).index or 0
    if not torch.cuda.is_available() or index >= torch.cuda.device_count():
        sys.exit(f"torch sees no device {device!r} here.")


def measure_cuda(device: str, photos: Sequence[str], rounds: int, seconds: float) -> list[Row]:
    """Faces a second of the network, photos a second end to end, and what copying and computing allow at most.

    Each of the steady rates is measured for `seconds`.
    """
    rows: list[Row] = []
    for precision in PRECISIONS:
        with Crew(partial(Ours, device=device, precision=precision), size=1, threads=_cores()) as crew:
            rows += _network(crew, precision, seconds)
            if precision == PRECISIONS[-1]:
                rows += _encoder(crew, photos, seconds) + _floors(crew, seconds)
    rows += _workers(device, photos, rounds)
    values = {row.name: row.value for row in rows}
    compute_floor = values["matrix_flops_bfloat16"] / (values["flops_a_face"] * values["views"])
    rows += [
        Row("copy_floor_photos_per_second", values["copy_pinned_bytes"] / PHOTO_BYTES, "photos/s", note="250 x 250"),
        Row("compute_floor_faces_per_second", compute_floor, "faces/s", note="all views of the network, bfloat16"),
        Row("share_of_compute_floor", values["workers_photos_per_second"] / compute_floor, ""),
    ]
    return rows


def _network(crew: Crew[Ours], precision: str, seconds: float) -> list[Row]:
    return [
        Row(f"backbone_{precision}_{batch}", crew.ask(Ours.backbone_rate, batch, seconds), "faces/s")
        for batch in BATCHES
    ]


def _encoder(crew: Crew[Ours], photos: Sequence[str], seconds: float) -> list[Row]:
    chosen = list(photos[:256])
    rows = [
        Row(
            f"decoded_photos_{batch}_per_second",
            crew.ask(Ours.encode_decoded_rate, chosen, batch, 2 * seconds),
            "photos/s",
            note="detect, align, embed",
        )
        for batch in PHOTO_BATCHES
    ]
    stages = crew.ask(Ours.stages, chosen)
    return rows + [Row(f"{stage}_ms", 1000 * seconds, "ms/photo") for stage, seconds in stages.items()]


def _floors(crew: Crew[Ours], seconds: float) -> list[Row]:
    pinned, pageable = (crew.ask(Ours.copy_rate, COPIED_MB, seconds, pinned=pinned) for pinned in (True, False))
    return [
        Row("copy_pinned_bytes", pinned, "B/s"),
        Row("copy_pageable_bytes", pageable, "B/s"),
        Row("matrix_flops_bfloat16", crew.ask(Ours.matrix_rate, "bfloat16", seconds), "FLOP/s"),
        Row("matrix_flops_float32", crew.ask(Ours.matrix_rate, "float32", seconds), "FLOP/s"),
        Row("flops_a_face", crew.ask(Ours.flops_a_face), "FLOP"),
        Row("views", crew.ask(Ours.views), "passes"),
    ]


def _workers(device: str, photos: Sequence[str], rounds: int) -> list[Row]:
    """As the platform runs on one GPU: several processes share it, so that one decodes while another computes."""
    count = min(_cores(), MOST_ENCODERS)

    def turn(crew: Crew[Ours], _: int) -> float:
        started = time.perf_counter()
        crew.share(Ours.encode, portions(photos, BATCH))
        return len(photos) / (time.perf_counter() - started)

    make = partial(Ours, device=device)
    with Crew(make, size=1, threads=1) as one, Crew(make, size=count, threads=1) as several:
        rates = take_turns({"one": partial(turn, one), "several": partial(turn, several)}, rounds)
    return [
        Row("one_process_photos_per_second", statistics.median(rates["one"]), "photos/s", note="from files"),
        Row("workers_photos_per_second", statistics.median(rates["several"]), "photos/s", note=f"{count} processes"),
    ]


def _cores() -> int:
    return len(os.sched_getaffinity(0))
