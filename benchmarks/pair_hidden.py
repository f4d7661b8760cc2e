"""What the encoder's last layer sees: the averages behind its last ReLU, which are 0 or more."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from benchmarks.pair_models import Vectors
from benchmarks.template_faces import BATCH, SUFFIXES, Album, Labels
from encoder.checkpoints import load_backbone, load_detector_networks
from encoder.convolution import Normalization
from encoder.detection import FaceDetector
from encoder.devices import choose_device, choose_dtype
from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC

NUMBERS = 256
"""Of one face, before the last layer."""


def hidden_encoder() -> FaceEncoder:
    """The factory encoder without its last layer: of each face (256,) numbers of 0 or more, to unit length."""
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    spec = replace(DLIB_RESNET_SPEC, dimension=NUMBERS)
    backbone = load_backbone(DLIB_RESNET_SPEC).to_inference(dtype, Normalization(spec.mean, spec.scale))
    backbone.head = nn.Identity()
    detector = FaceDetector(*load_detector_networks(), device, dtype)
    return FaceEncoder(spec, backbone.to(device), detector, device=device)


def hidden_features(folder: Path, album: Album, rows: Labels) -> Vectors:
    """(len(rows), 256): of the main faces of these rows of an album of `folder`, encoded anew."""
    photos = [
        path
        for person in sorted(path for path in folder.iterdir() if path.is_dir())
        for path in sorted(person.iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    encoder = hidden_encoder()
    features = np.zeros((len(rows), NUMBERS), np.float32)
    for start in range(0, len(rows), BATCH):
        places = rows[start : start + BATCH]
        encoded = encoder.encode([decode_image(photos[album.photos[row]]).pixels for row in places])
        for offset, photo in enumerate(encoded):
            face = encoder.main_face(photo)
            if face is None:
                path = photos[album.photos[places[offset]]]
                raise SystemExit(f"{path} has a face in the file of --faces, and now there is none.")
            features[start + offset] = face.embedding
        print(f"\r{min(start + BATCH, len(rows)):,} of {len(rows):,} photos once more", end="", file=sys.stderr)
    print(file=sys.stderr)
    return features
