"""Reviews as facts that can be added up: one row for each review in force, or for each change.

A prediction's latest review before a moment is the one that counts. As events this is +1 where a
review comes and −1 for the one that it supersedes, so that the sum over all events before the
moment is exactly the reviews in force. A review from before its prediction is none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.audit_parts import (
    PRIORITY,
    STANDARD,
    asked,
    audit,
    configurations,
    gap,
    latest_reviews,
    steps,
)
from queries.audit_rows import Layer
from queries.contract import ml_feedback, prediction_audit
from queries.rolled import Plan
from queries.rolled_days import EVER, days_scope, midnight, part_of
from queries.rolled_parts import filters
from queries.rolled_schema import rolled_reviews
from queries.scope import Scope

WEIGHT_CAP = 100.0
WEIGHT_UNIT, SQUARE_UNIT = 10**15, 10**14
"""Weights and their squares are whole numbers of these parts: sums are exact in any order."""
NO_BIN = -1
"""The bin of a distance that cannot be computed."""

DECISIONS = {
    Layer.RULES: audit.rules_decision,
    Layer.ML: audit.ml_decision,
    Layer.LLM: audit.llm_decision,
    Layer.FINAL: audit.final_decision,
}
_review = ml_feedback.c
_FIRST = datetime.min.replace(tzinfo=UTC)


def mean_decision(threshold: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What rules and ML decide without the LLM; null where a score or threshold is absent."""
    mean = (audit.rules_score + audit.ml_score) / 2
    known = sa.and_(gap().is_not(None), threshold.is_not(None))
    return sa.case((known, sa.case((mean >= threshold, PRIORITY), else_=STANDARD)))


