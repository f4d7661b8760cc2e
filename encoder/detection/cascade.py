"""MTCNN's cascade: P-Net proposes boxes on a pyramid, R-Net refines them, O-Net decides and places landmarks.

Boxes are in pixels of the *working picture* (the photo, reduced where it is very large) until the last step. The
networks' own convention, pixels counted from 1 with both ends inside the box, is this module's [left, right) with
left = x1 - 1 and right = x2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from encoder.convolution import centered
from encoder.detection.boxes import (
    Boxes,
    Indices,
    Overlap,
    Scores,
    non_maximum_suppression,
    regress,
    to_squares,
)
from encoder.detection.mosaic import CELL, lay_out, strips_of
from encoder.detection.networks import (
    ONET_SIZE,
    RNET_SIZE,
    DetectorInference,
    OutputNetwork,
    ProposalNetwork,
    RefinementNetwork,
)
from encoder.detection.sampling import Stack, cut_squares, shrink_to_area, stack_alike, to_tensor
from encoder.geometry import BoundingBox, DetectedFace, FloatArray, Landmarks
from encoder.images import Pixels
from encoder.threads import hands, one_torch_thread, share_out

STACKED_PIXELS = 4_000_000  # of pictures in one pass of P-Net, which takes 100 MB of activations
CUTS_AT_ONCE = 1024  # squares cut out before they go through R- or O-Net: 28 MB of the larger ones
SMALL_BATCH = 8  # crops that are not shared out among threads any further
STRIP = 100_000  # values of a mosaic that a thread takes on at least

CROPS_AT_ONCE = {"cpu": 64, "cuda": 1024}  # through R- and O-Net: on a CPU larger batches leave its caches


@dataclass(frozen=True)
class DetectorSettings:
    """What counts as a face.

    Attributes:
        min_face: side of the smallest face looked for, in pixels of the working picture.
        thresholds: the least probability of a face in P-, R- and O-Net.
        overlaps: by how much boxes may overlap and both stay, after P-, R- and O-Net (there of the smaller box). The
            first two are stricter than the usual 0.7: a fifth of the squares reach R-Net and a third O-Net, and the
            same faces of LFW are found. In the dark and behind masks some more are found by a looser first one.
        max_pixels: area of the working picture; a larger photo is reduced to it. It bounds memory and time.
    """

    min_face: int = 40
    thresholds: tuple[float, float, float] = (0.65, 0.7, 0.8)
    overlaps: tuple[float, float, float] = (0.4, 0.5, 0.7)
    max_pixels: int = 8_000_000


EAGER = DetectorSettings(min_face=20, thresholds=(0.5, 0.5, 0.7), overlaps=(0.5, 0.5, 0.7), max_pixels=2_000_000)
"""For photos where the usual settings find nobody. On 8 million pixels of gravel this search would take 18 seconds.

