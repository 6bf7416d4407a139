"""Stored explanations with the predictions that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from queries.answer import Answer, ask
from queries.audit_parts import audit
from queries.contract import prediction_audit, prediction_explanations
from queries.errors import InvalidInputError
from queries.explanation_rows import DayCount, ExplanationRow, LatestRow, NearRow
from queries.rollup_parts import midnight, utc_day
from queries.scope import Scope

BATCH = 2_000
SLICES, PER_SLICE = 14, 40
"""Ranges and neighbours come from some explained predictions of each of so many days before."""
_HOURS_BETWEEN = 5
"""Each day's slice begins so many hours later than the day's before: all hours have their turn."""
LATEST = 50

_stored = prediction_explanations.c


_COLUMNS = (
    _stored.prediction_id,
    _stored.scored_at,
    _stored.model_version,
    _stored.method,
    _stored.output_space,
    _stored.base_value,
    _stored.shap_values,
    _stored.library_version,
    audit.environment,
    audit.features,
    audit.ml_score,
    audit.ml_decision,
)
_SAME = sa.and_(audit.prediction_id == _stored.prediction_id, audit.scored_at == _stored.scored_at)


def of_day(connection: sa.Connection, day: date) -> Iterator[list[ExplanationRow]]:
    """The explanations of one UTC day in batches, as they arrive: memory does not grow with it."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    # Both sides are bounded, so that partitions of other years are not looked at.
    in_day = sa.and_(audit.scored_at >= start, audit.scored_at < end)
    statement = (
        sa.select(*_COLUMNS)
        .select_from(prediction_explanations.outerjoin(prediction_audit, sa.and_(_SAME, in_day)))
        .where(_stored.scored_at >= start, _stored.scored_at < end)
    )
    streamed = connection.execute(statement, execution_options={"yield_per": BATCH})
    for rows in streamed.mappings().partitions():
        yield [ExplanationRow(**row) for row in rows]


def first_day(connection: sa.Connection) -> date | None:
    """The UTC day of the oldest explanation; None where there is none."""
    oldest: datetime | None = connection.execute(sa.select(sa.func.min(_stored.scored_at))).scalar()
    return oldest.astimezone(UTC).date() if oldest is not None else None


def day_counts(connection: sa.Connection, start: date, end: date) -> Answer[DayCount]:
    """Predictions with a model score, by day and environment"""
    day = utc_day(audit.scored_at)
    statement = (
        sa.select(
            audit.environment,
            day.label("day"),
            sa.func.count().label("predictions"),
            sa.func.max(audit.scored_at).label("newest_at"),
        )
        .where(
            audit.scored_at >= midnight(start),
            audit.scored_at < midnight(end),
            audit.ml_score.is_not(None),
        )
        .group_by(audit.environment, sa.text("2"))
    )
    return ask(connection, statement, DayCount)


def one(connection: sa.Connection, scope: Scope, prediction_id: Any) -> Answer[ExplanationRow]:
    """The stored explanation of one prediction

    Raises:
        InvalidInputError: the id is a word where this database numbers its predictions.
    """
    statement = (
        sa.select(*_COLUMNS)
        .select_from(prediction_explanations.outerjoin(prediction_audit, _SAME))
        .where(_stored.prediction_id == str(prediction_id), _stored.scored_at < scope.as_of)
    )
    try:
        with connection.begin_nested():
            return ask(connection, statement, ExplanationRow)
    except exc.DataError as error:
        raise InvalidInputError(
            "No prediction can have this id. Open a record from one of the lists."
        ) from error


def near(
    connection: sa.Connection, scope: Scope, model_version: str, until: datetime
) -> Answer[NearRow]:
    """Explained predictions of the same model, a few from each of the 14 days before"""
    spread = sa.union(*(_slice(model_version, until, step) for step in range(SLICES)))
    newest = spread.subquery("newest")
    statement = (
        sa.select(
            audit.prediction_id, audit.scored_at, audit.features, audit.ml_score, audit.ml_decision
        )
        .join_from(
            newest,
            prediction_audit,
            sa.and_(
                audit.prediction_id == newest.c.prediction_id,
                audit.scored_at == newest.c.scored_at,
            ),
        )
        .where(audit.environment == scope.environment)
        .order_by(audit.scored_at.desc())
    )
    return ask(connection, statement, NearRow)


def _slice(model_version: str, until: datetime, step: int) -> sa.Select[Any]:
    """The first explanations from one moment on; the index on the time ends each search early."""
    start = until - timedelta(days=step + 1) + timedelta(hours=step * _HOURS_BETWEEN % 24)
    first = (
        sa.select(_stored.prediction_id, _stored.scored_at)
        .where(
            _stored.scored_at >= start,
            _stored.scored_at < min(start + timedelta(days=1), until),
            _stored.model_version == model_version,
        )
        .order_by(_stored.scored_at)
        .limit(PER_SLICE)
        .subquery()
    )
    return sa.select(first)


def latest(connection: sa.Connection, scope: Scope) -> Answer[LatestRow]:
    """The latest predictions that have an explanation"""
    newest = sa.select(_stored.prediction_id, _stored.scored_at).where(
        _stored.scored_at >= scope.start, _stored.scored_at < scope.until
    )
    if scope.model_versions:
        newest = newest.where(_stored.model_version.in_(scope.model_versions))
    # The join stays small: a few of the newest may belong to another environment.
    few = newest.order_by(_stored.scored_at.desc()).limit(4 * LATEST).subquery("few")
    statement = (
        sa.select(*(audit[name] for name in LatestRow.__dataclass_fields__))
        .join_from(
            few,
            prediction_audit,
            sa.and_(audit.prediction_id == few.c.prediction_id, audit.scored_at == few.c.scored_at),
        )
        .where(*scope.conditions())
        .order_by(audit.scored_at.desc(), audit.prediction_id.desc())
        .limit(LATEST)
    )
    return ask(connection, statement, LatestRow)
