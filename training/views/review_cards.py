"""Questions as pages show them: two faces beside the other photos of their people, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from faces.models import Embedding, Face, PairClassifier, Person
from faces.services.probability import Probability, probability_in_force
from training.models import ReviewItem

OTHERS_SHOWN = 8
Answer = ReviewItem.Answer


@dataclass(frozen=True)
class Side:
    """One of the two: a face, whose it is said to be, and that person's other faces, the best first."""

    person: Person
    face: Face
    others: Sequence[Face]
    faces: int
    enrolled: int

    @property
    def more(self) -> int:
        """Faces that are not shown."""
        return self.faces - len(self.others) - 1


@dataclass(frozen=True)
class Question:
    """A question that can be answered.

    Attributes:
        item: with faces, photos and people.
        first, second: the sides.
        distance: of the two faces by the version that serves the gallery; what was measured when it was asked where
            the faces are not encoded by it.
        probability: that two faces so far apart are one person's; None where it is not calibrated.
    """

    item: ReviewItem
    first: Side
    second: Side
    distance: float
    probability: Probability | None

    @property
    def kept(self) -> Person:
        """Whose name stays if they are one, unless somebody says otherwise."""
        best = max((self.first, self.second), key=lambda side: (side.enrolled, -side.person.pk))
        return best.person


def question_of(item: ReviewItem) -> Question:
    """Return a question with all that is shown of it."""
    people = (item.first_person_id, item.second_person_id)
    counts = {
        row["person_id"]: row
        for row in Face.objects.filter(person__in=people)
        .order_by()
        .values("person_id")
        .annotate(faces=Count("id"), enrolled=Count("id", filter=Q(is_enrolled=True)))
    }
    others = _others(item)
    first, second = (
        Side(person, face, others[person.pk], counts[person.pk]["faces"], counts[person.pk]["enrolled"])
        for person, face in ((item.first_person, item.first_face), (item.second_person, item.second_face))
    )
    distance = _present_distance(item)
    probability = None
    if distance is not None:
        probability = probability_in_force(
            gallery=item.gallery,
            encoder_version=item.gallery.encoder_version,
            compares=PairClassifier.Compares.PHOTO,
            distance=distance,
        )
    return Question(item, first, second, item.distance if distance is None else distance, probability)


def _others(item: ReviewItem) -> dict[int, list[Face]]:
    place = Window(
        RowNumber(), partition_by="person_id", order_by=[F("is_enrolled").desc(), F("quality").desc(), F("id").asc()]
    )
    rows = (
        Face.objects.filter(person__in=(item.first_person_id, item.second_person_id))
        .exclude(pk__in=(item.first_face_id, item.second_face_id))
        .annotate(place=place)
        .filter(place__lte=OTHERS_SHOWN)
        .select_related("photo")
        .order_by("place")
    )
    others: dict[int, list[Face]] = defaultdict(list)
    for face in rows:
        others[face.person_id or 0].append(face)
    return others


def _present_distance(item: ReviewItem) -> float | None:
    """Return the squared L2 of the two faces by the version that serves the gallery; None without both embeddings."""
    rows = Embedding.objects.filter(
        face__in=(item.first_face_id, item.second_face_id), encoder_version=item.gallery.encoder_version_id
    ).values_list("vector", flat=True)
    vectors = [np.asarray(vector, dtype=np.float64) for vector in rows]
    if len(vectors) < 2:
        return None
    return float(np.clip(np.sum((vectors[0] - vectors[1]) ** 2), 0.0, 4.0))


def answer_words(item: ReviewItem) -> str:
    """Return what an answer said and did, as a sentence."""
    first, second = item.first_person, item.second_person
    if item.answer == Answer.SAME:
        source, target = (first, second) if item.changes["source"] == first.pk else (second, first)
        return f"The same person: {source.name} was merged into {target.name}."
    if item.answer == Answer.WRONG:
        wearer, other = (first, second) if item.changes["from"] == first.pk else (second, first)
        if item.changes["to"] is None:
            return f"A wrong label: the face is not {wearer.name}'s, and belongs to nobody now."
        return f"A wrong label: the face is {other.name}'s now, not {wearer.name}'s."
    if item.kind == ReviewItem.Kind.WRONG_LABEL:
        return f"The label is right: the face is {first.name}'s, however much it looks like {second.name}."
    return f"Two people: {first.name} and {second.name} only look alike."
