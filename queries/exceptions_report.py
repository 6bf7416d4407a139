"""The exceptions that the migration's own pipeline reports: counted, listed, and one in full."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions
from queries.errors import InvalidInputError
from queries.exceptions_rows import (
    NEIGHBOURS,
    PAGE_SIZE,
    BatchCountRow,
    CountRow,
    Filters,
    Position,
    RecordRow,
)
from queries.scope import Scope

_b, _x = migration_batches.c, migration_exceptions.c


def counts(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[CountRow]:
    """Exceptions of one run by batch, field, cause, severity and status.

    The statement reads one index alone; the status is the one an exception has now, since the
    table keeps no history of it.
    """
    counted = (
        sa.select(
            _x.batch_id,
            _x.field,
            _x.cause,
            _x.severity,
            _x.status,
            sa.func.count().label("exceptions"),
        )
        .where(_of_run(scope, run_id), _x.first_seen_at <= scope.as_of)
        .group_by(_x.batch_id, _x.status, _x.severity, _x.cause, _x.field)
        .subquery("counted")
    )
    batch = (
        sa.select(
            _b.batch_id,
            sa.func.max(_b.target_table).label("table_name"),
            sa.func.max(_b.source_system).label("source_system"),
        )
        .where(_b.run_id == run_id)
        .group_by(_b.batch_id)
        .subquery("batch")
    )
    statement = (
        sa.select(
            _text(counted.c.batch_id).label("batch_id"),
            batch.c.table_name,
            batch.c.source_system,
            counted.c.field,
            counted.c.cause,
            sa.literal("").label("signature"),
            counted.c.severity,
            counted.c.status,
            counted.c.exceptions,
        )
        .join(batch, batch.c.batch_id == counted.c.batch_id)
        .order_by(counted.c.exceptions.desc(), counted.c.batch_id)
    )
    return ask(connection, statement, CountRow)


def per_batch(
    connection: sa.Connection, scope: Scope, batch_ids: tuple[str, ...]
) -> Answer[BatchCountRow]:
    """How many exceptions earlier batches had, for comparison."""
    columns: list[sa.ColumnElement[Any]] = [
        _text(_x.batch_id).label("batch_id"),
        sa.func.count().label("exceptions"),
        sa.func.count().filter(_x.status == "open").label("open_exceptions"),
    ]
    statement = (
        sa.select(*columns)
        .where(_x.batch_id.in_(batch_ids), _x.first_seen_at <= scope.as_of)
        .group_by(_x.batch_id)
    )
    return ask(connection, statement, BatchCountRow)


def records(
    connection: sa.Connection,
    scope: Scope,
    run_id: str,
    filters: Filters = Filters(),  # noqa: B008 - immutable
    after: Position | None = None,
) -> Answer[RecordRow]:
    """The next exceptions of a run, batch by batch, and one more so that the end is seen.

    Every batch is entered through its index where the page begins, so the time depends on the
    page, not on the table.
    """
    begun = (
        sa.select(_b.batch_id, _b.run_id)
        .where(_b.run_id == run_id, _b.started_at <= scope.as_of)
        .distinct()
    )
    if filters.batch is not None:
        begun = begun.where(_b.batch_id == filters.batch)
    if after is not None:
        begun = begun.where(_b.batch_id >= after.group)
    batch = begun.subquery("batch")
    entered = [
        _x.batch_id == batch.c.batch_id,
        _x.first_seen_at <= scope.as_of,
        *_conditions(filters),
    ]
    if after is not None:
        behind = sa.tuple_(_x.batch_id, _x.exception_id) > sa.tuple_(
            sa.literal(after.group, _x.batch_id.type),
            sa.literal(after.exception_id, _x.exception_id.type),
        )
        entered.append(behind)
    found = (
        sa.select(migration_exceptions)
        .where(*entered)
        .order_by(_x.batch_id, _x.exception_id)
        .limit(PAGE_SIZE + 1)
        .lateral("found")
    )
    statement = (
        sa.select(*_record(found.c, batch.c.run_id))
        .select_from(batch.join(found, sa.true()))
        .order_by(batch.c.batch_id, found.c.exception_id)
        .limit(PAGE_SIZE + 1)
    )
    return _ask(connection, statement)


def record(connection: sa.Connection, scope: Scope, exception_id: str) -> Answer[RecordRow]:
    """One exception by its id.

    Raises:
        InvalidInputError: the id is a word where this database numbers its exceptions.
    """
    return _ask(connection, _single(_x.exception_id == exception_id, scope))


def same_record(
    connection: sa.Connection, scope: Scope, table_name: str, key: str
) -> Answer[RecordRow]:
    """Every exception of one record, over all fields, batches and runs; oldest first."""
    wanted = sa.and_(_x.table_name == table_name, _x.key == key)
    statement = _single(wanted, scope).order_by(_x.last_seen_at, _x.exception_id)
    return _ask(connection, statement.limit(PAGE_SIZE))


def neighbours(connection: sa.Connection, scope: Scope, of: RecordRow) -> Answer[RecordRow]:
    """A few more exceptions with the same field and cause in the same batch."""
    wanted = sa.and_(
        _x.batch_id == of.group,
        _x.field.is_(None) if of.field is None else _x.field == of.field,
        _x.cause.is_(None) if of.cause is None else _x.cause == of.cause,
        _x.exception_id != of.exception_id,
    )
    statement = _single(wanted, scope).order_by(_x.batch_id, _x.exception_id).limit(NEIGHBOURS)
    return _ask(connection, statement)


def _single(wanted: sa.ColumnElement[bool], scope: Scope) -> sa.Select[Any]:
    run_id = (
        sa.select(sa.func.max(_text(_b.run_id))).where(_b.batch_id == _x.batch_id).scalar_subquery()
    )
    return sa.select(*_record(_x, run_id)).where(wanted, _x.first_seen_at <= scope.as_of)


def _record(columns: Any, run_id: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    same = ("table_name", "key", "field", "source_value", "target_value", "cause", "severity")
    more = ("status", "details", "first_seen_at", "last_seen_at")
    return [
        _text(columns.batch_id).label("group"),
        _text(columns.exception_id).label("exception_id"),
        _text(columns.batch_id).label("batch_id"),
        _text(run_id).label("run_name"),
        *(columns[name] for name in (*same, *more)),
        columns.failure_type.label("kind"),
        sa.literal("").label("signature"),
        sa.cast(sa.null(), sa.Integer()).label("confidence"),
    ]


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """Equalities alone: an index can hold them. An empty word asks for what has no value."""
    found = []
    for column, wanted in (
        (_x.cause, filters.cause),
        (_x.severity, filters.severity),
        (_x.status, filters.status),
        (_x.field, filters.field),
    ):
        if wanted is not None:
            found.append(column == wanted if wanted else column.is_(None))
    return found


def _of_run(scope: Scope, run_id: str) -> sa.ColumnElement[bool]:
    """As an array, so that the batches are looked up in the index instead of joined row by row."""
    batch_ids = sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
    return _x.batch_id == sa.any_(sa.func.array(batch_ids.scalar_subquery()))


def _text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.Text())


def _ask(connection: sa.Connection, statement: sa.Select[Any]) -> Answer[RecordRow]:
    try:
        with connection.begin_nested():
            return ask(connection, statement, RecordRow)
    except exc.DataError as error:
        raise InvalidInputError(
            "No exception can have this id. Open a record from the list."
        ) from error
