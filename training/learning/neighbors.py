"""The nearest faces of other people by a product on a device."""

import numpy as np
import torch

from training.metrics.types import Counts, Embeddings, Mask, Progress, ignore
from training.mining.exact import ROUNDING
from training.mining.neighbors import Neighbors, as_stored, joined, ranked

BLOCK_BYTES = {"cpu": 32 << 20, "cuda": 1 << 30}
"""Of distances that are looked at together, by the kind of device."""

SPARE = 8
"""Neighbors beyond those wanted that are compared exactly, as the product is in single precision."""


def nearest_of_others(
    vectors: Embeddings,
    people: Counts,
    k: int,
    *,
    device: torch.device,
    block_bytes: int | None = None,
    progress: Progress = ignore,
) -> Neighbors:
    """Return what `training.mining.exact.nearest_of_others` returns, found on a device.

    Args:
        vectors: (M, D) of unit length.
        people: (M,) whose each is.
        k: at least 1.
        device: where the product is made.
        block_bytes: as `BLOCK_BYTES`, of this device.
        progress: told how many faces are done since the last call.
    """
    stored = as_stored(vectors)
    count = len(stored)
    limit = block_bytes or BLOCK_BYTES.get(device.type, BLOCK_BYTES["cpu"])
    block = max(1, limit // (4 * max(1, count)))
    owners = torch.from_numpy(np.unique(people, return_inverse=True)[1].astype(np.int32)).to(device)
    there = torch.from_numpy(stored).to(device)
    squares = there.square().sum(dim=1)
    parts = []
    for first in range(0, count, block):
        rows = slice(first, min(first + block, count))
        distances = torch.addmm(squares, there[rows], there.T, alpha=-2)  # (R, M), short of each row's own square
        distances.masked_fill_(owners[rows, None] == owners, torch.inf)
        anchors, others = _candidates(distances, k)
        parts.append(ranked(stored, anchors + first, others, first=first, faces=rows.stop - first, k=k))
        progress(rows.stop - first)
    return joined(parts, k)


def _candidates(distances: torch.Tensor, k: int) -> tuple[Counts, Counts]:
    """Return pairs (row, column) of (R, M) distances among which the k least of each row are, ties included."""
    wanted = min(k + SPARE, distances.shape[1])
    least, columns = distances.topk(wanted, largest=False)  # (R, W), sorted
    enough = min(k, wanted) - 1
    # Where the last one that was taken is as near as the k-th, more may lie beyond it.
    cut_off = (least[:, -1] <= least[:, enough] + ROUNDING) & least[:, -1].isfinite()
    if wanted == distances.shape[1]:
        cut_off[:] = False
    kept: Mask = (least.isfinite() & ~cut_off[:, None]).cpu().numpy()
    anchors = np.nonzero(kept)[0]
    rows = cut_off.nonzero()[:, 0]
    row, column = (distances[rows] <= least[rows, enough, None] + ROUNDING).nonzero(as_tuple=True)
    return (
        np.concatenate([anchors, rows[row].cpu().numpy()]),
        np.concatenate([columns.cpu().numpy()[kept], column.cpu().numpy()]),
    )
