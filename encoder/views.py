"""Several looks at one face: a crop as it is, turned, larger, mirrored.

A network's answers to them differ by accidents of the crop; their mean has less of these than any one has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from encoder.spec import View

FloatGrid = npt.NDArray[np.float64]


class ViewMaker:
    """Makes the same views of any number of crops, all at once.

    What a pixel of a view is made of depends on the view alone: four pixels of the crop and their weights. They are
    worked out once. Read-only: threads may share it.
    """

    def __init__(self, views: Sequence[View], size: int, device: torch.device) -> None:
        """For crops of `size` x `size` pixels on `device`."""
        self._views = tuple(views)
        self._turned = [index for index, view in enumerate(self._views) if not view.is_upright]
        taps = [_taps(self._views[index], size) for index in self._turned]
        pixels = np.concatenate([np.empty((0, 4), np.int32), *(pixels for pixels, _ in taps)])
        weights = np.concatenate([np.empty((0, 4), np.float32), *(weights for _, weights in taps)])
        self._pixels, self._weights = torch.from_numpy(pixels).to(device), torch.from_numpy(weights).to(device)

    def __call__(self, crops: Tensor) -> Tensor:
        """(B, S, S, 3) uint8 to (V, B, S, S, 3) uint8, the V views in their order."""
        turned = dict(zip(self._turned, self._resampled(crops), strict=True))
        return torch.stack(
            [
                turned[index] if index in turned else crops.flip(2) if view.mirrored else crops
                for index, view in enumerate(self._views)
            ]
        )

    def _resampled(self, crops: Tensor) -> Sequence[Tensor]:
        """Those of the views that need interpolation, each (B, S, S, 3)."""
        if not self._turned:
            return ()
        count, size = crops.shape[:2]
        table = crops.permute(1, 2, 0, 3).reshape(size * size, count * 3).float()  # a row a pixel, of all crops
        values = functional.embedding_bag(self._pixels, table, per_sample_weights=self._weights, mode="sum")
        views = values.round_().to(torch.uint8).reshape(len(self._turned), size, size, count, 3)
        return views.permute(0, 3, 1, 2, 4).unbind()


def _taps(view: View, size: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """For each pixel of the view, row by row, four pixels of the crop and their bilinear weights: (S * S, 4) both.

    Beyond the crop's edge its outermost pixels go on.
    """
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2  # pixel centers, seen from the middle
    if view.mirrored:
        x = -x
    angle = np.radians(view.degrees)
    cosine, sine = np.cos(angle) / view.scale, np.sin(angle) / view.scale
    left, right_share = _between(cosine * x + sine * y, size)
    top, bottom_share = _between(cosine * y - sine * x, size)
    first = top * size + left
    pixels = np.stack([first, first + 1, first + size, first + size + 1], axis=-1)
    rows, columns = (1 - bottom_share, bottom_share), (1 - right_share, right_share)
    weights = np.stack([row * column for row in rows for column in columns], axis=-1)
    return pixels.reshape(-1, 4).astype(np.int32), weights.reshape(-1, 4).astype(np.float32)


def _between(places: FloatGrid, size: int) -> tuple[npt.NDArray[np.int64], FloatGrid]:
    """The pixel before each place (from the middle) along one axis, and how far on it lies towards the next, 0 to 1."""
    indices = np.clip(places + size / 2 - 0.5, 0, size - 1)
    before = np.minimum(indices.astype(np.int64), size - 2)
    return before, indices - before
