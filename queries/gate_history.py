"""What was recorded: the status of every gate, and the verdicts, on the recorded days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from queries.answer import Answer, ask
from queries.own_schema import gate_evaluations

RECORDED_DAYS = 60

_evaluations = gate_evaluations.c


@dataclass(frozen=True, slots=True)
class GateDay:
    """One gate on one recorded as-of day; texts as they were shown then."""

    as_of: datetime
    policy_version: str
    requirement: str
    slice: str
    status: str
    standing: str
    value_text: str
    sentence: str


@dataclass(frozen=True, slots=True)
class VerdictDay:
    """One decision on one recorded as-of day."""

    as_of: datetime
    policy_version: str
    digest: str
    overall: str
    decision: str
    verdict: str
    sentence: str


def gate_history(
    connection: sa.Connection, until: datetime, *, last: int = RECORDED_DAYS
) -> Answer[GateDay]:
    """Status of each gate on the ``last`` recorded days up to ``until``, oldest first.

    Of several evaluations of one day the one recorded last counts.
    """
    return ask(connection, _gates(_latest(until, last)), GateDay)


def _gates(latest: sa.Subquery) -> sa.Select[Any]:
    """One row for each gate of each of these evaluations."""
    gate = sa.func.jsonb_array_elements(latest.c.gates).table_valued(
        sa.column("value", JSONB()), name="gate"
    )
    fields = ("requirement", "slice", "status", "standing", "value_text", "sentence")
    return (
        sa.select(
            latest.c.as_of,
            latest.c.policy_version,
            *(gate.c.value[name].astext.label(name) for name in fields),
        )
        .select_from(latest.join(gate, sa.true()))
        .order_by(latest.c.as_of, sa.literal_column("requirement"), sa.literal_column("slice"))
    )


def recorded_gates(
    connection: sa.Connection, until: datetime, policy_version: str
) -> Answer[GateDay]:
    """Every gate as a policy judged it in the last day before a moment; none if nothing did.

    Of several evaluations the latest as-of counts, and of these the one recorded last.
    """
    within = (_evaluations.as_of > until - timedelta(days=1), _evaluations.as_of <= until)
    latest = (
        sa.select(gate_evaluations)
        .where(*within, _evaluations.policy_version == policy_version)
        .order_by(_evaluations.as_of.desc(), _evaluations.row_number.desc())
        .limit(1)
        .subquery("latest")
    )
    return ask(connection, _gates(latest), GateDay)


def verdict_history(
    connection: sa.Connection, until: datetime, *, last: int = RECORDED_DAYS
) -> Answer[VerdictDay]:
    """Verdict of each decision on each recorded day, oldest first; see :func:`gate_history`."""
    latest = _latest(until, last)
    decision = sa.func.jsonb_array_elements(latest.c.decisions).table_valued(
        sa.column("value", JSONB()), name="decision"
    )
    statement = (
        sa.select(
            latest.c.as_of,
            latest.c.policy_version,
            latest.c.digest,
            latest.c.verdict.label("overall"),
            *(
                decision.c.value[name].astext.label(label)
                for name, label in (
                    ("id", "decision"),
                    ("verdict", "verdict"),
                    ("sentence", "sentence"),
                )
            ),
        )
        .select_from(latest.join(decision, sa.true()))
        .order_by(latest.c.as_of, sa.literal_column("decision.value ->> 'id'"))
    )
    return ask(connection, statement, VerdictDay)


def _latest(until: datetime, last: int) -> sa.Subquery:
    """The last recorded evaluation of each UTC day, for as many recorded days as asked for."""
    day = sa.func.date_trunc("day", _evaluations.as_of, "UTC")
    return (
        sa.select(gate_evaluations)
        .ext(distinct_on(day))
        .where(_evaluations.as_of <= until)
        .order_by(day.desc(), _evaluations.row_number.desc())
        .limit(last)
        .subquery("latest")
    )
