"""What is probably wrong with a gallery's names: looked for, asked about, and kept out of training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Q

from faces.models import Face, Gallery, Person
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.sets import TrainingSet
from training.mining.suspects import Suspects, find_suspects
from training.models import ReviewItem, TrainingRun

ASKED_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class ProvenPairs:
    """What an admin said to be different: negatives that can be relied upon, however alike they are.

    Attributes:
        people: (Q, 2) ids of two people, the smaller first.
        faces: (F, 2) the id of a face, and that of a person whose it is not.
    """

    people: Counts
    faces: Counts

    def __len__(self) -> int:
        """How many there are of both kinds."""
        return len(self.people) + len(self.faces)


def proven_pairs(gallery: Gallery) -> ProvenPairs:
    """Return what was answered so far; a person who was merged since is whom they were merged into."""
    answered = ReviewItem.objects.filter(gallery=gallery, state=ReviewItem.State.ANSWERED)
    left = _merged(gallery)
    two_people = answered.filter(
        kind=ReviewItem.Kind.DUPLICATE_PERSON, answer__in=(ReviewItem.Answer.DIFFERENT, ReviewItem.Answer.WRONG)
    ).values_list("first_person_id", "second_person_id")
    pairs = {tuple(sorted((left.get(first, first), left.get(second, second)))) for first, second in two_people}
    right_label = answered.filter(kind=ReviewItem.Kind.WRONG_LABEL, answer=ReviewItem.Answer.DIFFERENT)
    faces = {
        (face, left.get(person, person)) for face, person in right_label.values_list("first_face", "second_person")
    }
    return ProvenPairs(
        people=_pairs(sorted(pair for pair in pairs if pair[0] != pair[1])),
        faces=_pairs(sorted(faces)),
    )


def _pairs(rows: Iterable[tuple[int, ...]]) -> Counts:
    return np.array(list(rows), dtype=np.int64).reshape(-1, 2)


def _merged(gallery: Gallery) -> Mapping[int, int]:
    """Return for everybody who was merged who is left of them."""
    into = dict(Person.objects.filter(gallery=gallery, merged_into__isnull=False).values_list("pk", "merged_into_id"))
    left: dict[int, int] = {}
    for person, end in into.items():
        seen = {person}
        while end in into and end not in seen:
            seen.add(end)
            end = into[end]
        left[person] = end
    return left


def suspects_in(*, gallery: Gallery, training_set: TrainingSet, vectors: Embeddings, seed: int = 0) -> Suspects:
    """Find what is probably wrong with the names of a training set, but for what was answered already.

    Args:
        gallery: whose.
        training_set: M faces.
        vectors: (M, D) their embeddings by the parent.
        seed: of what is drawn by chance.
    """
    return suspects_among(
        gallery=gallery, faces=training_set.faces, people=training_set.people, vectors=vectors, seed=seed
    )


def suspects_among(*, gallery: Gallery, faces: Counts, people: Counts, vectors: Embeddings, seed: int = 0) -> Suspects:
    """As `suspects_in`, of (M,) ids of faces and of whose they are."""
    proven = proven_pairs(gallery)
    order = np.argsort(faces, kind="stable")
    places = np.searchsorted(faces[order], proven.faces[:, 0])
    there = places < len(faces)
    there[there] = faces[order][places[there]] == proven.faces[there, 0]
    rows = np.stack([order[places[there]], proven.faces[there, 1]], axis=1)
    return find_suspects(vectors, people, proven=proven.people, proven_faces=rows, seed=seed)


def record_suspects(run: TrainingRun, training_set: TrainingSet, suspects: Suspects) -> int:
    """Ask an admin about what a training run came upon; returns how many questions are new."""
    return ask_about(gallery=run.gallery, faces=training_set.faces, suspects=suspects, run=run)


@transaction.atomic
def ask_about(*, gallery: Gallery, faces: Counts, suspects: Suspects, run: TrainingRun | None = None) -> int:
    """Ask about suspects, each pair of people, or of a face and a person, once.

    What is open already is asked with the faces that are most alike now; what was answered is not asked again.

    Args:
        gallery: whose.
        faces: (M,) ids of the faces among which the suspects were found.
        suspects: rows of these.
        run: which came upon them.

    Returns:
        How many questions are new.
    """
    asked = _still_so(gallery, [*_about_people(suspects, faces), *_about_faces(suspects, faces)])
    known = {_what(item): item for item in _asked_before(gallery, asked)}
    new = []
    for item in asked:
        item.gallery, item.training_run = gallery, run
        before = known.get(_what(item))
        if before is None:
            new.append(item)
        elif before.state == ReviewItem.State.OPEN:
            ReviewItem.objects.filter(pk=before.pk).update(
                first_person=item.first_person_id,
                first_face=item.first_face_id,
                second_face=item.second_face_id,
                distance=item.distance,
                by_chance=item.by_chance,
                training_run=run or before.training_run,
            )
    ReviewItem.objects.bulk_create(new, batch_size=ASKED_AT_ONCE)
    return len(new)


def _still_so(gallery: Gallery, asked: list[ReviewItem]) -> list[ReviewItem]:
    """Return those whose people were not merged and whose faces are whose they were; neither changes before the commit.

    Whoever else asks about one of these people waits.
    """
    people = {pk for item in asked for pk in (item.first_person_id, item.second_person_id)}
    faces = {pk for item in asked for pk in (item.first_face_id, item.second_face_id)}
    rows = Person.objects.select_for_update(no_key=True).of(gallery).present().filter(pk__in=people).order_by("pk")
    present = set(rows.values_list("pk", flat=True))
    owned = Face.objects.select_for_update(no_key=True).of(gallery).filter(pk__in=faces).order_by("pk")
    whose = dict(owned.values_list("pk", "person_id"))
    return [
        item
        for item in asked
        if {item.first_person_id, item.second_person_id} <= present
        and whose.get(item.first_face_id) == item.first_person_id
        and whose.get(item.second_face_id) == item.second_person_id
    ]


def _asked_before(gallery: Gallery, asked: list[ReviewItem]) -> Iterable[ReviewItem]:
    people, faces = {item.first_person_id for item in asked}, {item.first_face_id for item in asked}
    rows = ReviewItem.objects.select_for_update().of(gallery)
    return rows.filter(
        Q(kind=ReviewItem.Kind.DUPLICATE_PERSON, first_person__in=people)
        | Q(kind=ReviewItem.Kind.WRONG_LABEL, first_face__in=faces)
    )


def _what(item: ReviewItem) -> tuple[str, int, int]:
    """Return what is asked about once."""
    first = item.first_person_id if item.kind == ReviewItem.Kind.DUPLICATE_PERSON else item.first_face_id
    return item.kind, first, item.second_person_id


def _about_people(suspects: Suspects, faces: Counts) -> list[ReviewItem]:
    return [
        ReviewItem(
            kind=ReviewItem.Kind.DUPLICATE_PERSON,
            first_person_id=first,
            second_person_id=second,
            first_face_id=int(faces[first_row]),
            second_face_id=int(faces[second_row]),
            distance=distance,
            by_chance=by_chance,
        )
        for (first, second), (first_row, second_row), distance, by_chance in zip(
            suspects.people.tolist(),
            suspects.people_rows.tolist(),
            suspects.people_distances.tolist(),
            suspects.people_expected.tolist(),
            strict=True,
        )
    ]


def _about_faces(suspects: Suspects, faces: Counts) -> list[ReviewItem]:
    return [
        ReviewItem(
            kind=ReviewItem.Kind.WRONG_LABEL,
            first_person_id=wearer,
            second_person_id=owner,
            first_face_id=int(faces[row]),
            second_face_id=int(faces[owner_row]),
            distance=distance,
            by_chance=by_chance,
        )
        for row, wearer, owner, owner_row, distance, by_chance in zip(
            suspects.faces.tolist(),
            suspects.wearers.tolist(),
            suspects.owners.tolist(),
            suspects.owner_rows.tolist(),
            suspects.face_distances.tolist(),
            suspects.face_expected.tolist(),
            strict=True,
        )
    ]


def barred_pairs(gallery: Gallery, suspects: Suspects) -> BarredPairs:
    """Return who is not to be told apart by training: suspects, and whoever an admin was asked about before.

    Pairs that an admin said to be different are not among them. A face that is probably under a wrong name is to be
    left out altogether (`Suspects.excluded_rows`), and its two people are not barred for it.
    """
    open_pairs = (
        ReviewItem.objects.of(gallery)
        .waiting()
        .filter(kind=ReviewItem.Kind.DUPLICATE_PERSON)
        .order_by()
        .values_list("first_person_id", "second_person_id")
    )
    proven = {tuple(pair) for pair in proven_pairs(gallery).people.tolist()}
    pairs = {*(tuple(pair) for pair in suspects.people.tolist()), *open_pairs} - proven
    return BarredPairs.of(people=sorted(pairs))
