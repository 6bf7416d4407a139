"""Statements about a candidate in the shadow that the source and the roll-ups share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, distinct_on

from queries.audit_parts import PRIORITY as PRIORITY_WORD
from queries.audit_parts import STANDARD as STANDARD_WORD
from queries.audit_parts import asked, audit, configurations, count, usable
from queries.audit_reviews import utc_day
from queries.contract import ml_feedback, ml_shadow_scores, prediction_audit
from queries.rolled_days import PartScope
from queries.scope import Scope
from queries.shadow_keys import STRIDE, key_of
from queries.shadow_labels import REASONS, SEVERITIES
from queries.shadow_rows import (
    ABSENT,
    ALL,
    NO_SEGMENT,
    PRIORITY,
    STANDARD,
    UNKNOWN,
    UNUSABLE,
    By,
    Kind,
    Pair,
)

shadow = ml_shadow_scores.c
_review = ml_feedback.c
Expression = sa.ColumnElement[Any]
_ROUNDING = 1e-6
"""Scores may have been stored in single precision on their way."""


def moments(scope: Scope) -> Sequence[tuple[datetime, datetime]]:
    """The parts of the scope that are read, as half-open periods."""
    if isinstance(scope, PartScope):
        return [(max(a, scope.start), min(b, scope.until)) for a, b in scope.parts]
    return [(scope.start, scope.until)]


def within(scope: Scope, column: Expression) -> sa.ColumnElement[bool]:
    """Whether a moment lies in the scope."""
    return sa.or_(*(sa.and_(column >= a, column < b) for a, b in moments(scope)))


def runs(scope: Scope) -> sa.Select[Any]:
    """What each candidate scored beside each production model; shadow rows know no segment."""
    key = (shadow.candidate_version, shadow.production_version)
    return (
        sa.select(
            *key,
            count().label("rows"),
            count(_both_usable()).label("scored"),
            sa.func.min(shadow.scored_at).label("first_at"),
            sa.func.max(shadow.scored_at).label("last_at"),
        )
        .where(within(scope, shadow.scored_at))
        .group_by(*key)
    )


def daily_runs(scope: Scope) -> sa.Select[Any]:
    """The same by UTC day."""
    return runs(scope).add_columns(utc_day(shadow.scored_at).label("day")).group_by(sa.text("day"))


def facts(scope: Scope, pair: Pair) -> sa.Select[Any]:
    """Every prediction of the production model since the candidate's first, as small integers.

    Predictions whose ML layer gave no usable score are left out: there is nothing to compare.
    A shadow row that names another production model than the prediction does counts as none, one
    that tells another score or decision of it than the audit does is unusable.
    """
    config = configurations(scope)
    c = config.c
    scored, row = sa.and_(_both_usable(), _as_audited()), shadow.prediction_id.is_not(None)
    mean = (audit.rules_score + shadow.candidate_score) / 2
    distance = sa.func.abs(audit.rules_score - shadow.candidate_score)
    known = sa.and_(scored, usable(audit.rules_score), c.agreement_threshold.is_not(None))
    would = sa.case(
        (sa.and_(scored, audit.escalated), 1),
        (known, sa.case((distance > c.agreement_threshold, 1), else_=0)),
        else_=UNKNOWN,
    )
    without_llm = sa.case(
        (
            sa.and_(known, c.decision_threshold.is_not(None)),
            sa.case((mean >= c.decision_threshold, PRIORITY), else_=STANDARD),
        ),
        else_=UNKNOWN,
    )
    candidate = sa.case(
        (~row, ABSENT), (scored, _decision(shadow.candidate_decision)), else_=UNUSABLE
    )
    return (
        sa.select(
            audit.prediction_id,
            audit.ticket_id,
            audit.scored_at,
            (utc_day(audit.scored_at) - sa.literal_column("DATE '1970-01-01'")).label("day"),
            audit.work_type,
            audit.region,
            _decision(sa.func.coalesce(audit.ml_decision, shadow.production_decision)).label("pd"),
            candidate.label("cd"),
            audit.ml_score.label("production"),
            shadow.candidate_score.label("candidate"),
            audit.ml_latency_ms.label("production_ms"),
            shadow.candidate_latency_ms.label("candidate_ms"),
            sa.cast(sa.func.coalesce(audit.escalated, sa.false()), sa.Integer).label("escalated"),
            sa.cast(asked(), sa.Integer).label("asked"),
            would.label("would"),
            _decision(audit.final_decision).label("final"),
            sa.case(
                (would == 1, _decision(audit.llm_decision)),
                (would == 0, without_llm),
                else_=UNKNOWN,
            ).label("final_then"),
            sa.case((_known_propensity(), audit.review_propensity)).label("propensity"),
        )
        .select_from(
            prediction_audit.outerjoin(
                ml_shadow_scores,
                sa.and_(
                    shadow.prediction_id == audit.prediction_id,
                    shadow.scored_at == audit.scored_at,
                    shadow.candidate_version == pair.candidate,
                    shadow.production_version == audit.ml_version,
                    within(scope, shadow.scored_at),
                ),
            ).outerjoin(config, c.version == audit.workflow_config)
        )
        .where(
            *scope.conditions(),
            audit.ml_version == pair.production,
            audit.scored_at >= pair.since,
            usable(audit.ml_score),
        )
    )


def tallied(scope: Scope, pair: Pair, kinds: Sequence[Kind], *by: str) -> sa.Select[Any]:
    """Counts by segment columns, kind, day and key: (by…, kind, day, key, n, total)."""
    f = facts(scope, pair).subquery("f")
    places = [key_of(kind, f.c) for kind in kinds]
    row = sa.select(
        *(f.c[name] for name in by),
        f.c.day,
        sa.func.unnest(array([key for key, _ in places])).label("key"),
        sa.func.unnest(array([total for _, total in places])).label("total"),
    ).subquery("r")
    key = row.c.key
    stride: sa.ColumnElement[int] = sa.literal_column(str(STRIDE))
    return (
        sa.select(
            *(row.c[name] for name in by),
            key.op("/")(stride).label("kind"),
            row.c.day,
            (key % stride).label("key"),
            count().label("n"),
            sa.cast(sa.func.sum(row.c.total), sa.BigInteger).label("total"),
        )
        .where(key.is_not(None))
        .group_by(*(row.c[name] for name in by), row.c.day, key)
    )


def tally_rows(scope: Scope, pair: Pair, kinds: Sequence[Kind], by: By) -> sa.Select[Any]:
    """The tallies of a scope as :func:`columns`."""
    if by == ALL:
        found = tallied(scope, pair, kinds).subquery("found")
        return columns(found, sa.literal(ALL))
    found = tallied(scope, pair, kinds, by).subquery("found")
    return columns(found, named(found.c[by]))


def named(segment: Expression) -> Expression:
    """A segment's value, or the word for none."""
    return sa.func.coalesce(segment, NO_SEGMENT)


