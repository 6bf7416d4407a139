"""The contract as SQL: tables to create, or view templates for tables that are named otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import schema as ddl
from sqlalchemy.dialects import postgresql

from queries import contract
from queries.errors import InvalidInputError

PLACEHOLDER = "your_schema.your_table"
READER = "plumbline_reader"

_FIRST_YEAR, _LAST_YEAR = 1900, 9998
# "named" keeps per cent signs in comments single: these statements take no parameters.
_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def create_relations(connection: sa.Connection, years: Iterable[int]) -> None:
    """Create every table of the contract in the current schema, with one partition a year.

    Raises:
        InvalidInputError: no year is given, or one that PostgreSQL cannot hold.
    """
    wanted = _checked(years)
    for table in contract.relations:
        for statement in _table_statements(table):
            connection.execute(statement)
        for text in _partition_statements(table, wanted):
            connection.exec_driver_sql(text)


def ddl_sql(years: Iterable[int]) -> str:
    """A script for ``psql`` that creates the tables, with a GRANT example at its end."""
    wanted = _checked(years)
    head = (
        f"-- Plumbline contract {contract.CONTRACT_VERSION}: the tables that the product reads.\n"
        "-- Run it in the schema that shall hold them. Times are kept with their zone.\n"
        "BEGIN;\n"
    )
    blocks = (_table_block(table, wanted) for table in contract.relations)
    return "\n".join([head, *blocks, "COMMIT;\n", _grants()])


def view_templates_sql() -> str:
    """One ``CREATE VIEW`` a relation, for a DBA to fill in: each column with its cast and meaning.

    Replacing :data:`PLACEHOLDER` by a table with the contract's column names gives valid SQL.
    """
    head = (
        f"-- Plumbline contract {contract.CONTRACT_VERSION}: views over tables named otherwise.\n"
        f"-- In each view replace {PLACEHOLDER} and the column before each cast by your own.\n"
        "-- Write NULL::type for a column you do not have, where the comment says “may be null”.\n"
        "-- A time kept without its zone: your_column AT TIME ZONE 'UTC' (or the zone it is in).\n"
        "-- Leave out a view you cannot fill: the pages that need it say so, all others work.\n"
    )
    views = (_view(table) for table in contract.relations)
    return "\n".join([head, *views, _grants()])


def _checked(years: Iterable[int]) -> list[int]:
    wanted = sorted(set(years))
    if not wanted:
        raise InvalidInputError("No year is given. Name at least one, such as 2024-2027.")
    if wanted[0] < _FIRST_YEAR or wanted[-1] > _LAST_YEAR:
        raise InvalidInputError(
            f"Years lie between {_FIRST_YEAR} and {_LAST_YEAR}; given: {wanted[0]}-{wanted[-1]}."
        )
    return wanted


def _table_statements(table: sa.Table) -> Iterator[sa.schema.ExecutableDDLElement]:
    yield ddl.CreateTable(table)
    yield ddl.SetTableComment(table)
    for column in table.columns:
        yield ddl.SetColumnComment(column)
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield ddl.CreateIndex(index)


def _table_block(table: sa.Table, years: list[int]) -> str:
    """One table with its comments, indexes and partitions, as text."""
    texts = [str(part.compile(dialect=_dialect)) for part in _table_statements(table)]
    texts += _partition_statements(table, years)
    lines = [line.rstrip() for text in texts for line in f"{text.strip()};".splitlines()]
    block = "\n".join(lines).replace("\t", "    ").replace("\n)\n PARTITION", "\n) PARTITION")
    coming = _coming_years(table) if table.info["partition_by"] else ""
    return f"-- {table.name}\n{block}\n{coming}"


def _partition_statements(table: sa.Table, years: Iterable[int]) -> list[str]:
    if not table.info["partition_by"]:
        return []
    return [
        f"CREATE TABLE {table.name}_{year} PARTITION OF {table.name} FOR VALUES "
        f"FROM ('{year:04d}-01-01 00:00:00+00') TO ('{year + 1:04d}-01-01 00:00:00+00')"
        for year in years
    ]


def _coming_years(table: sa.Table) -> str:
    """A statement that is safe to run at any time, and best scheduled for each December."""
    return f"""-- Run this again each December: it adds the partitions of this year and the next.
DO $$
DECLARE this_year int := extract(year FROM now() AT TIME ZONE 'UTC');
BEGIN
    FOR y IN this_year .. this_year + 1 LOOP
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS {table.name}_%s PARTITION OF {table.name} '
            'FOR VALUES FROM (%L) TO (%L)',
            y, y || '-01-01 00:00:00+00', (y + 1) || '-01-01 00:00:00+00');
    END LOOP;
END $$;
"""


def _view(table: sa.Table) -> str:
    """The template of one view; names in it are the contract's, to be replaced on the left."""
    last = len(table.columns) - 1
    lines = [
        f"    {PLACEHOLDER}.{column.name}::{type_name(column)} AS {column.name}"
        f"{'' if place == last else ','}  -- {_remark(column)}"
        for place, column in enumerate(table.columns)
    ]
    body = "\n".join(lines)
    return (
        f"-- {table.name}: {table.comment}\n"
        f"CREATE VIEW {table.name} AS\nSELECT\n{body}\nFROM {PLACEHOLDER};\n"
    )


def type_name(column: sa.Column[Any]) -> str:
    """The contract's type of a column, as PostgreSQL writes it."""
    text = column.type.compile(dialect=_dialect).lower()
    return {"timestamp with time zone": "timestamptz"}.get(text, text)


def _remark(column: sa.Column[Any]) -> str:
    """Meaning, accepted types, key and null, in one line."""
    parts = [str(column.comment)]
    if isinstance(column.type, contract.Identifier):
        parts.append("bigint, text or uuid")
    if column.primary_key:
        parts.append("key")
    elif column.nullable:
        parts.append("may be null")
    return "; ".join(parts)


def _grants() -> str:
    """An example, commented out: names and passwords are the owner's affair."""
    tables = ",\n--     ".join(table.name for table in contract.relations)
    return (
        "-- Plumbline reads with a role that can do nothing else:\n"
        f"-- CREATE ROLE {READER} LOGIN PASSWORD 'choose one';\n"
        f"-- ALTER ROLE {READER} SET default_transaction_read_only = on;\n"
        f"-- GRANT USAGE ON SCHEMA public TO {READER};\n"
        f"-- GRANT SELECT ON\n--     {tables}\n-- TO {READER};\n"
        "-- plumbline check then compares the database with the contract.\n"
    )
