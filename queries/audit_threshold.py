"""What another agreement threshold would have done, as far as the audit knows (B1)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, configurations, count, gap, latest_reviews, steps
from queries.audit_reviews import NO_BIN, events_since, kept_events, mean_decision
from queries.audit_rows import GapRow
from queries.contract import prediction_audit
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_parts import filtered, filters
from queries.rolled_schema import rolled_gaps, rolled_gaps_segments
from queries.scope import Scope

_KEY = ("bin", "escalated", "asked")
_COUNTED = ("n", "comparable", "changed")
_REVIEWED = ("changed_reviewed", "changed_recorded_right", "changed_mean_right")


def _rolled_gaps(plan: Plan) -> list[Answer[GapRow]]:
    """The same from the roll-ups, and what reviewers changed since the last day rolled up."""
    answers = [
        plan.rollups.ask(_kept_gaps(plan), GapRow),
        plan.rollups.ask(_reviewed(kept_events(plan)), GapRow),
    ]
    since = events_since(plan)
    if since is not None:
        answers.append(ask(plan.source, _reviewed(since), GapRow))
    return answers


def _kept_gaps(plan: Plan) -> sa.Select[Any]:
    g = (rolled_gaps_segments if filtered(plan.scope) else rolled_gaps).c
    arrays = (g.bins, g.counts, g.comparable, g.changed)
    names = ("bin", *_COUNTED)
    each = sa.func.unnest(*arrays).table_valued(*names, name="each").render_derived()
    e = each.c
    statement = (
        sa.select(
            sa.func.nullif(e.bin, NO_BIN).label("bin"),
            g.escalated,
            g.asked,
            *(_whole(e[name]).label(name) for name in _COUNTED),
            *(sa.literal(0).label(name) for name in _REVIEWED),
        )
        .select_from(g.bins.table)
        .join(each, sa.true())
        .where(*filters(plan, g))
    )
    return statement.group_by(e.bin, g.escalated, g.asked)


def _reviewed(facts: sa.Subquery) -> sa.Select[Any]:
    f = facts.c
    return (
        sa.select(
            sa.func.nullif(f.bin, NO_BIN).label("bin"),
            f.escalated,
            f.asked,
            *(sa.literal(0).label(name) for name in _COUNTED),
            _whole(f.n).label(_REVIEWED[0]),
            _whole(f.n, f.final_right).label(_REVIEWED[1]),
            _whole(f.n, f.mean_right).label(_REVIEWED[2]),
        )
        .where(f.changed)
        .group_by(f.bin, f.escalated, f.asked)
    )


def _whole(column: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    summed = sa.func.sum(column)
    kept = summed.filter(*conditions) if conditions else summed
    return sa.cast(sa.func.coalesce(kept, 0), sa.BigInteger)


@rolled_up(_rolled_gaps, adding(_KEY, (*_COUNTED, *_REVIEWED)))
def gap_histogram(connection: sa.Connection, scope: Scope) -> Answer[GapRow]:
    """Predictions by the distance of rules and ML, and what the LLM changed.

    From these counts the calls and the known changes follow for any threshold ``k/200``.
    """
    return ask(connection, _histogram(scope), GapRow)


def _histogram(scope: Scope) -> sa.Select[Any]:
    config = configurations(scope)
    review = latest_reviews(scope)
    joined = prediction_audit.outerjoin(
        config, config.c.version == audit.workflow_config
    ).outerjoin(
        review,
        sa.and_(
            review.c.prediction_id == audit.prediction_id,
            review.c.reviewed_at >= audit.scored_at,
        ),
    )
    per_row = (
        sa.select(
            steps(gap()).label("bin"),
            audit.escalated,
            asked().label("asked"),
            audit.final_decision,
            mean_decision(config.c.decision_threshold).label("mean"),
            review.c.correct_decision,
        )
        .select_from(joined)
        .where(*scope.conditions())
        .subquery("p")
    )
    p = per_row.c
    changed = p.mean != p.final_decision
    key = (p.bin, p.escalated, p.asked)
    return (
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


def gaps_by(scope: Scope, *keys: sa.Label[Any]) -> sa.Select[Any]:
    """The counts without the reviews, as one row of arrays for each kind of call and key."""
    config = configurations(scope)
    mean = mean_decision(config.c.decision_threshold)
    per_row = (
        sa.select(
            *keys,
            sa.func.coalesce(steps(gap()), NO_BIN).label("bin"),
            audit.escalated,
            asked().label("asked"),
            sa.and_(mean.is_not(None), audit.final_decision.is_not(None)).label("comparable"),
            (mean != audit.final_decision).label("changed"),
        )
        .select_from(prediction_audit.outerjoin(config, config.c.version == audit.workflow_config))
        .where(*scope.conditions())
        .subquery("p")
    )
    p = per_row.c
    by = [p[name] for name in (*(key.name for key in keys), "escalated", "asked")]
    counted = (
        sa.select(
            *by,
            p.bin,
            count().label("n"),
            count(p.comparable).label("comparable"),
            count(p.changed).label("changed"),
        )
        .group_by(*by, p.bin)
        .subquery("counted")
    )
    c = counted.c
    whole = [c[column.name] for column in by]
    arrays = {"bins": c.bin, "counts": c.n, "comparable": c.comparable, "changed": c.changed}
    return sa.select(
        *whole, *(sa.func.array_agg(column).label(name) for name, column in arrays.items())
    ).group_by(*whole)
