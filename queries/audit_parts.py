"""Building blocks that several questions about ``prediction_audit`` share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from queries.audit_rows import SCORE_BINS, After
from queries.contract import config_history, ml_feedback, prediction_audit
from queries.names import WORKFLOW_KNOB
from queries.scope import Scope

PRIORITY = "priority"
STANDARD = "standard"

PAGE_SIZE = 50
DAILY_UP_TO = timedelta(days=400)

audit = prediction_audit.c
_config = config_history.c

Expression = sa.ColumnElement[Any]


def bucket(scope: Scope) -> sa.ColumnElement[Any]:
    """The UTC day, or in periods over 400 days the Monday of the week, as a date.

    A series so stays under 2,000 points for 38 years.
    """
    unit = "day" if scope.end - scope.start <= DAILY_UP_TO else "week"
    local = sa.func.timezone("UTC", audit.scored_at)
    if unit == "day":
        return sa.cast(local, sa.Date)
    return sa.cast(sa.func.date_trunc("week", local), sa.Date)


def asked() -> sa.ColumnElement[bool]:
    """Whether the LLM ran: it left a version, a score or a decision."""
    return sa.or_(
        audit.llm_score.is_not(None),
        audit.llm_decision.is_not(None),
        audit.llm_version.is_not(None),
    )


def usable(score: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a score is a number from 0 to 1: NaN and infinities are not."""
    return score.between(0, 1)


def gap() -> sa.ColumnElement[Any]:
    """|rules − ML| in double precision, as the platform computes it; null if unusable."""
    both = sa.and_(usable(audit.rules_score), usable(audit.ml_score))
    return sa.case((both, sa.func.abs(audit.rules_score - audit.ml_score)))


def steps(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """How many of the edges 0/200 … 200/200 lie strictly below a value of 0 to 1.

    Bin ``k`` is so the half-open ``((k−1)/200, k/200]``, and a threshold ``k/200`` parts the
    bins exactly where ``value > threshold`` does. ``ceil(value × 200)`` would not: in double
    precision 0.07 × 200 is more than 14.
    """
    edges = [-k / SCORE_BINS for k in range(SCORE_BINS, -1, -1)]
    array = sa.cast(sa.literal(edges, sa.ARRAY(sa.Double)), sa.ARRAY(sa.Double))
    return SCORE_BINS + 1 - sa.func.width_bucket(-value, array)


def number(value: sa.ColumnElement[Any], key: str) -> sa.ColumnElement[Any]:
    """A number inside a JSON document; null where it is absent or of another type."""
    return sa.case(
        (
            sa.func.jsonb_typeof(value[key]) == "number",
            sa.cast(value[key].astext, sa.Double),
        )
    )


def configurations(scope: Scope) -> sa.Subquery:
    """The thresholds of every workflow configuration that was known by the end of the scope."""
    value = sa.type_coerce(_config.value, JSONB)
    return (
        sa.select(
            _config.version,
            number(value, "agreement_threshold").label("agreement_threshold"),
            number(value, "decision_threshold").label("decision_threshold"),
        )
        .where(_config.knob == WORKFLOW_KNOB, _config.valid_from < scope.until)
        .ext(distinct_on(_config.version))
        .order_by(_config.version, _config.valid_from.desc())
        .subquery("configurations")
    )


def latest_reviews(scope: Scope) -> sa.Subquery:
    """For each prediction of the period its latest review that was known at ``as_of``.

    A prediction cannot have been reviewed before the period in which it was scored.
    """
    review = ml_feedback.c
    return (
        sa.select(review.prediction_id, review.correct_decision, review.reviewed_at)
        .where(review.reviewed_at >= scope.first, review.reviewed_at < scope.as_of)
        .ext(distinct_on(review.prediction_id))
        .order_by(review.prediction_id, review.reviewed_at.desc(), review.feedback_id.desc())
        .subquery("reviews")
    )


def one_page(statement: sa.Select[Any], after: After | None) -> sa.Select[Any]:
    """Newest first, one page and one row more, so that the caller sees whether it goes on."""
    if after is not None:
        key = sa.tuple_(audit.scored_at, audit.prediction_id)
        statement = statement.where(key < sa.tuple_(after.scored_at, after.prediction_id))
    return statement.order_by(audit.scored_at.desc(), audit.prediction_id.desc()).limit(
        PAGE_SIZE + 1
    )


def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """``count(*) FILTER (WHERE …)``."""
    return sa.func.count().filter(*conditions) if conditions else sa.func.count()
