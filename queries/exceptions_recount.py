"""The exceptions that our own comparison found, in the shape of those that the pipeline reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.exceptions_rows import (
    NEIGHBOURS,
    PAGE_SIZE,
    CountRow,
    FieldCountRow,
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


@dataclass(frozen=True, slots=True)
class _Cell:
    """Exceptions of one run with one field and cause; no field: whole records."""

    run_id: int
    field: str | None
    cause: str
    exceptions: int


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


def by_field(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[FieldCountRow]:
    """Exceptions of our comparison by table and field."""
    statement = (
        sa.select(
            _r.pair.label("table_name"),
            _g.field,
            sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger()).label("exceptions"),
        )
        .select_from(reconciliation_groups.join(reconciliation_runs, _r.run_id == _g.run_id))
        .where(_g.run_id.in_(run_ids))
        .group_by(_r.pair, _g.field)
    )
    return ask(connection, statement, FieldCountRow)


def records(
    connection: sa.Connection,
    run_ids: tuple[int, ...],
    filters: Filters = Filters(),  # noqa: B008 - immutable
    after: Position | None = None,
) -> Answer[RecordRow]:
    """The next exceptions of our comparison, and one more so that the end is seen.

    A comparison does not change once it is complete, and its counts say under which fields and
    causes a filter finds something: each is entered through its index where the page begins, so
    that the time does not depend on how rare an exception is.
    """
    wanted = (_r.run_id.in_(run_ids), *(() if after is None else (_r.run_id >= int(after.group),)))
    if filters._replace(status=None) == Filters() and filters.status in (None, OPEN):
        return ask(connection, _first(sa.and_(*wanted), after), RecordRow)
    counted = ask(connection, _cells(sa.and_(*wanted), filters), _Cell)
    cells = _next(counted.rows, after)
    if not cells:
        return Answer((), counted.provenance)
    found = ask(connection, _first_of(cells, filters, after), RecordRow)
    return replace(found, others=(counted.provenance,))


def _first(wanted: sa.ColumnElement[bool], after: Position | None) -> sa.Select[Any]:
    """Through the runs in their order, until a page is full."""
    run = sa.select(reconciliation_runs).where(wanted).subquery("run")
    found = (
        sa.select(reconciliation_exceptions)
        .where(_x.run_id == run.c.run_id, _x.exception_no > _behind(run.c.run_id, after))
        .order_by(_x.run_id, _x.exception_no)
        .limit(PAGE_SIZE + 1)
        .lateral("found")
    )
    return (
        sa.select(*_record(found.c, run.c))
        .select_from(run.join(found, sa.true()))
        .order_by(run.c.run_id, found.c.exception_no)
        .limit(PAGE_SIZE + 1)
    )


def _cells(wanted: sa.ColumnElement[bool], filters: Filters) -> sa.Select[Any]:
    """Under which fields and causes of each run the filter finds how many."""
    critical = sa.func.coalesce(_f.critical, _g.field.is_(None))
    total = sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger()).label("exceptions")
    return (
        sa.select(_g.run_id, _g.field, _g.cause, total)
        .select_from(
            reconciliation_groups.join(reconciliation_runs, _r.run_id == _g.run_id).outerjoin(
                reconciliation_fields, sa.and_(_f.run_id == _g.run_id, _f.field == _g.field)
            )
        )
        .where(wanted, *_kept(filters, critical))
        .group_by(_g.run_id, _g.field, _g.cause)
        .order_by(_g.run_id)
    )


def _next(cells: Sequence[_Cell], after: Position | None) -> list[_Cell]:
    """The runs that surely fill a page; how much of the first is behind it, nobody knows."""
    found: list[_Cell] = []
    met = 0
    for run_id, own in groupby(cells, key=lambda cell: cell.run_id):
        if met > PAGE_SIZE:
            break
        of_run = list(own)
        found += of_run
        if after is None or run_id != int(after.group):
            met += sum(cell.exceptions for cell in of_run)
    return found


def _first_of(cells: Sequence[_Cell], filters: Filters, after: Position | None) -> sa.Select[Any]:
    """The first under each field and cause, then the first of them all."""
    # An index finds a null only where the statement says so: whole records are asked apart.
    parts = ([cell for cell in cells if (cell.field is None) == whole] for whole in (False, True))
    branches = [_first_under(part, filters, after) for part in parts if part]
    first = (
        sa.union_all(*branches)
        .order_by("run_id", "exception_no")
        .limit(PAGE_SIZE + 1)
        .subquery("first")
    )
    here = sa.and_(_x.run_id == first.c.run_id, _x.exception_no == first.c.exception_no)
    return (
        sa.select(*_record(_x, _r))
        .select_from(
            first.join(reconciliation_exceptions, here).join(
                reconciliation_runs, _r.run_id == first.c.run_id
            )
        )
        .order_by(first.c.run_id, first.c.exception_no)
    )


def _first_under(
    cells: Sequence[_Cell], filters: Filters, after: Position | None
) -> sa.Select[Any]:
    cell = (
        sa.func.unnest(
            sa.cast([each.run_id for each in cells], sa.ARRAY(sa.BigInteger())),
            sa.cast([each.field for each in cells], sa.ARRAY(sa.Text())),
            sa.cast([each.cause for each in cells], sa.ARRAY(sa.Text())),
        )
        .table_valued("run_id", "field", "cause")
        .render_derived("cell")
    )
    found = (
        sa.select(_x.run_id, _x.exception_no)
        .where(
            _x.run_id == cell.c.run_id,
            _x.field.is_(None) if cells[0].field is None else _x.field == cell.c.field,
            _x.cause == cell.c.cause,
            *(() if filters.batch is None else (_equal(_x.batch, filters.batch),)),
            _x.exception_no > _behind(cell.c.run_id, after),
        )
        .order_by(_x.exception_no)
        .limit(PAGE_SIZE + 1)
        .lateral("found")
    )
    return sa.select(found.c.run_id, found.c.exception_no).select_from(cell.join(found, sa.true()))


def _behind(run_id: sa.ColumnElement[Any], after: Position | None) -> sa.ColumnElement[Any]:
    """Behind which number of a run the page begins."""
    if after is None:
        return sa.literal(-1)
    return sa.case((run_id == int(after.group), int(after.exception_id)), else_=-1)


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
    """A few more exceptions of our comparison with all of field, cause, rule and batch."""
    wanted = [
        _x.run_id == _number(of.group),
        _equal(_x.batch, of.batch_id),
        _equal(_x.field, of.field),
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


def _kept(filters: Filters, critical: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
    """What a filter keeps of the counts; an empty word asks for what has no value."""
    columns = ((_g.batch, filters.batch), (_g.cause, filters.cause), (_g.field, filters.field))
    found = [_equal(column, wanted) for column, wanted in columns if wanted is not None]
    if filters.severity is not None:
        found.append(critical if filters.severity == CRITICAL else sa.not_(critical))
    if filters.status not in (None, OPEN):
        found.append(sa.false())
    return found


def _equal(column: sa.ColumnElement[Any], wanted: str | None) -> sa.ColumnElement[bool]:
    return column == wanted if wanted else column.is_(None)


def _severity(critical: sa.ColumnElement[bool]) -> sa.ColumnElement[str]:
    return sa.case((critical, CRITICAL), else_=MAJOR)


def _number(text: str) -> int:
    """An id from a link; what is no number finds nothing."""
    plain = text.isascii() and text.isdigit() and len(text) < _BEYOND_BIGINT
    return int(text) if plain else -1
