"""Alerts and recommendations to retrain as they are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from queries.own_schema import Json

OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
_STATES = {"acknowledged": ACKNOWLEDGED, "closed": CLOSED}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One judgement of the alert rules."""

    recorded_at: datetime
    as_of: datetime
    policy_version: str
    evaluation_digest: str
    rules: int
    retraining: str


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """Something that happened to an alert; by a role and a pseudonym, never a name."""

    alert_id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    rule: str
    subject: str
    segment: str
    severity: str
    answer_due_at: datetime | None
    by_role: str
    by_pseudonym: str
    evidence_digest: str
    policy_version: str
    detail: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class RetrainingRecord:
    """A recommendation to retrain, or its end."""

    recommendation_id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    policy_version: str
    evaluation_digest: str
    evidence_digest: str
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert as it stands: its last event, and when it was first raised."""

    alert_id: str
    rule: str
    subject: str
    segment: str
    severity: str
    kind: str
    first_raised_at: datetime
    since: datetime
    answer_due_at: datetime | None
    by_role: str
    by_pseudonym: str
    evidence_digest: str
    policy_version: str
    detail: Mapping[str, Json]

    @property
    def state(self) -> str:
        """Open, acknowledged or closed."""
        return _STATES.get(self.kind, OPEN)

    def late(self, now: datetime) -> bool:
        """Whether nobody has answered it within its time."""
        return self.state == OPEN and self.answer_due_at is not None and self.answer_due_at < now


@dataclass(frozen=True, slots=True)
class RetrainingState:
    """A recommendation to retrain as it stands."""

    recommendation_id: str
    kind: str
    first_recommended_at: datetime
    since: datetime
    policy_version: str
    evidence_digest: str
    payload: Mapping[str, Json]

    @property
    def in_force(self) -> bool:
        """Whether it still stands."""
        return self.kind != "withdrawn"
