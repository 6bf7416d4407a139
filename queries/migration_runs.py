"""Runs of the migration side by side: how fast each load went, and what its fields were like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_field_checks
from queries.scope import Scope

_b, _c = migration_batches.c, migration_field_checks.c


@dataclass(frozen=True, slots=True)
class LoadRow:
    """One attempt at a batch that had ended by the as-of; ``extracted`` counts records."""

    batch_id: str
    attempt: int
    run_id: str
    run_kind: str
    run_number: int
    source_system: str
    target_table: str
    started_at: datetime
    finished_at: datetime
    extracted: int
    status: str


@dataclass(frozen=True, slots=True)
class CriticalRow:
    """Values of critical fields in one run, as the pipeline last checked them."""

    run_id: str
    compared: int
    differing: int


def loads(connection: sa.Connection, scope: Scope) -> Answer[LoadRow]:
    """When each attempt at each batch began and ended, and how many records it read."""
    ids = {name: sa.cast(_b[name], sa.Text()).label(name) for name in ("batch_id", "run_id")}
    columns = [ids.get(name, _b[name]) for name in LoadRow.__dataclass_fields__]
    statement = (
        sa.select(*columns)
        .where(_b.finished_at <= scope.as_of)
        .order_by(_b.run_number, _b.started_at, _b.batch_id, _b.attempt)
    )
    return ask(connection, statement, LoadRow)


def critical_values(connection: sa.Connection, scope: Scope) -> Answer[CriticalRow]:
    """Values of critical fields compared and differing in each run, as the pipeline reports."""
    last = (
        sa.select(_c.batch_id, _c.compared, _c.mismatched, _c.critical)
        .ext(distinct_on(_c.batch_id, _c.table_name, _c.field))
        .where(_c.checked_at <= scope.as_of)
        .order_by(_c.batch_id, _c.table_name, _c.field, _c.checked_at.desc(), _c.check_id.desc())
    ).subquery("last")
    of_run = (
        sa.select(_b.batch_id, _b.run_id).where(_b.started_at <= scope.as_of).distinct()
    ).subquery("of_run")
    columns: list[sa.ColumnElement[Any]] = [
        sa.cast(of_run.c.run_id, sa.Text()).label("run_id"),
        sa.cast(sa.func.sum(last.c.compared), sa.BigInteger()).label("compared"),
        sa.cast(sa.func.sum(last.c.mismatched), sa.BigInteger()).label("differing"),
    ]
    statement = (
        sa.select(*columns)
        .join(of_run, of_run.c.batch_id == last.c.batch_id)
        .where(last.c.critical)
        .group_by(of_run.c.run_id)
        .order_by(of_run.c.run_id)
    )
    return ask(connection, statement, CriticalRow)
