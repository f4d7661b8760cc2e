"""Columns of numbers and text into a table, and out of a query, by PostgreSQL's binary COPY: without a loop over rows.

A row is, as the manual's chapter on COPY has it: the number of fields (int16), then for each field its length (int32,
-1 for NULL) and its bytes; all numbers big-endian. Where every field of a portion has one length, its rows are a
matrix of bytes; where not, the matrix is as wide as the longest and a mask says which bytes to send.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from django.db import connection
from psycopg.sql import SQL, Composable, Composed, Identifier

from faces.services.binary_fields import ENCODERS, Array, Bytes, Fields

Values = Array | Sequence[str] | str | int | float | bool | datetime | date | None
"""A column: an array (masked: NULL), a list of texts, or one value for all rows (None: NULL)."""

PORTION_ROWS = 8192
"""Rows that are put together at a time: some megabytes."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_NULL = -1


def copy_rows(table: str, columns: Mapping[str, Values], *, progress: Callable[[int], object] = lambda _: None) -> int:
    """Add rows to a table, in one COPY: triggers see one statement, and an error leaves nothing of it.

    Args:
        table: its name.
        columns: by name; columns that are not there get the table's default. Which bytes are sent is decided by the
            column's type: integers, floats, boolean, text, jsonb (as text), uuid ((N, 16) uint8), timestamptz
            (datetime64 in UTC), date, vector and halfvec ((N, D) floats).
        progress: is told after each portion how many rows were sent with it.

    Returns:
        How many rows were written.

    Raises:
        ValueError: a column that the table does not have, or lengths that differ.
        TypeError: values that do not fit the column's type.
        django.db.Error: what the table's own constraints refuse.
    """
    count = _common_length(columns)
    types = _types_of(table)
    if unknown := sorted(set(columns) - set(types)):
        raise ValueError(f"{table} has no column {', '.join(unknown)}; it has {', '.join(sorted(types))}.")
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        Identifier(table), SQL(", ").join(map(Identifier, columns))
    )
    with _copying(statement) as copy:
        copy.write(_SIGNATURE)
        for start in range(0, count, PORTION_ROWS):
            rows = slice(start, min(start + PORTION_ROWS, count))
            copy.write(_portion(columns, types, rows))
            progress(rows.stop - rows.start)
        copy.write(_END)
    return count


def fetch_rows(query: Composable, dtype: npt.DTypeLike, *, progress: Callable[[int], object] = lambda _: None) -> Array:
    """Return what a query answers, by binary COPY, as a structured array.

    Args:
        query: a SELECT whose columns are never NULL and are all of one length (numbers, vectors of one dimension).
        dtype: a structured type, one entry a column, big-endian as they come (`>i8`, `>f4`, `?`).
        progress: is told how many rows have come, as they come.

    Raises:
        ValueError: what comes is not of this type.
    """
    wanted = np.dtype(dtype)
    entries: list[tuple[str, Any]] = [("", ">i2")]
    for name in wanted.names or ():
        entries += [(f"{name} length", ">i4"), (name, wanted[name])]
    row = np.dtype([(name or "fields", entry) for name, entry in entries])
    with _copying(SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)) as copy:
        received = b"".join(_counted(copy, row.itemsize, progress))
    body = len(received) - len(_SIGNATURE) - len(_END)
    if body % row.itemsize:
        raise ValueError(f"The answer is no whole number of rows of {row.itemsize} bytes.")
    rows = np.frombuffer(received, row, body // row.itemsize, len(_SIGNATURE))
    for name in wanted.names or ():
        if (rows[f"{name} length"] != wanted[name].itemsize).any():
            raise ValueError(f"A value of {name} has not the length of {wanted[name]}.")
    return cast(Array, rows[list(wanted.names or ())])


def fetch_packed(query: Composable, dtype: npt.DTypeLike) -> Array:
    """Return rows that the query itself has put together, many to one bytea: far faster where rows are small.

    psycopg hands out what COPY sends message by message, and a message is a row.

    Args:
        query: a SELECT of one bytea a portion, made by `string_agg` of `int8send` and the like.
        dtype: the structured type of one row in it.
    """
    with _copying(SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)) as copy:
        received = memoryview(b"".join(copy))
    portions, at = list[memoryview](), len(_SIGNATURE)
    while at < len(received) - len(_END):
        size = int.from_bytes(received[at + 2 : at + 6], "big")
        portions.append(received[at + 6 : at + 6 + size])
        at += 6 + size
    return np.frombuffer(b"".join(portions), dtype)


