"""From five landmarks to a crop: a least-squares similarity, and a warp that does not alias.

Similarities are (2, 3) float64 matrices [scale * rotation | translation]. Crops have the same kind of frame as photos:
a pixel covers a square, so pixel centers lie at halves (see `encoder.geometry`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from encoder.detection.sampling import resize, to_tensor
from encoder.devices import upload
from encoder.images import Pixels

Similarity: TypeAlias = npt.NDArray[np.float64]
Points: TypeAlias = npt.NDArray[np.float64]

WARPS_AT_ONCE = 64

_COMPUTER = torch.device("cpu")


def fit_similarity(source: npt.ArrayLike, target: npt.ArrayLike) -> Similarity:
    """The similarity (scale, rotation, translation; no reflection) that moves `source` closest to `target`.

    Both are (N, 2); closest in the least-squares sense. After Umeyama, "Least-squares estimation of transformation
    parameters between two point patterns", PAMI 13 (1991), which in the plane has a closed form: with centered points
    as complex numbers it is a ratio of inner products. Raises ValueError where all of `source` is one point.
    """
    source_points, target_points = np.asarray(source, np.float64), np.asarray(target, np.float64)
    source_mean, target_mean = source_points.mean(axis=0), target_points.mean(axis=0)
    x, y = (source_points - source_mean).T
    u, v = (target_points - target_mean).T
    spread = float(x @ x + y @ y)
    if spread == 0.0:
        raise ValueError("A similarity needs points that are not all the same.")
    cosine, sine = (x @ u + y @ v) / spread, (x @ v - y @ u) / spread  # both times the scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def invert_similarity(similarity: Similarity) -> Similarity:
    """The way back. Raises ValueError for a similarity that shrinks everything to a point."""
    linear = similarity[:, :2]
    squared_scale = float(linear[:, 0] @ linear[:, 0])
    if squared_scale == 0.0:
        raise ValueError("A similarity of scale 0 has no inverse.")
    inverse = linear.T / squared_scale
    return np.column_stack([inverse, -inverse @ similarity[:, 2]])


def similarity_scale(similarity: Similarity) -> float:
    """By how much it stretches lengths."""
    return float(np.hypot(similarity[0, 0], similarity[1, 0]))


@dataclass(frozen=True, eq=False)
class _Patch:
    """The part of a photo that a crop needs, reduced where the crop is smaller.

    `pixels` is (h, w, 3) uint8; `to_patch` (2, 3) maps points of the crop to points of the patch.
    """

    pixels: Pixels
    to_patch: Similarity


def warp_faces(
    photos: Sequence[Pixels],
    owners: Sequence[int],
    similarities: Sequence[Similarity],
    size: int,
    device: torch.device,
) -> Tensor:
    """Cuts aligned crops out of photos of any sizes: (K, 3, size, size) uint8, channels_last, on `device`.

    What each face needs is cut out of its photo, and reduced, on the computer itself: each has a size of its own. The
    device is given many of them at a time, in one copy.

    Args:
        photos: (H, W, 3) uint8 each.
        owners: for each crop the index of its photo.
        similarities: for each crop the map from it to its photo. What lies outside of the photo is black.
    """
    patches = [
        _cut_patch(photos[owner], similarity, size) for owner, similarity in zip(owners, similarities, strict=True)
    ]
    warped = [
        _warp_patches(patches[start : start + WARPS_AT_ONCE], size, device)
        for start in range(0, len(patches), WARPS_AT_ONCE)
    ]
    empty = torch.empty((0, 3, size, size), dtype=torch.uint8, device=device)
    return torch.cat(warped or [empty]).contiguous(memory_format=torch.channels_last)


def _cut_patch(photo: Pixels, similarity: Similarity, size: int) -> _Patch:
    """The bounding rectangle of the crop's outline, a pixel of the crop more on each side, within the photo."""
    scale = max(similarity_scale(similarity), 1.0)
    corners = np.array([(0, 0, 1), (size, 0, 1), (0, size, 1), (size, size, 1)]) @ similarity.T
    height, width = photo.shape[:2]
    left, top = np.clip(np.floor(corners.min(axis=0) - scale), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0) + scale), (left + 1, top + 1), (width, height)).astype(int)
    pixels = photo[top:bottom, left:right]
    if scale > 1.0:
        reduced = max(round((bottom - top) / scale), 1), max(round((right - left) / scale), 1)
        pixels = resize(to_tensor(pixels, _COMPUTER), *reduced)[0].permute(1, 2, 0).numpy()
    reduction = np.array([pixels.shape[1] / (right - left), pixels.shape[0] / (bottom - top)])
    to_patch = similarity.copy()
    to_patch[:, 2] -= (left, top)
    return _Patch(pixels, to_patch * reduction[:, None])


def _warp_patches(patches: Sequence[_Patch], size: int, device: torch.device) -> Tensor:
    """Bilinear, all at once: the patches lie in the top left corners of black squares of one size."""
    side = max(max(patch.pixels.shape[:2]) for patch in patches)
    canvas = np.zeros((len(patches), side, side, 3), np.uint8)
    for square, patch in zip(canvas, patches, strict=True):
        square[: patch.pixels.shape[0], : patch.pixels.shape[1]] = patch.pixels
    maps = np.stack([_normalized(patch.to_patch, size, side) for patch in patches]).astype(np.float32)
    squares = upload(canvas, device).float().permute(0, 3, 1, 2)  # (K, 3, side, side), channels_last
    grid = _grid(torch.from_numpy(maps).to(device), size)
    warped = functional.grid_sample(squares, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return warped.round_().to(torch.uint8)


def _grid(maps: Tensor, size: int) -> Tensor:
    """Where each pixel of (K, 2, 3) maps' crops lies: (K, size, size, 2), x and y from -1 to 1.

    As `torch.nn.functional.affine_grid`, which is a product of matrices and takes four times as long.
    """
    steps = (torch.arange(size, device=maps.device) + 0.5) * (2 / size) - 1
    grid = torch.empty((len(maps), size, size, 2), device=maps.device)
    for axis in (0, 1):
        along_row = maps[:, axis, 0, None] * steps + maps[:, axis, 2, None]  # (K, size)
        torch.add(along_row[:, None, :], (maps[:, axis, 1, None] * steps)[:, :, None], out=grid[..., axis])
    return grid


def _normalized(similarity: Similarity, size: int, side: int) -> Similarity:
    """The same map between coordinates that run from -1 to 1 over the crop and over the canvas."""
    linear = similarity[:, :2] * (size / side)
    center = similarity @ np.array([size / 2, size / 2, 1.0])
    return np.column_stack([linear, center * (2 / side) - 1])
