"""What people would pick instead, each as its own documentation says to use it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.timing import cpu_seconds, rate
from encoder.checkpoints import load_factory_backbone, locate_factory_weights
from encoder.geometry import BoundingBox, FloatArray, portrait_score
from encoder.images import Pixels

PACKAGES = ("dlib", "onnxruntime", "onnx")
INSTALL = "make setup-dev"


def missing_rivals() -> list[str]:
    """Those of `PACKAGES` that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def end_without_rivals() -> None:
    """Ends the program with what to do where a rival is missing."""
    missing = missing_rivals()
    if missing:
        sys.exit(f"{' and '.join(missing)} not installed here; `{INSTALL}` installs what is compared with.")


class Dlib:
    """dlib's face recognition: HOG detector, five landmarks, and the same network as the factory encoder's.

    This is what `face_recognition.face_encodings` does: its "small" model of five points, and one pass of the network
    (num_jitters=1). That package doubles the picture for the detector (`upsample` 1), which finds smaller faces and
    takes four times as long; dlib's own default is 0. dlib uses one thread.
    """

    def __init__(self, threads: int = 1) -> None:
        """`threads` is for the likes of `Crew`; dlib has no use for more than one."""
        dlib: Any = importlib.import_module("dlib")
        weights = locate_factory_weights()
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(weights.with_name("shape_predictor_5_face_landmarks.dat")))
        self._network = dlib.face_recognition_model_v1(str(weights))
        self.embed(np.zeros((1, 150, 150, 3), np.uint8))

    def encode(self, paths: list[str], upsample: int = 0) -> int:
        """Files to embeddings, one photo at a time; returns how many faces."""
        return sum(len(self.embeddings(_decoded(path), upsample)) for path in paths)

    def encode_doubled(self, paths: list[str]) -> int:
        """The same with pictures doubled for the detector, as face_recognition does."""
        return self.encode(paths, upsample=1)

    def cost(self, paths: list[str]) -> tuple[float, int]:
        """Seconds of processor time for `encode`, and how many faces."""
        return cpu_seconds(partial(self.encode, paths))

    def embeddings(self, photo: Pixels, upsample: int = 0) -> list[FloatArray]:
        """(128,) of each face, not of unit length."""
        shapes = [self._predictor(photo, box) for box in self._detector(photo, upsample)]
        return [np.array(self._network.compute_face_descriptor(photo, shape, 1), np.float32) for shape in shapes]

    def portrait(self, photo: Pixels) -> FloatArray | None:
        """(128,) of the main face, not of unit length; None where no face was found.

        Where there is none the detector is asked once more, with the picture doubled: ours searches twice as well.
        """
        height, width = photo.shape[:2]
        boxes = self._detector(photo, 0) or self._detector(photo, 1)
        if not boxes:
            return None
        edges = [BoundingBox(box.left(), box.top(), box.right() + 1, box.bottom() + 1) for box in boxes]
        best = max(range(len(edges)), key=lambda index: portrait_score(edges[index], width, height))
        shape = self._predictor(photo, boxes[best])
        return np.array(self._network.compute_face_descriptor(photo, shape, 1), np.float32)

    def probe(self, path: str, upsample: int = 0) -> float:
        """Seconds from a file to its embeddings."""
        started = time.perf_counter()
        self.encode([path], upsample)
        return time.perf_counter() - started

    def detect(self, photo: Pixels, upsample: int) -> tuple[float, list[tuple[float, float]]]:
        """Seconds for detection alone, and the centers of the boxes, (x, y)."""
        started = time.perf_counter()
        boxes = self._detector(photo, upsample)
        seconds = time.perf_counter() - started
        return seconds, [((box.left() + box.right()) / 2, (box.top() + box.bottom()) / 2) for box in boxes]

    def embed(self, crops: Pixels) -> FloatArray:
        """(B, 150, 150, 3) ready crops to (B, 128), raw."""
        return np.array(self._network.compute_face_descriptor(list(crops)), np.float32)

    def backbone_rate(self, batch: int, at_least_s: float) -> float:
        """Faces a second of the network alone."""
        crops = np.random.default_rng(0).integers(0, 256, (batch, 150, 150, 3), np.uint8)
        return rate(lambda: self.embed(crops), batch, at_least_s=at_least_s)


class OnnxRuntime:
    """The factory encoder's folded network in float32, as ONNX Runtime runs it on a CPU."""

    def __init__(self, threads: int) -> None:
        onnxruntime: Any = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "backbone.onnx"
            write_onnx(graph)
            self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def embed(self, crops: FloatArray) -> FloatArray:
        """(B, 3, 150, 150) float32, (RGB - mean) / scale, to (B, 128), raw."""
        result: FloatArray = self._session.run(None, {"crops": crops})[0]
        return result

    def backbone_rate(self, batch: int, at_least_s: float) -> float:
        """Faces a second of the network alone."""
        crops = np.random.default_rng(0).standard_normal((batch, 3, 150, 150)).astype(np.float32)
        self.embed(crops)
        return rate(lambda: self.embed(crops), batch, at_least_s=at_least_s)


def write_onnx(path: Path) -> None:
    """The factory encoder's folded network, for batches of any size."""
    example = torch.zeros(2, 3, 150, 150)
    sizes = {"crops": {0: "batch"}, "embeddings": {0: "batch"}}
    with warnings.catch_warnings():
        # It says that a newer exporter exists, and that the shapes it saw will be constants, which they are.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            load_factory_backbone(),
            (example,),
            str(path),
            dynamo=False,
            input_names=["crops"],
            output_names=["embeddings"],
            dynamic_axes=sizes,
        )


def _decoded(path: str) -> Pixels:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))
