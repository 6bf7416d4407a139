"""Integer vectors between PostgreSQL and numpy, in the binary form of its arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from struct import pack
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB

from queries.answer import Answer, Provenance
from queries.drift_rows import NO_VALUE, Counts

Row = TypeVar("Row")

_HEADER = 20
"""Bytes before the elements: dimensions, flags, element type, length, lower bound."""
_MATRIX_HEADER = 28
"""The same of an array with two dimensions."""
_INT4, _INT8 = 23, 20
_EPOCH = date(2000, 1, 1)
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + pack("!ii", 0, 0)
_COPY_TAIL = pack("!h", -1)


def from_array(sent: bytes) -> Counts:
    """What ``array_send`` says of an ``integer[]`` or ``bigint[]`` without nulls."""
    if len(sent) <= _HEADER:
        return np.zeros(0, dtype=np.int64)
    wide = sent[8:12] == pack("!I", _INT8)
    element = np.dtype([("size", ">i4"), ("value", ">i8" if wide else ">i4")])
    found = np.frombuffer(sent, dtype=element, offset=_HEADER)["value"]
    return np.asarray(found, dtype=np.int64)


def to_array(values: Counts, *, wide: bool) -> bytes:
    """The binary form of an ``integer[]``, or of a ``bigint[]`` where it is wide.

    Raises:
        OverflowError: a count does not fit into four bytes.
    """
    if not wide and values.size and int(values.max()) >= 2**31:
        raise OverflowError("a roll-up counts at most 2,147,483,647 rows in a bin")
    value, kind, size = (">i8", _INT8, 8) if wide else (">i4", _INT4, 4)
    packed = np.empty(values.size, dtype=[("size", ">i4"), ("value", value)])
    packed["size"], packed["value"] = size, values
    return pack("!iiIii", 1, 0, kind, values.size, 1) + packed.tobytes()


def ask_binary(
    connection: sa.Connection, statement: sa.Select[Any], into: type[Row]
) -> Answer[Row]:
    """``ask``, with rows in the binary form: half the bytes where vectors are read.

    The columns stand in the order of the fields of ``into``.
    """
    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    asked_at, begun = datetime.now(UTC), perf_counter()
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor(binary=True) as cursor:
            cursor.execute(str(compiled), compiled.params)
            rows = tuple(into(*row) for row in cursor.fetchall())
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            str(compiled),
            None,
            error,
            psycopg.Error,
            connection_invalidated=driver.broken,
            dialect=connection.dialect,
        ) from error
    elapsed = (perf_counter() - begun) * 1000
    return Answer(rows, Provenance(str(compiled), compiled.params, asked_at, elapsed))


def text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


def day(value: date) -> bytes:
    return pack("!i", (value - _EPOCH).days)


def bigint(value: int) -> bytes:
    return pack("!q", value)


def copy_in(
    connection: sa.Connection,
    table: sa.Table,
    columns: Iterable[str],
    rows: Iterable[tuple[bytes | None, ...]],
) -> None:
    """Insert rows of ready-made binary fields; part of the connection's transaction."""
    cursor: Any = connection.connection.cursor()
    statement = f"COPY {table.fullname} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with cursor.copy(statement) as copying:
        copying.write(_COPY_HEAD + b"".join(_packed(rows)) + _COPY_TAIL)


def copy_rows(
    connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Insert rows by column name; part of the connection's transaction."""
    held = list(rows)
    if not held:
        return
    names = list(held[0])
    documents = {name for name in names if isinstance(table.c[name].type, JSONB)}
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {table.fullname} ({', '.join(names)}) FROM STDIN") as copying:
        for row in held:
            copying.write_row(
                [Jsonb(row[name]) if name in documents else row[name] for name in names]
            )


def _packed(rows: Iterable[tuple[bytes | None, ...]]) -> Iterator[bytes]:
    for row in rows:
        yield pack("!h", len(row))
        for field in row:
            yield pack("!i", -1) if field is None else pack("!i", len(field)) + field


def segment_name(value: str | None) -> str:
    return NO_VALUE if value is None else value


def positions(wanted: Iterable[Any]) -> dict[Any, int]:
    """The place of each value in a list."""
    return {value: place for place, value in enumerate(wanted)}


def from_arrays(sent: Sequence[bytes]) -> Counts:
    """Several arrays of one length and type as the rows of a matrix."""
    together = sent[0][:_HEADER] + b"".join(each[_HEADER:] for each in sent)
    return from_array(together).reshape(len(sent), -1)


def from_matrices(sent: Sequence[bytes], columns: int) -> tuple[Counts, Counts]:
    """Several ``bigint[][]`` below each other: the matrix that a row is of, and the columns."""
    element = np.dtype([("size", ">i4"), ("value", ">i8")])
    rows = [(len(each) - _MATRIX_HEADER) // element.itemsize // columns for each in sent]
    below = b"".join(each[_MATRIX_HEADER:] for each in sent)
    values = np.frombuffer(below, dtype=element)["value"].reshape(-1, columns)
    return np.repeat(np.arange(len(sent)), rows), np.ascontiguousarray(values.T, dtype=np.int64)
