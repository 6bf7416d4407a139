"""Rows that an assessment of drift is made from, beside histograms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PRIORITY = "priority"
"""The decision that counts as positive."""


@dataclass(frozen=True, slots=True)
class VersionCell:
    """Predictions of one window with the same versions and nearly the same scores.

    ``final`` is the sum of their final scores. Bins count from 1 to 10; 0 and 11 lie outside,
    and None means no score.
    """

    current: bool
    rules_version: str | None
    ml_version: str | None
    llm_version: str | None
    workflow_config: str | None
    asked: bool
    rules_bin: int | None
    ml_bin: int | None
    n: int
    final: float


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One reviewed prediction: the model's score and decision, and the latest review's.

    ``propensity`` is None where it is unknown; such a review has no weight.
    """

    scored_at: datetime
    delay: timedelta
    work_type: str
    region: str
    ml_version: str
    score: float
    decided: bool
    needed: bool
    propensity: float | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Predictions whose features hold a key, and all predictions of the period."""

    feature: str
    rows: int
    all_rows: int


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One value of a categorical feature: its predictions, and those with the fault."""

    feature: str
    value: str
    rows: int
    faults: int
