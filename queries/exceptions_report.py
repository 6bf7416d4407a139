"""The exceptions that the migration's own pipeline reports: counted, listed, and one in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from queries import rolled_exceptions
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
from queries.rolled_exceptions import BatchOfRun
from queries.rolled_exceptions_build import Cell
from queries.scope import Scope

_b, _x = migration_batches.c, migration_exceptions.c


def counts(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[CountRow]:
    """Exceptions of one run by batch, field, cause, severity and status.

    Roll-ups answer for the batches they hold, as of their refresh; of the others the statement
    reads one index alone. The status is the latest one: the table keeps no history of it.
    """
    batches = rolled_exceptions.batches_of(connection, scope, run_id)
    names = {row.batch_id: row for row in batches.rows}
    rolled = rolled_exceptions.cells(connection, scope, tuple(names))
    if rolled is None:
        live = ask(connection, _cells(scope, _of_run(scope, run_id)), Cell)
        return _named(names, (live,), batches)
    live = ask(connection, _cells(scope, _x.batch_id.in_(rolled.left)), Cell)
    return _named(names, (live, rolled.answer), batches)


def _cells(scope: Scope, wanted: sa.ColumnElement[bool]) -> sa.Select[Any]:
    key = (_x.batch_id, _x.status, _x.severity, _x.cause, _x.field)
    return (
        sa.select(
            _text(_x.batch_id).label("batch_id"),
            *key[1:],
            sa.func.count().label("exceptions"),
        )
        .where(wanted, _x.first_seen_at <= scope.as_of)
        .group_by(*key)
    )


def _named(
    names: Mapping[str, BatchOfRun],
    answers: Sequence[Answer[Cell]],
    batches: Answer[BatchOfRun],
) -> Answer[CountRow]:
    """Cells with what their batch says of them, most exceptions first."""
    first, *others = answers
    cells = [cell for answer in answers for cell in answer.rows]
    cells.sort(key=lambda cell: (-cell.exceptions, cell.batch_id))
    rows = tuple(
        CountRow(
            batch_id=cell.batch_id,
            table_name=names[cell.batch_id].table_name,
            source_system=names[cell.batch_id].source_system,
            field=cell.field,
            cause=cell.cause,
            signature="",
            severity=cell.severity,
            status=cell.status,
            exceptions=cell.exceptions,
        )
        for cell in cells
    )
    asked = (part for each in others for part in (each.provenance, *each.others))
    return Answer(rows, first.provenance, (*asked, batches.provenance))


def per_batch(
    connection: sa.Connection, scope: Scope, batch_ids: tuple[str, ...]
) -> Answer[BatchCountRow]:
    """How many exceptions earlier batches had, for comparison."""
    found = rolled_exceptions.parts(connection, scope, batch_ids)
    columns: list[sa.ColumnElement[Any]] = [
        _text(_x.batch_id).label("batch_id"),
        sa.func.count().label("exceptions"),
        sa.func.count().filter(_x.status == "open").label("open_exceptions"),
    ]
    statement = (
        sa.select(*columns)
        .where(
            _x.batch_id.in_(batch_ids if found is None else found.left),
            _x.first_seen_at <= scope.as_of,
        )
        .group_by(_x.batch_id)
    )
    live = ask(connection, statement, BatchCountRow)
    if found is None:
        return live
    rows = (
        BatchCountRow(row.batch_id, row.exceptions, row.open_exceptions) for row in found.totals
    )
    return replace(live, rows=(*rows, *live.rows), others=found.provenance)


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
