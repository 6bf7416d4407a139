"""How far the layers agree, and who was right where a reviewer looked (B1)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, count, latest_reviews
from queries.audit_rows import CorrectnessRow, DecisionRow, Layer
from queries.contract import prediction_audit
from queries.scope import Scope

WEIGHT_CAP = 100.0

_DECISIONS = {
    Layer.RULES: audit.rules_decision,
    Layer.ML: audit.ml_decision,
    Layer.LLM: audit.llm_decision,
    Layer.FINAL: audit.final_decision,
}


def layer_agreement(connection: sa.Connection, scope: Scope) -> Answer[DecisionRow]:
    """Counts of rules × ML × whether the LLM ran × final decision, per segment."""
    key = (
        audit.work_type,
        audit.region,
        audit.rules_decision,
        audit.ml_decision,
        asked().label("asked"),
        audit.final_decision,
    )
    statement = (
        sa.select(*key, count().label("n"))
        .where(*scope.conditions())
        .group_by(*(sa.literal_column(str(place + 1)) for place in range(len(key))))
    )
    return ask(connection, statement, DecisionRow)


def _weight() -> sa.ColumnElement[Any]:
    """1 / propensity, capped (METHODS §3); null where the propensity is not in (0, 1]."""
    propensity = audit.review_propensity
    known = sa.and_(propensity > 0, propensity <= 1)
    return sa.case((known, sa.func.least(1 / propensity, WEIGHT_CAP)))


def _is_capped() -> sa.ColumnElement[bool]:
    propensity = audit.review_propensity
    return sa.and_(propensity > 0, propensity < 1 / WEIGHT_CAP)


def correctness(connection: sa.Connection, scope: Scope) -> Answer[CorrectnessRow]:
    """Each layer against the latest review: the sums behind a naive and a Hájek estimate.

    ``trigger`` says why the LLM ran, ``none`` that it ran without one, ``not_asked`` that it
    did not run.
    """
    review = latest_reviews(scope)
    reviewed = (
        sa.select(
            sa.case(
                (asked(), sa.func.coalesce(audit.llm_trigger, "none")), else_="not_asked"
            ).label("trigger"),
            *(decision.label(layer.value) for layer, decision in _DECISIONS.items()),
            _weight().label("weight"),
            _is_capped().label("capped"),
            review.c.correct_decision,
            review.c.reviewed_at,
        )
        .select_from(prediction_audit.join(review, review.c.prediction_id == audit.prediction_id))
        .where(*scope.conditions())
        .cte("reviewed")
    )
    parts = [_of_layer(reviewed.c, layer) for layer in _DECISIONS]
    return ask(connection, sa.union_all(*parts), CorrectnessRow)


def _of_layer(reviewed: Any, layer: Layer) -> sa.Select[Any]:
    decision = reviewed[layer.value]
    right = decision == reviewed.correct_decision
    weight = reviewed.weight

    def total(value: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]) -> Any:
        summed = sa.func.sum(value)
        return sa.func.coalesce(summed.filter(*conditions) if conditions else summed, 0.0)

    return (
        sa.select(
            reviewed.trigger,
            sa.literal(layer.value).label("layer"),
            count().label("n"),
            count(right).label("correct"),
            sa.func.count(weight).label("weighted_n"),
            total(weight).label("w"),
            total(weight * weight).label("ww"),
            total(weight, right).label("w_correct"),
            total(weight * weight, right).label("ww_correct"),
            count(reviewed.capped).label("capped"),
            sa.func.max(reviewed.reviewed_at).label("newest_review"),
        )
        .where(decision.is_not(None))
        .group_by(reviewed.trigger)
    )
