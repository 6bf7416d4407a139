"""The list of the exceptions that our own comparison found, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.exceptions_page import Page
from queries.exceptions_recount_parts import (
    OPEN,
    equal,
    judged_groups,
    kept,
    record_columns,
)
from queries.exceptions_rows import PAGE_SIZE, Filters, Position, RecordRow
from queries.reconciliation_schema import (
    reconciliation_exceptions,
    reconciliation_groups,
    reconciliation_runs,
)

_FIRST, _LAST = -1, 2**63 - 1
"""No exception has such a number."""

_r, _x, _g = reconciliation_runs.c, reconciliation_exceptions.c, reconciliation_groups.c


@dataclass(frozen=True, slots=True)
class _Cell:
    """Exceptions of one run with one field and cause; no field: whole records."""

    run_id: int
    field: str | None
    cause: str
    exceptions: int


def records(
    connection: sa.Connection,
    run_ids: tuple[int, ...],
    filters: Filters = Filters(),  # noqa: B008 - immutable
    after: Position | None = None,
    most: int = PAGE_SIZE,
    backwards: bool = False,
) -> Answer[RecordRow]:
    """The next exceptions of our comparison, and one more so that the end is seen.

    ``backwards`` asks for those before the position, or without one for the last, nearest first.
    A comparison does not change once it is complete, and its counts say under which fields and
    causes a filter finds something: each is entered through its index where the page begins, so
    that the time does not depend on how rare an exception is.
    """
    page = Page(after, most, backwards)
    wanted: sa.ColumnElement[bool] = _r.run_id.in_(run_ids)
    if after is not None:
        wanted = sa.and_(wanted, page.reaches(_r.run_id, sa.literal(int(after.group))))
    if filters._replace(status=None) == Filters() and filters.status in (None, OPEN):
        return ask(connection, _first(wanted, page), RecordRow)
    counted = ask(connection, _cells(wanted, filters, page), _Cell)
    cells = _next(counted.rows, page)
    if not cells:
        return Answer((), counted.provenance)
    found = ask(connection, _first_of(cells, filters, page), RecordRow)
    return replace(found, others=(counted.provenance,))


def _first(wanted: sa.ColumnElement[bool], page: Page) -> sa.Select[Any]:
    """Through the runs in their order, until a page is full."""
    run = sa.select(reconciliation_runs).where(wanted).subquery("run")
    found = (
        sa.select(reconciliation_exceptions)
        .where(_x.run_id == run.c.run_id, _behind(run.c.run_id, page))
        .order_by(page.towards(_x.run_id), page.towards(_x.exception_no))
        .limit(page.most + 1)
        .lateral("found")
    )
    return (
        sa.select(*record_columns(found.c, run.c))
        .select_from(run.join(found, sa.true()))
        .order_by(page.towards(run.c.run_id), page.towards(found.c.exception_no))
        .limit(page.most + 1)
    )


def _cells(wanted: sa.ColumnElement[bool], filters: Filters, page: Page) -> sa.Select[Any]:
    """Under which fields and causes of each run the filter finds how many."""
    total = sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger()).label("exceptions")
    return (
        sa.select(_g.run_id, _g.field, _g.cause, total)
        .select_from(judged_groups())
        .where(wanted, *kept(filters))
        .group_by(_g.run_id, _g.field, _g.cause)
        .order_by(page.towards(_g.run_id))
    )


def _next(cells: Sequence[_Cell], page: Page) -> list[_Cell]:
    """The runs that surely fill a page; how much of the first is behind it, nobody knows."""
    found: list[_Cell] = []
    met = 0
    for run_id, own in groupby(cells, key=lambda cell: cell.run_id):
        if met > page.most:
            break
        of_run = list(own)
        found += of_run
        if page.after is None or run_id != int(page.after.group):
            met += sum(cell.exceptions for cell in of_run)
    return found


def _first_of(cells: Sequence[_Cell], filters: Filters, page: Page) -> sa.Select[Any]:
    """The first under each field and cause, then the first of them all."""
    # An index finds a null only where the statement says so: whole records are asked apart.
    parts = ([cell for cell in cells if (cell.field is None) == whole] for whole in (False, True))
    branches = [_first_under(part, filters, page) for part in parts if part]
    first = (
        sa.union_all(*branches)
        .order_by(page.towards("run_id"), page.towards("exception_no"))
        .limit(page.most + 1)
        .subquery("first")
    )
    here = sa.and_(_x.run_id == first.c.run_id, _x.exception_no == first.c.exception_no)
    return (
        sa.select(*record_columns(_x, _r))
        .select_from(
            first.join(reconciliation_exceptions, here).join(
                reconciliation_runs, _r.run_id == first.c.run_id
            )
        )
        .order_by(page.towards(first.c.run_id), page.towards(first.c.exception_no))
    )


def _first_under(cells: Sequence[_Cell], filters: Filters, page: Page) -> sa.Select[Any]:
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
            *(() if filters.batch is None else (equal(_x.batch, filters.batch),)),
            _behind(cell.c.run_id, page),
        )
        .order_by(*(page.towards(column) for column in (*_index(filters), _x.exception_no)))
        .limit(page.most + 1)
        .lateral("found")
    )
    return sa.select(found.c.run_id, found.c.exception_no).select_from(cell.join(found, sa.true()))


def _behind(run_id: sa.ColumnElement[Any], page: Page) -> sa.ColumnElement[bool]:
    """What of a run lies behind the beginning of the page."""
    if page.after is None:
        return sa.true()
    end = _LAST if page.backwards else _FIRST
    begins_here = run_id == int(page.after.group)
    return page.behind(
        _x.exception_no, sa.case((begins_here, int(page.after.exception_id)), else_=end)
    )


def _index(filters: Filters) -> tuple[sa.Column[Any], ...]:
    """What the index begins with: equal in all that is asked for, so that the order is the same.

    Named in the order, no other index gives it; by its own guess the planner may walk through a
    whole run in search of a rare cause.
    """
    batch = () if filters.batch is None else (_x.batch,)
    return (_x.run_id, *batch, _x.field, _x.cause)
