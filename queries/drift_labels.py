"""Reviewed predictions with what the model had said of them, for concept drift (B4)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.audit_parts import audit, usable
from queries.contract import ml_feedback
from queries.drift_facts import PRIORITY, LabelRow
from queries.drift_rows import NO_VALUE
from queries.scope import Scope


def labels(connection: sa.Connection, scope: Scope) -> Answer[LabelRow]:
    """Reviewed predictions with the model's score and the latest review

    A prediction is reviewed after it was scored, so older reviews are not read.
    """
    review = ml_feedback.c
    latest = (
        sa.select(review.prediction_id, review.correct_decision, review.reviewed_at)
        .where(review.reviewed_at >= scope.start, review.reviewed_at < scope.as_of)
        .ext(distinct_on(review.prediction_id))
        .order_by(review.prediction_id, review.reviewed_at.desc(), review.feedback_id.desc())
        .subquery("latest")
    )
    chance = audit.review_propensity
    statement = (
        sa.select(
            audit.scored_at,
            (latest.c.reviewed_at - audit.scored_at).label("delay"),
            sa.func.coalesce(audit.work_type, NO_VALUE).label("work_type"),
            sa.func.coalesce(audit.region, NO_VALUE).label("region"),
            sa.func.coalesce(audit.ml_version, NO_VALUE).label("ml_version"),
            audit.ml_score.label("score"),
            (audit.ml_decision == PRIORITY).label("decided"),
            (latest.c.correct_decision == PRIORITY).label("needed"),
            sa.case((sa.and_(chance > 0, chance <= 1), chance)).label("propensity"),
        )
        .join(latest, latest.c.prediction_id == audit.prediction_id)
        .where(
            *scope.conditions(),
            usable(audit.ml_score),
            audit.ml_decision.is_not(None),
            latest.c.correct_decision.is_not(None),
        )
        .order_by(audit.scored_at)
    )
    return ask(connection, statement, LabelRow)
