"""What the layers that do not learn make of each face, worked out once: steps then cost a hundredth."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from encoder.convolution import centered
from encoder.devices import upload
from encoder.threads import hands, share_out
from training.configuration import Augmentation
from training.exceptions import TrainingFailedError
from training.learning.augmentation import Augmenter, Key
from training.learning.inputs import Inputs
from training.metrics.types import Counts, Progress
from training.mining.batches import Batch
from training.mining.sets import TrainingSet

COPIES = 4
"""Of each face that is trained on, besides the face as it is, where there is an augmentation."""

AT_ONCE = {"cpu": 64, "cuda": 1024}
SMALL_BATCH = 8
LARGEST_FILE = 4 << 30
"""Bytes; there are fewer copies of each face where they would need more."""

FILE = "features.npy"
_AS_IT_IS, _PROBE, _FIRST_COPY = 0, 1, 2
_COPY, _CHOICE = 3, 4
"""What a key is for, beside those of `augmentation` and `inputs`."""


class StoredFeatures:
    """A file of (E, ...) float16: maps, height by width by channels, or what the last layer takes, (F,).

    Every face is there as it is, and where the run knows poor cameras as a probe; those that are trained on also as
    copies.
    """

    def __init__(self, training_set: TrainingSet, front: nn.Module, augmenter: Augmenter, device: torch.device) -> None:
        """`front` takes `centered` pixels in the dtype of its parameters and is ready on the device."""
        self._set = training_set
        self._front = front
        self._dtype = next(front.parameters()).dtype
        self._augmenter = augmenter
        self._device = device
        self._places = np.zeros((0, 0), np.int64)
        self._features: npt.NDArray[np.float16] = np.zeros(0, np.float16)

    def fill(self, folder: Path, progress: Progress) -> None:
        """Work everything out and store it in the folder; progress is told of each face, with all of its copies.

        Raises TrainingFailedError where the folder's disk has no room.
        """
        shape = self._through_front(upload(np.asarray(self._set.crops[:1]), self._device)).shape[1:]
        self._places = _places(self._set, self._copies(int(np.prod(shape)) * 2), self._augmenter.kind)
        entries = int(self._places.max()) + 1
        _check_room(folder, entries * int(np.prod(shape)) * 2)
        folder.mkdir(parents=True, exist_ok=True)
        self._features = np.lib.format.open_memmap(folder / FILE, mode="w+", dtype=np.float16, shape=(entries, *shape))
        at_once = AT_ONCE[self._device.type]
        for start in range(0, len(self._set), at_once):
            rows = np.arange(start, min(start + at_once, len(self._set)), dtype=np.int64)
            for copy in range(self._places.shape[1]):
                wanted = rows[self._places[rows, copy] >= 0]
                if len(wanted):
                    features = self._through_front(self._seen(wanted, copy))
                    self._features[self._places[wanted, copy]] = features.numpy()
            progress(len(rows))

    def of(self, batch: Batch, step: int) -> Inputs:
        """One of the stored copies of each face, by chance: (B, ...) float32."""
        own = self._places[batch.rows]
        copies = np.concatenate([own[:, :1], own[:, _FIRST_COPY:]], axis=1)
        chance = np.random.default_rng((self._augmenter.seed, _CHOICE, step))
        chosen = copies[np.arange(len(own)), chance.integers(0, copies.shape[1], len(own))]
        return Inputs(self._read(np.where(chosen >= 0, chosen, own[:, _AS_IT_IS])))

    def as_they_are(self, rows: Counts) -> Tensor:
        """(R, ...) float32 on the device."""
        return self._read(self._places[rows, _AS_IT_IS])

    def probes(self, rows: Counts) -> Tensor:
        """The same of the copies that poor cameras make; where there are none, of the faces as they are."""
        places = self._places[rows, _PROBE]
        return self._read(np.where(places >= 0, places, self._places[rows, _AS_IT_IS]))

    def _seen(self, rows: Counts, copy: int) -> Tensor:
        """(R, S, S, 3) uint8 on the device."""
        crops = np.asarray(self._set.crops[rows])
        if copy == _AS_IT_IS:
            return upload(crops, self._device)
        if copy == _PROBE:
            return upload(self._augmenter.probes(crops, rows.tolist()), self._device)
        keys: list[Key] = [(_COPY, copy, row) for row in rows.tolist()]
        return self._augmenter(crops, keys)

    def _through_front(self, crops: Tensor) -> Tensor:
        """(B, S, S, 3) uint8 -> (B, H, W, C) or (B, F) float16 on the CPU."""
        inputs = centered(crops.permute(0, 3, 1, 2), self._dtype)
        parts = inputs.tensor_split(hands(len(inputs) // SMALL_BATCH, self._device))
        features = torch.cat(share_out(self._run_front, parts))
        ordered = features.permute(0, 2, 3, 1) if features.ndim == 4 else features
        return ordered.to(torch.float16).cpu()

    def _run_front(self, inputs: Tensor) -> Tensor:
        with torch.inference_mode():
            features: Tensor = self._front(inputs)
            return features

    def _read(self, places: Counts) -> Tensor:
        features = self._features[places]
        tensor = torch.from_numpy(features)
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        tensor = tensor.to(self._device, non_blocking=True).float()
        return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor

    def _copies(self, size: int) -> int:
        """How many copies of a face there is room for, beside the face as it is and the probe; `size` in bytes."""
        if self._augmenter.kind == Augmentation.NONE:
            return 0
        trained_on = max(int(self._set.is_trained_on.sum()), 1)
        room = LARGEST_FILE // size - 2 * len(self._set)
        return min(max(room // trained_on, 1), COPIES)


def _places(training_set: TrainingSet, copies: int, kind: Augmentation) -> Counts:
    """(M, 2 + copies): where each copy of each face is in the file, -1 where there is none."""
    wanted = np.zeros((len(training_set), _FIRST_COPY + copies), np.bool_)
    wanted[:, _AS_IT_IS] = True
    wanted[:, _PROBE] = kind == Augmentation.POOR_CAMERAS
    wanted[:, _FIRST_COPY:] = training_set.is_trained_on[:, None]
    places = np.full(wanted.shape, -1, np.int64)
    places[wanted] = np.arange(wanted.sum())
    return places


def _check_room(folder: Path, size: int) -> None:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if size > free:
        raise TrainingFailedError(
            f"What the layers that stay make of the faces needs {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. "
            "Train on fewer photos, or let all layers learn."
        )
