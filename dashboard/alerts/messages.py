"""What the webhook is told: one JSON object per event, without free text and personal data."""

from __future__ import annotations

import json
from collections.abc import Sequence

from components.alerts.assess import Retraining
from components.alerts.signals import Signal
from queries.alert_rows import AlertRecord, RetrainingRecord
from queries.outbox import Message
from queries.own_schema import Json

_ALERT, _RETRAINING = "alert", "retraining"


def alert_detail(signal: Signal) -> dict[str, Json]:
    """What a person needs to answer an alert."""
    return {
        "title": signal.title,
        "status": signal.status,
        "sentence": signal.sentence,
        "value_text": signal.value_text,
        "limit_text": signal.limit_text,
        "next_step": signal.next_step,
        "owner": signal.owner,
        "page": signal.page,
        "runbook": signal.runbook,
    }


def retraining_payload(found: Retraining, runbook: str | None) -> dict[str, Json]:
    """What a training pipeline needs to decide, and to say later why it ran."""
    return {
        "advice": found.advice.value,
        "sentence": found.sentence,
        "drift": _signals(found.drift),
        "degradation": _signals(found.degradation),
        "runbook": runbook,
    }


def _signals(signals: Sequence[Signal]) -> list[Json]:
    return [
        {
            "rule": item.rule,
            "subject": item.subject,
            "segment": item.segment,
            "status": item.status,
            "value_text": item.value_text,
            "limit_text": item.limit_text,
        }
        for item in signals
    ]


def of_alert(event_id: str, record: AlertRecord) -> Message:
    """The message about an event of an alert: neither who acted nor what they noted."""
    due = record.answer_due_at
    told = ("title", "status", "value_text", "limit_text", "owner", "page", "runbook")
    data: dict[str, Json] = {
        "alert_id": record.alert_id,
        "rule": record.rule,
        "subject": record.subject,
        "segment": record.segment,
        "severity": record.severity,
        "answer_due_at": due.isoformat() if due else None,
        "as_of": record.occurred_at.isoformat(),
        "evidence_digest": record.evidence_digest,
        "policy_version": record.policy_version,
        **{name: record.detail.get(name) for name in told},
    }
    return _message(event_id, f"{_ALERT}.{record.kind}", record.recorded_at.isoformat(), data)


def of_retraining(event_id: str, record: RetrainingRecord) -> Message:
    """The message about a recommendation or its end."""
    data: dict[str, Json] = {
        "recommendation_id": record.recommendation_id,
        "as_of": record.occurred_at.isoformat(),
        "evidence_digest": record.evidence_digest,
        "evaluation_digest": record.evaluation_digest,
        "policy_version": record.policy_version,
        **record.payload,
    }
    return _message(event_id, f"{_RETRAINING}.{record.kind}", record.recorded_at.isoformat(), data)


def _message(event_id: str, kind: str, timestamp: str, data: dict[str, Json]) -> Message:
    body = {"type": kind, "timestamp": timestamp, "data": data}
    return Message(event_id, kind, json.dumps(body, ensure_ascii=False, separators=(",", ":")))
