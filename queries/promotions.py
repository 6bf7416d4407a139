"""Reviewed predictions of the model in service: what a rollback would be judged by.

A quarter of reviews is some 20,000 rows: they are packed by the database and read as arrays, as
in :mod:`queries.shadow_labels`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import aggregate_order_by

from queries.answer import Answer, ask
from queries.audit_parts import PRIORITY, STANDARD, audit, latest_reviews
from queries.contract import prediction_audit
from queries.scope import Scope
from queries.shadow_labels import EPOCH_2000_US, in_binary

_RECORD = np.dtype([("scored_at", ">i8"), ("code", ">i4"), ("propensity", ">f8")])
_NO_RULES = 2


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """Reviewed predictions of one workflow configuration, in order of scoring.

    A record's code holds whether the model was right (2), the rules (3; 2 where they decided
    nothing) and whether priority was right (2), the last one fastest. ``features`` are the
    stored documents as JSON, between commas.
    """

    workflow_config: str | None
    packed: bytes
    features: str


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """Them as columns; ``scored_at`` is in microseconds since 1970, an unknown propensity NaN."""

    scored_at: NDArray[np.int64]
    workflow_config: NDArray[np.object_]
    ml_right: NDArray[np.bool_]
    rules_right: NDArray[np.bool_]
    rules_decided: NDArray[np.bool_]
    priority: NDArray[np.bool_]
    propensity: NDArray[np.float64]
    features: list[Any]


def reviewed(
    connection: sa.Connection, scope: Scope, version: str, start: datetime, end: datetime
) -> Answer[ReviewedRow]:
    """Predictions that one version made between two moments, with their latest review

    A correction that is neither priority nor standard judges nobody, and is left out.
    """
    period = replace(scope, start=start, end=end)
    reviews = latest_reviews(period)
    correct = reviews.c.correct_decision
    rules = sa.case(
        (audit.rules_decision.is_(None), _NO_RULES), (audit.rules_decision == correct, 1), else_=0
    )
    ours, priority = (
        sa.cast(audit.ml_decision == correct, sa.Integer),
        sa.cast(correct == PRIORITY, sa.Integer),
    )
    record = (
        in_binary(audit.scored_at, sa.TIMESTAMP(timezone=True), "timestamptz_send")
        .op("||")(in_binary((ours * 3 + rules) * 2 + priority, sa.Integer(), "int4send"))
        .op("||")(in_binary(audit.review_propensity, sa.Double(), "float8send"))
    )
    document = sa.func.coalesce(sa.cast(audit.features, sa.Text), "null")
    order = (audit.scored_at, audit.prediction_id)
    nothing: sa.ColumnElement[bytes] = sa.literal_column("''::bytea")
    statement = (
        sa.select(
            audit.workflow_config,
            sa.func.string_agg(record, aggregate_order_by(nothing, *order)).label("packed"),
            sa.func.string_agg(
                document, aggregate_order_by(sa.literal_column("','"), *order)
            ).label("features"),
        )
        .select_from(reviews.join(prediction_audit, audit.prediction_id == reviews.c.prediction_id))
        .where(
            audit.environment == scope.environment,
            audit.ml_version == version,
            audit.scored_at >= start,
            audit.scored_at < min(end, scope.as_of),
            audit.ml_decision.in_((PRIORITY, STANDARD)),
            correct.in_((PRIORITY, STANDARD)),
            reviews.c.reviewed_at >= audit.scored_at,
        )
        .group_by(audit.workflow_config)
        .order_by(audit.workflow_config)
    )
    return ask(connection, statement, ReviewedRow)


def columns(rows: Sequence[ReviewedRow]) -> Reviewed:
    """All of them, one configuration after the other."""
    parts = [np.frombuffer(row.packed, dtype=_RECORD) for row in rows]
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=_RECORD)
    names = np.array([row.workflow_config for row in rows], dtype=np.object_)
    code, priority = np.divmod(whole["code"].astype(np.int64), 2)
    ours, rules = np.divmod(code, 3)
    return Reviewed(
        scored_at=whole["scored_at"].astype(np.int64) + EPOCH_2000_US,
        workflow_config=np.repeat(names, [part.size for part in parts]),
        ml_right=ours == 1,
        rules_right=rules == 1,
        rules_decided=rules != _NO_RULES,
        priority=priority == 1,
        propensity=whole["propensity"].astype(np.float64),
        features=json.loads(f"[{','.join(row.features for row in rows)}]"),
    )
