"""The faces of people who were held out from a training, as they are compared by any version."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import QuerySet

from encoder.templates import templates
from faces.models import Face
from training.exceptions import TooFewComparisonsError
from training.metrics.paired_people import most_photos, some_of_each
from training.metrics.types import Counts, Distances, Embeddings, Labels
from training.mining.sets import Part, TrainingSet
from training.services.enrolled import Enrolled, Vectors

FACES_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class EnrolledInMemory(Enrolled):
    """Faces whose vectors need not be read.

    Attributes:
        vectors: (M + N, D) float32 with half precision, as the database would have them: faces, then templates.
    """

    vectors: Vectors

    def face_vectors(self, places: slice) -> Vectors:
        """Return the vectors of a run of faces."""
        return self.vectors[: len(self.faces)][places]

    def some_face_vectors(self, places: Counts) -> Vectors:
        """Return the vectors of some faces."""
        return self.vectors[places]

    def template_vectors(self, places: slice) -> Vectors:
        """Return a run of templates."""
        return self.vectors[len(self.faces) :][places]


@dataclass(frozen=True, eq=False)
class HeldOutFaces:
    """H faces, by person and then by id.

    Attributes:
        most_photos: with how many a person counts; of those with more, so many drawn by chance.
        rows: (H,) which of the vectors that were made of all held-out faces are theirs.
        faces: (H,) ids.
        everybody: (P,) ids of their people, ascending.
        people: (H,) rows of `everybody`.
        photos: (H,) ids.
        qualities: (H,) 0 to 1.
    """

    most_photos: int
    rows: Counts
    faces: Labels
    everybody: Labels
    people: Labels
    photos: Labels
    qualities: Distances

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def sha256(self) -> str:
        """Of the ids: the same for the same faces."""
        return hashlib.sha256(self.faces.astype("<i8").tobytes()).hexdigest()

    def as_stored(self, vectors: Embeddings) -> Vectors:
        """Return these faces' vectors as the database would have them: (H, D) with half precision."""
        return vectors[self.rows].astype(np.float16).astype(np.float32)

    def enrolled(self, vectors: Embeddings) -> Enrolled:
        """Return them as if they were a gallery of their own, with one version's `vectors` of all held-out faces."""
        own = self.as_stored(vectors)
        means = templates(own, self.people, self.qualities)
        return EnrolledInMemory(
            everybody=self.everybody,
            faces=self.faces,
            people=self.people,
            photos=self.photos,
            qualities=self.qualities,
            templates=means.people,
            dimension=own.shape[1],
            vectors=np.concatenate([own, means.vectors.astype(np.float16).astype(np.float32)]),
        )


def held_out_faces(training_set: TrainingSet) -> HeldOutFaces:
    """Return the held-out faces of a training set that are still there and still the same person's.

    Raises:
        TooFewComparisonsError: they are of fewer than two people, or nobody has two photos.
    """
    rows = training_set.rows_of(Part.HELD_OUT)
    faces, people = training_set.faces[rows], training_set.people[rows]
    known = {face: (person, photo, quality) for face, person, photo, quality in _read(faces)}
    pairs = zip(faces.tolist(), people.tolist(), strict=True)
    there = np.flatnonzero([face in known and known[face][0] == person for face, person in pairs])
    most = most_photos(people[there])
    kept = there[some_of_each(faces[there], people[there], most)]
    everybody, row_of = np.unique(people[kept], return_inverse=True)
    photos = np.array([known[face][1] for face in faces[kept].tolist()], dtype=np.int64)
    if len(everybody) < 2 or not _somebody_has_two(row_of, photos):
        raise TooFewComparisonsError(
            f"{len(everybody)} people with {len(kept)} faces are held out from training. To judge by them takes at "
            "least two people, one of whom has two photos."
        )
    return HeldOutFaces(
        most_photos=most,
        rows=kept.astype(np.int64),
        faces=faces[kept].astype(np.int64),
        everybody=everybody.astype(np.int64),
        people=row_of.astype(np.int64),
        photos=photos,
        qualities=np.array([known[face][2] for face in faces[kept].tolist()], dtype=np.float64),
    )


def _read(faces: Labels) -> Iterator[tuple[int, int | None, int, float]]:
    found: QuerySet[Face] = Face.objects.all()
    for start in range(0, len(faces), FACES_AT_ONCE):
        some = faces[start : start + FACES_AT_ONCE].tolist()
        yield from found.filter(pk__in=some).values_list("pk", "person_id", "photo_id", "quality")


def _somebody_has_two(people: npt.NDArray[np.int64], photos: Labels) -> bool:
    different = np.unique(np.column_stack([people, photos]), axis=0)
    return bool(len(different) and np.bincount(different[:, 0]).max() > 1)
