"""One road to the product's own tables: created where missing, brought up to date where older.

Each part of the schema (the ledger, roll-ups, recounts …) has a version: the number of its
migrations. ``schema_parts`` keeps it, so that a newer program upgrades what an older one made,
and an older program refuses what it does not know. Migrations run once, in order, in the
transaction that records the new version; a table that does not exist yet is made as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from queries.chains import SCHEMA, TIME
from queries.database import translated
from queries.errors import SchemaVersionError

_SETUP_LOCK = 7_585_672_001
_NO_HURRY = sa.text("SET LOCAL statement_timeout = 0")
"""An index over millions of exceptions takes longer than any question may."""

_metadata = sa.MetaData(schema=SCHEMA)
schema_parts = sa.Table(
    "schema_parts",
    _metadata,
    sa.Column("part", sa.Text(), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("changed_at", TIME, nullable=False, server_default=sa.func.now()),
    comment="How far each part of this schema has been migrated",
)

Migration = Callable[[sa.Connection, Sequence[sa.Table]], None]
"""Changes tables that an older version made; asked with those of the part that exist."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tables that belong together; its version is the number of its migrations.

    ``finish`` are statements that may be run any number of times, such as views and triggers;
    ``complete`` says whether what they make is there, by looking alone.
    """

    name: str
    metadata: sa.MetaData
    migrations: tuple[Migration, ...]
    finish: tuple[str, ...] = ()
    complete: Callable[[sa.Connection], bool] = lambda _: True

    @property
    def version(self) -> int:
        """The version that this program makes and reads."""
        return len(self.migrations)


def ensure(engine: sa.Engine, part: Part) -> None:
    """Create what is missing and upgrade what is older; calling it again does nothing.

    Several processes may call it at once.

    Raises:
        SchemaVersionError: a newer program made the part.
        DatabaseError: the server cannot be reached, or the role may not create a schema.
    """
    with translated(), engine.begin() as connection:
        if _done(connection, part):
            return
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SETUP_LOCK)))
        connection.execute(_NO_HURRY)
        connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        _metadata.create_all(connection)
        present = _present(connection)
        old = [table for table in part.metadata.sorted_tables if table.name in present]
        begun = _checked(connection, part)
        if begun is None:
            begun = 0 if old else part.version
        for migrate in part.migrations[begun:]:
            migrate(connection, old)
        part.metadata.create_all(connection)
        for statement in part.finish:
            connection.execute(sa.text(statement))
        _record(connection, part)


def _version(connection: sa.Connection, part: str) -> int | None:
    column = schema_parts.c
    return connection.execute(sa.select(column.version).where(column.part == part)).scalar()


def _checked(connection: sa.Connection, part: Part) -> int | None:
    """The version of a part; None before it was numbered.

    Raises:
        SchemaVersionError: it is newer than this program.
    """
    found = _version(connection, part.name)
    if found is not None and found > part.version:
        raise SchemaVersionError(
            f"A newer Plumbline made the part “{part.name}” of the schema {SCHEMA} "
            f"(version {found}, this program knows {part.version}). Install that version, or "
            "name another database in PLUMBLINE_OWN_URL. Nothing was changed."
        )
    return found


def numbered(connection: sa.Connection) -> bool:
    """Whether the schema has version numbers at all."""
    name = schema_parts.fullname
    return bool(connection.execute(sa.select(sa.func.to_regclass(name).is_not(None))).scalar())


def _done(connection: sa.Connection, part: Part) -> bool:
    """Whether nothing is left to do: looking takes no lock that writers feel."""
    wanted = {table.name for table in part.metadata.sorted_tables}
    return (
        numbered(connection)
        and _checked(connection, part) == part.version
        and _present(connection) >= wanted
        and part.complete(connection)
    )


def _present(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names(schema=SCHEMA))


def _record(connection: sa.Connection, part: Part) -> None:
    connection.execute(sa.delete(schema_parts).where(schema_parts.c.part == part.name))
    connection.execute(sa.insert(schema_parts).values(part=part.name, version=part.version))
