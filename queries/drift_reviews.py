"""Reviewed predictions by score bin and decision: what concept drift is judged from (B4).

Reviews in force at ``as_of`` are counted on the day on which their prediction was scored. With
roll-ups beside the connection (:mod:`queries.rolled`) covered days are read there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.answer import Answer, ask
from queries.audit_reviews import SQUARE_UNIT, WEIGHT_UNIT, events_since, in_force, kept_events
from queries.drift_rows import ALL, MISSING, NO_VALUE, OUTSIDE, UNUSABLE, By, Layout
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_parts import rolled_bucket
from queries.scope import Scope

SCORE = "score:ml"
_NOT_FINITE = tuple(float(word) for word in ("nan", "inf", "-inf"))
_KEY = ("day", "segment", "place", "ml_decision", "correct_decision")
_COUNTS = ("n", "weighted_n", "capped", "w", "ww")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """Reviewed predictions of one day that are alike.

    ``day`` is the UTC day of scoring, or in periods over 400 days the Monday of its week.
    ``place`` is a place of the layout's variable ``score:ml`` (missing, unusable, below, bins,
    above). ``weighted_n`` counts the reviews whose propensity is known; ``w`` and ``ww`` are
    exact sums of their weights ``1 / propensity``, capped at 100, and of the squares.
    ``newest_review`` is that of the whole day and segment.
    """

    day: date
    segment: str
    place: int
    ml_decision: str | None
    correct_decision: str
    n: int
    weighted_n: int
    capped: int
    w: Decimal
    ww: Decimal
    newest_review: datetime


@dataclass(frozen=True, slots=True)
class DelayRow:
    """How many reviews came so many whole UTC days after their prediction."""

    days: int
    n: int


def _summed(rows: Sequence[ReviewRow]) -> list[ReviewRow]:
    """Whole parts, turned into decimals when nothing is added any more."""
    newest: dict[tuple[date, str], datetime] = {}
    for row in rows:
        group = (row.day, row.segment)
        newest[group] = max(newest.get(group, row.newest_review), row.newest_review)
    return [
        replace(
            row,
            w=Decimal(row.w) / WEIGHT_UNIT,
            ww=Decimal(row.ww) / SQUARE_UNIT,
            newest_review=newest[row.day, row.segment],
        )
        for row in adding(_KEY, _COUNTS)(rows)
        if row.n
    ]


def _rolled_reviews(plan: Plan, layout: Layout, *, by: By = "all") -> list[Answer[ReviewRow]]:
    return _both(plan, ReviewRow, lambda facts: _alike(plan.scope, facts, layout, by))


@rolled_up(_rolled_reviews, _summed)
def reviewed(
    connection: sa.Connection, scope: Scope, layout: Layout, *, by: By = "all"
) -> Answer[ReviewRow]:
    """Reviewed predictions by day of scoring, segment, score bin, decision and correct decision."""
    return ask(connection, _alike(scope, in_force(scope), layout, by), ReviewRow)


def _rolled_delays(plan: Plan) -> list[Answer[DelayRow]]:
    return _both(plan, DelayRow, _delayed)


def _some(rows: Sequence[DelayRow]) -> list[DelayRow]:
    return [row for row in adding(("days",), ("n",))(rows) if row.n]


@rolled_up(_rolled_delays, _some)
def delays(connection: sa.Connection, scope: Scope) -> Answer[DelayRow]:
    """How long reviewers took, in days from the prediction to its review in force."""
    return ask(connection, _delayed(in_force(scope)), DelayRow)


def _both(
    plan: Plan, into: type[Any], counted: Callable[[sa.Subquery], sa.Select[Any]]
) -> list[Answer[Any]]:
    answers = [plan.rollups.ask(counted(kept_events(plan)), into)]
    since = events_since(plan)
    if since is not None:
        answers.append(ask(plan.source, counted(since), into))
    return answers


def _alike(scope: Scope, facts: sa.Subquery, layout: Layout, by: By) -> sa.Select[Any]:
    f = facts.c
    segment = sa.literal(ALL) if by == ALL else sa.func.coalesce(f[by], NO_VALUE)
    key = {
        "day": rolled_bucket(scope, f.scored_day),
        "segment": segment,
        "place": _place(f.ml_score, layout),
        "ml_decision": f.ml_decision,
        "correct_decision": f.correct_decision,
    }
    return sa.select(
        *(column.label(name) for name, column in key.items()),
        _whole(f.n).label("n"),
        _whole(f.n, f.weight.is_not(None)).label("weighted_n"),
        _whole(f.n, f.capped).label("capped"),
        sa.func.coalesce(sa.func.sum(f.n * f.weight), 0).label("w"),
        sa.func.coalesce(sa.func.sum(f.n * f.weight_squared), 0).label("ww"),
        sa.func.max(f.reviewed_at).label("newest_review"),
    ).group_by(*(sa.text(str(place + 1)) for place in range(len(key))))


def _delayed(facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    return sa.select(f.delay.label("days"), _whole(f.n).label("n")).group_by(f.delay)


def _place(score: sa.ColumnElement[Any], layout: Layout) -> sa.ColumnElement[Any]:
    """The place of a score within its variable; see :mod:`queries.rollup_parts`."""
    edges: sa.ColumnElement[Any] = sa.literal(list(layout[SCORE].edges), ARRAY(sa.Double()))
    return sa.case(
        (score.is_(None), MISSING),
        (score.in_(_NOT_FINITE), UNUSABLE),
        else_=OUTSIDE + sa.func.width_bucket(score, sa.cast(edges, ARRAY(sa.Double()))),
    )


def _whole(column: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    summed = sa.func.sum(column)
    kept = summed.filter(*conditions) if conditions else summed
    return sa.cast(sa.func.coalesce(kept, 0), sa.BigInteger)
