"""What has changed since a decision was made, in plain words. Nothing is looked up: `Facts` says how things stand."""

from collections.abc import Iterator
from datetime import datetime

from faces.models import Threshold
from faces.services.decision_facts import Decider, Facts, Finding, TemplateNow, What
from faces.services.decisions import Answer, FaceAnswer, Ranked, named

SAME_DISTANCE = 0.003
"""Distances this close are the same: the encoder rounds differently beside other photos, with other numbers of threads
and on other devices. Of distances below 0.1 that two runs over LFW gave, in bfloat16, 999 in 1,000 are closer."""


def findings(
    then: Answer, again: Answer | None, now: Answer | None, before: Decider, after: Decider, facts: Facts
) -> list[Finding]:
    """Compare what was decided with what is decided now.

    Args:
        then: as it was recorded.
        again: made again by the same encoder version and tau with the same people; None where that cannot be done.
        now: the answer now; None where there is none.
        before, after: what decided then and what decides now.
        facts: how things stand.
    """
    found = [*_deciders(before, after)]
    for answer in (again, now):
        if answer is not None and len(answer.faces) != len(then.faces):
            text = f"{len(answer.faces)} faces are found on the photo now; {len(then.faces)} were found then."
            found.append(Finding(What.FACES_FOUND, is_changed=True, sentence=text))
            break
    found += _people(then, facts)
    found += _templates(then, again, facts)
    found += _distances(then, again, facts)
    if now is not None:
        found += _newcomers(then, now, facts)
        found += _means(then, now)
    return found


def _deciders(before: Decider, after: Decider) -> Iterator[Finding]:
    if after.version != before.version:
        text = (
            f"Encoder version “{after.version}” serves now; “{before.version}” decided. "
            "Distances of the two mean different things."
        )
        yield Finding(What.ENCODER_VERSION, is_changed=True, sentence=text)
    else:
        text = f"Encoder version “{after.version}” decides, as then."
        yield Finding(What.ENCODER_VERSION, is_changed=False, sentence=text)
    yield _tau(before, after)


def _tau(before: Decider, after: Decider) -> Finding:
    row = after.row
    if after.tau is None:
        return Finding(What.TAU, is_changed=True, sentence=f"No tau is set now; it was {before.tau:g}.")
    same_row = row is not None and before.row is not None and row.pk == before.row.pk
    if same_row or (before.row is None and after.tau == before.tau):
        return Finding(What.TAU, is_changed=False, sentence=f"tau is {after.tau:g}, as then.")
    who = "" if row is None else f" {_set(row)}"
    said = f"tau is {after.tau:g} now; it was {before.tau:g}."
    if after.tau == before.tau:
        said = f"tau is {after.tau:g}, as then, but was set anew."
    return Finding(What.TAU, is_changed=True, sentence=said + who)


def _set(row: Threshold) -> str:
    who = f"{row.set_by} set it" if row.set_by else "It was set"
    return f"{who} on {_when(row.created_at)}: “{row.reason}”."


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _people(then: Answer, facts: Facts) -> Iterator[Finding]:
    gone = 0
    for number in sorted(then.people):
        person = facts.people.get(number)
        if person is None:
            gone += 1
            text = f"Person {number} is deleted."
            yield Finding(What.PERSON_DELETED, is_changed=True, sentence=text)
        elif person.merged_into is not None:
            gone += 1
            into = person.merged_into
            text = f"{named(number, facts.names)} was merged into {into.name} (person {into.pk})."
            yield Finding(What.PERSON_MERGED, is_changed=True, sentence=text)
    if then.people and not gone:
        text = "Everybody whom the answer named is still there."
        yield Finding(What.PERSON_DELETED, is_changed=False, sentence=text)


def _templates(then: Answer, again: Answer | None, facts: Facts) -> Iterator[Finding]:
    """Of people with a recorded template whether it is the same one; of stored faces whether they are still theirs."""
    told: set[int] = set()
    changed = same = 0
    for face_then, face_again in _pairs(then, again):
        distances = {one.person: one.distance for one in face_again.candidates} if face_again else {}
        for one in face_then.candidates:
            yield from _shown(one, facts)
            if one.person is None or one.template is None or one.person in told or not _is_there(one.person, facts):
                continue
            told.add(one.person)
            template = facts.templates.get(one.person)
            if template is not None and template.number == one.template:
                same += 1
                continue
            changed += 1
            text = f"{named(one.person, facts.names)} {_another(one, template, facts)}"
            if one.person in distances:
                text += f" The distance is {distances[one.person]:.4f}; it was {one.distance:.4f}."
            yield Finding(What.TEMPLATE, is_changed=True, sentence=text)
    if same and not changed:
        text = f"The templates of {same} {'person' if same == 1 else 'people'} are those of then."
        yield Finding(What.TEMPLATE, is_changed=False, sentence=text)


def _is_there(number: int, facts: Facts) -> bool:
    return number in facts.people and facts.people[number].merged_into is None


def _another(one: Ranked, template: TemplateNow | None, facts: Facts) -> str:
    """Return what became of a template, by how many faces the person had and has."""
    if template is None:
        return "has no template of the encoder version that decided any more: no enrolled face, or it is retired."
    added = facts.added.get(one.person or 0, 0)
    said = [f"{_faces(added)} added since"] if added else []
    if one.enrolled is not None:
        balance = template.enrolled - one.enrolled - added
        if balance > 0:
            said.append(f"{_faces(balance, 'older ')} enrolled or assigned since")
        if balance < 0:
            said.append(f"{_faces(-balance)} removed")
        counted = f"{template.enrolled} enrolled now, {one.enrolled} then"
    else:
        counted = f"{template.enrolled} enrolled now"
    why = ", ".join(said) or "faces were exchanged, or assigned and taken back"
    return f"has another template: {why} ({counted})."


