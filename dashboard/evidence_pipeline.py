"""Evidence on the scoring pipeline: ask, assess, hand over (B1, B2, B10, C4)."""

from __future__ import annotations

import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.pipeline import assess
from queries import audit, audit_tickets
from queries.rolled import beside
from queries.rolled_late import lookalikes
from queries.scope import Scope


def snapshots(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Are the version snapshots complete, known and in force?"""
    return assess.snapshot_evidence(assess.snapshots(audit.snapshots(connection, scope).rows))


def requests(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Is every day recorded, does the LLM run when it should, do layers agree, are they fast?"""
    firing = assess.firing(audit.pulse(connection, scope).rows)
    latency = assess.latency(audit.latency(connection, scope).rows)
    return (
        *assess.day_evidence(assess.days(firing.days, scope), firing),
        *assess.firing_evidence(firing),
        *assess.latency_evidence(latency, firing),
    )


def tickets(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does each ticket count once?"""
    return assess.ticket_evidence(audit_tickets.tickets(connection, scope).rows[0])


def correctness(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Is the LLM right where reviewers looked?"""
    found = assess.correctness(audit.correctness(connection, scope).rows)
    calls = sum(day.asked for day in audit.pulse(connection, scope).rows)
    return assess.correctness_evidence(found, calls)


def environments(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does development decide as production does, and is production one environment?"""
    own = beside(connection)
    strays = lookalikes(own, scope).rows if own is not None else ()
    found = assess.environments(audit.pairs(connection, scope).rows)
    return assess.environment_evidence(found, [(row.environment, row.n) for row in strays])
