"""Does development decide as production does, on the same tickets (B10)?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.audit_parts import PAGE_SIZE, audit, count, steps, usable
from queries.audit_rows import After, DisagreeingPairRow, PairRow
from queries.contract import prediction_audit
from queries.names import DEVELOPMENT, PRODUCTION
from queries.scope import Scope

_VERSIONS = ("rules_version", "ml_version", "llm_version", "workflow_config")


def _latest(scope: Scope, environment: str, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The latest prediction of each ticket in one environment."""
    return (
        sa.select(
            audit.ticket_id,
            audit.prediction_id,
            audit.scored_at,
            audit.work_type,
            audit.region,
            audit.final_score,
            audit.final_decision,
            *(prediction_audit.c[name] for name in _VERSIONS),
        )
        .where(audit.environment == environment, *conditions)
        .ext(distinct_on(audit.ticket_id))
        .order_by(audit.ticket_id, audit.scored_at.desc(), audit.prediction_id.desc())
    )


def _pairs(scope: Scope) -> sa.Subquery:
    """One row for each ticket that both environments scored in the period.

    Development holds few tickets, so its side is read first and production's is limited to
    those. Which environment the viewer has chosen plays no part. Two versions are the same
    if they are equal, or if the LLM ran in one environment alone: that is a difference in
    behaviour, not in what was deployed.
    """
    shared = scope.shared_conditions()
    development = _latest(scope, DEVELOPMENT, *shared).cte("development")
    tickets = sa.select(development.c.ticket_id)
    production = _latest(scope, PRODUCTION, *shared, audit.ticket_id.in_(tickets)).subquery(
        "production"
    )
    d, p = development.c, production.c
    same = sa.and_(
        *(p[name].is_not_distinct_from(d[name]) for name in _VERSIONS if name != "llm_version"),
        sa.func.coalesce(p.llm_version == d.llm_version, sa.true()),
    )
    usable_both = sa.and_(usable(p.final_score), usable(d.final_score))
    return (
        sa.select(
            p.ticket_id,
            p.prediction_id,
            p.scored_at,
            p.work_type,
            p.region,
            p.final_decision.label("production_decision"),
            d.final_decision.label("development_decision"),
            p.final_score.label("production_score"),
            d.final_score.label("development_score"),
            (p.final_decision == d.final_decision).label("agreed"),
            sa.case((usable_both, sa.func.abs(p.final_score - d.final_score))).label("distance"),
            same.label("same_versions"),
            _written(p).label("production_versions"),
            _written(d).label("development_versions"),
        )
        .select_from(production.join(development, p.ticket_id == d.ticket_id))
        .subquery("pairs")
    )


def _written(side: Any) -> sa.ColumnElement[Any]:
    names = (sa.func.coalesce(side[name], "–") for name in _VERSIONS)
    return sa.func.concat_ws(" · ", *names)


def pairs(connection: sa.Connection, scope: Scope) -> Answer[PairRow]:
    """How often the final decisions agree, and how far the final scores lie apart."""
    pair = _pairs(scope).c
    key = (
        pair.work_type,
        pair.same_versions,
        pair.agreed,
        steps(pair.distance).label("bin"),
    )
    statement = sa.select(
        *key, count().label("n"), sa.func.max(pair.scored_at).label("newest")
    ).group_by(*(sa.text(str(place + 1)) for place in range(len(key))))
    return ask(connection, statement, PairRow)


def disagreeing_pairs(
    connection: sa.Connection, scope: Scope, after: After | None = None
) -> Answer[DisagreeingPairRow]:
    """One page of the tickets on which the two environments decided differently."""
    pair = _pairs(scope).c
    statement = sa.select(*(pair[name] for name in DisagreeingPairRow.__dataclass_fields__)).where(
        sa.not_(sa.func.coalesce(pair.agreed, sa.false()))
    )
    if after is not None:
        key = sa.tuple_(pair.scored_at, pair.prediction_id)
        statement = statement.where(key < sa.tuple_(after.scored_at, after.prediction_id))
    statement = statement.order_by(pair.scored_at.desc(), pair.prediction_id.desc())
    return ask(connection, statement.limit(PAGE_SIZE + 1), DisagreeingPairRow)