def _faces(number: int, kind: str = "") -> str:
    return f"{number} {kind}face{'' if number == 1 else 's'}"


def _shown(one: Ranked, facts: Facts) -> Iterator[Finding]:
    """Whether the stored face that was shown is still that person's."""
    if one.face is None:
        return
    face = facts.faces.get(one.face)
    if face is None:
        text = f"Face {one.face}, which was shown, is deleted."
    elif face.person_id != one.person:
        text = f"Face {one.face}, which was shown, belongs to {named(face.person_id, facts.names)} now."
    elif one.template is not None and not face.is_enrolled:
        text = f"Face {one.face}, which was shown, is no longer enrolled."
    else:
        return
    yield Finding(What.STORED_FACE, is_changed=True, sentence=text)


def _distances(then: Answer, again: Answer | None, facts: Facts) -> Iterator[Finding]:
    """Whether the same encoder version finds the same distances where nothing it compares with has changed."""
    farthest = 0.0
    compared = 0
    for face_then, face_again in _pairs(then, again):
        if face_again is None:
            continue
        for one, other in _comparable(face_then, face_again):
            compared += 1
            difference = abs(one.distance - other.distance)
            farthest = max(farthest, difference)
            if difference > SAME_DISTANCE:
                whom = f" to {named(one.person, facts.names)}" if one.person else ""
                text = (
                    f"The distance{whom} is {other.distance:.4f} now; it was {one.distance:.4f}, though what the photo "
                    "was compared with is the same: the photo is encoded differently here."
                )
                yield Finding(What.DISTANCE, is_changed=True, sentence=text)
    if compared and farthest <= SAME_DISTANCE:
        text = f"Distances to what is the same are the same, within {farthest:.1g}."
        yield Finding(What.DISTANCE, is_changed=False, sentence=text)


def _comparable(then: FaceAnswer, again: FaceAnswer) -> Iterator[tuple[Ranked, Ranked]]:
    if not then.candidates and then.distance is not None and again.distance is not None:  # between two uploads
        yield Ranked(None, then.distance), Ranked(None, again.distance)
    others = {(one.person, one.template, one.face if one.template is None else None): one for one in again.candidates}
    for one in then.candidates:
        other = others.get((one.person, one.template, one.face if one.template is None else None))
        if other is not None:
            yield one, other


def _newcomers(then: Answer, now: Answer, facts: Facts) -> Iterator[Finding]:
    """People who rank now and did not then."""
    told: set[int] = set()
    for face_then, face_now in _pairs(then, now):
        if face_now is None or then.limit is None:
            continue
        known = {one.person for one in face_then.candidates}
        for rank, one in enumerate(face_now.candidates, start=1):
            if one.person is None or one.person in known or one.person in told:
                continue
            told.add(one.person)
            person = facts.people.get(one.person)
            is_new = person is not None and person.created_at > facts.asked_at
            since = f"they were added on {_when(person.created_at)}" if person and is_new else "they were there already"
            text = f"{named(one.person, facts.names)} ranks {rank}. now, at {one.distance:.4f}, and did not; {since}."
            yield Finding(What.NEW_PERSON, is_changed=True, sentence=text)


def _means(then: Answer, now: Answer) -> Iterator[Finding]:
    """How people were found, told apart, and given a probability; and by which software."""
    if then.index is not None:
        before, after = _route(then), _route(now)
        said = f"The nearest people are found by {after}"
        yield _changed(What.ROUTE, before == after, f"{said}, as then.", f"{said} now; they were by {before}.")
    if then.noise != now.noise and then.faces and now.faces and then.index is not None:
        text = f"People are told apart by a scatter of probes of {now.noise} now; it was {then.noise}."
        yield Finding(What.NOISE, is_changed=True, sentence=text)
    for face_then, face_now in _pairs(then, now):
        if face_now is not None and face_then.classifier != face_now.classifier:
            told = f"{face_then.probability:.4f}" if face_then.probability is not None else "not told"
            tells = f"{face_now.probability:.4f}" if face_now.probability is not None else "not told"
            text = (
                f"The probability is {tells}, by classifier {face_now.classifier or 'none'}; it was {told}, by "
                f"classifier {face_then.classifier or 'none'}."
            )
            yield Finding(What.CLASSIFIER, is_changed=True, sentence=text)
            break
    if then.facet is not None:
        same, other = f"Facet is {now.facet}, as then.", f"Facet is {now.facet} now; it was {then.facet}."
        yield _changed(What.SOFTWARE, then.facet == now.facet, same, other)


def _changed(what: What, is_same: bool, same: str, other: str) -> Finding:  # noqa: FBT001
    return Finding(what, is_changed=not is_same, sentence=same if is_same else other)


def _route(answer: Answer) -> str:
    return f"index {answer.index} in {answer.lists} of its lists" if answer.index else "looking at everybody"


def _pairs(then: Answer, other: Answer | None) -> Iterator[tuple[FaceAnswer, FaceAnswer | None]]:
    """Yield each face's answer with the other one about it, if there is any."""
    for place, face in enumerate(then.faces):
        yield face, other.faces[place] if other is not None and place < len(other.faces) else None
