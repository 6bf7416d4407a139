"""Alerts as evidence: how many wait too long, and how many rules have a current runbook (C7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from components.alerts.runbooks import Coverage
from components.gates.evidence import Evidence
from queries.alert_rows import CLOSED, AlertState, RetrainingState, RunRecord

UNANSWERED = "alerts.unanswered_past_limit"
RUNBOOKS = "alerts.with_current_runbook"
WITHOUT_TRAINING = "feedback.triggers_without_training"


def unanswered(run: RunRecord, alerts: Sequence[AlertState], as_of: datetime) -> Evidence:
    """Alerts that nobody acknowledged in time and that still stand.

    What is measured are the alert rules; the newest item is the last time that they were
    judged, so that a stopped `plumbline alert` goes stale instead of looking calm.
    """
    late = sum(alert.late(as_of) for alert in alerts)
    standing = sum(alert.state != CLOSED for alert in alerts)
    return Evidence(
        metric=UNANSWERED,
        value=late,
        n=run.rules,
        method="alerts raised by the policy, against hours to answer, v1",
        measured_at=run.as_of,
        sentence=f"{late:,} of {standing:,} standing alerts wait past their time to answer "
        f"({run.rules:,} rules judged).",
    )


def with_runbook(found: Coverage, as_of: datetime) -> tuple[Evidence, ...]:
    """The share of alert rules that have a current runbook; nothing without rules."""
    if not found.rules:
        return ()
    return (
        Evidence(
            metric=RUNBOOKS,
            value=found.current / found.rules,
            n=found.rules,
            method="review dates of the runbooks, v1",
            measured_at=as_of,
            sentence=found.sentence,
        ),
    )


def without_training(
    run: RunRecord,
    recommendations: Sequence[RetrainingState],
    newest_start: datetime | None,
    as_of: datetime,
    within_days: int,
) -> Evidence:
    """Recommendations in force for too long without a training run that began after them.

    What is measured is the rule about retraining, at the last time that it was judged. While a
    recommendation is in force, no training has mended what it names.
    """
    late = [
        item
        for item in recommendations
        if item.in_force
        and item.first_recommended_at + timedelta(days=within_days) < as_of
        and (newest_start is None or newest_start < item.first_recommended_at)
    ]
    return Evidence(
        metric=WITHOUT_TRAINING,
        value=len(late),
        n=1,
        method="recommendations to retrain against starts of training runs, v1",
        measured_at=run.as_of,
        sentence=f"{len(late):,} recommendations to retrain are older than {within_days} days "
        "without a training run.",
    )
