"""Rows about model files: what is registered, what was done with it, what it scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One registered model file; ``manifest`` and ``signature`` as the programme keeps them."""

    model_version: str
    role: str
    path: str
    sha256: str
    size_bytes: int
    manifest: Any
    signature: str | None
    key_id: str | None
    signed_at: datetime | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """The training run behind a version."""

    run_id: str
    model_version: str
    family: str
    finished_at: datetime | None
    trained_by: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of ``system_audit`` about model files or signing keys."""

    event_id: int
    occurred_at: datetime
    actor: str
    action: str
    object: str | None
    detail: Mapping[str, Any] | None
    outcome: str


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """The newest event of the whole log: how far what is absent from it can be trusted."""

    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """The newest prediction that a version made, with what it saw and what it said."""

    model_version: str
    prediction_id: int
    scored_at: datetime
    features: Any
    ml_score: float


@dataclass(frozen=True, slots=True)
class ServedRow:
    """Predictions of one version in one UTC month, named by its first day, and their days."""

    model_version: str
    month: date
    n: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ServedPrediction:
    """One prediction to review again."""

    prediction_id: int
    ticket_id: str
    scored_at: datetime
    ml_version: str
    ml_decision: str | None
    final_decision: str | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One recorded verification of one file, from the product's own schema."""

    run_id: str
    checked_at: datetime
    occasion: str
    model_version: str
    role: str
    path: str
    fault: str | None
    reason: str
    signature: str
    key_id: str | None
    algorithm: str | None
    expected_sha256: str
    found_sha256: str | None
    loadable: bool | None
    probe: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One kind of failure of one file, and when it was recorded."""

    model_version: str
    role: str
    path: str
    reason: str
    first_at: datetime
    last_at: datetime
    times: int