def utc_day(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The UTC day of a moment."""
    return sa.cast(sa.func.timezone("UTC", moment), sa.Date)


def in_force(scope: Scope) -> sa.Subquery:
    """The reviews in force at ``as_of`` on the predictions of the scope."""
    found = latest_reviews(scope)
    return _facts(scope, found, found.c.reviewed_at, sa.literal(1)).subquery("facts")


def kept_events(plan: Plan) -> sa.Subquery:
    """The events of the roll-ups on covered days, up to the last day that is known whole."""
    r = rolled_reviews.c
    return (
        sa.select(rolled_reviews)
        .where(*filters(plan, r, "scored_day"), r.day < reviews_known_until(plan))
        .subquery("facts")
    )


def events_since(plan: Plan) -> sa.Subquery | None:
    """The events after those, from the source; None where there can be none."""
    since = midnight(reviews_known_until(plan))
    if since >= plan.scope.as_of:
        return None
    new = sa.select(_review.prediction_id).where(
        _review.reviewed_at >= since, _review.reviewed_at < plan.scope.as_of
    )
    found = _events(_review.reviewed_at >= since, new, until=plan.scope.as_of)
    scope = part_of(plan.scope, plan.days.moments)
    return _facts(scope, found, found.c.counted_at, found.c.n, found.c.period).subquery("facts")


def reviews_known_until(plan: Plan) -> date:
    """The first day after which the roll-ups may lack a review of a covered prediction."""
    first = plan.days.ranges[0][0]
    whole = Scope(midnight(first), plan.scope.as_of, plan.scope.as_of, plan.scope.environment)
    ranges = plan.rollups.days(plan.source, whole).ranges
    return ranges[0][1] if ranges and ranges[0][0] == first else first


def events_of_reviewed_days(environment: str, start: date, end: date) -> sa.Select[Any]:
    """Everything that the reviews of the UTC days ``[start, end)`` changed."""
    within = (_review.reviewed_at >= midnight(start), _review.reviewed_at < midnight(end))
    new = sa.select(_review.prediction_id).where(*within)
    found = _events(utc_day(_review.reviewed_at), new, until=midnight(end))
    period = found.c.period
    return _facts(
        Scope(_FIRST, EVER, EVER, environment),
        found,
        found.c.counted_at,
        found.c.n,
        sa.and_(period >= start, period < end),
    )


def events_of_scored_days(environment: str, start: date, end: date) -> sa.Select[Any]:
    """Everything that reviews of later days changed for the predictions of these UTC days."""
    scored = days_scope(environment, start, end)
    scored_ids = sa.select(audit.prediction_id).where(*scored.conditions())
    found = _events(utc_day(_review.reviewed_at), scored_ids, until=None)
    later = found.c.period > utc_day(audit.scored_at)
    return _facts(scored, found, found.c.counted_at, found.c.n, later)


def _events(
    period: sa.ColumnElement[Any], predictions: sa.Select[Any], until: datetime | None
) -> sa.Subquery:
    """+1 for the last review of each period, −1 for the one it supersedes."""
    known: list[sa.ColumnElement[bool]] = [_review.prediction_id.in_(predictions)]
    if until is not None:
        known.append(_review.reviewed_at < until)
    last = (
        sa.select(
            _review.prediction_id,
            period.label("period"),
            _review.correct_decision,
            _review.reviewed_at,
        )
        .where(*known)
        .ext(distinct_on(_review.prediction_id, sa.text("period")))
        .order_by(
            _review.prediction_id,
            sa.text("period"),
            _review.reviewed_at.desc(),
            _review.feedback_id.desc(),
        )
        .subquery("last")
    )
    c = last.c

    def before(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.func.lag(column).over(partition_by=c.prediction_id, order_by=c.period)

    chain = sa.select(
        *c,
        before(c.correct_decision).label("decision_before"),
        before(c.reviewed_at).label("at_before"),
    ).cte("chain")
    h = chain.c
    shared = (h.prediction_id, h.period, h.reviewed_at)
    came = sa.select(
        *shared,
        h.correct_decision,
        h.reviewed_at.label("counted_at"),
        sa.literal(1).label("n"),
    )
    went = sa.select(*shared, h.decision_before, h.at_before, sa.literal(-1)).where(
        h.at_before.is_not(None)
    )
    return sa.union_all(came, went).subquery("events")


def _facts(
    scope: Scope,
    review: sa.Subquery,
    counted_at: sa.ColumnElement[Any],
    n: sa.ColumnElement[Any],
    *wanted: sa.ColumnElement[bool],
) -> sa.Select[Any]:
    config = configurations(scope)
    mean = mean_decision(config.c.decision_threshold)
    correct = review.c.correct_decision
    return (
        sa.select(
            audit.environment,
            utc_day(review.c.reviewed_at).label("day"),
            utc_day(audit.scored_at).label("scored_day"),
            (utc_day(counted_at) - utc_day(audit.scored_at)).label("delay"),
            audit.work_type,
            audit.region,
            audit.ml_version,
            trigger().label("trigger"),
            audit.final_decision,
            correct,
            audit.ml_score,
            audit.ml_decision,
            *((said == correct).label(f"{layer.value}_right") for layer, said in DECISIONS.items()),
            parts(weight(), WEIGHT_UNIT).label("weight"),
            parts(weight() * weight(), SQUARE_UNIT).label("weight_squared"),
            is_capped().label("capped"),
            sa.func.coalesce(steps(gap()), NO_BIN).label("bin"),
            audit.escalated,
            asked().label("asked"),
            (mean != audit.final_decision).label("changed"),
            (mean == correct).label("mean_right"),
            review.c.reviewed_at,
            n.label("n"),
        )
        .select_from(
            prediction_audit.join(
                review,
                sa.and_(
                    review.c.prediction_id == audit.prediction_id,
                    counted_at >= audit.scored_at,
                ),
            ).outerjoin(config, config.c.version == audit.workflow_config)
        )
        .where(*scope.conditions(), *wanted)
    )


def trigger() -> sa.ColumnElement[Any]:
    """Why the LLM ran; ``none`` that it ran without a reason, ``not_asked`` that it did not."""
    return sa.case((asked(), sa.func.coalesce(audit.llm_trigger, "none")), else_="not_asked")


def weight() -> sa.ColumnElement[Any]:
    """1 / propensity, capped (METHODS §3); null where the propensity is not in (0, 1]."""
    propensity = audit.review_propensity
    known = sa.and_(propensity > 0, propensity <= 1)
    return sa.case((known, sa.func.least(1 / propensity, WEIGHT_CAP)))


def parts(value: sa.ColumnElement[Any], unit: int) -> sa.ColumnElement[int]:
    """A number as a whole count of its smallest parts."""
    return sa.cast(sa.func.round(value * sa.literal(float(unit), sa.Double)), sa.BigInteger)


def is_capped() -> sa.ColumnElement[bool]:
    """Whether the cap cuts the weight."""
    propensity = audit.review_propensity
    cut = sa.and_(propensity > 0, propensity < 1 / WEIGHT_CAP)
    return sa.func.coalesce(cut, sa.false())
