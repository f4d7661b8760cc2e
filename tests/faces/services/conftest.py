"""What tests of services may ask for."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.faces.services.index_gallery import indexes


@pytest.fixture
def no_index_left(transactional_db: None) -> Iterator[None]:
    """Drops the indexes that a test built: they are no rows, and emptying the tables does not remove them."""
    yield
    with connection.cursor() as cursor:
        for name in indexes():
            cursor.execute(f'DROP INDEX "{name}"')
