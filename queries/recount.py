"""What the pipeline reports of one run, as a recount and the gates set it beside their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions, migration_field_checks
from queries.scope import Scope

_b, _c, _x = migration_batches.c, migration_field_checks.c, migration_exceptions.c


@dataclass(frozen=True, slots=True)
class ReportedField:
    """One field of one batch, as the pipeline last compared it.

    ``population`` values were there, ``compared`` of them were looked at: all of them where
    ``coverage`` is “full”.
    """

    batch_id: str
    table_name: str
    field: str
    population: int
    compared: int
    mismatched: int
    coverage: str
    critical: bool
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class RunExceptions:
    """Exceptions of one run by what they stand in the way of.

    ``critical_open`` are critical and still open. An ``untraceable`` one lacks its key, its
    reason, or both values of its field.
    """

    critical_open: int
    untraceable: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class BlockedRun:
    """Whether a run met any critical exception, whatever became of it; no false positives."""

    run_id: str
    critical: bool


def reported_fields(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[ReportedField]:
    """Field accuracy of one run as the pipeline reports it, batch by batch."""
    statement = (
        sa.select(
            sa.cast(_c.batch_id, sa.Text()).label("batch_id"),
            *(_c[name] for name in ReportedField.__dataclass_fields__ if name != "batch_id"),
        )
        .ext(distinct_on(_c.batch_id, _c.table_name, _c.field))
        .where(_c.checked_at <= scope.as_of, _c.batch_id.in_(_batches(scope, run_id)))
        .order_by(_c.batch_id, _c.table_name, _c.field, _c.checked_at.desc(), _c.check_id.desc())
    )
    return ask(connection, statement, ReportedField)


def run_exceptions(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[RunExceptions]:
    """Open critical exceptions of a run, and those that nobody could trace.

    The state of an exception is the one it has now: the tables keep no history of it.
    """
    columns: list[sa.ColumnElement[Any]] = [
        sa.func.count()
        .filter(_x.severity == "critical", _x.status == "open")
        .label("critical_open"),
        sa.func.count().filter(_untraceable()).label("untraceable"),
        sa.func.max(_x.first_seen_at).label("newest_at"),
    ]
    statement = sa.select(*columns).where(
        _x.first_seen_at <= scope.as_of, _x.batch_id.in_(_batches(scope, run_id))
    )
    return ask(connection, statement, RunExceptions)


def blocked_runs(connection: sa.Connection, scope: Scope) -> Answer[BlockedRun]:
    """Which runs met a critical exception: one is enough, so that none is counted."""
    runs = (
        sa.select(_b.batch_id, _b.run_id).where(_b.started_at <= scope.as_of).distinct()
    ).subquery("runs")
    met = (
        sa.select(sa.literal(1))
        .where(
            _x.batch_id == runs.c.batch_id,
            _x.severity == "critical",
            _x.status != "false_positive",
            _x.first_seen_at <= scope.as_of,
        )
        .exists()
    )
    columns: list[sa.ColumnElement[Any]] = [
        sa.cast(runs.c.run_id, sa.Text()).label("run_id"),
        sa.func.bool_or(met).label("critical"),
    ]
    statement = sa.select(*columns).group_by(runs.c.run_id).order_by(runs.c.run_id)
    return ask(connection, statement, BlockedRun)


def _untraceable() -> sa.ColumnElement[bool]:
    """No key, no reason at all, or a field of which neither value was kept."""
    return sa.or_(
        sa.func.coalesce(_x.key, "") == "",
        sa.func.coalesce(_x.failure_type, _x.details, _x.cause, "") == "",
        sa.and_(_x.field.is_not(None), _x.source_value.is_(None), _x.target_value.is_(None)),
    )


def _batches(scope: Scope, run_id: str) -> sa.Select[tuple[Any]]:
    return sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