def columns(found: sa.FromClause, segment: Expression) -> sa.Select[Any]:
    """Tallies as one row of columns for each segment and kind."""
    c = found.c
    return sa.select(
        segment.label("segment"),
        c.kind,
        sa.func.array_agg(c.day).label("days"),
        sa.func.array_agg(c.key).label("keys"),
        sa.func.array_agg(c.n).label("counts"),
        sa.func.array_agg(c.total).label("totals"),
    ).group_by(sa.text("1"), c.kind)


def errors(scope: Scope, pair: Pair, *by: Expression) -> sa.Select[Any]:
    """Error codes of the candidate."""
    return (
        sa.select(*by, shadow.candidate_error.label("error"), count().label("n"))
        .select_from(_joined(pair))
        .where(*scope.conditions(), *_of(scope, pair), shadow.candidate_error.is_not(None))
        .group_by(*by, shadow.candidate_error)
    )


def reviews(
    scope: Scope, pair: Pair, since: datetime | None = None, *, every: bool = False
) -> sa.Select[Any]:
    """Reviews of the predictions of the scope, known at ``as_of``: the latest, or ``every`` one.

    ``since`` keeps those made from then on.
    """
    f = facts(scope, pair).subquery("f")
    known = [
        _review.reviewed_at >= max(scope.first, since or scope.first),
        _review.reviewed_at < scope.as_of,
    ]
    feedback = _number(_review.feedback_id)
    found = sa.select(
        _review.prediction_id,
        feedback.label("feedback"),
        _review.reviewed_at,
        _review.correct_decision,
        _review.severity,
        _review.review_reason,
    ).where(*known)
    if not every:
        found = found.ext(distinct_on(_review.prediction_id)).order_by(
            _review.prediction_id, _review.reviewed_at.desc(), feedback.desc()
        )
    r = found.subquery("r")
    return sa.select(
        f.c.work_type,
        f.c.region,
        _number(f.c.ticket_id).label("ticket"),
        r.c.feedback,
        f.c.day,
        _code(f.c, r.c).label("code"),
        f.c.production,
        f.c.candidate,
        f.c.propensity,
        r.c.reviewed_at,
    ).join_from(
        f, r, sa.and_(r.c.prediction_id == f.c.prediction_id, r.c.reviewed_at >= f.c.scored_at)
    )


