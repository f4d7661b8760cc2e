"""Rows and values for tests: one function a noun, everything optional, keyword-only.

Embeddings are axis vectors, so that distances are exact: two different axes are 2 apart, an axis and its
opposite 4, and `at_distance` gives a vector at any distance from an axis. Photos have real, distinct bytes.
"""

import hashlib
import io
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone
from pgvector import HalfVector
from PIL import Image

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto, FaceQuality, Landmarks
from faces.models import (
    Embedding,
    EncoderVersion,
    Face,
    Gallery,
    Job,
    PairClassifier,
    Person,
    Photo,
    ProbablePerson,
    Threshold,
)
from faces.services.encoders import default_encoder_version
from faces.services.probability_curve import ProbabilityCurve
from faces.services.thresholds import set_tau

Vector = npt.NDArray[np.float32]

DIMENSION = 128
"""Of the factory encoder."""

GOOD_QUALITY = FaceQuality(size=100, sharpness=0.9, brightness=0.5, yaw=0, pitch=0, roll=0, score=0.9)
BOX = BoundingBox(40, 30, 140, 150)
PHOTO_SIZE = (200, 180)

_numbers = count(1)


def axis(index: int, *, dimension: int = DIMENSION) -> Vector:
    """The unit vector along one axis: (dimension,) float32. Two different axes are 2 apart."""
    vector = np.zeros(dimension, dtype=np.float32)
    vector[index] = 1
    return vector


def at_distance(distance: float, *, of: int = 0, towards: int = 1) -> Vector:
    """The unit vector at a squared distance (0 to 4) of one axis, in its plane with another: (DIMENSION,) float32."""
    cosine = 1 - distance / 2
    vector = cosine * axis(of) + np.sqrt(1 - cosine**2) * axis(towards)
    return np.asarray(vector, dtype=np.float32)


