"""Reviews with what was decided on their prediction: read from the source, or kept by day.

A roll-up holds one row for each review, joined once to its prediction. ``turn`` counts the
reviews of a prediction in their order and ``superseded_at`` is when the next one came, so that
the review in force at any moment is found without looking at the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit
from queries.audit_reviews import (
    DECISIONS,
    SQUARE_UNIT,
    WEIGHT_UNIT,
    is_capped,
    parts,
    utc_day,
    weight,
)
from queries.contract import ml_feedback, prediction_audit
from queries.rolled import Plan
from queries.rolled_days import Days, UnreadableError, midnight, part_of
from queries.rolled_parts import filters
from queries.rollup_family import DayRows, rows_of
from queries.rollup_schema import metadata, rollup_days
from queries.rollup_vectors import copy_rows
from queries.scope import Scope
from queries.snapshot import once

FAMILY = "feedback"
_LOCK = 7_585_672_031
_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_time = sa.DateTime(timezone=True)
_review = ml_feedback.c
_TEXTS = (
    "work_type",
    "region",
    "ml_version",
    "reviewer",
    "review_reason",
    "severity",
    "reason_code",
    "model_decision",
    "correct_decision",
)

Row = TypeVar("Row")

rolled_feedback = sa.Table(
    "rolled_feedback",
    metadata,
    sa.Column("environment", sa.Text(), nullable=False),
    sa.Column("day", sa.Date(), nullable=False, comment="UTC day of the review"),
    sa.Column("scored_day", sa.Date(), nullable=False, comment="UTC day of the prediction"),
    sa.Column("prediction_id", sa.Text(), nullable=False),
    sa.Column("reviewed_at", _time, nullable=False),
    sa.Column("superseded_at", _time, comment="When the next review of the prediction came"),
    sa.Column("turn", sa.Integer(), nullable=False, comment="1 for its first review"),
    sa.Column("delay_hours", sa.Integer(), nullable=False, comment="Whole hours, rounded down"),
    *(sa.Column(name, sa.Text()) for name in _TEXTS),
    sa.Column("blinded", sa.Boolean(), nullable=False),
    sa.Column("asked", sa.Boolean(), nullable=False, comment="Whether the LLM ran"),
    sa.Column("escalated", sa.Boolean(), nullable=False),
    sa.Column("score_bin", sa.Integer(), comment="Tenth of the model's score; null: unusable"),
    *(sa.Column(f"{layer}_right", sa.Boolean()) for layer in ("rules", "ml", "llm", "final")),
    sa.Column("weight", sa.BigInteger(), comment="1 / propensity, capped, × 1e15; null: unknown"),
    sa.Column("weight_squared", sa.BigInteger(), comment="Its square × 1e14"),
    sa.Column("capped", sa.Boolean(), nullable=False),
    sa.Index("rolled_feedback_day", "environment", "day"),
    sa.Index("rolled_feedback_scored", "environment", "scored_day"),
    sa.Index("rolled_feedback_prediction", "environment", "prediction_id"),
    comment="Reviews joined to their predictions",
)


class FeedbackRollUps:
    """Reviews of one environment's days, as the prediction's day and as the review's."""

    name = FAMILY
    tables: tuple[sa.Table, ...] = (rolled_feedback,)

    def marks(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, str]:
        """Count and digest of the reviews of each day, over every column that is kept."""
        del environment
        days = {date.fromordinal(n): "" for n in range(start.toordinal(), end.toordinal())}
        if not _present(source):
            return days
        text = sa.func.concat_ws("|", *(sa.cast(column, sa.Text) for column in _review))
        day = utc_day(_review.reviewed_at)
        statement = (
            sa.select(
                day,
                sa.func.count(),
                sa.func.sum(sa.cast(sa.func.hashtextextended(text, 0), sa.Numeric)),
            )
            .where(_review.reviewed_at >= midnight(start), _review.reviewed_at < midnight(end))
            .group_by(sa.text("1"))
        )
        return days | {found: f"{n} {digest}" for found, n, digest in source.execute(statement)}

    def read(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, DayRows]:
        """Every review of the predictions scored or reviewed on a day, under each such day."""
        if not _present(source):
            return {}
        reviews: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in source.execute(_of_days(environment, start, end)).mappings():
            reviews[row["prediction_id"]].append(dict(row))
        found: dict[date, list[dict[str, Any]]] = defaultdict(list)
        for rows in reviews.values():
            for day in {rows[0]["scored_day"], *(row["day"] for row in rows)}:
                if start <= day < end:
                    found[day] += rows
        return {day: {rolled_feedback.name: rows} for day, rows in found.items()}

    def write(self, own: sa.Connection, environment: str, found: Mapping[date, DayRows]) -> None:
        """Replace every review of the predictions that were scored or reviewed on the days.

        Days written at once may share a prediction: the lock lets one wait for the other's rows.
        """
        r, days = rolled_feedback.c, list(found)
        own.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        here = sa.and_(
            r.environment == environment, sa.or_(r.day.in_(days), r.scored_day.in_(days))
        )
        rows = rows_of(found, rolled_feedback.name)
        known = set(own.scalars(sa.select(r.prediction_id).where(here)))
        ids = sorted(known | {row["prediction_id"] for row in rows})
        own.execute(
            sa.delete(rolled_feedback).where(
                r.environment == environment, r.prediction_id == sa.any_(_array(ids))
            )
        )
        copy_rows(own, rolled_feedback, rows)


def facts_in_force(scope: Scope) -> sa.Subquery:
    """Every review known at ``as_of`` on the predictions of the scope, from the source."""
    return _facts(scope, _review.reviewed_at >= scope.first).subquery("facts")


