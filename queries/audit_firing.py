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
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_parts import filters, rolled_bucket
from queries.rolled_schema import rolled_requests
from queries.scope import Scope
from queries.snapshot import once


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


def _rolled_pulse(plan: Plan) -> list[Answer[PulseRow]]:
    """The same from the roll-ups."""
    r = rolled_requests.c
    asked_, failed = r.asked, r.error.is_not(None)

    def total(
        counted: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[int]:
        kept = sa.func.sum(counted)
        found = kept.filter(*conditions) if conditions else kept
        return sa.cast(sa.func.coalesce(found, 0), sa.BigInteger)

    statement = (
        sa.select(
            rolled_bucket(plan.scope, r.day).label("day"),
            total(r.n).label("n"),
            sa.func.max(r.newest).label("newest"),
            total(r.n, failed).label("errors"),
            total(r.n, asked_).label("asked"),
            *(total(r[name]).label(name) for name in PULSE_COUNTS),
        )
        .where(*filters(plan, r))
        .group_by(sa.text("1"))
    )
    return [plan.rollups.ask(statement, PulseRow)]


PULSE_COUNTS = (
    "comparable",
    "agreed",
    "asked_disagreement",
    "asked_escalation",
    "asked_untriggered",
    *(fault.value for fault in FiringFault),
    "unjudged",
)


@once
@rolled_up(_rolled_pulse, adding(("day",), ("n", "errors", "asked", *PULSE_COUNTS), "newest"))
def pulse(connection: sa.Connection, scope: Scope) -> Answer[PulseRow]:
    """Volume, agreement, calls of the LLM and their faults, per day, in one pass."""
    statement = pulse_by(scope, bucket(scope).label("day"))
    return ask(connection, statement.order_by(sa.text("1")), PulseRow)


def pulse_by(
    scope: Scope, *by: sa.Label[Any], extra: dict[str, sa.ColumnElement[bool]] | None = None
) -> sa.Select[Any]:
    """The measures of the pulse by any columns; ``extra`` conditions are counted as well."""
    extra = extra or {}
    per_row = _with_fault(
        scope,
        *by,
        *(condition.label(name) for name, condition in extra.items()),
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
    kind = (p.failed, p.escalated, p.llm_trigger, p.both, p.same, p.asked, p.fault)
    key = (*(p[label.name] for label in by), *kind, *(p[name] for name in extra))
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

    measures = {
        "n": total(sa.true()),
        "newest": sa.func.max(k.newest),
        "errors": total(k.failed),
        "comparable": total(k.both),
        "agreed": total(k.same),
        "asked": total(k.asked),
        "asked_disagreement": total(k.asked, k.llm_trigger == DISAGREEMENT),
        "asked_escalation": total(k.asked, k.llm_trigger == ESCALATION),
        "asked_untriggered": total(k.asked, k.llm_trigger.is_(None)),
        **{fault.value: total(k.fault == fault.value) for fault in FiringFault},
        "unjudged": total(undecidable),
        **{name: total(k[name]) for name in extra},
    }
    return sa.select(
        *(k[label.name] for label in by),
        *(column.label(name) for name, column in measures.items()),
    ).group_by(*(sa.text(str(place + 1)) for place in range(len(by))))


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
