"""The exceptions that the migration's own pipeline reports: counted, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from queries import rolled_exceptions
from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions
from queries.exceptions_counted import Line, counted, gathered
from queries.exceptions_report_parts import (
    as_text,
    ask_records,
    distinct_values,
    record_columns,
    texts,
)
from queries.exceptions_rows import (
    PAGE_SIZE,
    BatchCountRow,
    Counted,
    Filters,
    RecordRow,
    Rules,
)
from queries.exceptions_totals import is_open
from queries.rolled_days import UnreadableError
from queries.rolled_exceptions import BatchOfRun, among
from queries.rolled_exceptions_places import kept
from queries.rolled_exceptions_schema import rollup_exception_counts
from queries.scope import Scope

_b, _x = migration_batches.c, migration_exceptions.c
_counts = rollup_exception_counts.c
_CELL = ("batch_id", "status", "severity", "cause", "field", "exceptions")
"""In the order of the index, so that nothing is sorted."""


def counts(
    connection: sa.Connection,
    scope: Scope,
    run_id: str,
    rules: Rules,
    filters: Filters = Filters(),  # noqa: B008 - immutable
) -> Answer[Counted]:
    """Exceptions of one run by what may explain them, by batch and by status: one row.

    Roll-ups answer for the batches they hold, as of their refresh; of the others the statement
    reads one index alone. The status is the latest one: the table keeps no history of it.
    """
    begun = rolled_exceptions.batches_of(connection, scope, run_id)
    batches = [row for row in begun.rows if filters.batch in (None, row.batch_id)]
    rolled, left = _rolled(connection, scope, batches, rules, filters)
    answers = [rolled] if rolled is not None else []
    if left is None or left or not answers:
        wanted = _of_run(scope, run_id) if left is None else _x.batch_id.in_(left)
        cells = _cells(scope, wanted, filters)
        answers.append(ask(connection, counted(_named(cells, batches), rules), Line))
    found = gathered(answers)
    return replace(found, others=(*found.others, begun.provenance))


def _rolled(
    connection: sa.Connection,
    scope: Scope,
    batches: Sequence[BatchOfRun],
    rules: Rules,
    filters: Filters,
) -> tuple[Answer[Line] | None, tuple[str, ...] | None]:
    """What the roll-ups say, and the batches that are left; None of them: all, they say nothing."""
    found = rolled_exceptions.parts(connection, scope, [row.batch_id for row in batches])
    if found is None:
        return None, None
    if not found.totals:
        return None, found.left
    columns = [_counts[name] for name in _CELL]
    here = among(_counts.batch_id, [row.batch_id for row in found.totals])
    cells = sa.select(*columns).where(here, *kept(_counts, filters))
    try:
        answer = found.rollups.ask(counted(_named(cells, batches), rules), Line)
    except UnreadableError:
        return None, None
    return replace(answer, others=found.provenance), found.left


def _cells(scope: Scope, wanted: sa.ColumnElement[bool], filters: Filters) -> sa.Select[Any]:
    """Exceptions of the source, counted by all that they can be filtered by."""
    key = [_x[name] for name in _CELL[:-1]]
    conditions = [wanted, _x.first_seen_at <= scope.as_of, *kept(_x, filters)]
    if filters.batch is not None:
        conditions.append(_x.batch_id == filters.batch)
    return (
        sa.select(
            as_text(_x.batch_id).label("batch_id"),
            *key[1:],
            sa.func.count().label("exceptions"),
        )
        .where(*conditions)
        .group_by(*key)
    )


def _named(cells: sa.Select[Any], batches: Sequence[BatchOfRun]) -> sa.Select[Any]:
    """Cells with what their batch says of them."""
    names = ("batch_id", "table_name", "source_system")
    batch = (
        sa.func.unnest(*(texts(getattr(row, name) for row in batches) for name in names))
        .table_valued(*names)
        .render_derived("batch")
    )
    cell = cells.subquery("counted")
    return sa.select(
        cell.c.batch_id,
        batch.c.table_name,
        batch.c.source_system,
        *(cell.c[name] for name in _CELL[1:]),
        sa.literal("").label("signature"),
    ).join(batch, batch.c.batch_id == cell.c.batch_id)


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


def by_key(connection: sa.Connection, scope: Scope, run_id: str, key: str) -> Answer[RecordRow]:
    """The exceptions of one run whose record has this very key, the latest first.

    The index begins with the table, which the pipeline may spell otherwise than its batches.
    """
    tables = sa.select(distinct_values(_x.table_name).c.value)
    wanted = sa.and_(_x.table_name.in_(tables), _x.key == key, _of_run(scope, run_id))
    statement = _single(wanted, scope).order_by(_x.last_seen_at.desc(), _x.exception_id.desc())
    return ask_records(connection, statement.limit(PAGE_SIZE + 1))


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
