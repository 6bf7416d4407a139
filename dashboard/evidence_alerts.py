"""Evidence about alerts: answered in time, with runbooks that are current (C7, D3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from components.alerts import assess_evidence
from components.alerts.runbooks import coverage
from components.gates.evidence import Evidence
from components.gates.policy import Policy
from dashboard.runbooks import runbooks
from queries import alerts
from queries.database import if_present
from queries.scope import Scope
from queries.training_starts import newest_start

ANSWER_METRICS = (assess_evidence.UNANSWERED,)
RUNBOOK_METRICS = (assess_evidence.RUNBOOKS,)
TRAINING_METRICS = (assess_evidence.WITHOUT_TRAINING,)


def answered(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None
) -> tuple[Evidence, ...]:
    """Alerts that wait too long; nothing where alert rules were never judged.

    Raises:
        DatabaseError: the product's own schema is configured and cannot be read.
    """
    return _from_own(own, lambda there: _answered(there, scope.as_of))


def retrained(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None, policy: Policy
) -> tuple[Evidence, ...]:
    """Recommendations to retrain that nobody followed; nothing where none was ever judged.

    Raises:
        DatabaseError: the product's own schema is configured and cannot be read.
    """
    newest = newest_start(connection, scope).rows[0].started_at
    days = policy.alerts.retraining.start_within_days
    return _from_own(own, lambda there: _retrained(there, newest, scope.as_of, days))


def _from_own(
    own: sa.Connection | None, question: Callable[[sa.Connection], tuple[Evidence, ...]]
) -> tuple[Evidence, ...]:
    """What the product's own schema says; nothing where there is none."""
    if own is None:
        return ()
    return if_present(own, lambda: question(own)) or ()


def _answered(connection: sa.Connection, as_of: datetime) -> tuple[Evidence, ...]:
    run = alerts.last_run(connection, as_of).rows
    if not run:
        return ()
    standing = alerts.alerts(connection, as_of, as_of).rows
    return (assess_evidence.unanswered(run[0], standing, as_of),)


def _retrained(
    connection: sa.Connection, newest: datetime | None, as_of: datetime, days: int
) -> tuple[Evidence, ...]:
    run = alerts.last_run(connection, as_of).rows
    if not run:
        return ()
    given = alerts.recommendations(connection, as_of).rows
    return (assess_evidence.without_training(run[0], given, newest, as_of, days),)


def documented(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Alert rules with a current runbook; the texts are those of today, whatever the as-of."""
    found = coverage(policy, runbooks(), datetime.now(UTC).date())
    return assess_evidence.with_runbook(found, scope.as_of)