def _counted(parts: Iterable[Any], size: int, progress: Callable[[int], object]) -> Iterator[Any]:
    read, told = -len(_SIGNATURE + _END), 0
    for part in parts:
        yield part
        read += len(part)
        if (rows := read // size) >= told + PORTION_ROWS:
            progress(rows - told)
            told = rows
    progress(max(read, 0) // size - told)


def reserve_ids(table: str, count: int) -> npt.NDArray[np.int64]:
    """Return this many ids of a table that nobody else will get, in ascending order: (count,) int64."""
    query = SQL("SELECT nextval(pg_get_serial_sequence({}, 'id')) FROM generate_series(1, {})").format(table, count)
    return fetch_rows(query, [("id", ">i8")])["id"].astype(np.int64)


@contextmanager
def _copying(statement: Composed) -> Iterator[Any]:
    """A COPY on Django's own connection, within its transaction, with Django's errors."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy


def _types_of(table: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return dict(cursor.fetchall())


def _is_one_for_all(values: Values) -> bool:
    return not isinstance(values, np.ndarray) and (isinstance(values, str) or not isinstance(values, Sequence))


def _common_length(columns: Mapping[str, Values]) -> int:
    lengths = {name: len(cast(Array, values)) for name, values in columns.items() if not _is_one_for_all(values)}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"Columns of one table have one length; these have {lengths}.")
    return next(iter(lengths.values()))


def _portion(columns: Mapping[str, Values], types: Mapping[str, str], rows: slice) -> bytes:
    """The bytes of some rows."""
    count = rows.stop - rows.start
    fields = [_encoded(name, values, types[name], rows) for name, values in columns.items()]
    width = 2 + sum(4 + field.data.shape[1] for field in fields)
    matrix: Bytes = np.empty((count, width), np.uint8)
    matrix[:, :2] = np.frombuffer(len(fields).to_bytes(2, "big"), np.uint8)
    sent = np.ones((count, width), bool) if any(field.lengths is not None for field in fields) else None
    at = 2
    for field in fields:
        size = field.data.shape[1]
        lengths = np.broadcast_to(np.int32(size), count) if field.lengths is None else field.lengths
        matrix[:, at : at + 4] = lengths.astype(">i4").view(np.uint8).reshape(count, 4)
        matrix[:, at + 4 : at + 4 + size] = field.data
        if sent is not None and field.lengths is not None:
            sent[:, at + 4 : at + 4 + size] = np.arange(size) < field.lengths[:, None]
        at += 4 + size
    return matrix.tobytes() if sent is None else matrix[sent].tobytes()


def _encoded(name: str, values: Values, sql_type: str, rows: slice) -> Fields:
    count = rows.stop - rows.start
    if values is None:
        return Fields(np.empty((count, 0), np.uint8), np.full(count, _NULL, np.int32))
    if sql_type not in ENCODERS:
        raise TypeError(f"{name} is of type {sql_type}; there are {', '.join(ENCODERS)}.")
    if _is_one_for_all(values):
        part = np.broadcast_to(np.asarray(_without_zone(values)), count)
    else:
        part = np.asanyarray(cast(Array, values)[rows])
    nulls = np.ma.getmaskarray(part).reshape(count, -1).any(axis=1) if np.ma.isMaskedArray(part) else None
    try:
        fields = ENCODERS[sql_type](np.ma.getdata(part))
    except TypeError as error:
        raise TypeError(f"{name} is of type {sql_type}: {error}") from error
    if nulls is None or not nulls.any():
        return fields
    lengths = np.full(count, fields.data.shape[1], np.int32) if fields.lengths is None else fields.lengths
    return Fields(fields.data, np.where(nulls, np.int32(_NULL), lengths))


def _without_zone(value: object) -> object:
    """A moment as numpy has it: in UTC, and without saying so."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise TypeError("a moment needs a time zone")
    return np.datetime64(int(value.timestamp() * 1_000_000), "us")
