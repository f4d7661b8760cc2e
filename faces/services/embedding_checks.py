"""What a load of embeddings refuses before it asks the database."""

import numpy as np
import numpy.typing as npt

from faces.exceptions import InvalidRequestError
from faces.models import EncoderVersion

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

LENGTH_TOLERANCE = 0.01
"""How far from 1 the length of a vector may be; what the table's own check allows."""

SHOWN = 5
"""How many wrong rows an error names."""

_CHECKED_AT_A_TIME = 65_536


def check_shapes(encoder_version: EncoderVersion, faces: Ids, vectors: Vectors) -> None:
    """Raise InvalidRequestError unless there are (M,) ids and (M, D) floats, D the version's dimension."""
    if faces.ndim != 1 or faces.dtype.kind not in "iu":
        raise InvalidRequestError(
            f"Faces are one row of whole numbers; these are {faces.dtype} of shape {faces.shape}.",
            shape=list(faces.shape),
        )
    if vectors.dtype.kind != "f" or vectors.ndim != 2 or len(vectors) != len(faces):
        raise InvalidRequestError(
            f"Vectors are floats of shape ({len(faces)}, {encoder_version.dimension}), one a face; "
            f"these are {vectors.dtype} of shape {vectors.shape}.",
            shape=list(vectors.shape),
        )
    if vectors.shape[1] != encoder_version.dimension:
        raise InvalidRequestError(
            f"Encoder version “{encoder_version.name}” makes vectors of {encoder_version.dimension} numbers; "
            f"these have {vectors.shape[1]}.",
            dimension=vectors.shape[1],
        )


def check_each_once(in_order: Ids) -> None:
    """Raise InvalidRequestError where an id comes twice; (M,) ascending."""
    twice = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    if len(twice):
        raise InvalidRequestError(
            f"A face has one embedding by one encoder version; {some_faces(twice)} named more than once.",
            faces=len(twice),
        )


def check_lengths(vectors: Vectors) -> None:
    """Raise InvalidRequestError unless all (M, D) vectors are finite and of unit length."""
    wrong = 0
    first: int | None = None
    for start in range(0, len(vectors), _CHECKED_AT_A_TIME):
        part = vectors[start : start + _CHECKED_AT_A_TIME]
        lengths = np.sqrt(np.einsum("ij,ij->i", part, part, dtype=np.float32))
        bad = np.flatnonzero(~(np.abs(lengths - 1) < LENGTH_TOLERANCE))  # NaN is not below either
        wrong += len(bad)
        if first is None and len(bad):
            first = start + int(bad[0])
    if first is not None:
        what = "has the length" if np.isfinite(vectors[first]).all() else "has numbers that are not finite:"
        raise InvalidRequestError(
            f"Embeddings have the length 1, within {LENGTH_TOLERANCE}. {wrong:,} of {len(vectors):,} do not; "
            f"the first of them, in row {first}, {what} {float(np.linalg.norm(vectors[first])):.4g}.",
            rows=wrong,
            first=first,
        )


def some_faces(ids: Ids) -> str:
    """A few numbers, in words that end in a verb: `face 3 is`, `faces 3, 4 and 12 more are`."""
    shown = ", ".join(str(number) for number in ids[:SHOWN].tolist())
    if len(ids) == 1:
        return f"face {shown} is"
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return f"faces {shown}{more} are"
