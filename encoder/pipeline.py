"""Photos in, faces with embeddings out: detect, align, embed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import accumulate, chain, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from encoder.alignment import Similarity, fit_similarity, invert_similarity, similarity_scale, warp_faces
from encoder.checkpoints import load_backbone, load_detector_networks
from encoder.convolution import Normalization
from encoder.detection import EAGER, DetectorSettings, FaceDetector
from encoder.detection.networks import ONET_SIZE
from encoder.devices import choose_device, choose_dtype
from encoder.embedding import CropEmbedder
from encoder.geometry import DetectedFace, EncodedFace, EncodedPhoto, FaceQuality, FloatArray, Landmarks, main_face
from encoder.images import Pixels
from encoder.quality import assess
from encoder.spec import DLIB_RESNET_SPEC, EncoderSpec, Template
from encoder.threads import hands, one_torch_thread, share_out

READING_TEMPLATE: Template = ((16.07, 18.63), (32.41, 18.69), (24.25, 28.40), (17.03, 36.60), (31.33, 36.66))
"""Where the five landmarks lie in the squares of 48 pixels that O-Net is usually shown; the median over LFW."""

SMALL_PHOTO = 500_000
"""Pixels of a photo that one thread alone encodes sooner than several that wait for each other a hundred times."""


class FaceEncoder:
    """The whole encoder of one encoder version, read-only once loaded: threads may share it.

    Photos are (H, W, 3) uint8 arrays, RGB, EXIF-turned, of any sizes in one batch.
    """

    def __init__(self, spec: EncoderSpec, backbone: nn.Module, detector: FaceDetector, *, device: torch.device) -> None:
        """`load` is the usual way; this one takes the parts: a backbone for `centered` pixels, ready on `device`."""
        self.spec = spec
        self.device = device
        self._backbone = backbone
        self._detector = detector
        self._embedder = CropEmbedder(spec, backbone, device=device)

    @classmethod
    def load(
        cls,
        spec: EncoderSpec = DLIB_RESNET_SPEC,
        weights: Path | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
    ) -> FaceEncoder:
        """Reads all weights.

        Args:
            spec: the encoder version.
            weights: its file. None: the factory encoder's, out of its package.
            device: "auto", "cpu", "cuda" or "cuda:N".
            precision: "auto", "float32", "bfloat16" or, on CUDA, "float16", of the convolutions.

        Raises ValueError for an unknown device or precision, WeightsError for weights that are not what they should be.
        """
        where = choose_device(device)
        dtype = choose_dtype(precision, where)
        backbone = load_backbone(spec, weights).to_inference(dtype, Normalization(spec.mean, spec.scale)).to(where)
        detector = FaceDetector(*load_detector_networks(), where, dtype)
        return cls(spec, backbone, detector, device=where)

    main_face = staticmethod(main_face)

    def encode(self, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
        """Finds and embeds every face: one answer a photo, in the order of the photos."""
        count = hands(len(photos), self.device)
        if count == 1:
            is_small = sum(photo.shape[0] * photo.shape[1] for photo in photos) < SMALL_PHOTO
            with one_torch_thread() if is_small else nullcontext():
                return self._encode(photos)
        ends = [len(photos) * part // count for part in range(count + 1)]
        parts = [photos[start:end] for start, end in pairwise(ends)]
        return [encoded for part in share_out(self._encode, parts) for encoded in part]

    def _encode(self, photos: Sequence[Pixels]) -> list[EncodedPhoto]:
        found = self.detect(photos)
        crops = self.align(photos, [[face.landmarks for face in faces] for faces in found])
        embeddings, agreement = self.embed_views(crops)
        # What it means that views disagree was measured with the factory's network and views; others have other scales.
        measured = (DLIB_RESNET_SPEC.architecture, DLIB_RESNET_SPEC.views)
        known = agreement if (self.spec.architecture, self.spec.views) == measured else None
        qualities = assess(list(chain.from_iterable(found)), crops, self.spec.alignment, known)
        ends = list(accumulate((len(faces) for faces in found), initial=0))
        return [
            EncodedPhoto(
                width=photo.shape[1],
                height=photo.shape[0],
                faces=tuple(map(_encoded_face, faces, qualities[start:end], embeddings[start:end])),
            )
            for photo, faces, (start, end) in zip(photos, found, pairwise(ends), strict=True)
        ]

    def detect(self, photos: Sequence[Pixels], settings: DetectorSettings | None = None) -> list[list[DetectedFace]]:
        """The faces of each photo, largest first.

        Where the usual settings find nobody in a photo, it is searched again for smaller and less certain faces.
        With `settings` these are used, and once.
        """
        _check_photos(photos)
        found = self._detector.detect(photos, settings or DetectorSettings())
        empty = [index for index, faces in enumerate(found) if not faces] if settings is None else []
        again = self._detector.detect([photos[index] for index in empty], EAGER) if empty else []
        for index, faces in zip(empty, again, strict=True):
            found[index] = faces
        least = np.zeros(len(photos))
        least[empty] = EAGER.thresholds[2]
        usable = [[face for face in faces if self._can_align(face.landmarks)] for faces in found]
        return self._reread(photos, usable, least)

    def _reread(
        self, photos: Sequence[Pixels], found: Sequence[Sequence[DetectedFace]], least: npt.NDArray[np.float64]
    ) -> list[list[DetectedFace]]:
        """The same faces with their landmarks read once more: each upright and in its usual place, as far as known.

        Those are dropped that are then less likely a face than `least`, (photos,), wants: the second search takes
        some things for faces, and from closer they do not look like one.

        The first reading is from a square that came from P-Net. Some twenty of 10,175 LFW faces were read wrong by an
        eye's width there; alone those cost a tenth of a percent of the pairs.
        """
        owners = [owner for owner, faces in enumerate(found) for _ in faces]
        if not owners:
            return [[] for _ in found]
        similarities = [
            invert_similarity(fit_similarity(face.landmarks.as_array(), READING_TEMPLATE))
            for face in chain.from_iterable(found)
        ]
        with torch.inference_mode():
            squares = warp_faces(photos, owners, similarities, ONET_SIZE, self.device)
        again = iter(zip(*self._detector.read_landmarks(squares), similarities, strict=True))
        read = [[(face, *next(again)) for face in faces] for faces in found]
        return [
            [self._with_landmarks(face, points, back) for face, points, score, back in faces if score >= enough]
            for faces, enough in zip(read, least, strict=True)
        ]

    def _with_landmarks(self, face: DetectedFace, points: FloatArray, similarity: Similarity) -> DetectedFace:
        """The face with these landmarks, (5, 2), brought to the photo; with its own where they are of no use."""
        landmarks = Landmarks.from_array(points @ similarity[:, :2].T + similarity[:, 2])
        return replace(face, landmarks=landmarks) if self._can_align(landmarks) else face

    def align(self, photos: Sequence[Pixels], landmarks: Sequence[Sequence[Landmarks]]) -> Pixels:
        """The crops that views are made of, (B, S, S, 3) uint8: all faces of the first photo, of the second, ..."""
        owners = [owner for owner, faces in enumerate(landmarks) for _ in faces]
        similarities = [invert_similarity(self._similarity(face)) for faces in landmarks for face in faces]
        with torch.inference_mode():
            crops = warp_faces(photos, owners, similarities, self.spec.input_size, self.device)
            result: Pixels = crops.permute(0, 2, 3, 1).cpu().numpy()
        return result

    def embed(self, crops: Pixels) -> FloatArray:
        """Aligned crops, (B, S, S, 3) uint8 RGB, to embeddings, (B, dimension) float32 of unit length.

        Raises what `embed_views` raises.
        """
        return self.embed_views(crops)[0]

    def embed_views(self, crops: Pixels) -> tuple[FloatArray, FloatArray | None]:
        """The embeddings, and how well those of each face's views agree, (B,): the length of their mean, 0 to 1.

        None in place of the agreement where an embedding is made of one view.

        Raises ValueError for crops of another shape, EmbeddingInvalid where the network's answer has no direction.
        """
        return self._embedder.embed(crops)

    def _similarity(self, landmarks: Landmarks) -> Similarity:
        """From the photo to the crop."""
        return fit_similarity(landmarks.as_array(), self.spec.alignment)

    def _can_align(self, landmarks: Landmarks) -> bool:
        """Whether the landmarks are five points in about the right places, and not one heap."""
        points = landmarks.as_array()
        return bool(np.ptp(points, axis=0).max() > 1.0) and 1e-3 < similarity_scale(self._similarity(landmarks)) < 1e3


def _encoded_face(face: DetectedFace, quality: FaceQuality, embedding: FloatArray) -> EncodedFace:
    return EncodedFace(face.box, face.landmarks, face.detection_score, quality, embedding)


def _check_photos(photos: Sequence[Pixels]) -> None:
    for index, photo in enumerate(photos):
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
            raise ValueError(f"Photos are (H, W, 3) uint8, but photo {index} is {photo.shape} {photo.dtype}.")
