"""Evidence on drift from the roll-ups: kept by the refresh job, else computed (B4).

It speaks of the newest whole day that is rolled up, as of that day's end, so that it is the same
whenever it is asked for. Without roll-ups there is none: the source would have to be read for
many seconds each time that gates are judged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from components.drift.assess import default_windows, report
from components.drift.assess_evidence import METHOD, METRICS, evidence
from components.drift.types import DriftReport
from components.gates.evidence import OUT_OF_TIME, Evidence
from components.gates.evidence_json import from_json, to_json
from components.gates.policy import Policy
from components.gates.policy_drift import DriftPolicy
from dashboard import drift_kept, drift_material
from dashboard.drift_kept import policy_version
from dashboard.drift_places import with_places
from queries import drift_evidence
from queries.database import read, translated
from queries.errors import InvalidInputError
from queries.rolled import beside
from queries.scope import Scope

__all__ = ["METRICS", "drift", "keep", "kept"]

NOT_ROLLED_UP = "Drift is judged from roll-ups, and there are none. Run “plumbline refresh”"
TOO_FEW_DAYS = "There are too few days of predictions to compare two windows"


def drift(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Have inputs, scores or their meaning drifted in the last weeks before the scope's end?"""
    own, key = beside(connection), _newest(connection, scope)
    if own is None or key is None:
        return _nothing(NOT_ROLLED_UP)
    known = _kept(own, scope, key, policy)
    if known is not None:
        return known
    made = _report(connection.engine, own.engine, scope.environment, key.day, policy.drift)
    return _nothing(made) if isinstance(made, str) else evidence(made)


def kept(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """The same where a refresh has kept it; it is not computed, which takes seconds."""
    own, key = beside(connection), _newest(connection, scope)
    if own is None or key is None:
        return _nothing(NOT_ROLLED_UP)
    return _kept(own, scope, key, policy) or _nothing(OUT_OF_TIME)


def _newest(connection: sa.Connection, scope: Scope) -> drift_evidence.Key | None:
    """The day that is judged; None where nothing is rolled up."""
    own = beside(connection)
    if own is None:
        return None
    return drift_evidence.newest(own, scope.environment, scope.as_of.date())


def _kept(
    own: sa.Connection, scope: Scope, key: drift_evidence.Key, policy: Policy
) -> tuple[Evidence, ...] | None:
    version = policy_version(policy.drift)
    found = drift_evidence.kept(own, scope.environment, key, version, METHOD)
    return None if found is None else tuple(from_json(item) for item in found)


def keep(source: sa.Engine, own: sa.Engine, environment: str, policy: DriftPolicy) -> None:
    """Keep evidence and report of the newest rolled-up day, unless they are kept already.

    Raises:
        DatabaseError: source or own schema cannot be used.
    """
    version = policy_version(policy)
    key = read(own, lambda connection: drift_evidence.newest(connection, environment, date.max))
    if key is None:
        return
    known = read(
        own,
        lambda connection: (
            drift_evidence.kept(connection, environment, key, version, METHOD) is not None
            and drift_kept.is_kept(connection, environment, key, policy)
        ),
    )
    if known:
        return
    found = _report(source, own, environment, key.day, policy)
    made = _nothing(found) if isinstance(found, str) else evidence(found)
    with translated(), own.begin() as connection:
        items = [to_json(one) for one in made]
        drift_evidence.keep(connection, environment, key, version, METHOD, items)
        if not isinstance(found, str):
            drift_kept.keep(connection, environment, key, policy, found)


def _report(
    source: sa.Engine, own: sa.Engine, environment: str, day: date, policy: DriftPolicy
) -> DriftReport | str:
    """The policy's windows before the end of the day, compared; or why they cannot be."""
    as_of = datetime.combine(day + timedelta(days=1), time(), UTC)
    scope = Scope(as_of - timedelta(days=policy.current_days), as_of, as_of, environment)
    ground = drift_material.rolled_up_ground(source, own, scope)
    if ground is None:
        return NOT_ROLLED_UP
    try:
        windows = default_windows(ground.known, as_of, policy)
    except InvalidInputError:
        return TOO_FEW_DAYS
    made, _ = drift_material.material(source, own, scope, ground, windows)
    found = report(made, policy)
    return replace(found, sanity=with_places(source, scope, ground.layout, windows, found.sanity))


def _nothing(sentence: str) -> tuple[Evidence, ...]:
    """No value, and why."""
    empty = Evidence("", value=None, n=0, method=METHOD, measured_at=None, sentence=sentence)
    return tuple(replace(empty, metric=metric) for metric in METRICS)
