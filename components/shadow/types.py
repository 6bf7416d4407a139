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
from components.statistics.bootstrap import Bootstrapped
from components.statistics.brier import PairedBrier
from components.statistics.calibration import Calibration, ReliabilityBin
from components.statistics.cost import CostDifference, MapPoint, UnitCosts
from components.statistics.delong import PairedAuroc
from components.statistics.estimate import Estimate
from components.statistics.fairness import Gap, GroupRate, Rate
from components.statistics.forecast import Forecast
from components.statistics.intervals import Interval
from components.statistics.off_policy import OffPolicy
from components.statistics.slice_watch import WatchedSlice

ALL_SEGMENTS = "all"


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which two models are compared, over which UTC days ``[start, end)``.

    ``rows`` are production's predictions of that time, ``scored`` those with a usable score and
    decision of both. ``first`` and ``last`` are the candidate's first and last prediction.
    ``digest`` names the data: whatever is added or reviewed later changes it.
    """

    candidate: str
    production: str
    start: date
    end: date
    days: int
    rows: int
    scored: int
    first: datetime | None
    last: datetime | None
    reviewed_until: datetime | None
    digest: str


@dataclass(frozen=True, slots=True)
class SegmentCoverage:
    """Production's predictions of a segment, and those that the candidate scored usably.

    ``dimension`` is ``work_type`` or ``region``, or ``all`` for the total. ``enough`` is False
    under the minimum of predictions: the segment is named as NO DATA, never judged.
    """

    dimension: str
    segment: str
    predictions: int
    scored: int
    interval: Interval | None
    enough: bool

    @property
    def share(self) -> float | None:
        """Scored by predictions; None without predictions."""
        return self.scored / self.predictions if self.predictions else None


@dataclass(frozen=True, slots=True)
class MissingnessTest:
    """Evidence that scores are missing more often in some slice, or for some outcome.

    ``against`` is ``work_type``, ``region`` or ``outcome``. ``e`` is an e-value: while missing
    scores are independent of it, it exceeds 20 with a chance of at most 5%. None where nothing
    was missing or there is nothing to compare. ``worst`` names the group with the largest
    missing share.
    """

    against: str
    e: float | None
    missing: int
    n: int
    worst: str | None
    worst_share: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the candidate scored, by segment (smallest share first), and whether its gaps bias
    the comparison. ``errors`` are its error codes with counts, the most frequent first."""

    total: SegmentCoverage
    segments: tuple[SegmentCoverage, ...]
    tests: tuple[MissingnessTest, ...]
    errors: tuple[tuple[str, int], ...]
    unusable: int
    by_day: tuple[DayShare, ...]

    @property
    def e(self) -> float | None:
        """The mean of the tests' e-values, itself one (Vovk and Wang 2021)."""
        known = [test.e for test in self.tests if test.e is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class DayShare:
    """One UTC day: ``part`` of ``whole``."""

    day: date
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class SegmentChurn:
    """Decisions that differ in a segment: candidate says priority (``raised``) where production
    says standard, or the other way (``lowered``)."""

    dimension: str
    segment: str
    n: int
    raised: int
    lowered: int
    interval: Interval | None
    kappa: float | None

    @property
    def churn(self) -> float | None:
        """|A| / N."""
        return (self.raised + self.lowered) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Churn in total, by segment (most churn first), and by day."""

    total: SegmentChurn
    segments: tuple[SegmentChurn, ...]
    by_day: tuple[DayShare, ...]


@dataclass(frozen=True, slots=True)
class DifferenceBin:
    """Predictions with candidate minus production score in ``[low, high)``."""

    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class DayDifference:
    """One UTC day: mean score difference, and its 10%, 50% and 90% points (from bins)."""

    day: date
    n: int
    mean: float
    p10: float
    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Scores:
    """How scores differ: distribution, by day, and both models' shares in tenths of the score.

    ``psi`` has production as the reference, +0.5 per bin.
    """

    bins: tuple[DifferenceBin, ...]
    by_day: tuple[DayDifference, ...]
    mean: float | None
    psi: float | None
    production_tenths: tuple[int, ...]
    candidate_tenths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """95th percentiles in milliseconds of both models' own scoring, and their ratio.

    ``edges`` are the upper ends of the bins of both histograms.
    """

    candidate_p95: float | None
    production_p95: float | None
    ratio: Bootstrapped | None
    n: int
    edges: tuple[float, ...]
    candidate: tuple[int, ...]
    production: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadChange:
    """A load under production and as it would be under the candidate; None where production has
    none to compare with."""

    name: str
    production: float
    candidate: float
    unit: str
    n: int

    @property
    def change(self) -> float | None:
        """(candidate − production) / production."""
        return (self.candidate - self.production) / self.production if self.production else None


@dataclass(frozen=True, slots=True)
class Induced:
    """What promotion would do to people and to the LLM.

    ``counterfactual_known`` of ``counterfactual_n`` predictions have a final decision that is
    known under the candidate; ``newly_called`` would need an LLM call that was never made,
    ``spared`` would lose one that was. ``reviews_per_prediction`` are production's and the
    candidate's expected reviews.
    """

    escalations: LoadChange
    llm_calls: LoadChange
    review_queue: LoadChange
    counterfactual_known: int
    counterfactual_n: int
    newly_called: int
    spared: int
    final_changed: int
    reviews_per_prediction: tuple[float, float]


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
    """One group's watched difference with its dimension, and its counts of reviews."""

    dimension: str
    slice: WatchedSlice
    reviewed: int
    predictions: int


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
    """The comparison as a whole; None for a part that has no data, ``caveats`` say why."""

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
    answer: str
    status: Status
    caveats: tuple[str, ...]
