"""What the pipeline reports of one run, as a recount and the gates set it beside their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions, migration_field_checks
from queries.exceptions_report_parts import distinct_values
from queries.exceptions_totals import (
    FALSE_POSITIVE,
    BatchTotals,
    critical_open,
    is_critical,
    untraceable,
)
from queries.rolled_exceptions import batches_of, parts
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

    ``critical_open`` are critical and neither fixed nor refuted. An ``untraceable`` one lacks its
    key, its reason, or both values of its field, or belongs to no batch of any run.
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

    The state of an exception is the latest one: the tables keep no history of it.
    """
    batches = batches_of(connection, scope, run_id)
    ids = tuple(row.batch_id for row in batches.rows)
    found = parts(connection, scope, ids)
    columns: list[sa.ColumnElement[Any]] = [
        critical_open().label("critical_open"),
        sa.func.count().filter(untraceable()).label("untraceable"),
        sa.func.max(_x.first_seen_at).label("newest_at"),
    ]
    statement = sa.select(*columns).where(
        _x.first_seen_at <= scope.as_of, _x.batch_id.in_(ids if found is None else found.left)
    )
    live = ask(connection, statement, RunExceptions)
    lost = ask(connection, _of_no_batch(scope), _Lost)
    rolled = found.totals if found is not None else ()
    rows: list[RunExceptions | BatchTotals] = [*live.rows, *rolled]
    added = RunExceptions(
        critical_open=sum(row.critical_open for row in rows),
        untraceable=sum(row.untraceable for row in rows) + lost.rows[0].n,
        newest_at=max((row.newest_at for row in rows if row.newest_at is not None), default=None),
    )
    asked = found.provenance if found is not None else ()
    return Answer((added,), batches.provenance, (live.provenance, lost.provenance, *asked))


def _of_no_batch(scope: Scope) -> sa.Select[Any]:
    """Exceptions whose batch no run knows."""
    named = distinct_values(_x.batch_id)
    unknown = sa.select(named.c.value).where(
        named.c.value.is_not(None), named.c.value.not_in(sa.select(_b.batch_id))
    )
    return sa.select(sa.func.count().label("n")).where(
        _x.batch_id.in_(unknown), _x.first_seen_at <= scope.as_of
    )


@dataclass(frozen=True, slots=True)
class _Lost:
    n: int


def blocked_runs(connection: sa.Connection, scope: Scope) -> Answer[BlockedRun]:
    """Which runs met a critical exception: one is enough, so that none is counted."""
    ids: list[sa.ColumnElement[Any]] = [
        sa.cast(_b[name], sa.Text()).label(name) for name in ("batch_id", "run_id")
    ]
    begun = sa.select(*ids).where(_b.started_at <= scope.as_of).distinct()
    runs = ask(connection, begun, _BatchOfRun)
    found = parts(connection, scope, tuple(row.batch_id for row in runs.rows))
    blocked = {row.batch_id for row in found.totals if row.blocked} if found is not None else set()
    live = ask(connection, _met(scope, None if found is None else found.left), _Met)
    blocked |= {row.batch_id for row in live.rows}
    met: dict[str, bool] = {}
    for row in sorted(runs.rows, key=lambda each: each.run_id):
        met[row.run_id] = met.get(row.run_id, False) or row.batch_id in blocked
    rows = tuple(BlockedRun(run_id, critical) for run_id, critical in met.items())
    asked = found.provenance if found is not None else ()
    return Answer(rows, runs.provenance, (live.provenance, *asked))


def _met(scope: Scope, batch_ids: tuple[str, ...] | None) -> sa.Select[Any]:
    """Batches with a critical exception that was not a false positive, one look each."""
    batches = sa.select(_b.batch_id).where(_b.started_at <= scope.as_of).distinct()
    if batch_ids is not None:
        batches = batches.where(_b.batch_id.in_(batch_ids))
    batch = batches.subquery("batch")
    critical = (
        sa.select(sa.literal(1))
        .where(
            _x.batch_id == batch.c.batch_id,
            is_critical(),
            _x.status.is_distinct_from(FALSE_POSITIVE),
            _x.first_seen_at <= scope.as_of,
        )
        .exists()
    )
    return sa.select(sa.cast(batch.c.batch_id, sa.Text()).label("batch_id")).where(critical)


@dataclass(frozen=True, slots=True)
class _BatchOfRun:
    batch_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class _Met:
    batch_id: str


def _batches(scope: Scope, run_id: str) -> sa.Select[tuple[Any]]:
    return sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
