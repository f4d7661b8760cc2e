"""By which of people's metadata error rates can be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connection

from faces.models import Gallery
from training.metrics.types import Labels

FEWEST_VALUES, MOST_VALUES = 2, 20
MOST_FIELDS = 20
FEWEST_PEOPLE_A_VALUE = 2
"""On average: a field that has nearly as many values as people is a number or a name."""

# Metadata that is no object has no fields. Only people with a template of the version take part.
PEOPLE = """
    FROM faces_person p
    JOIN faces_template t ON t.person_id = p.id AND t.encoder_version_id = %(version)s
    CROSS JOIN LATERAL jsonb_each(
        CASE jsonb_typeof(p.metadata) WHEN 'object' THEN p.metadata ELSE '{}'::jsonb END
    ) AS field (name, value)
    WHERE p.gallery_id = %(gallery)s AND jsonb_typeof(field.value) <> 'null' AND field.value <> '""'::jsonb
"""
FIELDS = f"""
    SELECT field.name, count(*), count(DISTINCT field.value #>> '{{}}'),
        bool_and(jsonb_typeof(field.value) IN ('string', 'number', 'boolean'))
    {PEOPLE} GROUP BY field.name ORDER BY field.name
"""
VALUES = f"""
    SELECT p.id, field.name, field.value #>> '{{}}' {PEOPLE} AND field.name = ANY(%(names)s)
"""


@dataclass(frozen=True)
class Subgroups:
    """What people of a gallery are told apart by.

    Attributes:
        fields: by name, one value for each person, in their order; None for a person without one.
        left_out: by name, why a field cannot be used.
    """

    fields: Mapping[str, list[str | None]]
    left_out: Mapping[str, str]


def subgroups(gallery: Gallery, version_id: int, people: Labels) -> Subgroups:
    """Read the metadata fields that have a few values each.

    Args:
        gallery: whose people.
        version_id: of the encoder version; people without a template of it do not count.
        people: (P,) ids, ascending.
    """
    with connection.cursor() as cursor:
        cursor.execute(FIELDS, {"gallery": gallery.pk, "version": version_id})
        rows: list[tuple[str, int, int, bool]] = cursor.fetchall()
        left_out = {
            name: reason
            for name, having, values, is_scalar in rows
            if (reason := _unsuitable(having, values, is_scalar=is_scalar))
        }
        names = [name for name, *_ in rows if name not in left_out]
        left_out |= dict.fromkeys(names[MOST_FIELDS:], f"there are more than {MOST_FIELDS} fields")
        fields: dict[str, list[str | None]] = {name: [None] * len(people) for name in names[:MOST_FIELDS]}
        cursor.execute(VALUES, {"gallery": gallery.pk, "version": version_id, "names": list(fields)})
        for person, name, value in cursor:
            row = int(np.searchsorted(people, person))
            if row < len(people) and people[row] == person:  # else enrolled a moment later
                fields[name][row] = value
    return Subgroups(fields, left_out)


def _unsuitable(people: int, values: int, *, is_scalar: bool) -> str:
    if not is_scalar:
        return "some of its values are lists or objects"
    if values < FEWEST_VALUES:
        return "everybody has the same value"
    if values > MOST_VALUES:
        return f"it has {values:,} different values, and groups are made of at most {MOST_VALUES}"
    if people < FEWEST_PEOPLE_A_VALUE * values:
        return f"it has {values} different values for {people} people"
    return ""
