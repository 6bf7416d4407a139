"""Questions about reviews: overrides, reasons, agreement, reviewers, arrival, training (B6, B12).

The review in force is a prediction's latest that was known at ``as_of``. Periods are those in
which predictions were scored, unless a question says otherwise. Where roll-ups stand beside the
connection (:mod:`queries.rolled`) covered days are read there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_reviews import SQUARE_UNIT, WEIGHT_UNIT
from queries.contract import ml_training_runs
from queries.feedback_rows import (
    NOT_NAMED,
    ArrivalRow,
    By,
    ConfusionRow,
    OverrideRow,
    PairRow,
    ReviewerRow,
    ReviewerWeekRow,
    RunRow,
    WeekRow,
)
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_feedback import facts_in_force, from_both
from queries.scope import Scope
from queries.snapshot import once

_SUMS = ("n", "weighted_n", "w", "ww")
_LAYERS = ("rules_right", "ml_right", "llm_right")
STEPS_HOURS = (1, 2, 4, 8, 12, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1440, 2160)
"""Steps in which the time to a review is counted; what takes longer counts in whole quarters."""


def _in_units(merge: Any) -> Any:
    """Add up whole parts, then turn weights into decimals."""

    def merged(rows: Sequence[Any]) -> list[Any]:
        return [
            replace(row, w=Decimal(row.w) / WEIGHT_UNIT, ww=Decimal(row.ww) / SQUARE_UNIT)
            for row in merge(rows)
        ]

    return merged


def _rolled_overrides(plan: Plan, *, by: By = "all") -> list[Answer[OverrideRow]]:
    return from_both(plan, OverrideRow, lambda facts: _overrides(plan.scope, facts, by))


_OVERRIDE_KEY = ("group", "overturned", *_LAYERS)


@rolled_up(_rolled_overrides, _in_units(adding(_OVERRIDE_KEY, (*_SUMS, "capped"), "newest_review")))
def overrides(connection: sa.Connection, scope: Scope, *, by: By = "all") -> Answer[OverrideRow]:
    """Reviews in force, by group and by which layer had decided as the reviewer did."""
    return ask(connection, _overrides(scope, facts_in_force(scope), by), OverrideRow)


def _overrides(scope: Scope, facts: sa.Subquery, by: By) -> sa.Select[Any]:
    f = facts.c
    group: sa.ColumnElement[Any] = sa.literal("all")
    if by == "blinded":
        group = sa.case((f.blinded, "blinded"), else_="not blinded")
    elif by != "all":
        group = sa.func.coalesce(f[by], NOT_NAMED)
    return _grouped(
        {
            "group": group,
            "overturned": _overruled(f),
            **{name: f[name] for name in _LAYERS},
        },
        *_weights(f),
        sa.func.count().filter(f.capped).label("capped"),
        sa.func.max(f.reviewed_at).label("newest_review"),
    ).where(_in_force(scope, f))


def _rolled_weeks(plan: Plan) -> list[Answer[WeekRow]]:
    return from_both(plan, WeekRow, lambda facts: _weeks(plan.scope, facts))


@rolled_up(_rolled_weeks, _in_units(adding(("monday", "overturned"), _SUMS)))
def override_weeks(connection: sa.Connection, scope: Scope) -> Answer[WeekRow]:
    """Reviews in force by the week in which the prediction was scored."""
    return ask(connection, _weeks(scope, facts_in_force(scope)), WeekRow)


def _weeks(scope: Scope, facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    return _grouped(
        {"monday": _monday(f.scored_day), "overturned": _overruled(f)},
        *_weights(f),
    ).where(_in_force(scope, f))


def _rolled_confusion(plan: Plan) -> list[Answer[ConfusionRow]]:
    return from_both(plan, ConfusionRow, lambda facts: _confusion(plan.scope, facts))


_CONFUSION_KEY = ("model_decision", "correct_decision", "severity", "reason_code")


@rolled_up(_rolled_confusion, _in_units(adding(_CONFUSION_KEY, _SUMS)))
def confusion(connection: sa.Connection, scope: Scope) -> Answer[ConfusionRow]:
    """Reviews in force by decision, correct decision, severity and reason."""
    return ask(connection, _confusion(scope, facts_in_force(scope)), ConfusionRow)


def _confusion(scope: Scope, facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    return _grouped({name: f[name] for name in _CONFUSION_KEY}, *_weights(f)).where(
        _in_force(scope, f)
    )


def _rolled_pairs(plan: Plan) -> list[Answer[PairRow]]:
    return from_both(plan, PairRow, _pairs)


_PAIR_KEY = ("first_decision", "second_decision", "both_blinded")


@rolled_up(_rolled_pairs, adding(_PAIR_KEY, ("n",), "newest_review"))
def pairs(connection: sa.Connection, scope: Scope) -> Answer[PairRow]:
    """Tickets reviewed twice, by different reviewers: what each of them decided."""
    return ask(connection, _pairs(facts_in_force(scope)), PairRow)


def _pairs(facts: sa.Subquery) -> sa.Select[Any]:
    """First and second reviews side by side: grouped, since joined they are far too many pairs."""
    f = facts.c

    def of(turn: int, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.func.max(column).filter(f.turn == turn)

    again = sa.or_(f.turn == 2, sa.and_(f.turn == 1, f.superseded_at.is_not(None)))
    both = (
        sa.select(
            of(1, f.correct_decision).label("first_decision"),
            of(2, f.correct_decision).label("second_decision"),
            sa.func.bool_and(f.blinded).label("both_blinded"),
            sa.func.max(f.reviewed_at).label("reviewed_at"),
        )
        .where(again)
        .group_by(f.prediction_id)
        .having(sa.func.count() == 2, of(1, _person(f.reviewer)) != of(2, _person(f.reviewer)))
        .subquery("both")
    )
    return _grouped(
        {name: both.c[name] for name in _PAIR_KEY},
        sa.func.count().label("n"),
        sa.func.max(both.c.reviewed_at).label("newest_review"),
    )


def _person(name: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A name however it is spelled: nobody agrees with themselves."""
    return sa.func.lower(sa.func.regexp_replace(name, r"\s+", "", "g"))


