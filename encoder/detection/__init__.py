"""Finding faces: MTCNN over batches of photos of different sizes."""

from __future__ import annotations

from encoder.detection.cascade import EAGER, DetectorSettings, FaceDetector

__all__ = ["EAGER", "DetectorSettings", "FaceDetector"]
