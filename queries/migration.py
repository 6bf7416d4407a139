"""What the migration reports: batches, control totals, exceptions, each as of a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_control_totals
from queries.exceptions_totals import BatchTotals
from queries.migration_rows import BatchRow, ExceptionRow, TotalRow
from queries.rolled_exceptions import totals_of
from queries.scope import Scope
from queries.snapshot import once

_RUNNING, _COMPLETED = "running", "completed"
_b, _t = migration_batches.c, migration_control_totals.c


@once
def batches(connection: sa.Connection, scope: Scope) -> Answer[BatchRow]:
    """How every batch stood by its latest attempt.

    Attempts that began after the as-of are not read; one that ended after it counts as running.
    """
    begun = _attempts(scope).subquery("begun")
    columns = [begun.c[name] for name in _BATCH_COLUMNS]
    statement = (
        sa.select(*columns, _closing_difference(begun))
        .where(begun.c.newest_first == 1)
        .order_by(begun.c.run_number, begun.c.first_started_at, begun.c.batch_id)
    )
    return ask(connection, statement, BatchRow)


def control_totals(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[TotalRow]:
    """The control totals of one run, as the pipeline's tool took them last.

    A total is taken again with each attempt of its batch; the latest by the as-of counts.
    """
    newest_first = sa.func.row_number().over(
        partition_by=[
            _t.batch_id,
            _t.validation_name,
            _t.source_table_name,
            _t.source_column_name,
            _t.target_table_name,
            _t.target_column_name,
            _t.group_by_columns,
        ],
        order_by=[_t.start_time.desc(), _t.total_id.desc()],
    )
    of_run = sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
    taken = (
        sa.select(
            _text(_t.total_id).label("total_id"),
            _text(_t.batch_id).label("batch_id"),
            _t.validation_name.label("name"),
            _t.aggregation_type.label("aggregation"),
            _t.source_table_name.label("source_table"),
            _t.source_column_name.label("source_column"),
            _t.target_table_name.label("target_table"),
            _t.target_column_name.label("target_column"),
            _t.group_by_columns.label("grouped_by"),
            _t.labels["unit"].astext.label("unit"),
            _t.source_value,
            _t.target_value,
            _t.source_agg_value.label("source_printed"),
            _t.target_agg_value.label("target_printed"),
            (_t.target_value - _t.source_value).label("difference"),
            _t.validation_status.label("tool_status"),
            _t.start_time.label("taken_at"),
            newest_first.label("newest_first"),
        )
        .where(_t.start_time <= scope.as_of, _t.batch_id.in_(of_run))
        .subquery("taken")
    )
    columns = [column for column in taken.c if column.name != "newest_first"]
    statement = (
        sa.select(*columns)
        .where(taken.c.newest_first == 1)
        .order_by(taken.c.batch_id, taken.c.name, taken.c.total_id)
    )
    return ask(connection, statement, TotalRow)


def exceptions(
    connection: sa.Connection, scope: Scope, run_id: str | None = None
) -> Answer[ExceptionRow]:
    """How many exceptions each run has, and how many of them are open.

    An exception's state is the latest one: the tables keep no history of it.
    """
    statement = (
        sa.select(
            _text(_b.batch_id).label("batch_id"),
            _text(_b.run_id).label("run_id"),
            _b.run_kind,
            _b.run_number,
        )
        .where(_b.started_at <= scope.as_of)
        .distinct()
        .order_by(_b.run_number, sa.literal_column("run_id"))
    )
    if run_id is not None:
        statement = statement.where(_b.run_id == run_id)
    begun = ask(connection, statement, _BatchOfRun)
    failed = totals_of(connection, scope, tuple(row.batch_id for row in begun.rows))
    by_batch = {row.batch_id: row for row in failed.rows}
    found: dict[tuple[str, str, int], list[BatchTotals]] = {}
    for row in begun.rows:
        own = found.setdefault((row.run_id, row.run_kind, row.run_number), [])
        if row.batch_id in by_batch:
            own.append(by_batch[row.batch_id])
    rows = tuple(_added(*run, own) for run, own in found.items())
    return Answer(rows, begun.provenance, (failed.provenance, *failed.others))


@dataclass(frozen=True, slots=True)
class _BatchOfRun:
    batch_id: str
    run_id: str
    run_kind: str
    run_number: int


def _added(run_id: str, kind: str, number: int, totals: list[BatchTotals]) -> ExceptionRow:
    return ExceptionRow(
        run_id=run_id,
        run_kind=kind,
        run_number=number,
        exceptions=sum(row.exceptions for row in totals),
        open_exceptions=sum(row.open_exceptions for row in totals),
        records=sum(row.records for row in totals),
        open_records=sum(row.open_records for row in totals),
        newest_at=max((row.newest_at for row in totals), default=None),
    )


_BATCH_COLUMNS = (
    "batch_id",
    "attempt",
    "attempts",
    "completed_attempts",
    "run_id",
    "run_kind",
    "run_number",
    "source_system",
    "target_table",
    "started_at",
    "finished_at",
    "first_started_at",
    "first_finished_at",
    "extracted",
    "loaded",
    "rejected",
    "filtered",
    "filter_rule",
    "status",
)


def _attempts(scope: Scope) -> sa.Select[*tuple[Any, ...]]:
    """Every attempt that had begun, with what its batch's attempts have in common."""
    going_on = _b.finished_at > scope.as_of
    ended = sa.and_(_b.finished_at <= scope.as_of, _b.attempt == 1)
    completed = sa.and_(_b.status == _COMPLETED, sa.not_(sa.func.coalesce(going_on, sa.false())))
    return sa.select(
        _text(_b.batch_id).label("batch_id"),
        _b.attempt,
        _text(_b.run_id).label("run_id"),
        _b.run_kind,
        _b.run_number,
        _b.source_system,
        _b.target_table,
        _b.started_at,
        sa.case((going_on, None), else_=_b.finished_at).label("finished_at"),
        *(_b[name] for name in ("extracted", "loaded", "rejected", "filtered", "filter_rule")),
        sa.case((going_on, _RUNNING), else_=_b.status).label("status"),
        _over_batch(sa.func.count()).label("attempts"),
        _over_batch(sa.func.count().filter(completed)).label("completed_attempts"),
        _over_batch(sa.func.min(_b.started_at)).label("first_started_at"),
        _over_batch(sa.func.min(_b.finished_at).filter(ended)).label("first_finished_at"),
        _over_batch(sa.func.row_number(), order_by=[_b.attempt.desc(), _b.started_at.desc()]).label(
            "newest_first"
        ),
    ).where(_b.started_at <= scope.as_of)


def _over_batch(
    function: sa.FunctionElement[Any] | sa.FunctionFilter[Any], order_by: Any = None
) -> sa.Over[Any]:
    return function.over(partition_by=_b.batch_id, order_by=order_by)


def _closing_difference(begun: sa.Subquery) -> sa.ColumnElement[int]:
    """Records neither loaded, rejected nor filtered; below zero where there are too many."""
    accounted = begun.c.loaded + begun.c.rejected + begun.c.filtered
    return (begun.c.extracted - accounted).label("closing_difference")


def _text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """An id as text, whatever the owner keeps it as."""
    return sa.cast(column, sa.Text())
