"""The parts of `benchmarks.encode` on a CPU: who takes part, what each does in a turn, and what is made of it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.crew import Crew
from benchmarks.encode_engine import BATCH, STAGES, Ours
from benchmarks.rivals import Dlib, OnnxRuntime
from benchmarks.timing import Row, Turn, median_ratio, portions, slice_of, take_turns
from config.run import MOST_ENCODERS
from encoder.images import Pixels, decode_image

CROWD = 28
CROWD_COLUMNS, CROWD_ROWS, CROWD_CELL = 7, 4, 270
CROWD_HEIGHT, CROWD_WIDTH = 1080, 1920
BATCHES = (1, 16, 64)
DLIB_BATCHES = (1, 16)  # it takes one after the other, and 64 of them take five seconds


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        photos: how many ours encodes in one round.
        dlib_photos: how many dlib encodes in one process in one round; each round others.
        rounds: how often each has its turn.
        probes: how many single photos.
        seconds: how long the bare networks and matrices run in one round.
    """

    photos: int
    dlib_photos: int
    rounds: int
    probes: int
    seconds: float

    def with_choices(self, *, photos: int | None, rounds: int | None) -> Effort:
        """The same with what the caller chose; dlib has no more photos than ours."""
        chosen = photos or self.photos
        return replace(self, photos=chosen, dlib_photos=min(self.dlib_photos, chosen), rounds=rounds or self.rounds)


