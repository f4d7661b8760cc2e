"""How well recognition works in a gallery, judged by its own enrolled faces, each left out of its own search."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.models import Embedding, Gallery, Threshold
from faces.services.intervals import Share
from faces.services.thresholds import tau_in_force
from training.exceptions import TooFewComparisonsError
from training.metrics.identification import LeaveOneOut, leave_one_out
from training.metrics.types import Distances, Embeddings, Labels, Progress, ignore

ROWS_AT_ONCE = 5000


@dataclass(frozen=True, eq=False)
class EnrolledFaces:
    """What the templates that a gallery is searched by are made of.

    Attributes:
        embeddings: (M, D) float32, as stored (half precision).
        people: (M,) ids.
        photos: (M,) ids.
        qualities: (M,) float64, 0 to 1.
    """

    embeddings: Embeddings
    people: Labels
    photos: Labels
    qualities: Distances


@dataclass(frozen=True)
class RecognitionEvaluation:
    """The report (ISO/IEC 19795-1); see `training.metrics.identification` for the definitions.

    Attributes:
        gallery_size: N, the people with an enrolled face.
        faces: enrolled faces, each of which was a probe.
        people_with_two_photos: people who could be looked for with one photo in another.
        tau: the tau in force for recognition.
        rank_1: of the mated searches among all N people, those whose nearest person was the right one.
        fnir: of the mated searches, those that did not return the right person first and within tau.
        fpir: of the searches among the N - 1 other people, those that returned somebody within tau.

    A mated search leaves the probe's photo out of its person's template, so it finds less than searches with new
    photos do, who have one photo more to go by.
    """

    gallery_size: int
    faces: int
    people_with_two_photos: int
    tau: float
    rank_1: Share
    fnir: Share
    fpir: Share


def enrolled_faces(gallery: Gallery) -> EnrolledFaces:
    """Read the vectors of the gallery's enrolled faces by the version that serves it.

    Raises:
        TooFewComparisonsError: there are none.
    """
    rows = (
        Embedding.objects.searchable(gallery, gallery.encoder_version)
        .order_by("person_id", "face_id")
        .values_list("person_id", "face__photo_id", "face__quality", "vector")
    )
    people: list[int] = []
    photos: list[int] = []
    qualities: list[float] = []
    blocks: list[npt.NDArray[np.float32]] = []
    block: list[Sequence[float]] = []
    for person, photo, quality, vector in rows.iterator(chunk_size=ROWS_AT_ONCE):
        people.append(person)
        photos.append(photo)
        qualities.append(quality)
        block.append(vector)
        if len(block) == ROWS_AT_ONCE:
            blocks.append(np.array(block, dtype=np.float32))
            block = []
    if block:
        blocks.append(np.array(block, dtype=np.float32))
    if not blocks:
        raise TooFewComparisonsError(f"Nobody is enrolled in gallery “{gallery.slug}” yet. Import photos first.")
    return EnrolledFaces(
        embeddings=np.concatenate(blocks),
        people=np.array(people, dtype=np.int64),
        photos=np.array(photos, dtype=np.int64),
        qualities=np.array(qualities, dtype=np.float64),
    )


def evaluate_recognition(
    *, gallery: Gallery, tau: float | None = None, progress: Progress = ignore, faces: EnrolledFaces | None = None
) -> RecognitionEvaluation:
    """Search for every enrolled face of a gallery in the rest of it.

    Args:
        gallery: whose faces, encoder version and tau.
        tau: another tau than the one in force.
        progress: told how many searches were made since the last call.
        faces: the gallery's faces, where they are at hand already.

    Raises:
        TooFewComparisonsError: nobody is enrolled, or nobody with two photos.
        NoThresholdError: no tau is set.
    """
    if tau is None:
        use = Threshold.Use.RECOGNITION
        tau = tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=use).tau
    faces = enrolled_faces(gallery) if faces is None else faces
    searches = leave_one_out(faces.embeddings, faces.people, faces.photos, faces.qualities, progress=progress)
    with_two = _people_with_two_photos(searches)
    if not with_two:
        raise TooFewComparisonsError(
            f"Nobody in gallery “{gallery.slug}” has two enrolled photos, so nobody can be looked for."
        )
    return RecognitionEvaluation(
        gallery_size=searches.gallery_size,
        faces=len(searches.people),
        people_with_two_photos=with_two,
        tau=tau,
        rank_1=searches.rank_1(),
        fnir=searches.fnir(tau),
        fpir=searches.fpir(tau),
    )


def _people_with_two_photos(searches: LeaveOneOut) -> int:
    return len(np.unique(searches.people[searches.is_mated]))
