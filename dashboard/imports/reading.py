"""Rows of another tool's result table, from a CSV file or from the source database."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from queries.database import read, source_engine
from queries.errors import InvalidInputError
from queries.import_store import Origin

LARGEST_FILE = 256 * 1024 * 1024
_ABSENT = frozenset({"", "nan", "none", "null", "<na>", "nat"})
_LONGEST_CELL = 16 * 1024 * 1024

Row = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Results:
    """The rows as texts, by column name in lower case; a cell that holds nothing is None."""

    origin: Origin
    rows: tuple[Row, ...]

    def where(self, position: int) -> str:
        """How a message names a row; rows count from 1 after the header."""
        return f"{self.origin.name}, row {position}"


def from_file(tool: str, path: Path, columns: Sequence[str]) -> Results:
    """Read a CSV file whole.

    Raises:
        InvalidInputError: it cannot be read, is too large, or lacks columns.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidInputError(
                f"{path.name} is larger than {LARGEST_FILE // 1024**2} MB. "
                "Import the tool's table instead, with --table."
            )
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read. Check that the file is there and is UTF-8 text."
        ) from error
    origin = Origin(tool, path.name, hashlib.sha256(content).hexdigest())
    csv.field_size_limit(_LONGEST_CELL)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidInputError(f"{path.name} is no CSV: {error}. Export it again.") from error
    if not lines:
        raise InvalidInputError(f"{path.name} is empty. Export the results with their header.")
    header = [name.strip().lower() for name in lines[0]]
    _check_columns(path.name, header, columns)
    for position, line in enumerate(lines[1:], start=1):
        if line and len(line) != len(header):
            raise InvalidInputError(
                f"{path.name}, row {position}: {len(line)} cells under {len(header)} columns. "
                "Export the file again."
            )
    return Results(origin, tuple(_row(header, line) for line in lines[1:] if line))


def from_table(tool: str, url: str, name: str, columns: Sequence[str]) -> Results:
    """Read the tool's own table, whatever the case of its columns.

    Raises:
        InvalidInputError: the name is no table's, or the table lacks columns.
        DatabaseError: the database cannot be read.
    """
    schema, _, table = name.rpartition(".")
    engine = source_engine(url)
    try:
        header, lines = read(engine, lambda connection: _lines(connection, schema, table, name))
    finally:
        engine.dispose()
    _check_columns(name, header, columns)
    rows = tuple(_row(header, line) for line in lines)
    content = json.dumps([header, [list(row.values()) for row in rows]]).encode()
    return Results(Origin(tool, name, hashlib.sha256(content).hexdigest()), rows)


def _lines(
    connection: sa.Connection, schema: str, table: str, name: str
) -> tuple[list[str], list[list[str]]]:
    inspector = sa.inspect(connection)
    if not inspector.has_table(table, schema=schema or None):
        raise InvalidInputError(f"The source has no table {name}. Write schema.table.")
    found = [column["name"] for column in inspector.get_columns(table, schema=schema or None)]
    quoted = sa.table(
        sa.sql.quoted_name(table, quote=True),
        *(sa.column(sa.sql.quoted_name(each, quote=True)) for each in found),
        schema=sa.sql.quoted_name(schema, quote=True) if schema else None,
    )
    texts = [sa.cast(column, sa.Text()) for column in quoted.c]
    rows = connection.execute(sa.select(*texts)).all()
    return [each.lower() for each in found], [[cell or "" for cell in row] for row in rows]


def _check_columns(name: str, header: Sequence[str], columns: Iterable[str]) -> None:
    missing = [column for column in columns if column not in header]
    if missing:
        raise InvalidInputError(
            f"{name} has no column {', '.join(missing)}. It is not this tool's result table, "
            "or the export left columns out."
        )
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise InvalidInputError(f"{name} has the column {twice[0]} twice. Export it again.")


def _row(header: Sequence[str], line: Sequence[str]) -> Row:
    return {
        name: None if cell.strip().lower() in _ABSENT else cell
        for name, cell in zip(header, line, strict=True)
        if name
    }