def queue(scope: Scope, pair: Pair, limit: int) -> sa.Select[Any]:
    """Disagreements that nobody has reviewed, in an order that tells nothing of the decisions."""
    reviewed = sa.exists().where(
        _review.prediction_id == shadow.prediction_id,
        _review.reviewed_at >= scope.first,
        _review.reviewed_at < scope.as_of,
    )
    return (
        sa.select(audit.prediction_id, audit.ticket_id, audit.scored_at)
        .select_from(_joined(pair))
        .where(
            *scope.conditions(),
            *_of(scope, pair),
            _both_usable(),
            shadow.production_decision != shadow.candidate_decision,
            ~reviewed,
        )
        .order_by(sa.func.md5(sa.cast(audit.prediction_id, sa.Text)), audit.prediction_id)
        .limit(limit)
    )


def _number(identifier: Expression) -> Expression:
    """A number for an id, which may be text."""
    return sa.func.hashtextextended(sa.cast(identifier, sa.Text), 0)


def _joined(pair: Pair) -> sa.Join:
    return prediction_audit.join(
        ml_shadow_scores,
        sa.and_(
            shadow.prediction_id == audit.prediction_id,
            shadow.scored_at == audit.scored_at,
            shadow.candidate_version == pair.candidate,
            shadow.production_version == audit.ml_version,
        ),
    )


def _of(scope: Scope, pair: Pair) -> list[sa.ColumnElement[bool]]:
    return [
        within(scope, shadow.scored_at),
        audit.ml_version == pair.production,
        audit.scored_at >= pair.since,
        usable(audit.ml_score),
    ]


def _both_usable() -> sa.ColumnElement[bool]:
    words = (PRIORITY_WORD, STANDARD_WORD)
    return sa.func.coalesce(
        sa.and_(
            usable(shadow.candidate_score),
            usable(shadow.production_score),
            shadow.candidate_decision.in_(words),
            shadow.production_decision.in_(words),
        ),
        sa.false(),
    )


def _as_audited() -> sa.ColumnElement[bool]:
    """Whether the shadow row tells of production what the audit tells."""
    told = sa.func.coalesce(audit.ml_decision, shadow.production_decision)
    apart = sa.func.abs(shadow.production_score - audit.ml_score)
    return sa.and_(told == shadow.production_decision, apart <= _ROUNDING)


def _decision(word: Expression) -> Expression:
    return sa.case((word == PRIORITY_WORD, PRIORITY), (word == STANDARD_WORD, STANDARD), else_=2)


def _known_propensity() -> sa.ColumnElement[bool]:
    chance = audit.review_propensity
    return sa.and_(chance > 0, chance <= 1)


def _code(f: Any, r: Any) -> Expression:
    correct = _decision(r.correct_decision)
    severity = sa.case(
        *((r.severity == word, place) for place, word in enumerate(SEVERITIES) if word), else_=0
    )
    reason = sa.case(
        *((r.review_reason == word, place) for place, word in enumerate(REASONS) if word), else_=0
    )
    code: Expression = ((f.pd * 4 + f.cd) * 3 + correct) * len(SEVERITIES) + severity
    return code * len(REASONS) + reason
