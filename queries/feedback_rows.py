"""Rows about reviews: what the Feedback page is assessed from (B6, B12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

By = Literal["work_type", "ml_version", "review_reason", "reviewer", "blinded", "all"]
NOT_NAMED = "(none)"


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """Reviews in force of one group that agree in who was right.

    ``group`` is a value of the dimension asked for. A layer's field says whether its decision is
    the reviewer's, None where it made none; ``overturned`` whether the platform's decision, as
    the audit recorded it, is not the reviewer's. ``weighted_n`` counts the reviews whose
    propensity is known; ``w`` and ``ww`` are sums of their capped weights and of the squares.
    """

    group: str
    overturned: bool
    rules_right: bool | None
    ml_right: bool | None
    llm_right: bool | None
    n: int
    weighted_n: int
    capped: int
    w: Decimal
    ww: Decimal
    newest_review: datetime


@dataclass(frozen=True, slots=True)
class WeekRow:
    """Reviews in force of predictions scored in one week, beginning on a Monday (UTC)."""

    monday: date
    overturned: bool
    n: int
    w: Decimal
    ww: Decimal
    weighted_n: int


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """Reviews in force by what was decided, what was right, how much harm, and why changed."""

    model_decision: str
    correct_decision: str
    severity: str | None
    reason_code: str | None
    n: int
    weighted_n: int
    w: Decimal
    ww: Decimal


@dataclass(frozen=True, slots=True)
class PairRow:
    """Tickets whose first two reviews came from different reviewers, by both answers."""

    first_decision: str
    second_decision: str
    both_blinded: bool
    n: int
    newest_review: datetime


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """All reviews of one reviewer in one stratum of like tickets.

    ``stratum`` joins what makes a ticket likely to be overturned: the platform's decision, why
    it was reviewed, whether the LLM ran, the tenth of the model's score, and blinding.
    """

    reviewer: str
    stratum: str
    n: int
    overturned: int


@dataclass(frozen=True, slots=True)
class ReviewerWeekRow:
    """Reviews of one reviewer in one week of review, beginning on a Monday (UTC)."""

    reviewer: str
    monday: date
    n: int
    overturned: int


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """First reviews of predictions scored on one day, by the hours they took, in steps.

    ``hours`` is the upper end of the step: the review had arrived by then.
    """

    scored_day: date
    hours: int
    random: bool
    n: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """A training run that had begun by the as-of."""

    run_id: str
    model_version: str
    family: str
    parent_version: str | None
    started_at: datetime
    finished_at: datetime | None
    status: str
    training_rows: int | None
    window_start: datetime | None
    window_end: datetime | None
    dataset_sha256: str | None
    metrics: Mapping[str, Any] | None
    trained_by: str


@dataclass(frozen=True, slots=True)
class HoldoutRow:
    """Reviews of the tickets scored from ``since`` to ``until``, as they stood at ``until``."""

    since: datetime
    until: datetime
    rows: tuple[ConfusionRow, ...]


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """Reviews by model version of the tickets scored around one moment."""

    at: datetime
    rows: tuple[OverrideRow, ...]
