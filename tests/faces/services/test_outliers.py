"""Which faces of a person a template leaves out."""

import numpy as np
import pytest

from faces.models import Person, Template
from faces.services.enrollment import set_enrolled
from faces.services.outliers import faces_left_out
from tests import factories

pytestmark = pytest.mark.django_db


def of(person: Person) -> frozenset[int]:
    return faces_left_out(Template.objects.get(person=person))


def test_a_face_unlike_the_others_is_named_and_no_longer_once_it_is_not_enrolled() -> None:
    person = factories.person()
    for towards in (1, 2, 3, 4):
        factories.face(person=person, vector=factories.at_distance(0.02, of=0, towards=towards))
    assert of(person) == frozenset()
    odd = factories.face(person=person, vector=factories.axis(9))
    assert of(person) == {odd.pk}
    set_enrolled(face=odd, is_enrolled=False)
    assert of(person) == frozenset()


@pytest.mark.parametrize("seed", range(5))
def test_as_many_are_named_as_the_database_counts(seed: int) -> None:
    generator = np.random.default_rng(seed)
    person = factories.person()
    center = generator.normal(size=factories.DIMENSION)
    for number in range(9):
        spread = 2.0 if number % 4 == 0 else 0.3
        vector = center + spread * generator.normal(size=factories.DIMENSION)
        factories.face(person=person, vector=(vector / np.linalg.norm(vector)).astype(np.float32))
    template = Template.objects.get(person=person)
    assert template.left_out > 0
    assert len(faces_left_out(template)) == template.left_out
    assert template.faces + template.left_out == 9
