"""Reviewed predictions of the model in service: what a rollback would be judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import PRIORITY, STANDARD, audit, latest_reviews
from queries.contract import prediction_audit
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """One reviewed prediction: what model and rules said, what was right, and what they saw.

    ``features`` is the stored document as text: read at once, thousands take a third of the time.
    """

    scored_at: datetime
    workflow_config: str | None
    ml_decision: str
    rules_decision: str | None
    correct_decision: str
    review_propensity: float | None
    features: str | None


def reviewed(
    connection: sa.Connection, scope: Scope, version: str, start: datetime, end: datetime
) -> Answer[ReviewedRow]:
    """Predictions that one version made between two moments, with their latest review

    A correction that is neither priority nor standard judges nobody, and is left out.
    """
    period = replace(scope, start=start, end=end)
    reviews = latest_reviews(period)
    statement = (
        sa.select(
            audit.scored_at,
            audit.workflow_config,
            audit.ml_decision,
            audit.rules_decision,
            reviews.c.correct_decision,
            audit.review_propensity,
            sa.cast(audit.features, sa.Text).label("features"),
        )
        .select_from(reviews.join(prediction_audit, audit.prediction_id == reviews.c.prediction_id))
        .where(
            audit.environment == scope.environment,
            audit.ml_version == version,
            audit.scored_at >= start,
            audit.scored_at < min(end, scope.as_of),
            audit.ml_decision.in_((PRIORITY, STANDARD)),
            reviews.c.correct_decision.in_((PRIORITY, STANDARD)),
            reviews.c.reviewed_at >= audit.scored_at,
        )
        .order_by(audit.scored_at, audit.prediction_id)
    )
    return ask(connection, statement, ReviewedRow)
