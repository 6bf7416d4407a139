"""Alerts and recommendations to retrain: their events written, their state read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.alert_rows import (
    CLOSED,
    AlertRecord,
    AlertState,
    RetrainingRecord,
    RetrainingState,
    RunRecord,
)
from queries.alert_schema import alert_events, alert_runs, retraining_events
from queries.answer import Answer, ask
from queries.ledger import append
from queries.snapshot import once

_ONE_AT_A_TIME = 7_585_672_014


def one_at_a_time(connection: sa.Connection) -> None:
    """Keep others from judging alerts until this transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


def record_run(connection: sa.Connection, record: RunRecord) -> None:
    """Add a judgement of the rules, within the caller's transaction."""
    append(connection, alert_runs, {**asdict(record), "run_id": str(uuid4())})


def record_alert(connection: sa.Connection, record: AlertRecord) -> str:
    """Add an event of an alert, within the caller's transaction; returns its id."""
    event = str(uuid4())
    append(connection, alert_events, {**asdict(record), "event_id": event})
    return event


def record_retraining(connection: sa.Connection, record: RetrainingRecord) -> str:
    """Add a recommendation or its end, within the caller's transaction; returns its id."""
    event = str(uuid4())
    append(connection, retraining_events, {**asdict(record), "event_id": event})
    return event


@once
def last_run(connection: sa.Connection, until: datetime) -> Answer[RunRecord]:
    """The last time the alert rules were judged; no row if never."""
    runs = alert_runs.c
    statement = (
        sa.select(
            runs.recorded_at,
            runs.as_of,
            runs.policy_version,
            runs.evaluation_digest,
            runs.rules,
            runs.retraining,
        )
        .where(runs.as_of <= until)
        .order_by(runs.row_number.desc())
        .limit(1)
    )
    return ask(connection, statement, RunRecord)


def alerts(
    connection: sa.Connection, until: datetime, since: datetime | None = None
) -> Answer[AlertState]:
    """Alerts as they stood at a moment, newest first.

    With ``since``, closed alerts are left out if they were closed before it.
    """
    events = alert_events.c
    told = sa.select(alert_events).where(events.occurred_at <= until)
    last = (
        told.ext(distinct_on(events.alert_id))
        .order_by(events.alert_id, events.row_number.desc())
        .subquery("last")
    )
    first = (
        sa.select(events.alert_id, sa.func.min(events.occurred_at).label("first_raised_at"))
        .where(events.occurred_at <= until)
        .group_by(events.alert_id)
        .subquery("first")
    )
    statement = (
        sa.select(
            last.c.alert_id,
            last.c.rule,
            last.c.subject,
            last.c.segment,
            last.c.severity,
            last.c.kind,
            first.c.first_raised_at,
            last.c.occurred_at.label("since"),
            last.c.answer_due_at,
            last.c.by_role,
            last.c.by_pseudonym,
            last.c.evidence_digest,
            last.c.policy_version,
            last.c.detail,
        )
        .join_from(last, first, last.c.alert_id == first.c.alert_id)
        .order_by(first.c.first_raised_at.desc(), last.c.alert_id)
    )
    if since is not None:
        statement = statement.where((last.c.kind != CLOSED) | (last.c.occurred_at >= since))
    return ask(connection, statement, AlertState)


def recommendations(connection: sa.Connection, until: datetime) -> Answer[RetrainingState]:
    """Recommendations to retrain as they stood at a moment, newest first."""
    events = retraining_events.c
    last = (
        sa.select(retraining_events)
        .ext(distinct_on(events.recommendation_id))
        .where(events.occurred_at <= until)
        .order_by(events.recommendation_id, events.row_number.desc())
        .subquery("last")
    )
    first = (
        sa.select(
            events.recommendation_id,
            sa.func.min(events.occurred_at).label("first_recommended_at"),
        )
        .where(events.occurred_at <= until)
        .group_by(events.recommendation_id)
        .subquery("first")
    )
    statement = (
        sa.select(
            last.c.recommendation_id,
            last.c.kind,
            first.c.first_recommended_at,
            last.c.occurred_at.label("since"),
            last.c.policy_version,
            last.c.evidence_digest,
            last.c.payload,
        )
        .join_from(last, first, last.c.recommendation_id == first.c.recommendation_id)
        .order_by(first.c.first_recommended_at.desc())
    )
    return ask(connection, statement, RetrainingState)
