"""What COPY writes from arrays is what SQL reads."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.sql import SQL

from faces.models import Person
from faces.services.binary_copy import copy_rows, fetch_rows, reserve_ids
from tests import factories

pytestmark = pytest.mark.django_db

MOMENT = dt.datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    columns = (
        "number bigserial, small smallint, middle int, large bigint, wide float8, narrow real, yes boolean, words text,"
        " name varchar(40), document jsonb, key uuid, at timestamptz, day date, dense vector, half halfvec"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE anything ({columns}) ON COMMIT DROP")
        yield


def read(columns: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM anything ORDER BY number")
        return list(cursor.fetchall())


def test_every_type_arrives_as_it_was() -> None:
    vectors = np.array([[0.5, -0.25, 1], [3, 0.1, 65504]], np.float32)
    copy_rows(
        "anything",
        {
            "small": np.array([-(2**15), 2**15 - 1]),
            "middle": np.array([-(2**31), 2**31 - 1]),
            "large": np.array([-(2**63), 2**63 - 1]),
            "wide": np.array([0.1, -1e300]),
            "narrow": np.array([0.1, np.inf]),
            "yes": np.array([True, False]),
            "words": ["", "Zoë “Ω” 😀\n\t\\"],
            "name": np.array(["Ada", "Grace Hopper"]),
            "document": ["{}", '[1, "é"]'],
            "key": np.arange(32, dtype=np.uint8).reshape(2, 16),
            "at": np.array(["1969-07-20T20:17:40", "2026-11-22T01:02:03.000004"], "datetime64[us]"),
            "day": np.array(["1815-12-10", "2000-01-01"], "datetime64[D]"),
            "dense": vectors,
            "half": vectors,
        },
    )
    assert read("small, middle, large, wide, narrow::float8, yes") == [
        (-(2**15), -(2**31), -(2**63), 0.1, float(np.float32(0.1)), True),
        (2**15 - 1, 2**31 - 1, 2**63 - 1, -1e300, np.inf, False),
    ]
    assert read("words, name, document::text, key::text") == [
        ("", "Ada", "{}", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("Zoë “Ω” 😀\n\t\\", "Grace Hopper", '[1, "é"]', "10111213-1415-1617-1819-1a1b1c1d1e1f"),
    ]
    assert read("at AT TIME ZONE 'UTC', day") == [
        (dt.datetime(1969, 7, 20, 20, 17, 40), dt.date(1815, 12, 10)),  # noqa: DTZ001 - as SQL answers
        (dt.datetime(2026, 11, 22, 1, 2, 3, 4), dt.date(2000, 1, 1)),  # noqa: DTZ001
    ]
    assert read("dense::text, half::text") == [
        ("[0.5,-0.25,1]", "[0.5,-0.25,1]"),
        ("[3,0.1,65504]", "[3,0.099975586,65504]"),
    ]


def test_one_value_stands_for_all_rows_and_what_is_left_out_is_the_tables_default() -> None:
    copy_rows("anything", {"large": np.arange(3), "words": "same", "yes": True, "day": None, "at": MOMENT})

    assert read("number > 0, large, words, yes, day, at") == [(True, n, "same", True, None, MOMENT) for n in range(3)]


@pytest.mark.parametrize("portion", [1, 2, 8192])
def test_masked_values_are_null_and_text_of_any_length_stays_in_its_row(
    portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.services.binary_copy.PORTION_ROWS", portion)
    words = ["long " * 9, "", "x", "éé", "y"]
    told: list[int] = []
    count = copy_rows(
        "anything",
        {
            "large": np.ma.array(np.arange(5), mask=[False, True, False, False, True]),
            "words": words,
            "half": np.ma.array(np.eye(5), mask=[[row == 3] * 5 for row in range(5)]),
            "wide": np.arange(5) / 2,
        },
        progress=told.append,
    )
    assert (count, sum(told)) == (5, 5)
    assert [row[:3] for row in read("large, words, wide, half")] == [
        (None if row in (1, 4) else row, words[row], row / 2) for row in range(5)
    ]
    assert [row[0] for row in read("half IS NULL")] == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("columns", "error", "text"),
    [
        ({"nothing": np.arange(2)}, ValueError, "anything has no column nothing; it has at, "),
        ({"large": np.arange(2), "middle": np.arange(3)}, ValueError, "have one length"),
        ({"large": 1}, ValueError, "have one length"),
        ({"large": np.array([0.5])}, TypeError, "large is of type bigint: it takes integers, not float64"),
        ({"small": np.array([40_000])}, TypeError, "integers from -32768 to 32767"),
        ({"wide": ["1"]}, TypeError, "it takes numbers"),
        ({"yes": np.array([1])}, TypeError, "it takes booleans"),
        ({"words": np.array([1])}, TypeError, "it takes text"),
        ({"words": ["a\x00b"]}, TypeError, "NUL"),
        ({"key": np.zeros((1, 15), np.uint8)}, TypeError, "16 bytes a row"),
        ({"half": np.zeros(3, np.float32)}, TypeError, "a vector a row"),
        ({"day": np.array([3])}, TypeError, "datetime64"),
        ({"large": np.arange(1), "at": MOMENT.replace(tzinfo=None)}, TypeError, "time zone"),
    ],
)
def test_values_that_do_not_fit_a_column_are_refused(columns: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text), transaction.atomic():
        copy_rows("anything", columns)
    assert not read("number")


def test_the_tables_own_constraints_hold() -> None:
    gallery = factories.gallery()
    with pytest.raises(IntegrityError, match="person_has_a_name"), transaction.atomic():
        copy_people(gallery.pk, ["Ada", ""])
    assert not Person.objects.exists()
    copy_people(gallery.pk + 1, ["Ada"])
    with pytest.raises(IntegrityError, match="foreign key"):
        connection.check_constraints()


def copy_people(gallery: int, names: list[str]) -> None:
    columns = {"external_id": "", "metadata": "{}", "consent": "unknown", "consent_purpose": ""}
    copy_rows(
        "faces_person", {"gallery_id": gallery, "name": names, "created_at": MOMENT, "updated_at": MOMENT, **columns}
    )


def test_reserved_ids_belong_to_nobody_else() -> None:
    first = reserve_ids("faces_person", 3)
    person = factories.person()
    second = reserve_ids("faces_person", 2)

    ids = [*first.tolist(), person.pk, *second.tolist()]
    assert len(set(ids)) == 6
    assert sorted(ids) == ids


def test_an_answer_comes_as_an_array() -> None:
    query = SQL("SELECT n, n / 2.0::float8, n % 2 = 0, '[1,0.5]'::halfvec FROM generate_series(1::bigint, 20000) n")
    vector = np.dtype([("size", ">i2"), ("unused", ">i2"), ("numbers", ">f2", (2,))])
    told: list[int] = []
    rows = fetch_rows(query, [("n", ">i8"), ("half", ">f8"), ("even", "?"), ("v", vector)], progress=told.append)

    np.testing.assert_array_equal(rows["n"], np.arange(1, 20_001))
    np.testing.assert_array_equal(rows["half"] * 2, rows["n"])
    np.testing.assert_array_equal(rows["even"], rows["n"] % 2 == 0)
    np.testing.assert_array_equal(rows["v"]["numbers"], np.tile([1, 0.5], (20_000, 1)))
    assert sum(told) == 20_000
    assert len(told) > 1


def test_an_empty_answer_is_an_empty_array() -> None:
    assert len(fetch_rows(SQL("SELECT id FROM faces_person"), [("id", ">i8")])) == 0


@pytest.mark.parametrize("query", ["SELECT 1::int, 2::bigint", "SELECT NULL::bigint", "SELECT 1::bigint, 2::bigint"])
def test_an_answer_of_another_type_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|length"):
        fetch_rows(SQL(query), [("id", ">i8")])
