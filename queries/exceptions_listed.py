"""The list of reported exceptions, a page at a time, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import migration_batches, migration_exceptions
from queries.exceptions_page import Page
from queries.exceptions_report_parts import as_text, ask_records, record_columns, texts
from queries.exceptions_rows import NEIGHBOURS, PAGE_SIZE, Filters, Position, RecordRow
from queries.rolled_exceptions_places import Place, kept, places
from queries.scope import Scope

_b, _x = migration_batches.c, migration_exceptions.c
_INDEX = ("batch_id", "status", "severity", "cause", "field")
_ENTERED_BY = ("batch_id", "cause", "field", "severity", "status")


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str


def records(
    connection: sa.Connection,
    scope: Scope,
    run_id: str,
    filters: Filters = Filters(),  # noqa: B008 - immutable
    after: Position | None = None,
    most: int = PAGE_SIZE,
    backwards: bool = False,
) -> Answer[RecordRow]:
    """The next exceptions of a run, batch by batch, and one more so that the end is seen.

    ``backwards`` asks for those before the position, or without one for the last, nearest first.
    Every batch is entered through an index where the page begins. Of a filter that keeps few,
    roll-ups say where they lie; so the time depends on the page, neither on the table nor on how
    rare an exception is.
    """
    page = Page(after, most, backwards)
    begun = _begun(scope, run_id, filters, page)
    if filters._replace(batch=None) == Filters():
        return _walk(connection, scope, begun, filters, page)
    listed = ask(connection, begun.order_by(page.towards(_b.batch_id)), _Batch)
    names = tuple(dict.fromkeys(row.batch_id for row in listed.rows))
    group = after.group if after is not None else None
    found = places(connection, scope, names, filters, begun=group, enough=most + 1)
    if found is None:
        return _walk(connection, scope, begun, filters, page)
    answers = []
    if found.walked:
        through = begun.where(_b.batch_id.in_(found.walked))
        answers.append(_walk(connection, scope, through, filters, page))
    if found.entered:
        answers.append(_enter(connection, scope, begun, found.entered, page))
    order = {name: place for place, name in enumerate(names)}
    rows = sorted((row for each in answers for row in each.rows), key=lambda row: order[row.group])
    first, *others = (*(each.provenance for each in answers), listed.provenance)
    return Answer(tuple(rows[: most + 1]), first, (*others, *found.provenance))


def neighbours(connection: sa.Connection, scope: Scope, of: RecordRow) -> Answer[RecordRow]:
    """A few more exceptions with the same field and cause in the same batch."""
    alike = Filters(batch=of.group, cause=of.cause or "", field=of.field or "")
    found = records(connection, scope, of.run_name or "", alike, None, NEIGHBOURS)
    others = [row for row in found.rows if row.exception_id != of.exception_id]
    return replace(found, rows=tuple(others[:NEIGHBOURS]))


def _begun(scope: Scope, run_id: str, filters: Filters, page: Page) -> sa.Select[Any]:
    """The batches of a run that the rest of its list is about."""
    statement = (
        sa.select(as_text(_b.batch_id).label("batch_id"))
        .where(_b.run_id == run_id, _b.started_at <= scope.as_of)
        .group_by(_b.batch_id)
    )
    if filters.batch is not None:
        statement = statement.where(_b.batch_id == filters.batch)
    if page.after is not None:
        edge = sa.literal(page.after.group, _b.batch_id.type)
        statement = statement.where(page.reaches(_b.batch_id, edge))
    return statement


def _own_id(begun: sa.Select[Any]) -> sa.Subquery:
    """The same with ids as the owner keeps them, and their run."""
    columns = (_b.batch_id, sa.func.max(as_text(_b.run_id)).label("run_id"))
    return begun.with_only_columns(*columns).subquery("batch")


def _walk(
    connection: sa.Connection,
    scope: Scope,
    begun: sa.Select[Any],
    filters: Filters,
    page: Page,
) -> Answer[RecordRow]:
    """Through the batches in their order, until a page is full."""
    batch = _own_id(begun)
    entered = [
        _x.batch_id == batch.c.batch_id,
        _x.first_seen_at <= scope.as_of,
        *kept(_x, filters),
    ]
    if page.after is not None:
        edge = sa.tuple_(
            sa.literal(page.after.group, _x.batch_id.type),
            sa.literal(page.after.exception_id, _x.exception_id.type),
        )
        entered.append(page.behind(sa.tuple_(_x.batch_id, _x.exception_id), edge))
    found = (
        sa.select(migration_exceptions)
        .where(*entered)
        .order_by(page.towards(_x.batch_id), page.towards(_x.exception_id))
        .limit(page.most + 1)
        .lateral("found")
    )
    statement = (
        sa.select(*record_columns(found.c, batch.c.run_id))
        .select_from(batch.join(found, sa.true()))
        .order_by(page.towards(batch.c.batch_id), page.towards(found.c.exception_id))
        .limit(page.most + 1)
    )
    return ask_records(connection, statement)


def _enter(
    connection: sa.Connection,
    scope: Scope,
    begun: sa.Select[Any],
    cells: Sequence[Place],
    page: Page,
) -> Answer[RecordRow]:
    """At every place where there are some: the first of each, then the first of them all."""
    batch = _own_id(begun.where(_b.batch_id.in_({cell.batch_id for cell in cells})))

    def shape(cell: Place) -> tuple[bool, bool, bool]:
        # An index finds a null only where the statement says so.
        within = page.after is not None and cell.batch_id == page.after.group
        return cell.cause is None, cell.field is None, within

    branches = [
        _first(scope, batch, list(alike), page if within else replace(page, after=None))
        for (_, _, within), alike in groupby(sorted(cells, key=shape), key=shape)
    ]
    first = (
        sa.union_all(*branches)
        .order_by(page.towards("batch_id"), page.towards("exception_id"))
        .limit(page.most + 1)
        .subquery("first")
    )
    statement = (
        sa.select(*record_columns(_x, batch.c.run_id))
        .select_from(
            first.join(batch, batch.c.batch_id == first.c.batch_id).join(
                migration_exceptions, _x.exception_id == first.c.exception_id
            )
        )
        .order_by(page.towards(first.c.batch_id), page.towards(first.c.exception_id))
    )
    return ask_records(connection, statement)


def _first(scope: Scope, batch: sa.Subquery, cells: Sequence[Place], page: Page) -> sa.Select[Any]:
    """The first exceptions at each place; the places agree in what they lack."""
    cell = (
        sa.func.unnest(*(texts(getattr(each, name) for each in cells) for name in _ENTERED_BY))
        .table_valued(*_ENTERED_BY)
        .render_derived("cell")
    )
    entered = [_x.batch_id == batch.c.batch_id, _x.first_seen_at <= scope.as_of]
    for name in _ENTERED_BY[1:]:
        lacking = getattr(cells[0], name) is None
        entered.append(_x[name].is_(None) if lacking else _x[name] == cell.c[name])
    if page.after is not None:
        edge = sa.literal(page.after.exception_id, _x.exception_id.type)
        entered.append(page.behind(_x.exception_id, edge))
    found = (
        sa.select(_x.batch_id, _x.exception_id)
        .where(*entered)
        # All but the last are equal: named, they leave the planner the one index that has them.
        .order_by(*(page.towards(_x[name]) for name in (*_INDEX, "exception_id")))
        .limit(page.most + 1)
        .lateral("found")
    )
    placed = batch.join(cell, as_text(batch.c.batch_id) == cell.c.batch_id)
    return sa.select(found.c.batch_id, found.c.exception_id).select_from(
        placed.join(found, sa.true())
    )
