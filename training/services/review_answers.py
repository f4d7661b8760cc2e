"""What an admin's answer to a question does, and how it is undone.

Every answer keeps in `ReviewItem.changes` what it changed. An answer is undone as long as what it changed is as it left
it; where somebody went on from there, undoing would undo their work, and is refused.
"""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction

from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import Face, Person, Photo
from faces.services.enrollment import assign_face, release_face
from faces.services.people import merge_people
from training.models import ReviewItem

Answer = ReviewItem.Answer


@transaction.atomic
def answer_same(*, item: ReviewItem, user: User | None, keep: Person | None = None) -> ReviewItem:
    """Say that the two people are one: they are merged.

    Args:
        item: an open question.
        user: who says so.
        keep: whose name, external id and consent stay; None for the person with more enrolled faces.

    Raises:
        WrongStateError: it was answered meanwhile.
        ConflictError: it is no longer to the point.
        InvalidRequestError: `keep` is neither of the two.
    """
    item = _to_the_point(item)
    people = (item.first_person, item.second_person)
    if keep is not None and keep not in people:
        raise InvalidRequestError("The name that stays is that of one of the two people.")
    target = keep or max(people, key=lambda person: (_enrolled(person), -person.pk))
    source = people[1] if target == people[0] else people[0]
    changes: dict[str, object] = {
        "source": source.pk,
        "target": target.pk,
        "faces": list(Face.objects.filter(person=source).order_by("pk").values_list("pk", flat=True)),
        "photos": list(Photo.objects.filter(portrait_of=source).order_by("pk").values_list("pk", flat=True)),
    }
    merge_people(source=source, target=target)
    item.decide(Answer.SAME, by=user, changes=changes)
    return item


def _enrolled(person: Person) -> int:
    return Face.objects.filter(person=person, is_enrolled=True).count()


@transaction.atomic
def answer_different(*, item: ReviewItem, user: User | None) -> ReviewItem:
    """Say that nothing is wrong: these are two people, or the face is whose it is said to be.

    From then on they are proven to be different, however alike: never asked about again, and what training learns most
    from. Raises what `answer_same` raises.
    """
    item = _to_the_point(item)
    item.decide(Answer.DIFFERENT, by=user)
    return item


@transaction.atomic
def answer_wrong(*, item: ReviewItem, user: User | None, face: Face, to: Person | None) -> ReviewItem:
    """Say that a face is under a wrong name.

    Args:
        item: an open question.
        user: who says so.
        face: which of its two faces.
        to: whose it really is, the other person of the question; None for neither of the two: it is nobody's then.

    Raises:
        WrongStateError: it was answered meanwhile.
        ConflictError: it is no longer to the point.
        InvalidRequestError: the face is neither of the two, or the person not the other one.
    """
    item = _to_the_point(item)
    if face not in (item.first_face, item.second_face):
        raise InvalidRequestError("The face with the wrong name is one of the two that are asked about.")
    is_first = face == item.first_face
    wearer, other = (item.first_person, item.second_person) if is_first else (item.second_person, item.first_person)
    if to is not None and to != other:
        raise InvalidRequestError(f"The face is {other.name}'s, or neither's; for somebody else move it on its photo.")
    face = Face.objects.select_for_update().select_related("photo").get(pk=face.pk)
    changes: dict[str, object] = {
        "face": face.pk,
        "from": wearer.pk,
        "to": to.pk if to else None,
        "assigned_by": face.assigned_by,
        "is_enrolled": face.is_enrolled,
        "reason": face.photo.reason,
    }
    if to is None:
        release_face(face=face)
    else:
        assign_face(face=face, person=to)
    item.decide(Answer.WRONG, by=user, changes=changes)
    return item


def _to_the_point(item: ReviewItem) -> ReviewItem:
    """Lock a question and its people, and return it with all that is needed.

    Raises:
        ConflictError: somebody was merged or a face was moved since it was asked.
    """
    item = _locked(item)
    if item.state != ReviewItem.State.OPEN:
        return item  # `decide` says so
    for person, face in ((item.first_person, item.first_face), (item.second_person, item.second_face)):
        if person.merged_into_id is not None:
            raise ConflictError(
                f"{person.name} was merged into somebody else meanwhile; there is nothing to ask any more."
            )
        if face.person_id != person.pk:
            raise ConflictError(f"The face is no longer {person.name}'s; there is nothing to ask any more.")
    return item


def _locked(item: ReviewItem) -> ReviewItem:
    """Return the question anew, locked, and its people with it in the order that merging locks them in."""
    item = ReviewItem.objects.select_for_update().get(pk=item.pk)
    list(Person.objects.select_for_update().filter(pk__in=(item.first_person_id, item.second_person_id)).order_by("pk"))
    rows = ReviewItem.objects.select_related("gallery", "first_person", "second_person", "first_face", "second_face")
    return rows.get(pk=item.pk)


@transaction.atomic
def undo_answer(*, item: ReviewItem, user: User | None) -> ReviewItem:
    """Take an answer back: people, faces and photos are as they were before it.

    Raises:
        WrongStateError: it has no answer.
        ConflictError: what the answer changed was changed again since.
    """
    item = _locked(item)
    if item.answer == Answer.SAME:
        _part(item)
    elif item.answer == Answer.WRONG:
        _put_back(item)
    item.reopen(by=user)
    return item


def _part(item: ReviewItem) -> None:
    """Undo a merge."""
    changes = cast("dict[str, Any]", item.changes)
    people = {person.pk: person for person in (item.first_person, item.second_person)}
    source, target = people[changes["source"]], people[changes["target"]]
    if target.merged_into_id is not None or source.merged_into_id != target.pk:
        raise ConflictError(f"This cannot be undone any more: {target.name} was merged with somebody else since.")
    faces = Face.objects.select_for_update().filter(pk__in=changes["faces"]).order_by("pk")
    moved = sum(face.person_id != target.pk for face in faces)
    if moved:
        said = "one of the faces was" if moved == 1 else f"{moved} of the faces were"
        raise ConflictError(f"This cannot be undone any more: {said} moved since. Move the others by hand.")
    Face.objects.filter(pk__in=changes["faces"]).update(person=source)
    Photo.objects.filter(pk__in=changes["photos"], portrait_of=target).update(portrait_of=source)
    source.merged_into = None
    source.save(update_fields=["merged_into", "updated_at"])


def _put_back(item: ReviewItem) -> None:
    """Give a face back to the person whose it was."""
    changes = cast("dict[str, Any]", item.changes)
    people = {person.pk: person for person in (item.first_person, item.second_person)}
    wearer = people[changes["from"]]
    face = Face.objects.select_for_update().get(pk=changes["face"])
    if face.person_id != changes["to"]:
        raise ConflictError("This cannot be undone any more: the face was moved again since. Move it by hand.")
    if wearer.merged_into_id is not None:
        raise ConflictError(f"This cannot be undone any more: {wearer.name} was merged into somebody else since.")
    face.person = wearer
    face.assigned_by = changes["assigned_by"]
    face.is_enrolled = changes["is_enrolled"]
    face.save(update_fields=["person", "assigned_by", "is_enrolled"])
    Photo.objects.filter(pk=face.photo_id, reason="").update(reason=changes["reason"])
