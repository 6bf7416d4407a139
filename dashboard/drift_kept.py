"""The report of the usual windows, which the refresh job computes once and the page reads."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from hashlib import sha256

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from components.drift.types import DriftReport
from components.gates.policy_drift import DriftPolicy
from dashboard.drift_asked import Asked, asked_of
from queries import drift_evidence
from queries.database import if_present
from queries.drift_evidence import Key
from queries.scope import Scope

METHOD = "drift_report 2"
"""Changes with whatever changes the report of the same days."""
_ONE_DAY = timedelta(days=1)


def policy_version(policy: DriftPolicy) -> str:
    """A hash of the rules on drift: whatever else the policy says leaves their findings as is."""
    return sha256(policy.model_dump_json().encode()).hexdigest()


def usual_report(
    own: sa.Connection, scope: Scope, policy: DriftPolicy
) -> tuple[DriftReport, Asked] | None:
    """What the refresh job kept of the day before the as-of; None where nothing fits.

    It speaks of all segments, and of what was known when that day ended.
    """
    if scope.work_types or scope.regions or scope.model_versions:
        return None
    key = drift_evidence.newest(own, scope.environment, scope.as_of.date())
    if key is None or key.day != scope.as_of.date() - _ONE_DAY:
        return None
    answer = if_present(
        own,
        lambda: drift_evidence.kept_report(
            own, scope.environment, key, policy_version(policy), METHOD
        ),
    )
    if answer is None or not answer.rows:
        return None
    try:
        found = _adapter().validate_json(answer.rows[0].report)
    except ValidationError:
        return None  # written by another version of this product
    return found, asked_of(drift_evidence.kept_report, answer)


def is_kept(own: sa.Connection, environment: str, key: Key, policy: DriftPolicy) -> bool:
    """Whether the report of these days, bins and rules stands already."""
    version = policy_version(policy)
    return bool(drift_evidence.kept_report(own, environment, key, version, METHOD).rows)


def keep(
    own: sa.Connection, environment: str, key: Key, policy: DriftPolicy, report: DriftReport
) -> None:
    """Replace the report that was kept of the day; part of the caller's transaction."""
    text = _adapter().dump_json(report).decode()
    drift_evidence.keep_report(own, environment, key, policy_version(policy), METHOD, text)


@cache
def _adapter() -> TypeAdapter[DriftReport]:
    return TypeAdapter(DriftReport)
