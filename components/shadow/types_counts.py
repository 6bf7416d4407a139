"""What is counted of two models on the same predictions, before any label is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from components.statistics.bootstrap import Bootstrapped
from components.statistics.intervals import Interval


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
    production: int | float
    candidate: int | float
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
