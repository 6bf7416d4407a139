"""Databases of the embedded server: made, renamed and dropped by its superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def administering(url: str) -> Iterator[sa.Connection]:
    """One autocommitting connection, closed for good at the end."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def names(connection: sa.Connection) -> set[str]:
    """The databases that exist."""
    return set(connection.execute(sa.text("SELECT datname FROM pg_database")).scalars())


def create(connection: sa.Connection, name: str) -> None:
    """A new, empty database."""
    connection.execute(sa.text(f"CREATE DATABASE {_quoted(connection, name)} TEMPLATE template0"))


def drop(connection: sa.Connection, name: str) -> None:
    """Remove a database, whoever is connected; nothing happens where there is none."""
    connection.execute(sa.text(f"DROP DATABASE IF EXISTS {_quoted(connection, name)} WITH (FORCE)"))


def rename(connection: sa.Connection, old: str, new: str) -> None:
    """Give a database another name; it takes effect at once or not at all."""
    statement = f"ALTER DATABASE {_quoted(connection, old)} RENAME TO {_quoted(connection, new)}"
    connection.execute(sa.text(statement))


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
