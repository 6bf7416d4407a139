"""How much each relation holds, and how new its newest item is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from queries import contract
from queries.answer import Answer, ask
from queries.database import if_present
from queries.errors import InvalidInputError
from queries.scope import Scope

COUNTED_EXACTLY = 100_000
"""Up to so many rows are counted; beyond, PostgreSQL's own estimate is good enough."""

_NEAR = (timedelta(days=2), timedelta(days=60))


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest item of one relation at or before the as-of, and the size of the whole relation.

    ``newest_at`` is None where there is no such item. ``exact`` is False where ``rows`` is the
    planner's estimate, which may be some per cent off.
    """

    relation: str
    newest_at: datetime | None
    rows: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of a relation's newest item; None where it has none, or is not there at all."""

    relation: str
    newest_at: datetime | None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class RelationNote:
    """What the contract says about one relation: its meaning and the pages that need it."""

    name: str
    meaning: str
    pages: tuple[str, ...]


def relation_notes() -> tuple[RelationNote, ...]:
    """Every relation of the contract, in its order."""
    return tuple(
        RelationNote(table.name, str(table.comment), table.info["pages"])
        for table in contract.relations
    )


def newest(connection: sa.Connection, scope: Scope, relation: str) -> Answer[Newest]:
    """Newest item and number of rows of one relation.

    Raises:
        InvalidInputError: the contract has no such relation.
        MissingRelationError: the database has none (through :func:`queries.database.read`).
    """
    table = contract.metadata.tables.get(relation)
    if table is None:
        raise InvalidInputError(f"The contract has no relation “{relation}”.")
    some = sa.select(sa.literal(1)).select_from(table).limit(COUNTED_EXACTLY + 1).subquery()
    statement = sa.select(
        sa.literal(relation).label("relation"),
        newest_time(table, scope.as_of).label("newest_at"),
        sa.select(sa.func.count()).select_from(some).scalar_subquery().label("rows"),
        sa.literal(True).label("exact"),
    )
    answer = ask(connection, statement, Newest)
    row = answer.rows[0]
    if row.rows > COUNTED_EXACTLY:
        estimate = max(estimated_rows(connection, table), row.rows)
        row = replace(row, rows=estimate, exact=False)
    return replace(answer, rows=(row,))


def moments(
    connection: sa.Connection, scope: Scope, relations: Sequence[str]
) -> tuple[Moment, ...]:
    """When the newest item of each relation came, in one snapshot."""
    return tuple(_moment(connection, scope, relation) for relation in relations)


def _moment(connection: sa.Connection, scope: Scope, relation: str) -> Moment:
    columns: tuple[sa.ColumnElement[Any], ...] = (
        sa.literal(relation).label("relation"),
        newest_time(contract.metadata.tables[relation], scope.as_of).label("newest_at"),
        sa.literal(True).label("exists"),
    )
    found = if_present(connection, lambda: ask(connection, sa.select(*columns), Moment).rows[0])
    return found or Moment(relation, None, exists=False)


def newest_time(table: sa.Table, as_of: datetime) -> sa.ColumnElement[datetime | None]:
    """The relation's latest time at or before ``as_of``, as a scalar expression.

    Where rows are many, near windows are tried first: each is read from the time index, and
    ``coalesce`` does not run the wider ones once a narrower one has answered.
    """
    moment, source = time_column(table)
    windows = [moment <= as_of]
    if table.info["hot"]:
        windows = [sa.and_(moment > as_of - near, moment <= as_of) for near in _NEAR] + windows
    tries = [
        sa.select(sa.func.max(moment)).select_from(source).where(window).scalar_subquery()
        for window in windows
    ]
    return tries[0] if len(tries) == 1 else sa.func.coalesce(*tries)


def time_column(table: sa.Table) -> tuple[sa.Column[Any], sa.FromClause]:
    """The column that dates a relation's rows, and what to select it from.

    Where ``fresh_by`` is no time but a reference, the relation referred to dates the row.
    """
    column = table.c[table.info["fresh_by"]]
    if isinstance(column.type, sa.DateTime):
        return column, table
    domain = column.info["domain"]
    if not isinstance(domain, contract.KnownIn):
        raise TypeError(f"{table.name}.{column.name} neither is a time nor refers to one")
    parent = contract.metadata.tables[domain.relation]
    moment, _ = time_column(parent)
    return moment, table.join(parent, column == parent.c[domain.column])


def estimated_rows(connection: sa.Connection, table: sa.Table) -> int:
    """The planner's estimate; it works alike for tables, partitioned tables and views."""
    every = sa.select(sa.literal_column("1")).select_from(table).compile(connection)
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {every}").scalar_one()
    document = json.loads(plan) if isinstance(plan, str) else plan
    return int(document[0]["Plan"]["Plan Rows"])
