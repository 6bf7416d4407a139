"""What migrations of the product's own schema share: tables brought in line with their metadata.

``adopt`` is the first migration of every part: it takes over what was made before the schema had
version numbers. A later migration says in a statement or two what it changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from queries.errors import SchemaVersionError


def adopt(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Add missing columns that need no value in old rows, and bring indexes in line.

    Raises:
        SchemaVersionError: a column is missing that every row must have.
    """
    for table in tables:
        for column in missing(connection, table):
            if not column.nullable and column.server_default is None:
                raise never_released(table, column)
            text = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(sa.text(f"ALTER TABLE {table.fullname} ADD COLUMN {text}"))
    align_indexes(connection, tables)


def adopt_ledger(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Bring indexes in line; rows are hashed over every column, so none is ever added.

    Raises:
        SchemaVersionError: a column is missing.
    """
    for table in tables:
        for column in missing(connection, table):
            raise never_released(table, column)
    align_indexes(connection, tables)


def align_indexes(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Make the indexes that are missing, and drop those that are not wanted any more."""
    look = sa.inspect(connection)
    for table in tables:
        wanted = {str(index.name): index for index in table.indexes}
        kept = set()
        for index in look.get_indexes(table.name, schema=table.schema):
            name = str(index["name"])
            if "duplicates_constraint" in index:
                continue
            if name in wanted and _columns(wanted[name]) == list(index["column_names"]):
                kept.add(name)
            else:
                connection.execute(sa.text(f'DROP INDEX "{table.schema}"."{name}"'))
        for name in sorted(wanted.keys() - kept):
            wanted[name].create(connection)


def missing(connection: sa.Connection, table: sa.Table) -> list[sa.Column[object]]:
    """Columns that a table of an older version does not have."""
    look = sa.inspect(connection)
    found = {column["name"] for column in look.get_columns(table.name, schema=table.schema)}
    return [column for column in table.columns if column.name not in found]


def never_released(table: sa.Table, column: sa.Column[object]) -> SchemaVersionError:
    """What to say of a table that no released version made."""
    return SchemaVersionError(
        f"The table {table.fullname} was made by a Plumbline that was never released: it lacks "
        f"the column {column.name}. Name another database in PLUMBLINE_OWN_URL. Nothing was "
        "changed."
    )


def _columns(index: sa.Index) -> list[str]:
    return [column.name for column in index.columns]
