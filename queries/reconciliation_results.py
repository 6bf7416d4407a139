"""Reconciliations as pages and gates read them: runs, fields, causes, references.

Everything comes from the product's own schema. A question about a moment reads the runs that
had been completed by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.compare_former import COMPLETED
from queries.reconciliation_schema import (
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_orphans,
    reconciliation_references,
    reconciliation_runs,
)

ROWS_PER_PAGE = 100

_r = reconciliation_runs.c
_f, _g = reconciliation_fields.c, reconciliation_groups.c
_ref, _o = reconciliation_references.c, reconciliation_orphans.c


@dataclass(frozen=True, slots=True)
class RunRow:
    """One comparison of one pair of relations.

    ``source_filtered`` and ``target_filtered`` are records left out by a declared filter; they
    are not among ``source_rows`` and ``target_rows``. ``matched`` counts pairs of records.
    """

    run_id: int
    name: str
    pair: str
    mode: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    source_relation: str
    target_relation: str
    source_filter: str | None
    target_filter: str | None
    source_rows: int
    target_rows: int
    source_filtered: int
    target_filtered: int
    buckets: int
    buckets_compared: int
    matched: int | None
    exceptions: int


@dataclass(frozen=True, slots=True)
class FieldRow:
    """Values of one field in all pairs of records of a run, and how many of them differ."""

    run_id: int
    pair: str
    field: str
    critical: bool
    compared: int
    differing: int


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Exceptions of one kind in one field of one batch of a run; no field: whole records.

    ``kind`` is differs, missing, extra, lost_copy or surplus_copy.
    """

    run_id: int
    kind: str
    field: str | None
    batch: str | None
    exceptions: int


@dataclass(frozen=True, slots=True)
class CauseRow:
    """Values of one field that differ for one cause, by one rule.

    ``batch`` is the one they lie in, None where there are several or none is recorded.
    """

    run_id: int
    field: str
    cause: str
    signature: str
    exceptions: int
    batches: int
    batch: str | None


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One reference of the target: records looked at, those with an empty value, those lost."""

    run_id: int
    pair: str
    reference: str
    columns: list[str]
    target_relation: str
    parent: str
    rows: int
    empty: int
    orphans: int
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrphanRow:
    """One record whose reference leads nowhere; ``orphan_no`` is its place in its run."""

    run_id: int
    reference: str
    orphan_no: int
    key: list[str | None]
    value: list[str]
    batch: str | None
    source_system: str | None


def latest_runs(connection: sa.Connection, as_of: datetime) -> Answer[RunRow]:
    """The last comparison of each pair of relations that was complete by a moment."""
    statement = (
        sa.select(*_columns(RunRow, reconciliation_runs))
        .ext(distinct_on(_r.name, _r.pair))
        .where(_r.status == COMPLETED, _r.finished_at <= as_of)
        .order_by(_r.name, _r.pair, _r.run_id.desc())
    )
    return ask(connection, statement, RunRow)


def fields(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[FieldRow]:
    """Values compared and differing, for each field of these comparisons."""
    statement = (
        sa.select(*_columns(FieldRow, reconciliation_fields, reconciliation_runs))
        .join(reconciliation_runs, _r.run_id == _f.run_id)
        .where(_f.run_id.in_(run_ids))
        .order_by(_r.pair, _f.field, _f.run_id)
    )
    return ask(connection, statement, FieldRow)


def found(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[FoundRow]:
    """Exceptions counted by kind, field and batch, as the pipeline's report is counted."""
    key = (_g.run_id, _g.kind, _g.field, _g.batch)
    statement = (
        sa.select(*key, _exceptions())
        .where(_g.run_id.in_(run_ids))
        .group_by(*key)
        .order_by(sa.desc("exceptions"), *key)
    )
    return ask(connection, statement, FoundRow)


def causes(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[CauseRow]:
    """Values that differ in each field by cause and rule, largest first."""
    key = (_g.run_id, _g.field, _g.cause, _g.signature)
    # No batch recorded is a batch, too: its absence is counted as one.
    batches = sa.func.count(_g.batch.distinct()) + sa.cast(
        sa.func.bool_or(_g.batch.is_(None)), sa.Integer()
    )
    statement = (
        sa.select(
            *key,
            _exceptions(),
            batches.label("batches"),
            sa.case((batches == 1, sa.func.min(_g.batch))).label("batch"),
        )
        .where(_g.run_id.in_(run_ids), _g.field.is_not(None))
        .group_by(*key)
        .order_by(sa.desc("exceptions"), *key)
    )
    return ask(connection, statement, CauseRow)


def references(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[ReferenceRow]:
    """References of the target that must lead to a record, and how many do not."""
    statement = (
        sa.select(*_columns(ReferenceRow, reconciliation_references, reconciliation_runs))
        .join(reconciliation_runs, _r.run_id == _ref.run_id)
        .where(_ref.run_id.in_(run_ids))
        .order_by(_ref.orphans.desc(), _r.pair, _ref.reference)
    )
    return ask(connection, statement, ReferenceRow)


def orphans(
    connection: sa.Connection,
    run_id: int,
    reference: str,
    after: int = 0,
    rows: int = ROWS_PER_PAGE,
) -> Answer[OrphanRow]:
    """The next records whose reference leads nowhere, by their number."""
    statement = (
        sa.select(*_columns(OrphanRow, reconciliation_orphans))
        .where(_o.run_id == run_id, _o.reference == reference, _o.orphan_no > after)
        .order_by(_o.orphan_no)
        .limit(rows)
    )
    return ask(connection, statement, OrphanRow)


def _exceptions() -> sa.Label[int]:
    return sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger()).label("exceptions")


def _columns(row: Any, *tables: sa.Table) -> Sequence[sa.Column[Any]]:
    """The columns that fill a row, each from the first table that has it."""
    return [
        next(table.c[name] for table in tables if name in table.c)
        for name in row.__dataclass_fields__
    ]