def picture(*, number: int | None = None, size: tuple[int, int] = PHOTO_SIZE, form: str = "PNG") -> bytes:
    """The bytes of a picture of noise, width x height; the same number gives the same bytes."""
    generator = np.random.default_rng(next(_numbers) if number is None else 10_000_000 + number)
    pixels = generator.integers(0, 256, (size[1] // 4 + 1, size[0] // 4 + 1, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(target, form)
    return target.getvalue()


def user(*, name: str | None = None, **values: Any) -> User:
    """An account; `is_staff=True` or `is_superuser=True` make it more than that."""
    return User.objects.create_user(username=name or f"user-{next(_numbers)}", **values)


def encoder_version(**values: Any) -> EncoderVersion:
    """Another encoder version than the factory's, without weights that anybody could load."""
    number = next(_numbers)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    defaults: dict[str, Any] = {
        "name": f"Version {number}",
        "architecture": "dlib_resnet",
        "weights": f"storage:weights/{number}.safetensors",
        "weights_sha256": digest,
        "dimension": DIMENSION,
        "preprocessing_version": 1,
        "spec": {"input_size": 150, "source": "made by a test"},
        "licence": "CC0-1.0",
        "state": EncoderVersion.State.AVAILABLE,
    }
    return EncoderVersion.objects.create(**defaults | values)


def taus(encoder_version: EncoderVersion, *, tau: float = 0.1, gallery: Gallery | None = None) -> None:
    """What an encoder version needs before it can serve: a tau for each use."""
    for use in Threshold.Use:
        set_tau(gallery=gallery, encoder_version=encoder_version, use=use, tau=tau, reason="test", user=None)


def gallery(*, name: str | None = None, **values: Any) -> Gallery:
    """An empty gallery, served by the factory encoder."""
    name = name or f"Gallery {next(_numbers)}"
    values.setdefault("encoder_version", default_encoder_version())
    return Gallery.objects.create(name=name, **{"slug": Gallery.slug_for(name)} | values)


_gallery = gallery  # for functions with a parameter of that name


def person(*, gallery: Gallery | None = None, name: str | None = None, **values: Any) -> Person:
    """A person without a face."""
    return Person.objects.create(gallery=gallery or _gallery(), name=name or f"Person {next(_numbers)}", **values)


def photo(
    *,
    gallery: Gallery | None = None,
    data: bytes | None = None,
    state: Photo.State = Photo.State.READY,
    **values: Any,
) -> Photo:
    """A photo with its file stored; ready unless said otherwise."""
    data = picture() if data is None else data
    with Image.open(io.BytesIO(data)) as image:
        (width, height), form = image.size, str(image.format).lower()
    if state == Photo.State.REJECTED:
        values.setdefault("reason", "no_face_found")
    if state == Photo.State.FAILED:
        values.setdefault("error", "The encoder failed: RuntimeError.")
    row = Photo(
        gallery=gallery or _gallery(),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=f"image/{form}",
        size_bytes=len(data),
        state=state,
        **{"name": f"photo.{form}", "width": width, "height": height} | values,
    )
    row.file.save(f"photo.{form}", ContentFile(data), save=False)
    row.save()
    return row


_photo = photo


def face(
    *,
    photo: Photo | None = None,
    person: Person | None = None,
    vector: Vector | None = None,
    box: BoundingBox = BOX,
    quality: FaceQuality = GOOD_QUALITY,
    **values: Any,
) -> Face:
    """A face of a photo; with a person it is theirs and enrolled, with a vector it has an embedding."""
    if photo is None:
        photo = _photo(gallery=person.gallery if person else None)
    defaults: dict[str, Any] = {
        "gallery_id": photo.gallery_id,
        "person": person,
        "assigned_by": Face.AssignedBy.IMPORT if person else Face.AssignedBy.NOBODY,
        "is_enrolled": person is not None,
        "left": box.left,
        "top": box.top,
        "right": box.right,
        "bottom": box.bottom,
        "landmarks": landmarks(box).as_array().tolist(),
        "detection_score": 0.99,
        "size": quality.size,
        "sharpness": quality.sharpness,
        "brightness": quality.brightness,
        "yaw": quality.yaw,
        "pitch": quality.pitch,
        "roll": quality.roll,
        "quality": quality.score,
    }
    row = Face.objects.create(photo=photo, **defaults | values)
    if vector is not None:
        embedding(face=row, vector=vector)
    return row


def probable_person(*, gallery: Gallery, **values: Any) -> ProbablePerson:
    """Somebody without a name, and without a face yet."""
    values.setdefault("encoder_version", gallery.encoder_version)
    return ProbablePerson.objects.create(gallery=gallery, **values)


def embedding(*, face: Face, vector: Vector, encoder_version: EncoderVersion | None = None) -> Embedding:
    """The face's unit vector, by the version that serves its gallery."""
    return Embedding.objects.create(
        face=face,
        encoder_version=encoder_version or face.gallery.encoder_version,
        gallery_id=face.gallery_id,
        person_id=face.person_id,
        is_enrolled=face.is_enrolled,
        vector=HalfVector(vector),
    )


CURVE = ProbabilityCurve(intercept=10.0, distance=-100.0, log_distance=0.0, low=0.01, high=0.99)
"""Near 0.99 up to a distance of 0.05, 1/2 at 0.1, near 0.01 beyond 0.15."""


def pair_classifier(*, gallery: Gallery | None, **values: Any) -> PairClassifier:
    """A calibrated one of searches by the version that serves the gallery, or new galleries; its curve is `CURVE`."""
    defaults: dict[str, Any] = {
        "encoder_version": gallery.encoder_version if gallery else default_encoder_version(),
        "compares": PairClassifier.Compares.SEARCH,
        "is_calibrated": True,
        "parameters": CURVE.as_json(),
        "people": 90,
    }
    return PairClassifier.objects.create(gallery=gallery, **defaults | values)


def job(*, gallery: Gallery | None = None, state: Job.State = Job.State.RUNNING, **values: Any) -> Job:
    """An upload; its inputs are complete."""
    if state in Job.FINISHED:
        values.setdefault("finished_at", timezone.now())
    return Job.objects.create(
        gallery=gallery or _gallery(),
        state=state,
        **{"kind": Job.Kind.UPLOAD, "title": "Upload of 2 photos", "inputs_complete": True} | values,
    )


def landmarks(box: BoundingBox) -> Landmarks:
    """Five points where a frontal face in this box has them."""
    shares = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
    return Landmarks.from_array([(box.left + x * box.width, box.top + y * box.height) for x, y in shares])


def encoded_face(
    vector: Vector | None = None, *, box: BoundingBox = BOX, quality: FaceQuality = GOOD_QUALITY
) -> EncodedFace:
    """What the encoder would say of a face; along axis 0 unless a vector is given."""
    return EncodedFace(
        box=box,
        landmarks=landmarks(box),
        detection_score=0.99,
        quality=quality,
        embedding=axis(0) if vector is None else vector,
    )


def encoded_photo(faces: Sequence[EncodedFace] = (), *, size: tuple[int, int] = PHOTO_SIZE) -> EncodedPhoto:
    """What the encoder would say of a photo, width x height."""
    return EncodedPhoto(width=size[0], height=size[1], faces=tuple(faces))
