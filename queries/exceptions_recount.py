"""The exceptions that our own comparison found, in the shape of those that the pipeline reports."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.exceptions_rows import (
    NEIGHBOURS,
    PAGE_SIZE,
    CountRow,
    Filters,
    Position,
    RecordRow,
)
from queries.reconciliation_schema import (
    reconciliation_exceptions,
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_runs,
)

OPEN = "open"
"""A difference that the latest comparison found is open: it is there now."""
CRITICAL, MAJOR = "critical", "major"
_BEYOND_BIGINT = 19

_r, _x = reconciliation_runs.c, reconciliation_exceptions.c
_g, _f = reconciliation_groups.c, reconciliation_fields.c


def counts(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[CountRow]:
    """Exceptions of our comparison by table, field, cause, transformation, batch and source.

    Whole records that are missing, extra or repeated count as critical, as in the ledger.
    """
    critical = sa.func.coalesce(_f.critical, _g.field.is_(None))
    statement = (
        sa.select(
            _g.batch.label("batch_id"),
            _r.pair.label("table_name"),
            _g.source_system,
            _g.field,
            _g.cause,
            _g.signature,
            _severity(critical).label("severity"),
            sa.literal(OPEN).label("status"),
            _g.exceptions,
        )
        .select_from(
            reconciliation_groups.join(reconciliation_runs, _r.run_id == _g.run_id).outerjoin(
                reconciliation_fields,
                sa.and_(_f.run_id == _g.run_id, _f.field == _g.field),
            )
        )
        .where(_g.run_id.in_(run_ids))
        .order_by(_g.exceptions.desc(), _g.run_id, _g.group_no)
    )
    return ask(connection, statement, CountRow)


def records(
    connection: sa.Connection,
    run_ids: tuple[int, ...],
    filters: Filters = Filters(),  # noqa: B008 - immutable
    after: Position | None = None,
) -> Answer[RecordRow]:
    """The next exceptions of our comparison, and one more so that the end is seen."""
    wanted: sa.ColumnElement[bool] = _r.run_id.in_(run_ids)
    if after is not None:
        wanted = sa.and_(wanted, _r.run_id >= int(after.group))
    run = sa.select(reconciliation_runs).where(wanted).subquery("run")
    entered = [_x.run_id == run.c.run_id, *_conditions(filters)]
    if after is not None:
        behind = sa.case((run.c.run_id == int(after.group), int(after.exception_id)), else_=-1)
        entered.append(_x.exception_no > behind)
    # Each run is entered through its index where the page begins.
    found = (
        sa.select(reconciliation_exceptions)
        .where(*entered)
        .order_by(_x.run_id, _x.exception_no)
        .limit(PAGE_SIZE + 1)
        .lateral("found")
    )
    statement = (
        sa.select(*_record(found.c, run.c))
        .select_from(run.join(found, sa.true()))
        .order_by(run.c.run_id, found.c.exception_no)
        .limit(PAGE_SIZE + 1)
    )
    return ask(connection, statement, RecordRow)


def record(connection: sa.Connection, run_id: str, exception_no: str) -> Answer[RecordRow]:
    """One exception of our comparison by its run and number; no row where there is none."""
    wanted = [_x.run_id == _number(run_id), _x.exception_no == _number(exception_no)]
    return ask(connection, _select(wanted), RecordRow)


def same_record(connection: sa.Connection, run_id: str, exception_no: str) -> Answer[RecordRow]:
    """Every exception of the same record in the comparisons of its tables; oldest first."""
    this = (
        sa.select(_x.key, _r.name, _r.pair)
        .join(reconciliation_runs, _r.run_id == _x.run_id)
        .where(_x.run_id == _number(run_id), _x.exception_no == _number(exception_no))
        .subquery("this")
    )
    wanted = [
        _x.key == sa.select(this.c.key).scalar_subquery(),
        _r.name == sa.select(this.c.name).scalar_subquery(),
        _r.pair == sa.select(this.c.pair).scalar_subquery(),
    ]
    statement = _select(wanted).order_by(_x.run_id, _x.exception_no).limit(PAGE_SIZE)
    return ask(connection, statement, RecordRow)


def neighbours(connection: sa.Connection, of: RecordRow) -> Answer[RecordRow]:
    """A few more exceptions of our comparison with the same field, cause and transformation."""
    wanted = [
        _x.run_id == _number(of.group),
        _x.field.is_(None) if of.field is None else _x.field == of.field,
        _x.cause == of.cause,
        _x.signature == of.signature,
        _x.exception_no != _number(of.exception_id),
    ]
    return ask(connection, _select(wanted).order_by(_x.exception_no).limit(NEIGHBOURS), RecordRow)


def _select(conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    joined = reconciliation_exceptions.join(reconciliation_runs, _r.run_id == _x.run_id)
    return sa.select(*_record(_x, _r)).select_from(joined).where(*conditions)


def _record(found: Any, run: Any) -> list[sa.ColumnElement[Any]]:
    # A part of a key may be null, and a record without a key is its own key.
    key = sa.func.array_to_string(found.key, " · ", "–")
    return [
        sa.cast(found.run_id, sa.Text()).label("group"),
        sa.cast(found.exception_no, sa.Text()).label("exception_id"),
        found.batch.label("batch_id"),
        run.name.label("run_name"),
        run.pair.label("table_name"),
        key.label("key"),
        *(found[name] for name in ("field", "kind", "source_value", "target_value")),
        *(found[name] for name in ("cause", "signature")),
        sa.cast(found.confidence, sa.Integer()).label("confidence"),
        _severity(found.critical).label("severity"),
        sa.literal(OPEN).label("status"),
        sa.cast(sa.null(), sa.Text()).label("details"),
        run.started_at.label("first_seen_at"),
        sa.func.coalesce(run.finished_at, run.started_at).label("last_seen_at"),
    ]


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for column, wanted in (
        (_x.batch, filters.batch),
        (_x.cause, filters.cause),
        (_x.field, filters.field),
    ):
        if wanted is not None:
            found.append(column == wanted if wanted else column.is_(None))
    if filters.severity is not None:
        found.append(_x.critical if filters.severity == CRITICAL else sa.not_(_x.critical))
    if filters.status not in (None, OPEN):
        found.append(sa.false())
    return found


def _severity(critical: sa.ColumnElement[bool]) -> sa.ColumnElement[str]:
    return sa.case((critical, CRITICAL), else_=MAJOR)


def _number(text: str) -> int:
    """An id from a link; what is no number finds nothing."""
    plain = text.isascii() and text.isdigit() and len(text) < _BEYOND_BIGINT
    return int(text) if plain else -1