class Contest:
    """All contestants, loaded and waiting; `parts` has them compete."""

    def __init__(self, photos: Sequence[str], effort: Effort) -> None:
        self.photos = photos
        self.effort = effort
        self.cores = len(os.sched_getaffinity(0))
        workers = min(self.cores, MOST_ENCODERS)
        with ExitStack() as stack:
            self.workers = stack.enter_context(Crew(Ours, size=workers, threads=max(1, self.cores // workers)))
            self.whole = stack.enter_context(Crew(Ours, size=1, threads=self.cores))
            self.dlib = stack.enter_context(Crew(Dlib, size=1, threads=1))
            self.dlibs = stack.enter_context(Crew(Dlib, size=self.cores, threads=1))
            self.onnx = stack.enter_context(Crew(OnnxRuntime, size=1, threads=self.cores))
            self._stack = stack.pop_all()

    def __enter__(self) -> Contest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def parts(self) -> Iterator[tuple[str, list[Row]]]:
        """Each part's title and rows, as soon as it is measured."""
        end_to_end = self.end_to_end()
        yield f"End to end, files to embeddings ({self.cores} cores)", end_to_end
        yield "A single probe, a file to its embedding", self.probe()
        yield f"A photo of {CROWD_WIDTH} x {CROWD_HEIGHT} with {CROWD} faces", self.crowd()
        backbone = self.backbone()
        yield f"The bare network ({self.cores} threads; dlib has one)", backbone
        yield "Where the time goes, in one worker", self.stages()
        values = {row.name: row.value for row in (*end_to_end, *backbone)}
        yield "The floor: the same arithmetic as one large matrix product", self.floor(values)

    def end_to_end(self) -> list[Row]:
        """Photos a second, and the ratios that the goals speak of."""
        few, cores = self.effort.dlib_photos, self.cores
        rates = take_turns(
            {
                "ours": self._turn(self.workers, Ours.encode, self.effort.photos, BATCH),
                "dlib": self._turn(self.dlib, Dlib.encode, few, few),
                "ours_one_process": self._turn(self.whole, Ours.encode, self.effort.photos, BATCH),
                "dlib_every_core": self._turn(self.dlibs, Dlib.encode, min(few * cores, self.effort.photos), 2),
                "dlib_doubled": self._turn(self.dlib, Dlib.encode_doubled, few, few),
            },
            self.effort.rounds,
        )
        notes = {
            "ours": "one worker a core, at most four: as make run starts them",
            "ours_one_process": "one process, all threads",
            "dlib": "one process, picture as it is (dlib's default)",
            "dlib_every_core": "one process a core",
            "dlib_doubled": "one process, picture doubled (face_recognition's default)",
        }
        rows = [
            Row(f"{name}_photos_per_second", statistics.median(rates[name]), "photos/s", note=note)
            for name, note in notes.items()
        ]
        sample = list(self.photos[: 2 * few])
        spent, faces = self.workers.ask(Ours.cost, sample)
        dlib_spent, dlib_faces = self.dlib.ask(Dlib.cost, sample)
        return [
            *rows,
            Row("ratio_to_dlib", median_ratio(rates["ours"], rates["dlib"]), "times", goal=20),
            Row("ratio_to_dlib_same_cores", median_ratio(rates["ours"], rates["dlib_every_core"]), "times"),
            Row("ratio_to_dlib_doubled", median_ratio(rates["ours"], rates["dlib_doubled"]), "times"),
            Row("cpu_ms_per_photo", 1000 * spent / len(sample), "ms", note="processor time in one worker"),
            Row("dlib_cpu_ms_per_photo", 1000 * dlib_spent / len(sample), "ms", note="processor time"),
            Row("cpu_ratio_to_dlib", dlib_spent / spent, "times", note="worker against process"),
            Row("faces_per_photo", faces / len(sample), "faces"),
            Row("dlib_faces_per_photo", dlib_faces / len(sample), "faces"),
        ]

    def probe(self) -> list[Row]:
        """Seconds for one photo that somebody waits for."""
        photos = self.photos

        def path(number: int) -> str:
            return photos[number % len(photos)]

        seconds = take_turns(
            {
                "ours": lambda number: self.whole.ask(Ours.probe, path(number)),
                "dlib": lambda number: self.dlib.ask(Dlib.probe, path(number)),
                "ours_one_worker": lambda number: self.workers.ask(Ours.probe, path(number)),
            },
            self.effort.probes,
        )
        return [
            *(Row(f"probe_{name}_ms", 1000 * statistics.median(values), "ms") for name, values in seconds.items()),
            Row("probe_share_of_dlib", median_ratio(seconds["ours"], seconds["dlib"]), "", goal=-1 / 7),
            Row("probe_one_worker_share_of_dlib", median_ratio(seconds["ours_one_worker"], seconds["dlib"]), ""),
        ]

    def crowd(self) -> list[Row]:
        """Our whole encoding of a crowd beside dlib's detection alone."""
        photo = compose_crowd([decode_photo(path) for path in self.photos[:CROWD]])
        centers: dict[str, list[tuple[float, float]]] = {}

        def timed(name: str, ask: Callable[[], tuple[float, list[tuple[float, float]]]], _: int) -> float:
            seconds, centers[name] = ask()
            return seconds

        asks: Mapping[str, Callable[[], tuple[float, list[tuple[float, float]]]]] = {
            "ours": lambda: self.whole.ask(Ours.crowd, photo),
            "hog": lambda: self.dlib.ask(Dlib.detect, photo, 0),
            "ours_one_worker": lambda: self.workers.ask(Ours.crowd, photo),
            "hog_doubled": lambda: self.dlib.ask(Dlib.detect, photo, 1),
        }
        seconds = take_turns({name: partial(timed, name, ask) for name, ask in asks.items()}, self.effort.rounds)
        rows = [
            Row(
                f"crowd_{name}_ms",
                1000 * statistics.median(values),
                "ms",
                note=f"finds {cells_hit(centers[name])} of {CROWD}",
            )
            for name, values in seconds.items()
        ]
        return [
            *rows,
            Row("crowd_share_of_hog", median_ratio(seconds["ours"], seconds["hog"]), "", goal=-1),
            Row("crowd_one_worker_share_of_hog", median_ratio(seconds["ours_one_worker"], seconds["hog"]), ""),
            Row("crowd_share_of_hog_doubled", median_ratio(seconds["ours"], seconds["hog_doubled"]), ""),
        ]

    def backbone(self) -> list[Row]:
        """Faces a second of the network alone, crops in, embeddings out."""
        seconds = self.effort.seconds
        rows = []
        for batch in BATCHES:
            contestants = {
                "ours": _steady(self.whole, Ours.backbone_rate, batch, seconds),
                "onnxruntime": _steady(self.onnx, OnnxRuntime.backbone_rate, batch, seconds),
                "torch": _steady(self.whole, Ours.plain_backbone_rate, batch, seconds),
            }
            if batch in DLIB_BATCHES:
                contestants["dlib"] = _steady(self.dlib, Dlib.backbone_rate, batch, seconds)
            rates = take_turns(contestants, max(1, self.effort.rounds // 2))
            rows += [
                Row(f"backbone_{name}_{batch}", statistics.median(values), "faces/s") for name, values in rates.items()
            ]
            ratio = median_ratio(rates["ours"], rates["onnxruntime"])
            rows.append(Row(f"backbone_ratio_to_onnxruntime_{batch}", ratio, "times"))
        return rows

    def stages(self) -> list[Row]:
        """Milliseconds a photo, in one process with one worker's threads while the others rest."""
        spent = self.workers.ask(Ours.stages, list(self.photos[: 6 * BATCH]))
        rest = spent["whole"] - sum(spent[stage] for stage in STAGES)
        rows = [Row(f"stage_{stage}_ms", 1000 * spent[stage], "ms/photo") for stage in STAGES]
        return [
            *rows,
            Row("stage_rest_ms", 1000 * rest, "ms/photo", note="quality, and putting the answer together"),
            Row("stage_whole_ms", 1000 * spent["whole"], "ms/photo"),
        ]

    def floor(self, measured: Mapping[str, float]) -> list[Row]:
        """What the machine's matrix rate would allow, and which share of it is reached."""
        seconds = 2 * self.effort.seconds
        a_face, views = self.workers.ask(Ours.flops_a_face), self.workers.ask(Ours.views)
        rates = {
            (name, dtype): crew.ask(Ours.matrix_rate, dtype, seconds)
            for name, crew in (("one_worker", self.workers), ("all_threads", self.whole))
            for dtype in ("bfloat16", "float32")
        }
        best = max(rates["all_threads", "bfloat16"], rates["all_threads", "float32"])
        floor = best / (a_face * views) / max(measured["faces_per_photo"], 1e-9)
        backbone = max(measured[f"backbone_ours_{batch}"] for batch in BATCHES)
        return [
            Row("gflop_a_face", a_face / 1e9, "GFLOP", note="one pass of the network"),
            Row("views", views, "passes", note="of the network for one embedding"),
            *(Row(f"matrix_{dtype}_{name}_gflops", value / 1e9, "GFLOP/s") for (name, dtype), value in rates.items()),
            Row("floor_photos_per_second", floor, "photos/s", note="the network alone at that rate"),
            Row("share_of_floor", measured["ours_photos_per_second"] / floor, ""),
            Row("backbone_share_of_matrix_rate", backbone * a_face / best, ""),
        ]

    def _turn(self, crew: Crew[Any], method: Callable[[Any, list[str]], int], size: int, part: int) -> Turn:
        """Photos a second over `size` photos, handed out `part` at a time."""

        def turn(number: int) -> float:
            chosen = slice_of(self.photos, number, size)
            started = time.perf_counter()
            crew.share(method, portions(chosen, part))
            return size / (time.perf_counter() - started)

        return turn


def _steady(crew: Crew[Any], method: Callable[[Any, int, float], float], batch: int, seconds: float) -> Turn:
    """The same in each round."""
    return lambda _: crew.ask(method, batch, seconds)


def compose_crowd(portraits: Sequence[Pixels]) -> Pixels:
    """Portraits side by side on grey, one in each cell; a larger one is cut to its middle."""
    canvas = np.full((CROWD_HEIGHT, CROWD_WIDTH, 3), 128, np.uint8)
    for index, portrait in enumerate(portraits[:CROWD]):
        row, column = divmod(index, CROWD_COLUMNS)
        height, width = (min(side, CROWD_CELL) for side in portrait.shape[:2])
        top, left = (portrait.shape[0] - height) // 2, (portrait.shape[1] - width) // 2
        y, x = row * CROWD_CELL, column * CROWD_CELL
        canvas[y : y + height, x : x + width] = portrait[top : top + height, left : left + width]
    return canvas


def cells_hit(centers: Sequence[tuple[float, float]]) -> int:
    """In how many cells of the crowd at least one of these points lies."""
    cells = {(int(y) // CROWD_CELL, int(x) // CROWD_CELL) for x, y in centers if x >= 0 and y >= 0}
    return sum(row < CROWD_ROWS and column < CROWD_COLUMNS for row, column in cells)


def decode_photo(path: str) -> Pixels:
    """One photo's pixels."""
    return decode_image(Path(path)).pixels
