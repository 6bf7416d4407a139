"""The exceptions that the migration's own pipeline reports: counted, and one in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from queries import rolled_exceptions
from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions
from queries.exceptions_report_parts import as_text, ask_records, record_columns
from queries.exceptions_rows import PAGE_SIZE, BatchCountRow, CountRow, RecordRow
from queries.exceptions_totals import is_open
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
            as_text(_x.batch_id).label("batch_id"),
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
        as_text(_x.batch_id).label("batch_id"),
        sa.func.count().label("exceptions"),
        sa.func.count().filter(is_open()).label("open_exceptions"),
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


def record(connection: sa.Connection, scope: Scope, exception_id: str) -> Answer[RecordRow]:
    """One exception by its id.

    Raises:
        InvalidInputError: the id is a word where this database numbers its exceptions.
    """
    return ask_records(connection, _single(_x.exception_id == exception_id, scope))


def same_record(
    connection: sa.Connection, scope: Scope, table_name: str, key: str
) -> Answer[RecordRow]:
    """Every exception of one record, over all fields, batches and runs; oldest first."""
    wanted = sa.and_(_x.table_name == table_name, _x.key == key)
    statement = _single(wanted, scope).order_by(_x.last_seen_at, _x.exception_id)
    return ask_records(connection, statement.limit(PAGE_SIZE))


def _single(wanted: sa.ColumnElement[bool], scope: Scope) -> sa.Select[Any]:
    run_id = (
        sa.select(sa.func.max(as_text(_b.run_id)))
        .where(_b.batch_id == _x.batch_id)
        .scalar_subquery()
    )
    return sa.select(*record_columns(_x, run_id)).where(wanted, _x.first_seen_at <= scope.as_of)


def _of_run(scope: Scope, run_id: str) -> sa.ColumnElement[bool]:
    """As an array, so that the batches are looked up in the index instead of joined row by row."""
    batch_ids = sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
    return _x.batch_id == sa.any_(sa.func.array(batch_ids.scalar_subquery()))
