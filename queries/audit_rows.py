"""What the questions about ``prediction_audit`` return: one dataclass per kind of row.

They stand apart from the statements so that a component can know them without knowing SQL.
Counts are whole numbers; scores are 0 to 1; latencies are milliseconds; times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

LATENCY_LOW_MS = 0.01
LATENCY_HIGH_MS = 100_000.0
LATENCY_BINS = 700
"""A hundred log-spaced bins a decade: a quantile is off by 2.4% at most."""

SCORE_BINS = 200
"""Scores and their differences are counted in two-hundredths."""


class SnapshotState(StrEnum):
    """What can be said of one version snapshot of one prediction."""

    IN_FORCE = "in_force"
    MISSING = "missing"
    UNKNOWN = "unknown"
    NOT_IN_FORCE = "not_in_force"
    UNJUDGED = "unjudged"
    NOT_NEEDED = "not_needed"


class FiringFault(StrEnum):
    """Why a call of the LLM, or its absence, contradicts the rule that should trigger it."""

    NO_TRIGGER = "no_trigger"
    BELOW_THRESHOLD = "below_threshold"
    NOT_ESCALATED = "not_escalated"
    MISSED_ESCALATION = "missed_escalation"
    MISSED_DISAGREEMENT = "missed_disagreement"


class Layer(StrEnum):
    """Who decides."""

    RULES = "rules"
    ML = "ml"
    LLM = "llm"
    FINAL = "final"


class Path(StrEnum):
    """What a latency was measured on: a layer, or the whole request by its path."""

    RULES = "rules"
    ML = "ml"
    LLM = "llm"
    FAST_PATH = "fast_path"
    LLM_PATH = "llm_path"


@dataclass(frozen=True, slots=True)
class PulseRow:
    """One day (or one week, in long periods) of the pipeline.

    ``comparable`` have a decision of rules and of ML; ``agreed`` have the same. ``asked`` is
    where the LLM ran. ``unjudged`` are predictions whose need of the LLM cannot be decided:
    a score is absent or unusable, or the configuration that they name is unknown.
    """

    day: date
    n: int
    newest: datetime
    errors: int
    comparable: int
    agreed: int
    asked: int
    asked_disagreement: int
    asked_escalation: int
    asked_untriggered: int
    no_trigger: int
    below_threshold: int
    not_escalated: int
    missed_escalation: int
    missed_disagreement: int
    unjudged: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """How often the layers decided like this, in one segment."""

    work_type: str | None
    region: str | None
    rules_decision: str | None
    ml_decision: str | None
    asked: bool
    final_decision: str | None
    n: int


@dataclass(frozen=True, slots=True)
class FiringFaultRow:
    """One prediction on which the LLM should not have run, or should have."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    fault: str
    work_type: str | None
    region: str | None
    rules_score: float | None
    ml_score: float | None
    gap: float | None
    agreement_threshold: float | None
    escalated: bool
    llm_trigger: str | None
    workflow_config: str | None


@dataclass(frozen=True, slots=True)
class CorrectnessRow:
    """Sufficient statistics of one layer on reviewed predictions, for one kind of call.

    Weights are ``1 / review_propensity``, capped. ``weighted_n`` counts the reviews whose
    propensity is known; the ``w…`` sums run over those alone.
    """

    trigger: str
    layer: str
    n: int
    correct: int
    weighted_n: int
    w: float
    ww: float
    w_correct: float
    ww_correct: float
    capped: int
    newest_review: datetime


@dataclass(frozen=True, slots=True)
class GapRow:
    """Predictions whose scores lie ``bin`` two-hundredths apart: in ``((bin−1)/200, bin/200]``.

    ``bin`` 0 holds equal scores, and is null where a score is unusable. ``changed`` are those
    whose recorded decision differs from the mean of rules and ML at the decision threshold;
    ``comparable`` those where that mean could be computed at all.
    """

    bin: int | None
    escalated: bool
    asked: bool
    n: int
    comparable: int
    changed: int
    changed_reviewed: int
    changed_recorded_right: int
    changed_mean_right: int


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """Histogram of one path on one day, or of the whole period where ``day`` is null.

    ``bins`` are the occupied bins, numbered as in ``width_bucket`` on the logarithm between
    the edges below, and ``counts`` the requests in each.
    """

    path: str
    day: date | None
    bins: list[int]
    counts: list[int]


@dataclass(frozen=True, slots=True)
class CallRow:
    """Calls of each layer on one day, at one price list, with one error code or none."""

    day: date
    price_version: str | None
    rules_usd: str | None
    ml_usd: str | None
    llm_usd: str | None
    error: str | None
    n: int
    rules_calls: int
    ml_calls: int
    llm_calls: int


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """Predictions of one day whose four snapshots are in these states.

    The segment is given only where a snapshot is at fault, so that healthy days are one row.
    """

    day: date
    work_type: str | None
    region: str | None
    rules: str
    ml: str
    llm: str
    config: str
    n: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class SnapshotFaultRow:
    """One prediction with a snapshot at fault."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    work_type: str | None
    region: str | None
    rules: str
    ml: str
    llm: str
    config: str
    rules_version: str | None
    ml_version: str | None
    llm_version: str | None
    workflow_config: str | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Pairs of predictions of the same ticket in two environments.

    ``bin`` is the difference of the final scores in two-hundredths, rounded up; null where a
    score is unusable.
    """

    work_type: str | None
    same_versions: bool
    agreed: bool | None
    bin: int | None
    n: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class DisagreeingPairRow:
    """One ticket on which two environments decided differently."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    work_type: str | None
    region: str | None
    production_decision: str | None
    development_decision: str | None
    production_score: float | None
    development_score: float | None
    same_versions: bool
    production_versions: str
    development_versions: str


@dataclass(frozen=True, slots=True)
class ConfigurationRow:
    """One value of one knob, and since when."""

    knob: str
    version: str
    valid_from: datetime
    changed_by: str
    reason: str | None
    agreement_threshold: float | None
    decision_threshold: float | None
    rules_usd: str | None
    ml_usd: str | None
    llm_usd: str | None


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """All that the audit holds on one prediction, except its features."""

    prediction_id: Any
    ticket_id: Any
    scored_at: datetime
    environment: str
    work_type: str | None
    region: str | None
    rules_version: str | None
    ml_version: str | None
    llm_version: str | None
    workflow_config: str | None
    rules_score: float | None
    rules_decision: str | None
    ml_score: float | None
    ml_decision: str | None
    llm_score: float | None
    llm_decision: str | None
    llm_trigger: str | None
    escalated: bool
    final_score: float | None
    final_decision: str | None
    rules_latency_ms: float | None
    ml_latency_ms: float | None
    llm_latency_ms: float | None
    total_latency_ms: float | None
    error: str | None
    review_propensity: float | None


@dataclass(frozen=True, slots=True)
class After:
    """Where the next page of a record list begins: behind this prediction."""

    scored_at: datetime
    prediction_id: Any
