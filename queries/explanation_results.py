"""Attestation results in the product's own schema: replaced a day at a time, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_rows import After
from queries.explanation_rows import CoverRow, KnownDay, MismatchRow, ResultRow
from queries.explanation_schema import (
    TABLES,
    explanation_cover,
    explanation_days,
    explanation_mismatches,
    explanation_results,
)
from queries.rolled import own_of
from queries.rollup_origin import identity
from queries.rollup_schema import rollup_origin
from queries.scope import Scope

PAGE_SIZE = 50
Values = Mapping[str, Any]

_results, _cover = explanation_results.c, explanation_cover.c
_days, _mismatches = explanation_days.c, explanation_mismatches.c


@dataclass(frozen=True, slots=True)
class Whose:
    """Whether what is kept here was found in this very source."""

    same: bool


def whose(connection: sa.Connection, scope: Scope) -> Answer[Whose]:
    """Are the kept attestations those of this database?

    The product's own schema is of one source: explanations and roll-ups share one record.
    """
    own = own_of(connection)
    if own is None:
        return ask(connection, sa.select(sa.false().label("same")), Whose)
    same = sa.exists().where(rollup_origin.c.identity == identity(connection))
    return ask(own, sa.select(same.label("same")), Whose)


def known_days(connection: sa.Connection) -> Answer[KnownDay]:
    """Days that were attested"""
    statement = sa.select(_days.day, _days.mark, _days.models).order_by(_days.day)
    return ask(connection, statement, KnownDay)


def replace_day(
    connection: sa.Connection,
    known: KnownDay,
    at: datetime,
    *,
    cover: Sequence[Values],
    results: Sequence[Values],
) -> None:
    """Write a day anew, within the caller's transaction; its mismatches follow."""
    for table in TABLES:
        connection.execute(sa.delete(table).where(table.c.day == known.day))
    day = {"day": known.day, "mark": known.mark, "models": known.models, "attested_at": at}
    connection.execute(sa.insert(explanation_days), day)
    for table, rows in ((explanation_cover, cover), (explanation_results, results)):
        if rows:
            connection.execute(sa.insert(table), [dict(row) for row in rows])


def add_mismatches(connection: sa.Connection, rows: Iterable[Values]) -> None:
    """Add mismatches of a day that was just written anew."""
    values = [dict(row) for row in rows]
    if values:
        connection.execute(sa.insert(explanation_mismatches), values)


def results(connection: sa.Connection, scope: Scope) -> Answer[ResultRow]:
    """What recomputing the explanations found, by day and model"""
    statement = (
        sa.select(*(_results[name] for name in ResultRow.__dataclass_fields__))
        .where(_results.environment == scope.environment, *_within(_results.day, scope))
        .order_by(_results.day, _results.model_version)
    )
    if scope.model_versions:
        statement = statement.where(_results.model_version.in_(scope.model_versions))
    return ask(connection, statement, ResultRow)


def cover(connection: sa.Connection, scope: Scope) -> Answer[CoverRow]:
    """Predictions with and without an explanation, by day"""
    statement = (
        sa.select(*(_cover[name] for name in CoverRow.__dataclass_fields__))
        .where(_cover.environment == scope.environment, *_within(_cover.day, scope))
        .order_by(_cover.day)
    )
    return ask(connection, statement, CoverRow)


def mismatches(
    connection: sa.Connection, scope: Scope, after: After | None = None
) -> Answer[MismatchRow]:
    """Explanations that are not what the model says, newest first, one page and one more"""
    statement = sa.select(*(_mismatches[name] for name in MismatchRow.__dataclass_fields__)).where(
        _mismatches.environment == scope.environment,
        _mismatches.scored_at >= scope.start,
        _mismatches.scored_at < scope.until,
    )
    if scope.model_versions:
        statement = statement.where(_mismatches.model_version.in_(scope.model_versions))
    order = (_mismatches.scored_at, _mismatches.prediction_id)
    if after is not None:
        statement = statement.where(
            sa.tuple_(*order) < sa.tuple_(after.scored_at, str(after.prediction_id))
        )
    statement = statement.order_by(*(column.desc() for column in order)).limit(PAGE_SIZE + 1)
    return ask(connection, statement, MismatchRow)


def _within(day: sa.ColumnElement[Any], scope: Scope) -> list[sa.ColumnElement[bool]]:
    """UTC days that begin in the scope."""
    return [
        day >= scope.start.astimezone(UTC).date(),
        sa.cast(day, sa.DateTime()) < sa.func.timezone("UTC", scope.until),
    ]
