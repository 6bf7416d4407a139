"""What the Shadow page, the gates and the reports are told: one frozen report of two models.

Every difference is candidate minus production, on the same predictions. Shares and differences
of shares are fractions: 0.01 is one percentage point. More is better for accuracy, recall and
AUROC; less is better for Brier, cost and latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from components.gates.status import Status
from components.shadow.types_counts import (
    Agreement,
    Coverage,
    DayDifference,
    DayShare,
    DifferenceBin,
    Induced,
    Latency,
    LoadChange,
    MissingnessTest,
    Pairing,
    Scores,
    SegmentChurn,
    SegmentCoverage,
)
from components.statistics.bootstrap import Bootstrapped
from components.statistics.brier import PairedBrier
from components.statistics.calibration import Calibration, ReliabilityBin
from components.statistics.cost import CostDifference, MapPoint, UnitCosts
from components.statistics.delong import PairedAuroc
from components.statistics.estimate import Estimate
from components.statistics.fairness import Gap, GroupRate, Rate
from components.statistics.forecast import Forecast
from components.statistics.off_policy import OffPolicy
from components.statistics.slice_watch import WatchedSlice

__all__ = [
    "ALL_SEGMENTS",
    "Agreement",
    "Change",
    "CheckRow",
    "Checklist",
    "Cost",
    "Coverage",
    "DayDifference",
    "DayEvidence",
    "DayShare",
    "DifferenceBin",
    "Fairness",
    "GapChange",
    "Induced",
    "Latency",
    "LoadChange",
    "MissingnessTest",
    "NamedSlice",
    "Pairing",
    "Quality",
    "Queued",
    "Readiness",
    "Recall",
    "Scores",
    "SegmentChurn",
    "SegmentCoverage",
    "Sequential",
    "ShadowReport",
]

ALL_SEGMENTS = "all"


@dataclass(frozen=True, slots=True)
class Quality:
    """What labels say. ``accuracy`` is candidate right minus production right: naive beside
    weighted; ``candidate_accuracy`` and ``production_accuracy`` are shares of right decisions.

    ``banner`` is empty, or one sentence where naive and weighted estimates lie more than two
    standard errors apart. ``bootstrap`` is of the weighted accuracy difference. Everything is
    None where there are too few labels to compute it.
    """

    reviewed: int
    disagreements: int
    unknown_propensity: int
    accuracy: OffPolicy | None
    candidate_accuracy: OffPolicy | None
    production_accuracy: OffPolicy | None
    bootstrap: Bootstrapped | None
    auroc: PairedAuroc | None
    brier: PairedBrier | None
    candidate_calibration: Calibration | None
    production_calibration: Calibration | None
    candidate_reliability: tuple[ReliabilityBin, ...]
    production_reliability: tuple[ReliabilityBin, ...]
    critical_recall: Recall | None
    banner: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Share of critical tickets that each model holds for priority, weighted, and its paired
    difference; ``n`` critical tickets were reviewed."""

    candidate: Estimate
    production: Estimate
    difference: Estimate
    n: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Loss for each prediction at the policy's unit costs, and the map around them."""

    costs: UnitCosts
    difference: CostDifference
    map: tuple[MapPoint, ...]
    miss_ratios: tuple[Decimal, ...]
    llm_calls: tuple[Decimal, ...]
    n: int


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """What was known after one UTC day (labels as at ``as_of``).

    ``mean``, ``low`` and ``high`` are the accuracy difference over all predictions so far with
    its anytime-valid 95% sequence; ``e_harm`` the weighted e-value for harm that drives the gate,
    ``e_plain`` METHODS' unweighted E with ``wins`` and ``losses`` of the candidate so far
    (information). E-values are cut at 1e300 and may be drawn on a log axis. None before there is
    anything to say.
    """

    day: date
    predictions: int
    labels: int
    wins: int
    losses: int
    mean: float | None
    low: float | None
    high: float | None
    e_harm: float | None
    e_benefit: float | None
    e_plain: float
    immature: bool


@dataclass(frozen=True, slots=True)
class Sequential:
    """Evidence over time with its limits: ``margin`` (lower end must lie above it), 0 (an upper
    end below it with E at ``e_limit`` blocks). ``aim`` is in predictions. ``random_only`` says
    that every review was at random, so that the plain E decides."""

    days: tuple[DayEvidence, ...]
    margin: float
    e_limit: float
    aim: int
    random_only: bool
    status: Status
    sentence: str
    left_out: int
    """Reviews without a known propensity: they are in no weighted number."""


@dataclass(frozen=True, slots=True)
class NamedSlice:
    """One group's watched difference with its dimension, and its counts of reviews.

    ``members`` are the groups that are judged together here; empty for a group of its own.
    """

    dimension: str
    slice: WatchedSlice
    reviewed: int
    predictions: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GapChange:
    """The candidate's gap in one rate minus production's; ``smallest`` is the number of reviews
    in the smallest group. None where fewer than two groups are large enough."""

    rate: Rate
    change: Estimate | None
    smallest: int


@dataclass(frozen=True, slots=True)
class Fairness:
    """Rates by group of one dimension under both models, and how gaps would change.

    ``changes`` are of the gaps in true and false positive rates. ``unjudged`` names groups that
    are too small.
    """

    dimension: str
    candidate: tuple[GroupRate, ...]
    production: tuple[GroupRate, ...]
    candidate_gaps: tuple[Gap, ...]
    production_gaps: tuple[Gap, ...]
    changes: tuple[GapChange, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A switch of rules, model, LLM or configuration in the middle of the window."""

    knob: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """A prediction on which the models differ and that nobody has reviewed yet. Ids only, in an
    order that tells nothing of the decisions: reviewers are to work blinded."""

    prediction_id: int
    ticket_id: str
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One gate of the promotion checklist: its status, the number beside its limit, and where the
    evidence stands on this page (``anchor``)."""

    gate_id: str
    title: str
    status: Status
    measured: str
    limit: str
    sentence: str
    next_step: str
    severity: str
    waivable: bool
    anchor: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """All gates of one decision, worst first, with the sentence that answers it."""

    title: str
    status: Status
    sentence: str
    rows: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether production can be taken back: the version it would go back to, and each thing
    that must hold. ``ready`` is None where it cannot be checked here."""

    target: str | None
    ready: bool | None
    sentence: str
    checks: tuple[tuple[str, Status, str], ...]


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The comparison as a whole; None for a part that has no data, ``caveats`` say why.

    ``training`` are the candidate's training runs whose window is on record, and
    ``overlap_days`` the days of the comparison from which their data came. ``doubt`` says why
    the chances of review on record cannot be right, and is empty where they can be.
    """

    as_of: datetime
    pairing: Pairing
    coverage: Coverage
    agreement: Agreement
    scores: Scores
    latency: Latency
    induced: Induced
    quality: Quality
    cost: Cost | None
    sequential: Sequential | None
    forecast: Forecast | None
    slices: tuple[NamedSlice, ...]
    fairness: tuple[Fairness, ...]
    changes: tuple[Change, ...]
    training: int
    overlap_days: int
    doubt: str
    answer: str
    status: Status
    caveats: tuple[str, ...]
