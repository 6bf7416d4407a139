"""Evidence on the scoring pipeline: ask, assess, hand over (B1, B2, B10, C4)."""

from __future__ import annotations

import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.pipeline import assess
from queries import audit
from queries.scope import Scope


def snapshots(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Are the version snapshots complete, known and in force?"""
    return assess.snapshot_evidence(assess.snapshots(audit.snapshots(connection, scope).rows))


def requests(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does the LLM run when it should, do layers agree, do requests fail, are they fast?"""
    firing = assess.firing(audit.pulse(connection, scope).rows)
    latency = assess.latency(audit.latency(connection, scope).rows)
    return (*assess.firing_evidence(firing), *assess.latency_evidence(latency, firing))


def correctness(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Is the LLM right where reviewers looked?"""
    found = assess.correctness(audit.correctness(connection, scope).rows)
    return assess.correctness_evidence(found)


def environments(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does development decide as production does?"""
    return assess.environment_evidence(assess.environments(audit.pairs(connection, scope).rows))
