"""How far the layers agree, and who was right where a reviewer looked (B1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, count
from queries.audit_reviews import (
    DECISIONS,
    SQUARE_UNIT,
    WEIGHT_UNIT,
    events_since,
    in_force,
    kept_events,
)
from queries.audit_rows import CorrectnessRow, DecisionRow, Layer
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_parts import filters
from queries.rolled_schema import rolled_decisions
from queries.scope import Scope

_DECISION_KEY = (
    "work_type",
    "region",
    "rules_decision",
    "ml_decision",
    "asked",
    "final_decision",
)


def _rolled_agreement(plan: Plan) -> list[Answer[DecisionRow]]:
    """The same from the roll-ups."""
    r = rolled_decisions.c
    statement = (
        sa.select(
            *(r[name] for name in _DECISION_KEY),
            sa.cast(sa.func.sum(r.n), sa.BigInteger).label("n"),
        )
        .where(*filters(plan, r))
        .group_by(*(r[name] for name in _DECISION_KEY))
    )
    return [plan.rollups.ask(statement, DecisionRow)]


@rolled_up(_rolled_agreement, adding(_DECISION_KEY, ("n",)))
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


def _rolled_correctness(plan: Plan) -> list[Answer[CorrectnessRow]]:
    """The same from the roll-ups, and what reviewers changed since the last day rolled up."""
    answers = [plan.rollups.ask(_by_layer(kept_events(plan)), CorrectnessRow)]
    since = events_since(plan)
    if since is not None:
        answers.append(ask(plan.source, _by_layer(since), CorrectnessRow))
    return answers


_SUMS = {
    "w": WEIGHT_UNIT,
    "ww": SQUARE_UNIT,
    "w_correct": WEIGHT_UNIT,
    "ww_correct": SQUARE_UNIT,
}
_REVIEWED = ("n", "correct", "weighted_n", "capped")
_add_reviews = adding(("trigger", "layer"), (*_REVIEWED, *_SUMS), "newest_review")


def _exact_sums(rows: Sequence[CorrectnessRow]) -> list[CorrectnessRow]:
    """Whole parts, turned into floats when nothing is added any more."""
    return [
        replace(row, **{name: int(getattr(row, name)) / unit for name, unit in _SUMS.items()})
        for row in _add_reviews(rows)
        if row.n
    ]


@rolled_up(_rolled_correctness, _exact_sums)
def correctness(connection: sa.Connection, scope: Scope) -> Answer[CorrectnessRow]:
    """Each layer against the latest review: the sums behind a naive and a Hájek estimate.

    ``trigger`` says why the LLM ran, ``none`` that it ran without one, ``not_asked`` that it
    did not run.
    """
    return ask(connection, _by_layer(in_force(scope)), CorrectnessRow)


def _by_layer(reviews: sa.Subquery) -> sa.CompoundSelect[Any]:
    """Counted by every layer's verdict at once, in one pass, then added up for each layer."""
    f = reviews.c
    key = (f.trigger, f.capped, *(f[_right(layer)] for layer in DECISIONS))
    known = f.weight.is_not(None)
    alike = (
        sa.select(
            *key,
            sa.func.sum(f.n).label("n"),
            sa.func.coalesce(sa.func.sum(f.n).filter(known), 0).label("weighted_n"),
            sa.func.coalesce(sa.func.sum(f.n * f.weight), 0).label("w"),
            sa.func.coalesce(sa.func.sum(f.n * f.weight_squared), 0).label("ww"),
            sa.func.max(f.reviewed_at).label("newest_review"),
        )
        .group_by(*key)
        .cte("alike")
    )
    return sa.union_all(*(_of_layer(alike.c, layer) for layer in DECISIONS))


def _right(layer: Layer) -> str:
    return f"{layer.value}_right"


def _of_layer(alike: Any, layer: Layer) -> sa.Select[Any]:
    right = alike[_right(layer)]

    def total(
        counted: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[Any]:
        summed = sa.func.sum(counted)
        return sa.func.coalesce(summed.filter(*conditions) if conditions else summed, 0)

    def whole(
        counted: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[int]:
        return sa.cast(total(counted, *conditions), sa.BigInteger)

    return (
        sa.select(
            alike.trigger,
            sa.literal(layer.value).label("layer"),
            whole(alike.n).label("n"),
            whole(alike.n, right).label("correct"),
            whole(alike.weighted_n).label("weighted_n"),
            total(alike.w).label("w"),
            total(alike.ww).label("ww"),
            total(alike.w, right).label("w_correct"),
            total(alike.ww, right).label("ww_correct"),
            whole(alike.n, alike.capped).label("capped"),
            sa.func.max(alike.newest_review).label("newest_review"),
        )
        .where(right.is_not(None))
        .group_by(alike.trigger)
    )
