"""Reviewed tickets that two models scored: what two model families are best compared on."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import PRIORITY, STANDARD, audit, latest_reviews, usable
from queries.contract import ml_shadow_scores, prediction_audit
from queries.scope import Scope

_shadow = ml_shadow_scores.c


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """One reviewed ticket with both scores; ``priority`` is what the reviewer held right."""

    candidate_version: str
    production_version: str
    candidate_score: float
    production_score: float
    priority: bool
    review_propensity: float


def scored_pairs(connection: sa.Connection, scope: Scope) -> Answer[ScoredPair]:
    """Reviewed tickets that a candidate scored beside the model in production

    Those whose chance of a review is not on record cannot stand for others, and are left out.
    """
    reviews = latest_reviews(scope)
    same = sa.and_(
        audit.prediction_id == _shadow.prediction_id, audit.scored_at == _shadow.scored_at
    )
    statement = (
        sa.select(
            _shadow.candidate_version,
            _shadow.production_version,
            _shadow.candidate_score,
            _shadow.production_score,
            (reviews.c.correct_decision == PRIORITY).label("priority"),
            audit.review_propensity,
        )
        .select_from(
            reviews.join(ml_shadow_scores, _shadow.prediction_id == reviews.c.prediction_id).join(
                prediction_audit, same
            )
        )
        .where(
            *scope.conditions(),
            _shadow.scored_at >= scope.first,
            _shadow.scored_at < scope.until,
            reviews.c.correct_decision.in_((PRIORITY, STANDARD)),
            reviews.c.reviewed_at >= audit.scored_at,
            usable(_shadow.candidate_score),
            usable(_shadow.production_score),
            audit.review_propensity > 0,
            audit.review_propensity <= 1,
        )
        .order_by(_shadow.candidate_version, _shadow.scored_at, _shadow.prediction_id)
    )
    return ask(connection, statement, ScoredPair)