def from_both(
    plan: Plan, into: type[Row], counted: Callable[[sa.Subquery], sa.Select[Any]]
) -> list[Answer[Row]]:
    """Ask the roll-ups, and the source for the predictions reviewed since they were built.

    Raises:
        UnreadableError: a covered day was rolled up before there was this family.
    """
    _check_built(plan)
    since = midnight(_known_until(plan))
    changed: list[str] = []
    if since < plan.scope.as_of:
        changed = list(plan.source.scalars(_reviewed_since(since, plan.scope.as_of)))
    answers = [plan.rollups.ask(counted(_kept(plan, changed)), into)]
    if changed:
        again = _reviewed_since(since, plan.scope.as_of)
        covered = part_of(plan.scope, plan.days.moments)
        rest = _facts(covered, sa.cast(_review.prediction_id, sa.Text).in_(again))
        answers.append(ask(plan.source, counted(rest.subquery("facts")), into))
    return answers


def _known_until(plan: Plan) -> date:
    """The first day after which the roll-ups may lack a review of a covered prediction.

    A kept review says at which moment it was made: the day of ``as_of`` serves too, if covered.
    """
    scope, first = plan.scope, plan.days.ranges[0][0]
    day = midnight(scope.as_of.astimezone(UTC).date())
    end = day if day == scope.as_of else day + timedelta(days=1)
    ranges = plan.rollups.days(
        plan.source, Scope(midnight(first), end, end, scope.environment)
    ).ranges
    return ranges[0][1] if ranges and ranges[0][0] == first else first


def _check_built(plan: Plan) -> None:
    if _lacks_reviews(plan.rollups.connection, plan.scope.environment, plan.days):
        raise UnreadableError


@once
def _lacks_reviews(own: sa.Connection, environment: str, days: Days) -> bool:
    """Whether any covered day was rolled up before there was this family."""
    d = rollup_days.c
    lacking = sa.exists().where(
        d.environment == environment, days.conditions(d.day), sa.not_(d.marks.has_key(FAMILY))
    )
    return bool(own.scalar(sa.select(lacking)))


def _kept(plan: Plan, without: list[str]) -> sa.Subquery:
    r = rolled_feedback.c
    kept = sa.select(rolled_feedback).where(
        *filters(plan, r, "scored_day"), r.reviewed_at < plan.scope.as_of
    )
    if without:
        kept = kept.where(r.prediction_id != sa.all_(_array(without)))
    return kept.subquery("facts")


def _reviewed_since(since: datetime, until: datetime) -> sa.Select[Any]:
    return (
        sa.select(sa.cast(_review.prediction_id, sa.Text))
        .where(_review.reviewed_at >= since, _review.reviewed_at < until)
        .distinct()
    )


def _of_days(environment: str, first: date, last: date) -> sa.Select[Any]:
    start, end = midnight(first), midnight(last)
    every = Scope(_NEVER, _EVER, _EVER, environment)
    scored = sa.select(audit.prediction_id).where(
        audit.environment == environment, audit.scored_at >= start, audit.scored_at < end
    )
    reviewed = sa.select(_review.prediction_id).where(
        _review.reviewed_at >= start, _review.reviewed_at < end
    )
    return _facts(
        every,
        sa.or_(
            _review.prediction_id.in_(reviewed),
            _review.prediction_id.in_(scored),
        ),
    )


def _facts(scope: Scope, *wanted: sa.ColumnElement[bool]) -> sa.Select[Any]:
    correct = _review.correct_decision

    def along(function: sa.Function[Any]) -> sa.ColumnElement[Any]:
        return function.over(
            partition_by=_review.prediction_id, order_by=(_review.reviewed_at, _review.feedback_id)
        )

    hours = sa.extract("epoch", _review.reviewed_at - audit.scored_at) / 3600
    tenth = sa.func.least(sa.func.floor(audit.ml_score * 10), 9)
    columns: tuple[sa.ColumnElement[Any], ...] = (
        audit.environment,
        utc_day(_review.reviewed_at).label("day"),
        utc_day(audit.scored_at).label("scored_day"),
        sa.cast(_review.prediction_id, sa.Text).label("prediction_id"),
        _review.reviewed_at,
        along(sa.func.lead(_review.reviewed_at)).label("superseded_at"),
        along(sa.func.row_number()).label("turn"),
        sa.cast(sa.func.floor(hours), sa.Integer).label("delay_hours"),
        *((audit if name in audit else _review)[name].label(name) for name in _TEXTS),
        _review.blinded,
        asked().label("asked"),
        audit.escalated,
        sa.case((audit.ml_score.between(0, 1), sa.cast(tenth, sa.Integer))).label("score_bin"),
        *((said == correct).label(f"{layer.value}_right") for layer, said in DECISIONS.items()),
        parts(weight(), WEIGHT_UNIT).label("weight"),
        parts(weight() * weight(), SQUARE_UNIT).label("weight_squared"),
        is_capped().label("capped"),
    )
    return (
        sa.select(*columns)
        .select_from(
            ml_feedback.join(
                prediction_audit,
                sa.and_(
                    audit.prediction_id == _review.prediction_id,
                    _review.reviewed_at >= audit.scored_at,
                ),
            )
        )
        .where(*scope.conditions(), _review.reviewed_at < scope.as_of, *wanted)
    )


def _array(values: list[str]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(values, ARRAY(sa.Text())), ARRAY(sa.Text()))


def _present(source: sa.Connection) -> bool:
    names = (ml_feedback.name, prediction_audit.name)
    return all(source.scalar(sa.select(sa.func.to_regclass(name))) is not None for name in names)
