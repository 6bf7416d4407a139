"""What another agreement threshold would have done, as far as the audit knows (B1)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import (
    PRIORITY,
    STANDARD,
    asked,
    audit,
    configurations,
    count,
    gap,
    latest_reviews,
    steps,
)
from queries.audit_rows import GapRow
from queries.contract import prediction_audit
from queries.scope import Scope


def _mean_decision(threshold: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What rules and ML decide without the LLM; null where a score or threshold is absent."""
    mean = (audit.rules_score + audit.ml_score) / 2
    known = sa.and_(gap().is_not(None), threshold.is_not(None))
    return sa.case((known, sa.case((mean >= threshold, PRIORITY), else_=STANDARD)))


def gap_histogram(connection: sa.Connection, scope: Scope) -> Answer[GapRow]:
    """Predictions by the distance of rules and ML, and what the LLM changed.

    From these counts the calls and the known changes follow for any threshold ``k/200``.
    """
    config = configurations(scope)
    review = latest_reviews(scope)
    joined = prediction_audit.outerjoin(
        config, config.c.version == audit.workflow_config
    ).outerjoin(review, review.c.prediction_id == audit.prediction_id)
    per_row = (
        sa.select(
            steps(gap()).label("bin"),
            audit.escalated,
            asked().label("asked"),
            audit.final_decision,
            _mean_decision(config.c.decision_threshold).label("mean"),
            review.c.correct_decision,
        )
        .select_from(joined)
        .where(*scope.conditions())
        .subquery("p")
    )
    p = per_row.c
    changed = p.mean != p.final_decision
    key = (p.bin, p.escalated, p.asked)
    statement = (
        sa.select(
            *key,
            count().label("n"),
            count(p.mean.is_not(None), p.final_decision.is_not(None)).label("comparable"),
            count(changed).label("changed"),
            count(changed, p.correct_decision.is_not(None)).label("changed_reviewed"),
            count(changed, p.correct_decision == p.final_decision).label("changed_recorded_right"),
            count(changed, p.correct_decision == p.mean).label("changed_mean_right"),
        )
        .group_by(*key)
        .order_by(*key)
    )
    return ask(connection, statement, GapRow)
