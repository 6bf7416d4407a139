"""Evidence on drift from the roll-ups: kept by the refresh job, else computed (B4).

It speaks of the newest whole day that is rolled up, as of that day's end, so that it is the same
whenever it is asked for. Without roll-ups there is none: the source would have to be read for
many seconds each time that gates are judged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

import sqlalchemy as sa

from components.drift.assess import default_windows, report
from components.drift.assess_evidence import METHOD, METRICS, evidence
from components.gates.evidence import Evidence
from components.gates.evidence_json import from_json, to_json
from components.gates.policy import Policy
from components.gates.policy_drift import DriftPolicy
from dashboard import drift_material
from queries import drift_evidence
from queries.database import read, translated
from queries.errors import InvalidInputError
from queries.rolled import beside
from queries.scope import Scope

__all__ = ["METRICS", "drift", "keep"]

NOT_ROLLED_UP = "Drift is judged from roll-ups, and there are none. Run “plumbline refresh”"
TOO_FEW_DAYS = "There are too few days of predictions to compare two windows"


def drift(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Have inputs, scores or their meaning drifted in the last weeks before the scope's end?"""
    own = beside(connection)
    if own is None:
        return _nothing(NOT_ROLLED_UP)
    key = drift_evidence.newest(own, scope.environment, scope.as_of.date())
    if key is None:
        return _nothing(NOT_ROLLED_UP)
    version = policy_version(policy.drift)
    found = drift_evidence.kept(own, scope.environment, key, version, METHOD)
    if found is not None:
        return tuple(from_json(item) for item in found)
    return _computed(connection.engine, own.engine, scope.environment, key.day, policy.drift)


def keep(source: sa.Engine, own: sa.Engine, environment: str, policy: DriftPolicy) -> None:
    """Keep the evidence of the newest rolled-up day, unless it is kept already.

    Raises:
        DatabaseError: source or own schema cannot be used.
    """
    version = policy_version(policy)
    key = read(own, lambda connection: drift_evidence.newest(connection, environment, date.max))
    if key is None:
        return
    known = read(
        own,
        lambda connection: drift_evidence.kept(connection, environment, key, version, METHOD),
    )
    if known is not None:
        return
    made = [to_json(one) for one in _computed(source, own, environment, key.day, policy)]
    with translated(), own.begin() as connection:
        drift_evidence.keep(connection, environment, key, version, METHOD, made)


def policy_version(policy: DriftPolicy) -> str:
    """A hash of the rules on drift: whatever else the policy says leaves their evidence as is."""
    return sha256(policy.model_dump_json().encode()).hexdigest()


def _computed(
    source: sa.Engine, own: sa.Engine, environment: str, day: date, policy: DriftPolicy
) -> tuple[Evidence, ...]:
    """The policy's windows before the end of the day."""
    as_of = datetime.combine(day + timedelta(days=1), time(), UTC)
    scope = Scope(as_of - timedelta(days=policy.current_days), as_of, as_of, environment)
    ground = drift_material.rolled_up_ground(source, own, scope)
    if ground is None:
        return _nothing(NOT_ROLLED_UP)
    try:
        windows = default_windows(ground.known, as_of, policy)
    except InvalidInputError:
        return _nothing(TOO_FEW_DAYS)
    made, _ = drift_material.material(source, own, scope, ground, windows)
    return evidence(report(made, policy))


def _nothing(sentence: str) -> tuple[Evidence, ...]:
    """No value, and why."""
    empty = Evidence("", value=None, n=0, method=METHOD, measured_at=None, sentence=sentence)
    return tuple(replace(empty, metric=metric) for metric in METRICS)
