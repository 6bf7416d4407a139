"""Reviewed predictions with what the model had said of them, for concept drift (B4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.audit_parts import audit, usable
from queries.contract import ml_feedback, ml_shadow_scores
from queries.drift_facts import PRIORITY, LabelRow
from queries.drift_rows import NO_VALUE
from queries.scope import Scope


def labels(connection: sa.Connection, scope: Scope) -> Answer[LabelRow]:
    """Reviewed predictions with the model's score and the latest review.

    A prediction is reviewed after it was scored, so older reviews are not read.
    """
    latest = _latest(scope)
    statement = (
        sa.select(
            *_columns(audit.ml_version, audit.ml_score, audit.ml_decision, latest),
        )
        .join(latest, latest.c.prediction_id == audit.prediction_id)
        .where(*_known(scope, audit.ml_score, audit.ml_decision, latest))
        .order_by(audit.scored_at)
    )
    return ask(connection, statement, LabelRow)


def shadow_labels(
    connection: sa.Connection, scope: Scope, versions: Sequence[str]
) -> Answer[LabelRow]:
    """Reviewed predictions with what models now in service had said of them in the shadow.

    They tell what a model's scores meant before it served.
    """
    latest = _latest(scope)
    said = ml_shadow_scores.c
    same = sa.and_(said.prediction_id == audit.prediction_id, said.scored_at == audit.scored_at)
    statement = (
        sa.select(
            *_columns(said.candidate_version, said.candidate_score, said.candidate_decision, latest)
        )
        .join(latest, latest.c.prediction_id == audit.prediction_id)
        .join(ml_shadow_scores, same)
        .where(
            said.candidate_version.in_(versions),
            said.scored_at >= scope.start,
            said.scored_at < scope.until,
            *_known(scope, said.candidate_score, said.candidate_decision, latest),
        )
        .order_by(audit.scored_at, said.candidate_version)
    )
    return ask(connection, statement, LabelRow)


def _latest(scope: Scope) -> sa.Subquery:
    review = ml_feedback.c
    return (
        sa.select(review.prediction_id, review.correct_decision, review.reviewed_at)
        .where(review.reviewed_at >= scope.start, review.reviewed_at < scope.as_of)
        .ext(distinct_on(review.prediction_id))
        .order_by(review.prediction_id, review.reviewed_at.desc(), review.feedback_id.desc())
        .subquery("latest")
    )


def _columns(
    version: sa.ColumnElement[str],
    score: sa.ColumnElement[float],
    decision: sa.ColumnElement[str],
    latest: sa.Subquery,
) -> tuple[sa.ColumnElement[Any], ...]:
    chance = audit.review_propensity
    return (
        audit.scored_at,
        (latest.c.reviewed_at - audit.scored_at).label("delay"),
        sa.func.coalesce(audit.work_type, NO_VALUE).label("work_type"),
        sa.func.coalesce(audit.region, NO_VALUE).label("region"),
        sa.func.coalesce(version, NO_VALUE).label("ml_version"),
        score.label("score"),
        (decision == PRIORITY).label("decided"),
        (latest.c.correct_decision == PRIORITY).label("needed"),
        sa.case((sa.and_(chance > 0, chance <= 1), chance)).label("propensity"),
    )


def _known(
    scope: Scope,
    score: sa.ColumnElement[float],
    decision: sa.ColumnElement[str],
    latest: sa.Subquery,
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        *scope.conditions(),
        usable(score),
        decision.is_not(None),
        latest.c.correct_decision.is_not(None),
    )
