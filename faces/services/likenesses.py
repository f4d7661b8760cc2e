"""Who probable people look like: somebody who is known, or each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.db.models import Count

from faces.models import Face, Gallery, Person, ProbablePerson, Threshold
from faces.services.nearest import nearest_people
from faces.services.search_plans import standing_of
from faces.services.thresholds import tau_or_none


@dataclass(frozen=True)
class Likeness:
    """A person whom recognition would take the mean of a probable person's faces for."""

    person: Person
    distance: float


# Of unit length, in half precision as the probes of searches are.
MEANS = """
    SELECT f.probable_person_id, halfvec_send(l2_normalize(avg(e.vector::vector))::halfvec)
    FROM faces_face f JOIN faces_embedding e ON e.face_id = f.id AND e.encoder_version_id = %s
    WHERE f.probable_person_id = ANY (%s) GROUP BY f.probable_person_id ORDER BY f.probable_person_id
"""


# The mean of every group's faces is made anew: groups change with every face that gets a name.
NEAREST_GROUPS = """
    WITH mean AS MATERIALIZED (
        SELECT f.probable_person_id AS id, l2_normalize(avg(e.vector::vector)) AS vector
        FROM faces_face f
        JOIN faces_embedding e ON e.face_id = f.id AND e.encoder_version_id = %(version)s
        JOIN faces_probableperson p ON p.id = f.probable_person_id
        WHERE f.gallery_id = %(gallery)s AND (p.dismissed_at IS NULL OR p.id = %(own)s)
        GROUP BY f.probable_person_id
    )
    SELECT mean.id, l2_distance(mean.vector, own.vector) ^ 2 FROM mean, mean AS own
    WHERE own.id = %(own)s AND mean.id <> own.id
    ORDER BY mean.vector <-> own.vector, mean.id LIMIT %(limit)s
"""


def nearest_groups(*, probable: ProbablePerson, limit: int) -> list[tuple[ProbablePerson, float]]:
    """Return the other probable people whose faces lie nearest on average, with their squared distances.

    Those who were dismissed are left out.
    """
    version = probable.gallery.encoder_version_id
    values = {"version": version, "gallery": probable.gallery_id, "own": probable.pk, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(NEAREST_GROUPS, values)
        distances = {int(row[0]): float(row[1]) for row in cursor.fetchall()}
    found = ProbablePerson.objects.in_bulk(distances.keys())
    return [(found[number], distance) for number, distance in distances.items() if number in found]


def likenesses(*, gallery: Gallery, probable_people: Sequence[ProbablePerson]) -> dict[int, Likeness]:
    """Return who these probable people of one gallery probably are, by the number of the probable person.

    The mean of each one's faces is recognized as a probe is; those who are taken for nobody are left out. Takes five
    queries, however many they are.
    """
    version = gallery.encoder_version
    tau = tau_or_none(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION)
    if tau is None or not probable_people:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(MEANS, [version.pk, [probable.pk for probable in probable_people]])
        rows = cursor.fetchall()
    means = [np.frombuffer(row[1], dtype=">f2", offset=4).astype(np.float32) for row in rows]
    found = nearest_people(standing_of(gallery=gallery, encoder_version=version).route, means, limit=1)
    near = {row[0]: nearest[0] for row, nearest in zip(rows, found, strict=True) if nearest}
    near = {probable: nearest for probable, nearest in near.items() if nearest.distance <= tau.tau}
    people = Person.objects.in_bulk({nearest.person_id for nearest in near.values()})
    return {
        probable: Likeness(people[nearest.person_id], nearest.distance)
        for probable, nearest in near.items()
        if nearest.person_id in people
    }


@dataclass(frozen=True)
class Counts:
    """How many faces a probable person has, on how many photos."""

    faces: int
    photos: int


def counts_of(probable_people: Sequence[ProbablePerson]) -> dict[int, Counts]:
    """Count faces and photos of several probable people, in one query."""
    rows = (
        Face.objects.filter(probable_person__in=[probable.pk for probable in probable_people])
        .order_by()
        .values("probable_person_id")
        .annotate(faces=Count("id"), photos=Count("photo", distinct=True))
    )
    return {row["probable_person_id"]: Counts(row["faces"], row["photos"]) for row in rows}
