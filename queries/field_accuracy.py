"""Field accuracy as the pipeline reports it: values compared and differing, causes, batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_field_checks
from queries.scope import Scope

_b, _c = migration_batches.c, migration_field_checks.c


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """One field of one table over the batches of a run, by each batch's last check.

    The counts are values. Those of batches whose every value was compared are ``full_…``, the
    others are samples: ``sampled`` of ``sample_population``. ``called_full`` counts batches that
    the report calls compared in full although it compared fewer values than there are.
    """

    table_name: str
    field: str
    critical: bool
    batches: int
    full_compared: int
    full_differing: int
    sample_population: int
    sampled: int
    sample_differing: int
    called_full: int
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class CauseRow:
    """Differing values of one field by cause, as the pipeline names it."""

    table_name: str
    field: str
    cause: str
    differing: int
    batches: int


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One field in one batch, by its last check."""

    batch_id: str
    source_system: str | None
    population: int
    compared: int
    differing: int
    checked_at: datetime


def reported(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[ReportedRow]:
    """Values compared and differing for each field of a run, as the pipeline reports them."""
    last = _last(scope, run_id).subquery("last")
    full = last.c.compared >= last.c.population
    statement = (
        sa.select(
            last.c.table_name,
            last.c.field,
            sa.func.bool_or(last.c.critical).label("critical"),
            sa.func.count().label("batches"),
            _sum(last.c.compared, full).label("full_compared"),
            _sum(last.c.mismatched, full).label("full_differing"),
            _sum(last.c.population, sa.not_(full)).label("sample_population"),
            _sum(last.c.compared, sa.not_(full)).label("sampled"),
            _sum(last.c.mismatched, sa.not_(full)).label("sample_differing"),
            sa.func.count().filter(sa.not_(full), last.c.coverage == "full").label("called_full"),
            sa.func.max(last.c.checked_at).label("checked_at"),
        )
        .group_by(last.c.table_name, last.c.field)
        .order_by(last.c.table_name, last.c.field)
    )
    return ask(connection, statement, ReportedRow)


def reported_causes(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[CauseRow]:
    """Differing values of each field of a run by cause, as the pipeline names it."""
    last = _last(scope, run_id).subquery("last")
    document = sa.case(
        (sa.func.jsonb_typeof(last.c.mismatched_by_cause) == "object", last.c.mismatched_by_cause),
        else_=sa.cast(sa.literal("{}"), JSONB()),
    )
    causes = sa.func.jsonb_each_text(document).table_valued("key", "value", name="causes")
    # What is no count in the pipeline's document is left out; the field's own total holds it.
    is_count = causes.c.value.regexp_match("^[0-9]{1,15}$")
    number = sa.case((is_count, sa.cast(causes.c.value, sa.BigInteger())), else_=0)
    statement = (
        sa.select(
            last.c.table_name,
            last.c.field,
            causes.c.key.label("cause"),
            sa.cast(sa.func.sum(number), sa.BigInteger()).label("differing"),
            sa.func.count().filter(number > 0).label("batches"),
        )
        .select_from(last.join(causes, sa.true()))
        .group_by(last.c.table_name, last.c.field, causes.c.key)
        .having(sa.func.sum(number) > 0)
        .order_by(sa.desc("differing"), last.c.table_name, last.c.field, causes.c.key)
    )
    return ask(connection, statement, CauseRow)


def reported_batches(
    connection: sa.Connection, scope: Scope, run_id: str, table_name: str, field: str
) -> Answer[BatchRow]:
    """One field batch by batch, as the pipeline last checked it, most differences first."""
    last = _last(scope, run_id).subquery("last")
    origin = (
        sa.select(_b.batch_id, sa.func.max(_b.source_system).label("source_system"))
        .where(_b.run_id == run_id, _b.started_at <= scope.as_of)
        .group_by(_b.batch_id)
        .subquery("origin")
    )
    statement = (
        sa.select(
            sa.cast(last.c.batch_id, sa.Text()).label("batch_id"),
            origin.c.source_system,
            last.c.population,
            last.c.compared,
            last.c.mismatched.label("differing"),
            last.c.checked_at,
        )
        .join(origin, origin.c.batch_id == last.c.batch_id)
        .where(last.c.table_name == table_name, last.c.field == field)
        .order_by(last.c.mismatched.desc(), last.c.batch_id)
    )
    return ask(connection, statement, BatchRow)


def _last(scope: Scope, run_id: str) -> sa.Select[*tuple[Any, ...]]:
    """The last check by the as-of of each field in each batch of the run."""
    of_run = sa.select(_b.batch_id).where(_b.run_id == run_id, _b.started_at <= scope.as_of)
    names = ("batch_id", "table_name", "field", "population", "compared", "mismatched")
    more = ("mismatched_by_cause", "coverage", "critical", "checked_at")
    return (
        sa.select(*(_c[name] for name in (*names, *more)))
        .ext(distinct_on(_c.batch_id, _c.table_name, _c.field))
        .where(_c.checked_at <= scope.as_of, _c.batch_id.in_(of_run))
        .order_by(_c.batch_id, _c.table_name, _c.field, _c.checked_at.desc(), _c.check_id.desc())
    )


def _sum(column: sa.ColumnElement[int], where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    total = sa.func.sum(column).filter(where)
    return sa.cast(sa.func.coalesce(total, 0), sa.BigInteger())
