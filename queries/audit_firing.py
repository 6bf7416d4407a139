"""When the LLM ran, when it should have, and who was right (B1)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import (
    asked,
    audit,
    bucket,
    configurations,
    count,
    gap,
    one_page,
)
from queries.audit_rows import After, FiringFault, FiringFaultRow, PulseRow
from queries.contract import prediction_audit
from queries.names import DISAGREEMENT, ESCALATION
from queries.scope import Scope


def _fault(threshold: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The fault of one prediction, or null.

    The LLM should run if and only if the ticket is escalated or |rules − ML| exceeds the
    agreement threshold of the configuration that the row names. An error that was recorded
    explains why a call is absent.
    """
    within = sa.and_(sa.not_(audit.escalated), gap() <= threshold)
    silent = audit.error.is_(None)
    return sa.case(
        (
            asked(),
            sa.case(
                (audit.llm_trigger.is_(None), FiringFault.NO_TRIGGER.value),
                (
                    sa.and_(within, audit.llm_trigger == DISAGREEMENT),
                    FiringFault.BELOW_THRESHOLD.value,
                ),
                (within, FiringFault.NOT_ESCALATED.value),
            ),
        ),
        (sa.and_(silent, audit.escalated), FiringFault.MISSED_ESCALATION.value),
        (sa.and_(silent, gap() > threshold), FiringFault.MISSED_DISAGREEMENT.value),
    )


def _with_fault(scope: Scope, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    config = configurations(scope)
    joined = prediction_audit.outerjoin(config, config.c.version == audit.workflow_config)
    return (
        sa.select(
            *columns,
            gap().label("gap"),
            config.c.agreement_threshold,
            _fault(config.c.agreement_threshold).label("fault"),
        )
        .select_from(joined)
        .where(*scope.conditions())
    )


def pulse(connection: sa.Connection, scope: Scope) -> Answer[PulseRow]:
    """Volume, agreement, calls of the LLM and their faults, per day, in one pass."""
    per_row = _with_fault(
        scope,
        bucket(scope).label("day"),
        audit.scored_at,
        audit.error.is_not(None).label("failed"),
        audit.escalated,
        audit.llm_trigger,
        sa.and_(audit.rules_decision.is_not(None), audit.ml_decision.is_not(None)).label("both"),
        (audit.rules_decision == audit.ml_decision).label("same"),
        asked().label("asked"),
    ).subquery("p")
    p = per_row.c
    unknown = sa.or_(p.gap.is_(None), p.agreement_threshold.is_(None))
    key = (p.day, p.failed, p.escalated, p.llm_trigger, p.both, p.same, p.asked, p.fault)
    # Counted by kind first: the fault of a row is then worked out once, not once a measure.
    kinds = (
        sa.select(
            *key,
            unknown.label("unknown"),
            count().label("n"),
            sa.func.max(p.scored_at).label("newest"),
        )
        .group_by(*(sa.text(str(place + 1)) for place in range(len(key) + 1)))
        .subquery("k")
    )
    k = kinds.c
    undecidable = sa.and_(k.unknown, sa.not_(k.escalated), sa.not_(k.failed), k.fault.is_(None))

    def total(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        kept = sa.func.sum(k.n).filter(*conditions)
        return sa.cast(sa.func.coalesce(kept, 0), sa.BigInteger)

    statement = (
        sa.select(
            k.day,
            total(sa.true()).label("n"),
            sa.func.max(k.newest).label("newest"),
            total(k.failed).label("errors"),
            total(k.both).label("comparable"),
            total(k.same).label("agreed"),
            total(k.asked).label("asked"),
            total(k.asked, k.llm_trigger == DISAGREEMENT).label("asked_disagreement"),
            total(k.asked, k.llm_trigger == ESCALATION).label("asked_escalation"),
            total(k.asked, k.llm_trigger.is_(None)).label("asked_untriggered"),
            *(total(k.fault == fault.value).label(fault.value) for fault in FiringFault),
            total(undecidable).label("unjudged"),
        )
        .group_by(k.day)
        .order_by(k.day)
    )
    return ask(connection, statement, PulseRow)


def firing_faults(
    connection: sa.Connection, scope: Scope, after: After | None = None
) -> Answer[FiringFaultRow]:
    """One page of the predictions on which the LLM ran without cause or was missed."""
    per_row = _with_fault(
        scope,
        audit.prediction_id,
        audit.ticket_id,
        audit.scored_at,
        audit.work_type,
        audit.region,
        audit.rules_score,
        audit.ml_score,
        audit.escalated,
        audit.llm_trigger,
        audit.workflow_config,
    )
    config = per_row.selected_columns["agreement_threshold"]
    statement = one_page(per_row.where(_fault(config).is_not(None)), after)
    return ask(connection, statement, FiringFaultRow)
