"""What mining is compared with: FAISS over all faces, and the miners of pytorch-metric-learning within a batch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import faiss
import numpy as np
import torch
from pytorch_metric_learning import distances, miners

from benchmarks.synthetic_gallery import Floats
from training.metrics.types import Counts
from training.mining.neighbors import NOBODY

HNSW_M = 16
HNSW_EF_CONSTRUCTION = 64
HNSW_EF_SEARCH = 80
"""As the platform's own index."""

BATCHES = 100
AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Found:
    """What a way of mining came to.

    Attributes:
        asked: (Q,) rows of the anchors.
        anchors: (E,) rows, one of them for each pair that was found.
        others: (E,) rows of faces of other people.
        prepare_s: before the first anchor is asked about.
        ask_s: for all anchors.
    """

    asked: Counts
    anchors: Counts
    others: Counts
    prepare_s: float
    ask_s: float


Index: TypeAlias = faiss.IndexFlatL2 | faiss.IndexHNSWFlat


def flat(vectors: Floats) -> Index:
    """Every vector is compared with every other one."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    return index


def hnsw(vectors: Floats) -> Index:
    """A graph like the platform's, in memory."""
    index = faiss.IndexHNSWFlat(vectors.shape[1], HNSW_M)
    index.hnsw.efConstruction = HNSW_EF_CONSTRUCTION
    index.hnsw.efSearch = HNSW_EF_SEARCH
    index.add(vectors)
    return index


def others_of(index: Index, vectors: Floats, people: Counts, asked: Counts, k: int) -> tuple[Counts, Counts]:
    """Return pairs of anchors and their k nearest faces of other people.

    FAISS cannot leave a person out of a search, so twice as many as are wanted are asked for, and twice as many again
    for those anchors whose own photos take the room.
    """
    anchors, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    wanted = 2 * k
    while len(asked):
        short = []
        wanted = min(wanted, len(vectors))
        if isinstance(index, faiss.IndexHNSWFlat):
            index.hnsw.efSearch = max(HNSW_EF_SEARCH, wanted)
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            rows = index.search(vectors[part], wanted)[1]
            is_other = (people[rows] != people[part, None]) & (rows != NOBODY)
            is_wanted = is_other & (np.cumsum(is_other, axis=1) <= k)
            enough = (is_wanted.sum(axis=1) == k) | (wanted == len(vectors))
            row, column = np.nonzero(is_wanted & enough[:, None])
            anchors.append(part[row])
            others.append(rows[row, column])
            short.append(part[~enough])
        asked = np.concatenate(short)
        wanted *= 2
    return np.concatenate(anchors), np.concatenate(others)


def in_batches(miner: torch.nn.Module, vectors: Floats, people: Counts, batches: list[Counts]) -> Found:
    """Let a miner look for negatives in batches of rows."""
    anchors, others = [], []
    spent = 0.0
    for rows in batches:
        embeddings, labels = torch.from_numpy(vectors[rows]), torch.from_numpy(people[rows])
        started = time.perf_counter()
        mined = miner(embeddings, labels)
        spent += time.perf_counter() - started
        anchor, negative = (mined[0], mined[2]) if len(mined) == 3 else (mined[2], mined[3])
        anchors.append(rows[anchor.numpy()])
        others.append(rows[negative.numpy()])
    return Found(
        asked=np.concatenate(batches),
        anchors=np.concatenate(anchors),
        others=np.concatenate(others),
        prepare_s=0.0,
        ask_s=spent,
    )


def in_batch_miners(alpha: float) -> dict[str, torch.nn.Module]:
    """By the names of their classes; distances are squared, as ours are."""
    squared = distances.LpDistance(power=2)
    return {
        "BatchHardMiner": miners.BatchHardMiner(distance=squared),
        "TripletMarginMiner, semi-hard": miners.TripletMarginMiner(
            margin=alpha, type_of_triplets="semihard", distance=squared
        ),
        "TripletMarginMiner, all": miners.TripletMarginMiner(margin=alpha, type_of_triplets="all", distance=squared),
    }


def batches_by_chance(people: Counts, *, size: int, each: int, seed: int) -> Iterator[Counts]:
    """Yield batches of `size` rows: people by chance, with `each` of their photos or what they have."""
    rng = np.random.default_rng(seed)
    owner = np.unique(people, return_inverse=True)[1]
    order = np.argsort(owner, kind="stable")
    begins = np.searchsorted(owner[order], np.arange(owner.max() + 2))
    while True:
        rows: list[int] = []
        for person in rng.permutation(owner.max() + 1):
            photos = order[begins[person] : begins[person + 1]]
            rows += rng.permutation(photos)[:each].tolist()
            if len(rows) >= size:
                break
        yield np.array(rows[:size])
