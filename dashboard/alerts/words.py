"""Alerts as the command line tells them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dashboard.alerts.delivery import Delivery
from dashboard.alerts.raising import Outcome
from queries.alert_rows import AlertState, RetrainingState
from queries.own_schema import Json


def as_text(outcome: Outcome, sent: Delivery | None) -> str:
    """What changed, what stands, what is recommended, what was sent."""
    lines = [
        f"{change.kind.value.upper()} {change.alert_id}: {change.signal.sentence}"
        for change in outcome.changes
    ]
    lines.append(_standing(outcome.standing))
    lines.append(outcome.retraining.sentence)
    if sent is not None:
        lines.append(delivery(sent))
    return "\n".join(lines)


def as_json(outcome: Outcome, sent: Delivery | None) -> dict[str, Json]:
    """The same for machines."""
    return {
        "changes": [
            {"kind": change.kind.value, "alert_id": change.alert_id, "rule": change.signal.rule}
            for change in outcome.changes
        ],
        "standing": [
            {"alert_id": item.alert_id, "state": item.state, "severity": item.severity}
            for item in outcome.standing
        ],
        "retraining": {
            "advice": outcome.retraining.advice.value,
            "sentence": outcome.retraining.sentence,
            "changed": outcome.advice_changed,
        },
        "webhook": None
        if sent is None
        else {"delivered": sent.delivered, "waiting": sent.waiting, "error": sent.error},
    }


def listing(alerts: Sequence[AlertState], advice: Sequence[RetrainingState], now: datetime) -> str:
    """Each alert with its state and what to do, then the last recommendation to retrain."""
    lines = [line for alert in alerts for line in _alert(alert, now)]
    if not alerts:
        lines.append("No alert stands.")
    for item in advice:
        if item.in_force:
            lines.append(f"{_moment(item.since)}  {item.payload['sentence']}")
    return "\n".join(lines)


def _alert(alert: AlertState, now: datetime) -> list[str]:
    state = "late" if alert.late(now) else alert.state
    due = alert.answer_due_at
    until = f", answer by {_moment(due)}" if due and alert.state == "open" else ""
    book = alert.detail.get("runbook")
    follow = f" Runbook: {book}." if book else ""
    return [
        f"{alert.alert_id}  {state.upper()}  {alert.severity}, "
        f"raised {_moment(alert.first_raised_at)}{until}",
        f"    {alert.detail['sentence']}",
        f"    {alert.detail['owner']}: {alert.detail['next_step']}{follow}",
    ]


def acknowledged(alert: AlertState, sent: Delivery | None) -> str:
    """That an alert was answered, and by which role."""
    lines = [f"{alert.alert_id} is acknowledged by {alert.by_role} at {_moment(alert.since)}."]
    return "\n".join([*lines, *([delivery(sent)] if sent else [])])


def delivery(sent: Delivery) -> str:
    """What was sent and what waits."""
    if sent.busy:
        return "Another process is sending what waits for the webhook."
    told = f"{sent.delivered:,} messages delivered to the webhook"
    if sent.error is None:
        return f"{told}."
    return f"{told}, {sent.waiting:,} wait for the next run: {sent.error}."


def _standing(alerts: Sequence[AlertState]) -> str:
    if not alerts:
        return "No alert stands."
    answered = sum(item.state == "acknowledged" for item in alerts)
    return f"{len(alerts):,} alerts stand, {answered:,} of them acknowledged."


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%d %b %Y %H:%M} UTC"
