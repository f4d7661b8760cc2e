"""A gallery of people in numbers, in which some are there twice and some faces are under a wrong name."""

from dataclasses import dataclass

import numpy as np
from pgvector import HalfVector

from faces.models import Embedding, Face, Gallery, Person
from tests import factories
from tests.training.mining.crowds import Labels, Mistaken, mistaken_crowd
from training.mining.sets import Part, TrainingSet


@dataclass(frozen=True, eq=False)
class MistakenGallery:
    """The rows of a crowd.

    Attributes:
        gallery: all on one photo.
        crowd: what they were made of.
        people: (N,) ids by the names of the crowd, ascending.
        faces: (M,) ids, in the crowd's order, ascending.
    """

    gallery: Gallery
    crowd: Mistaken
    people: Labels
    faces: Labels

    @property
    def twice(self) -> set[tuple[int, int]]:
        """Ids of two people who are one, the smaller first."""
        pairs = self.people[self.crowd.planted.twice].tolist()
        return {(first, second) for first, second in pairs}

    @property
    def wrong(self) -> dict[int, int]:
        """Ids of faces under a wrong name, and of whose they are."""
        planted = self.crowd.planted
        return dict(zip(self.faces[planted.wrong].tolist(), self.people[planted.owners].tolist(), strict=True))

    def training_set(self) -> TrainingSet:
        """All of them, as a training run gathers them."""
        people = self.people[self.crowd.names]
        order = np.lexsort((self.faces, people))
        return TrainingSet(
            faces=self.faces[order],
            people=people[order],
            parts=np.full(len(order), Part.TRAINED_ON, np.int8),
            crops=np.zeros((len(order), 1, 1, 3), np.uint8),
        )

    def vectors(self, faces: Labels) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """The embeddings of some faces, by their ids."""
        return self.crowd.vectors[np.searchsorted(self.faces, faces)]


def mistaken_gallery(seed: int = 0, *, count: int = 40, twice: int = 3, wrong: int = 3) -> MistakenGallery:
    """Make one; everybody is enrolled."""
    crowd = mistaken_crowd(seed, count=count, twice=twice, wrong=wrong)
    gallery = factories.gallery(name="Crowd")
    people = [Person(gallery=gallery, name=f"Person {number}") for number in range(int(crowd.names.max()) + 1)]
    Person.objects.bulk_create(people)
    pattern = factories.face(person=people[0])
    values = {
        field.attname: getattr(pattern, field.attname)
        for field in Face._meta.concrete_fields
        if field.attname not in ("id", "person_id", "created_at")
    }
    faces = Face.objects.bulk_create(Face(person_id=people[name].pk, **values) for name in crowd.names)
    pattern.delete()
    Embedding.objects.bulk_create(
        Embedding(
            face=face,
            encoder_version=gallery.encoder_version,
            gallery=gallery,
            person_id=face.person_id,
            is_enrolled=True,
            vector=HalfVector(vector),
        )
        for face, vector in zip(faces, crowd.vectors, strict=True)
    )
    return MistakenGallery(
        gallery, crowd, np.array([person.pk for person in people]), np.array([face.pk for face in faces])
    )
