"""One snapshot: what is asked twice is sent once, and a failure costs savepoints only there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event, exc

from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from dashboard.collectors import Collector
from dashboard.evidence import gather
from queries import artifacts, contract
from queries.database import if_present, own_engine, read, source_engine
from queries.errors import DatabaseError, QueryTimeoutError
from queries.scope import Scope
from queries.snapshot import guard
from tests.contract.contract_rows import valid_row

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)
_HIDDEN = sa.text("ALTER TABLE model_artifacts RENAME TO hidden")
_SHOWN = sa.text("ALTER TABLE hidden RENAME TO model_artifacts")


@pytest.fixture
def source(contract_database: str) -> Iterator[sa.Engine]:
    engine = source_engine(contract_database)
    yield engine
    engine.dispose()


@pytest.fixture
def change(contract_database: str) -> Iterator[Callable[[sa.Executable], None]]:
    engine = own_engine(contract_database)

    def apply(statement: sa.Executable) -> None:
        with engine.begin() as connection:
            connection.execute(statement)

    yield apply
    engine.dispose()


@contextmanager
def sent(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    found: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_snapshot_is_asked_once_and_the_next_one_anew(
    source: sa.Engine, change: Callable[[sa.Executable], None]
) -> None:
    row = valid_row(contract.model_artifacts, signed_at=NOW - timedelta(days=1))

    def files(connection: sa.Connection, *, meanwhile: bool) -> list[int]:
        first = artifacts.files(connection, SCOPE)
        if meanwhile:
            change(sa.insert(contract.model_artifacts).values(row))
        return [len(first.rows), len(artifacts.files(connection, SCOPE).rows)]

    with sent(source) as statements:
        assert read(source, partial(files, meanwhile=True)) == [0, 0]
        assert len(statements) == 1
        assert read(source, partial(files, meanwhile=False)) == [1, 1]
        assert len(statements) == 2


def test_other_arguments_are_another_question(source: sa.Engine) -> None:
    later = Scope(SCOPE.start, NOW + timedelta(days=1), NOW + timedelta(days=1))
    with sent(source) as statements:
        read(source, lambda one: [artifacts.files(one, scope) for scope in (SCOPE, later, SCOPE)])
    assert len(statements) == 2


def _with_and_without(connection: sa.Connection) -> tuple[Any, Any]:
    files = if_present(connection, lambda: artifacts.files(connection, SCOPE).rows)
    return files, artifacts.newest_event(connection, SCOPE).rows[0].newest_at


def test_only_what_failed_before_has_a_savepoint(
    source: sa.Engine, change: Callable[[sa.Executable], None]
) -> None:
    with sent(source) as statements:
        assert read(source, _with_and_without) == ((), None)
        assert not _savepoints(statements)
        change(_HIDDEN)
        assert read(source, _with_and_without) == (None, None)
        statements.clear()
        assert read(source, _with_and_without) == (None, None)
        assert _savepoints(statements) == 1
        change(_SHOWN)
        assert read(source, _with_and_without) == ((), None)


def _savepoints(statements: list[str]) -> int:
    return sum(statement.startswith("SAVEPOINT") for statement in statements)


def test_a_failure_that_may_not_be_is_not_asked_again(source: sa.Engine) -> None:
    def slow(connection: sa.Connection) -> object:
        connection.execute(sa.text("SET LOCAL statement_timeout = 50"))
        return if_present(connection, lambda: connection.execute(sa.text("SELECT pg_sleep(5)")))

    with sent(source) as statements, pytest.raises(QueryTimeoutError):
        read(source, slow)
    assert sum("pg_sleep" in statement for statement in statements) == 1


def _measured(metric: str, connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    n = connection.execute(sa.select(sa.func.count()).select_from(contract.config_history)).scalar()
    return (Evidence(metric, 1, n or 0, "counted", scope.as_of),)


def _failing(connection: sa.Connection, _: Scope) -> tuple[Evidence, ...]:
    connection.execute(sa.text("SELECT 1 / 0"))
    return ()


def test_a_collector_that_fails_leaves_the_others_their_snapshot(contract_database: str) -> None:
    engine = own_engine(contract_database)
    collectors = (
        Collector("before", ("a",), partial(_measured, "a")),
        Collector("failing", ("b",), _failing),
        Collector("after", ("c",), partial(_measured, "c")),
    )
    for _ in range(2):
        found = gather(engine, load_policy(None), NOW, collectors)
        assert [(one.metric, one.error is None) for one in found] == [
            ("a", True),
            ("b", False),
            ("c", True),
        ]
    engine.dispose()


def test_a_guarded_failure_has_the_snapshot_read_again_with_a_savepoint(
    source: sa.Engine,
) -> None:
    asked: list[bool] = []

    def question(connection: sa.Connection) -> object:
        asked.append(True)
        with suppress(exc.DataError), guard("divided", connection):
            connection.execute(sa.text("SELECT 1 / 0"))
        return connection.execute(sa.text("SELECT 1")).scalar()

    with sent(source) as statements:
        assert read(source, question) == 1
        assert len(asked) == 2
        assert read(source, question) == 1
        assert len(asked) == 3
    assert _savepoints(statements) == 2


def test_a_failure_nobody_guards_ends_the_question(source: sa.Engine) -> None:
    with pytest.raises(DatabaseError):
        read(source, lambda one: one.execute(sa.text("SELECT 1 / 0")))