def _rolled_reviewers(plan: Plan) -> list[Answer[ReviewerRow]]:
    return from_both(plan, ReviewerRow, _reviewers)


@rolled_up(_rolled_reviewers, adding(("reviewer", "stratum"), ("n", "overturned")))
def reviewers(connection: sa.Connection, scope: Scope) -> Answer[ReviewerRow]:
    """Every review, by reviewer and by what makes its ticket likely to be overturned"""
    return ask(connection, _reviewers(facts_in_force(scope)), ReviewerRow)


def _reviewers(facts: sa.Subquery) -> sa.Select[Any]:
    """Grouped before words are made of it: there are fewer strata than reviews."""
    f = facts.c
    keys = (f.reviewer, f.model_decision, f.review_reason, f.asked, f.score_bin, f.blinded)
    stratum = sa.func.concat_ws(
        "|",
        f.model_decision,
        sa.func.coalesce(f.review_reason, NOT_NAMED),
        f.asked,
        sa.func.coalesce(f.score_bin, -1),
        f.blinded,
    )
    return sa.select(f.reviewer, stratum.label("stratum"), *_overturned(f)).group_by(*keys)


def _rolled_reviewer_weeks(plan: Plan) -> list[Answer[ReviewerWeekRow]]:
    return from_both(plan, ReviewerWeekRow, _reviewer_weeks)


@rolled_up(_rolled_reviewer_weeks, adding(("reviewer", "monday"), ("n", "overturned")))
def reviewer_weeks(connection: sa.Connection, scope: Scope) -> Answer[ReviewerWeekRow]:
    """Every review, by reviewer and by the week in which it was made"""
    return ask(connection, _reviewer_weeks(facts_in_force(scope)), ReviewerWeekRow)


def _reviewer_weeks(facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    return _grouped({"reviewer": f.reviewer, "monday": _monday(f.day)}, *_overturned(f))


def _rolled_arrivals(plan: Plan) -> list[Answer[ArrivalRow]]:
    return from_both(plan, ArrivalRow, _arrivals)


@rolled_up(_rolled_arrivals, adding(("scored_day", "hours", "random"), ("n",)))
def arrivals(connection: sa.Connection, scope: Scope) -> Answer[ArrivalRow]:
    """First reviews by the day of scoring, by how long they took, and whether drawn at random"""
    return ask(connection, _arrivals(facts_in_force(scope)), ArrivalRow)


def _arrivals(facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    quarters = (f.delay_hours / 2160 + 1) * 2160
    hours = sa.case(*((f.delay_hours < step, step) for step in STEPS_HOURS), else_=quarters)
    return _grouped(
        {
            "scored_day": f.scored_day,
            "hours": sa.cast(hours, sa.Integer),
            "random": sa.func.coalesce(f.review_reason == "random", sa.false()),
        },
        sa.func.count().label("n"),
    ).where(f.turn == 1)


@once
def training_runs(connection: sa.Connection, scope: Scope) -> Answer[RunRow]:
    """Every training run that had begun: data, metrics, who"""
    r = ml_training_runs.c
    statement = (
        sa.select(*(r[name] for name in RunRow.__dataclass_fields__))
        .where(r.started_at < scope.as_of)
        .order_by(r.started_at, r.run_id)
    )
    return ask(connection, statement, RunRow)


def _grouped(
    key: dict[str, sa.ColumnElement[Any]], *measures: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    named = [column.label(name) for name, column in key.items()]
    places = (sa.text(str(place + 1)) for place in range(len(key)))
    return sa.select(*named, *measures).group_by(*places)


def _weights(f: Any) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        sa.func.count().label("n"),
        sa.func.count(f.weight).label("weighted_n"),
        sa.func.coalesce(sa.func.sum(f.weight), 0).label("w"),
        sa.func.coalesce(sa.func.sum(f.weight_squared), 0).label("ww"),
    )


def _overturned(f: Any) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        sa.func.count().label("n"),
        sa.func.count().filter(_overruled(f)).label("overturned"),
    )


def _overruled(f: Any) -> sa.ColumnElement[bool]:
    """Whether the reviewer decided otherwise than the audit says the platform had.

    What the reviews themselves say was decided is not taken for it.
    """
    return sa.not_(sa.func.coalesce(f.final_right, sa.false()))


def _in_force(scope: Scope, f: Any) -> sa.ColumnElement[bool]:
    return sa.or_(f.superseded_at.is_(None), f.superseded_at >= scope.as_of)


def _monday(day: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.date_trunc("week", sa.cast(day, sa.DateTime())), sa.Date)
