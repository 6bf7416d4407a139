"""Reconciliations as pages and gates read them: runs, fields, causes, exceptions, history.

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
    reconciliation_exceptions,
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_orphans,
    reconciliation_references,
    reconciliation_runs,
)

ROWS_PER_PAGE = 100

_r, _x = reconciliation_runs.c, reconciliation_exceptions.c
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
class GroupRow:
    """Exceptions of a run that agree in all that may explain them; no field: whole records."""

    run_id: int
    pair: str
    kind: str
    field: str | None
    cause: str
    signature: str
    batch: str | None
    source_system: str | None
    exceptions: int


@dataclass(frozen=True, slots=True)
class KindRow:
    """Exceptions of a run by kind: differs, missing, extra, lost_copy, surplus_copy."""

    run_id: int
    pair: str
    kind: str
    exceptions: int


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


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception; ``exception_no`` is its place within its run."""

    run_id: int
    exception_no: int
    kind: str
    key: list[str | None]
    copies: int
    field: str | None
    critical: bool
    source_value: str | None
    target_value: str | None
    cause: str
    signature: str
    confidence: int
    batch: str | None
    source_system: str | None


@dataclass(frozen=True, slots=True)
class PastRow:
    """An exception of one key in one of the runs."""

    run_id: int
    finished_at: datetime | None
    exception_no: int
    kind: str
    field: str | None
    source_value: str | None
    target_value: str | None
    cause: str
    signature: str


@dataclass(frozen=True, slots=True)
class Where:
    """Which exceptions of a run are wanted; what is None does not matter."""

    kind: str | None = None
    field: str | None = None
    cause: str | None = None
    signature: str | None = None
    batch: str | None = None
    source_system: str | None = None
    critical: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The wish as conditions on the exceptions."""
        wanted = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return [_x[name] == value for name, value in wanted.items() if value is not None]


EVERY = Where()


def latest_runs(connection: sa.Connection, as_of: datetime) -> Answer[RunRow]:
    """The last comparison of each pair of relations that was complete by a moment."""
    statement = (
        sa.select(*_columns(RunRow, reconciliation_runs))
        .ext(distinct_on(_r.name, _r.pair))
        .where(_r.status == COMPLETED, _r.finished_at <= as_of)
        .order_by(_r.name, _r.pair, _r.run_id.desc())
    )
    return ask(connection, statement, RunRow)


def runs(connection: sa.Connection, as_of: datetime, rows: int = ROWS_PER_PAGE) -> Answer[RunRow]:
    """The comparisons begun by a moment, complete or not, latest first."""
    statement = (
        sa.select(*_columns(RunRow, reconciliation_runs))
        .where(_r.started_at <= as_of)
        .order_by(_r.run_id.desc())
        .limit(rows)
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


def groups(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[GroupRow]:
    """Exceptions counted by kind, field, cause, transformation, batch and source."""
    statement = (
        sa.select(*_columns(GroupRow, reconciliation_groups, reconciliation_runs))
        .join(reconciliation_runs, _r.run_id == _g.run_id)
        .where(_g.run_id.in_(run_ids))
        .order_by(_g.exceptions.desc(), _g.run_id, _g.group_no)
    )
    return ask(connection, statement, GroupRow)


def kinds(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[KindRow]:
    """Exceptions counted by kind: differing, missing, extra and repeated records."""
    total = sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger())
    statement = (
        sa.select(_g.run_id, _r.pair, _g.kind, total.label("exceptions"))
        .join(reconciliation_runs, _r.run_id == _g.run_id)
        .where(_g.run_id.in_(run_ids))
        .group_by(_g.run_id, _r.pair, _g.kind)
        .order_by(_r.pair, _g.run_id, _g.kind)
    )
    return ask(connection, statement, KindRow)


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


def exceptions(
    connection: sa.Connection,
    run_id: int,
    where: Where = EVERY,
    after: int = 0,
    rows: int = ROWS_PER_PAGE,
) -> Answer[ExceptionRow]:
    """The next exceptions of a comparison after a given one, by their number."""
    statement = (
        sa.select(*_columns(ExceptionRow, reconciliation_exceptions))
        .where(_x.run_id == run_id, _x.exception_no > after, *where.conditions())
        .order_by(_x.exception_no)
        .limit(rows)
    )
    return ask(connection, statement, ExceptionRow)


def exception(connection: sa.Connection, run_id: int, exception_no: int) -> Answer[ExceptionRow]:
    """One exception of a comparison; no row where there is none of that number."""
    return exceptions(connection, run_id, EVERY, exception_no - 1, 1)


def same_record(
    connection: sa.Connection, run_id: int, key: tuple[str | None, ...]
) -> Answer[ExceptionRow]:
    """Every exception of one record in one comparison."""
    statement = (
        sa.select(*_columns(ExceptionRow, reconciliation_exceptions))
        .where(_x.run_id == run_id, _x.key == sa.cast(list(key), _x.key.type))
        .order_by(_x.exception_no)
    )
    return ask(connection, statement, ExceptionRow)


def history(
    connection: sa.Connection,
    name: str,
    pair: str,
    key: tuple[str | None, ...],
    as_of: datetime,
    rows: int = ROWS_PER_PAGE,
) -> Answer[PastRow]:
    """The exceptions of one record in the comparisons of its pair so far, latest first."""
    statement = (
        sa.select(*_columns(PastRow, reconciliation_exceptions, reconciliation_runs))
        .join(reconciliation_runs, _r.run_id == _x.run_id)
        .where(
            _r.name == name,
            _r.pair == pair,
            _r.finished_at <= as_of,
            _x.key == sa.cast(list(key), _x.key.type),
        )
        .order_by(_x.run_id.desc(), _x.exception_no)
        .limit(rows)
    )
    return ask(connection, statement, PastRow)


def _columns(row: Any, *tables: sa.Table) -> Sequence[sa.Column[Any]]:
    """The columns that fill a row, each from the first table that has it."""
    return [
        next(table.c[name] for table in tables if name in table.c)
        for name in row.__dataclass_fields__
    ]
