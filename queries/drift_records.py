"""The predictions whose feature lies in one bin of a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.answer import Answer, ask
from queries.audit_parts import audit, one_page
from queries.audit_rows import After
from queries.contract import prediction_audit
from queries.drift_rows import Variable
from queries.rollup_parts import as_object, feature_place
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class BinRow:
    """One prediction with the feature's value as it is stored; None where there is none."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    work_type: str | None
    region: str | None
    value: str | None
    ml_score: float | None
    final_score: float | None
    final_decision: str | None


def predictions(
    connection: sa.Connection,
    scope: Scope,
    variable: Variable,
    place: int,
    after: After | None = None,
) -> Answer[BinRow]:
    """One page of the predictions whose value lies in one bin of a feature, newest first.

    ``place`` counts the bins of the variable from 0, as its labels do.
    """
    # An arrow, since PostgreSQL takes no subscript of a CASE.
    value = as_object(audit.features).op("->", return_type=JSONB())(variable.short_name)
    # JSON's null is a value of its own in the document, and missing to a histogram.
    known = sa.func.nullif(value, sa.literal_column("'null'::jsonb"))
    statement = sa.select(
        audit.prediction_id,
        audit.ticket_id,
        audit.scored_at,
        audit.work_type,
        audit.region,
        known.op("#>>")(sa.literal_column("'{}'")).label("value"),
        audit.ml_score,
        audit.final_score,
        audit.final_decision,
    ).where(*scope.conditions(), feature_place(variable, known) == place)
    return ask(connection, one_page(statement.select_from(prediction_audit), after), BinRow)


@dataclass(frozen=True, slots=True)
class DayRows:
    """Predictions of one UTC day."""

    day: date
    n: int


def daily_rows(connection: sa.Connection, scope: Scope) -> Answer[DayRows]:
    """Predictions by day."""
    day = sa.cast(sa.func.timezone("UTC", audit.scored_at), sa.Date)
    columns: list[sa.ColumnElement[Any]] = [day.label("day"), sa.func.count().label("n")]
    statement = (
        sa.select(*columns)
        .where(
            audit.environment == scope.environment,
            audit.scored_at >= scope.start,
            audit.scored_at < scope.until,
        )
        .group_by(sa.text("1"))
        .order_by(sa.text("1"))
    )
    return ask(connection, statement, DayRows)
