"""What the two roles may do, tried on a real database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from dashboard.embedded.roles import grant_roles


def attempt(url: str, *statements: str) -> None:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_the_reader_may_select_every_table(
    contract_database: str, reader_url: Callable[[str], str]
) -> None:
    attempt(
        reader_url(contract_database),
        "SELECT count(*) FROM prediction_audit",
        "SELECT count(*) FROM migration_batches",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM findings",
        "UPDATE findings SET title = 'x'",
        "TRUNCATE prediction_audit",
        "CREATE TABLE t (a int)",
        "CREATE TEMPORARY TABLE t (a int)",
        "CREATE SCHEMA s",
        "CREATE TABLE plumbline.t (a int)",
    ],
)
def test_the_reader_may_change_nothing(
    contract_database: str, reader_url: Callable[[str], str], statement: str
) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        attempt(reader_url(contract_database), statement)


def test_the_writer_owns_its_schema_and_reads_the_source(
    contract_database: str, writer_url: Callable[[str], str]
) -> None:
    attempt(
        writer_url(contract_database),
        "CREATE SCHEMA IF NOT EXISTS plumbline",
        "CREATE TABLE plumbline.t (a int)",
        "SELECT count(*) FROM prediction_audit",
    )


@pytest.mark.parametrize("statement", ["DELETE FROM findings", "CREATE TABLE public.t (a int)"])
def test_the_writer_cannot_change_the_source(
    contract_database: str, writer_url: Callable[[str], str], statement: str
) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        attempt(writer_url(contract_database), statement)


def test_granting_twice_changes_nothing(contract_database: str) -> None:
    engine = sa.create_engine(
        sa.make_url(contract_database).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        grant_roles(connection)
        grant_roles(connection)


def test_a_later_table_is_readable_too(
    contract_database: str, reader_url: Callable[[str], str]
) -> None:
    attempt(contract_database, "CREATE TABLE later (a int)")
    attempt(reader_url(contract_database), "SELECT a FROM later")