A last threshold of 0.5 finds some more of very dark and of strongly tilted faces, and takes grass for faces as well.
"""


@dataclass(frozen=True, eq=False)
class _Candidates:
    """N boxes of several pictures: `owners` (N,) says whose they are, `boxes` is (N, 4), `scores` (N,)."""

    owners: Indices
    boxes: Boxes
    scores: Scores

    def __len__(self) -> int:
        return len(self.owners)

    def __getitem__(self, chosen: Indices | slice) -> _Candidates:
        return _Candidates(self.owners[chosen], self.boxes[chosen], self.scores[chosen])


class FaceDetector:
    """Finds faces in photos of any sizes; the three networks are read-only, so threads may share one detector."""

    def __init__(
        self,
        pnet: ProposalNetwork,
        rnet: RefinementNetwork,
        onet: OutputNetwork,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """`dtype`: of the convolutions, but for P-Net's first: that has too few channels to gain by less precision."""
        self._pnet = DetectorInference(pnet, dtype, first=torch.float32).to(device)
        self._rnet = DetectorInference(rnet, dtype).to(device)
        self._onet = DetectorInference(onet, dtype).to(device)
        self._device = device

    @torch.inference_mode()
    def detect(
        self, photos: Sequence[Pixels], settings: DetectorSettings = DetectorSettings()
    ) -> list[list[DetectedFace]]:
        """The faces of each photo, (H, W, 3) uint8 RGB, largest first; one list a photo, in the order of the photos."""
        if not photos:
            return []
        working = [shrink_to_area(to_tensor(photo, self._device), settings.max_pixels) for photo in photos]
        stacks = stack_alike(working, STACKED_PIXELS)
        candidates = self._propose(stacks, settings)
        candidates = self._refine(stacks, candidates, settings)
        candidates, landmarks = self._output(stacks, candidates, settings)
        faces: list[list[DetectedFace]] = [[] for _ in photos]
        for index, owner in enumerate(candidates.owners.tolist()):
            height, width = photos[owner].shape[:2]
            scale = np.array([width / working[owner].shape[3], height / working[owner].shape[2]])
            box = candidates.boxes[index].reshape(2, 2) * scale
            score = float(candidates.scores[index])
            faces[owner].append(_detected_face(box, landmarks[index] * scale, score, width, height))
        return [
            sorted((face for face in found if face.box.area > 0), key=lambda face: -face.box.area) for found in faces
        ]

    @torch.inference_mode()
    def read_landmarks(self, squares: Tensor) -> tuple[FloatArray, FloatArray]:
        """The landmarks of the one face in each of (N, 3, 48, 48) uint8 squares, in pixels of the square: (N, 5, 2).

        And how likely it is one, (N,). Means of two readings, of the square and of its mirror image.
        """
        crops = centered(squares, self._onet.dtype)
        scores, _, points = self._run(self._onet, torch.cat([crops, crops.flip(3)]))
        first, mirrored = points.cpu().numpy().reshape(2, len(squares), -1)
        pixels: FloatArray = np.mean([_shares(first), _mirrored(_shares(mirrored))], axis=0) * np.float32(ONET_SIZE)
        score: FloatArray = scores.cpu().numpy().reshape(2, len(squares)).mean(axis=0)
        return pixels, score

    def _propose(self, stacks: Sequence[Stack], settings: DetectorSettings) -> _Candidates:
        """Squares that may hold a face, those of one picture together."""
        return _joined([own for stack in stacks for own in self._propose_alike(stack, settings)])

    def _propose_alike(self, stack: Stack, settings: DetectorSettings) -> Iterator[_Candidates]:
        """The same for pictures of one size, one after the other."""
        mosaic = lay_out(stack.pixels.shape[2], stack.pixels.shape[3], settings.min_face)
        if mosaic is None:
            return
        probabilities, offsets = self._look_at(mosaic.draw(stack))
        picture, row, column = mosaic.cells(probabilities, settings.thresholds[0])
        scores = probabilities[picture, row, column].cpu().numpy()
        shares = offsets[picture, :, row, column].cpu().numpy()
        places = picture.cpu().numpy()
        corners, scales = mosaic.corners(row.cpu().numpy(), column.cpu().numpy())
        scales = scales[:, None]
        boxes = np.concatenate([(corners + 1) / scales - 1, (corners + CELL) / scales], axis=1).astype(np.float32)
        moved = (boxes + shares * ((CELL - 1) / scales)).astype(np.float32)
        for place, owner in enumerate(stack.owners.tolist()):
            (own,) = np.nonzero(places == place)
            own = own[non_maximum_suppression(boxes[own], scores[own], settings.overlaps[0])]
            yield _Candidates(np.full(len(own), owner), to_squares(moved[own]), scores[own])

    def _look_at(self, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """P-Net's probabilities, (B, h, w), and offsets, (B, 4, h, w), of a mosaic, in strips for several threads."""
        strips = strips_of(canvas, hands(canvas.numel() // STRIP, self._device))
        with one_torch_thread() if len(strips) == 1 and self._device.type == "cpu" else nullcontext():
            answers = share_out(self._propose_in_strip, strips)
        return torch.cat([chances for chances, _ in answers], dim=1), torch.cat([moves for _, moves in answers], dim=2)

    @torch.inference_mode()
    def _propose_in_strip(self, strip: Tensor) -> tuple[Tensor, Tensor]:
        probabilities, offsets = self._pnet(centered(strip, self._pnet.dtype))
        return probabilities, offsets

    def _refine(self, stacks: Sequence[Stack], candidates: _Candidates, settings: DetectorSettings) -> _Candidates:
        """The squares that R-Net takes for faces, moved."""
        scores, offsets = self._judge(self._rnet, RNET_SIZE, stacks, candidates)
        (sure,) = np.nonzero(scores >= settings.thresholds[1])
        likely = _Candidates(candidates.owners[sure], candidates.boxes[sure], scores[sure])
        kept = sure[_suppress_by_owner(likely, settings.overlaps[1])]
        boxes = to_squares(regress(candidates.boxes[kept], offsets[kept]))
        return _Candidates(candidates.owners[kept], boxes, scores[kept])

    def _output(
        self, stacks: Sequence[Stack], candidates: _Candidates, settings: DetectorSettings
    ) -> tuple[_Candidates, FloatArray]:
        """The boxes that O-Net takes for faces, and their landmarks, (N, 5, 2)."""
        scores, offsets, points = self._judge(self._onet, ONET_SIZE, stacks, candidates)
        squares = candidates.boxes
        boxes = regress(squares, offsets)
        (sure,) = np.nonzero((scores >= settings.thresholds[2]) & (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1))
        found = _Candidates(candidates.owners[sure], boxes[sure], scores[sure])
        chosen = _suppress_by_owner(found, settings.overlaps[2], Overlap.SMALLER)
        return found[chosen], _landmarks(squares[sure], _shares(points[sure]))[chosen]

    def _judge(
        self, network: DetectorInference, size: int, stacks: Sequence[Stack], candidates: _Candidates
    ) -> list[FloatArray]:
        """The network's outputs for all candidates, each (N, ...)."""
        parts: list[list[Tensor]] = []
        for start in range(0, max(len(candidates), 1), CUTS_AT_ONCE):
            part = candidates[slice(start, start + CUTS_AT_ONCE)]
            crops = cut_squares(stacks, part.owners, part.boxes, size)
            parts.append(self._run(network, crops.to(network.dtype)))
        return [torch.cat(outputs).cpu().numpy() for outputs in zip(*parts, strict=True)]

    def _run(self, network: DetectorInference, crops: Tensor) -> list[Tensor]:
        at_once = min(CROPS_AT_ONCE[self._device.type], -(-len(crops) // hands(len(crops), self._device)))
        batches = torch.split(crops, max(at_once, SMALL_BATCH))
        outputs = share_out(partial(_answers, network), batches)
        return [torch.cat(parts) for parts in zip(*outputs, strict=True)]


@torch.inference_mode()
def _answers(network: DetectorInference, crops: Tensor) -> list[Tensor]:
    """In batches of few sizes, filled up with zeros: oneDNN prepares its convolutions for every size anew."""
    missing = _batch_size(len(crops)) - len(crops)
    filled = functional.pad(crops, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else crops
    outputs = network(filled.contiguous(memory_format=torch.channels_last))
    return [output[: len(crops)] for output in outputs]


def _batch_size(count: int) -> int:
    """Even, but for one; a multiple of four above 16, of eight above 32."""
    step = 1 if count < 2 else 2 if count <= 16 else 4 if count <= 32 else 8
    return -(-count // step) * step


def _shares(points: FloatArray) -> FloatArray:
    """O-Net's five x and five y, (N, 10), as (N, 5, 2) in shares of the square."""
    return points.reshape(-1, 2, 5).transpose(0, 2, 1)


def _mirrored(shares: FloatArray) -> FloatArray:
    """What landmarks of a mirror image are in the picture itself: left and right change names and places."""
    swapped = shares[:, [1, 0, 2, 4, 3]]
    return np.stack([1 - swapped[:, :, 0], swapped[:, :, 1]], axis=2)


def _landmarks(squares: Boxes, shares: FloatArray) -> FloatArray:
    """Shares of (N, 4) squares, (N, 5, 2), to pixels."""
    return squares[:, None, :2] + shares * (squares[:, None, 2:] - squares[:, None, :2])


def _joined(parts: Sequence[_Candidates]) -> _Candidates:
    if not parts:
        return _Candidates(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.float32))
    return _Candidates(
        np.concatenate([part.owners for part in parts]),
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def _suppress_by_owner(candidates: _Candidates, threshold: float, kind: Overlap = Overlap.UNION) -> Indices:
    """Suppression within each picture; the result is ordered by score over all of them."""
    return non_maximum_suppression(candidates.boxes, candidates.scores, threshold, kind=kind, groups=candidates.owners)


def _detected_face(box: FloatArray, landmarks: FloatArray, score: float, width: int, height: int) -> DetectedFace:
    (left, top), (right, bottom) = np.clip(box, 0, [width, height]).tolist()
    return DetectedFace(BoundingBox(left, top, right, bottom), Landmarks.from_array(landmarks), score)
