"""Rows about stored explanations, and about what recomputing them found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ExplanationRow:
    """One stored explanation with its prediction; ``environment`` is None without one."""

    prediction_id: Any
    scored_at: datetime
    model_version: str
    method: str
    output_space: str
    base_value: float
    shap_values: Any
    library_version: str
    environment: str | None
    features: Any
    ml_score: float | None
    ml_decision: str | None


@dataclass(frozen=True, slots=True)
class DayCount:
    """Predictions with a model score on one UTC day, in one environment."""

    environment: str
    day: date
    predictions: int
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class NearRow:
    """An explained prediction near the one in view."""

    prediction_id: Any
    scored_at: datetime
    features: Any
    ml_score: float | None
    ml_decision: str | None


@dataclass(frozen=True, slots=True)
class LatestRow:
    """One of the latest predictions that have an explanation."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    work_type: str | None
    region: str | None
    ml_version: str | None
    ml_score: float | None
    ml_decision: str | None


@dataclass(frozen=True, slots=True)
class KnownDay:
    """A day that was attested: from what, and with which models."""

    day: date
    mark: str
    models: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What recomputing found, for one UTC day, environment and model."""

    day: date
    model_version: str
    explained: int
    verified: int
    mismatched: int
    reasons: dict[str, int]
    detail: str
    digest: str | None
    largest_gap: float | None
    attribution_micro: dict[str, int]
    pairs: int
    alike: int
    newest_at: datetime
    attested_at: datetime


@dataclass(frozen=True, slots=True)
class CoverRow:
    """Predictions with a model score on one UTC day, and how many have an explanation."""

    day: date
    predictions: int
    explained: int
    newest_at: datetime | None
    attested_at: datetime


@dataclass(frozen=True, slots=True)
class MismatchRow:
    """One explanation that is not what the model says; an element: name, stored, recomputed."""

    prediction_id: str
    scored_at: datetime
    model_version: str
    elements: list[list[Any]]
    sum_gap: float | None
