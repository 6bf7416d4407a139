"""What is held of one variable: its distances, how sure they are, and where and since when.

Shares, p-values and distances lie between 0 and 1 unless said otherwise. *Score points* are
hundredths of the final score: 1.0 means that the mean final score rose by 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from components.drift.types_since import Since

ALL_SEGMENTS = "all"


class Verdict(StrEnum):
    """What is held of one variable, worst first."""

    MOVED = "moved"
    UNCONFIRMED = "unconfirmed"  # changed little by little, and no twin to tell it from the season
    SEASONAL = "seasonal"  # moved from the reference, but not from the same weeks a year before
    SMALL = "small"  # evidence of a change, but within the band of no practical importance
    STEADY = "steady"
    TOO_LITTLE = "too_little"  # too few days or rows to say


class Family(StrEnum):
    """Which kind of variable; the first part of its name in the layout."""

    FEATURE = "feature"
    SCORE = "score"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Window:
    """Whole UTC days ``[start, end)``; ``days`` of them hold data, with ``rows`` predictions."""

    start: date
    end: date
    days: int
    rows: int


@dataclass(frozen=True, slots=True)
class Distances:
    """Every distance of one pair of histograms; ``methods`` has the id and version of each.

    Wasserstein is in standard deviations of the reference; it and Kolmogorov–Smirnov exist for
    numbers only, L-infinity for categories only.
    """

    jensen_shannon: float
    psi: float
    chi_square: float
    chi_square_p: float
    kolmogorov_smirnov: float | None
    wasserstein: float | None
    l_infinity: float | None
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How sure: the day-block permutation p, and what is left of it in its family.

    ``null_95`` is the distance that shuffled days exceed in 5% of cases.
    """

    p: float
    p_adjusted: float
    null_95: float
    permutations: int


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin in both windows; ``impact`` is its part of the variable's impact, score points."""

    label: str
    reference: int
    current: int
    twin: int | None
    impact: float | None
    is_special: bool  # missing, unusable, unseen, below or above: not an ordinary value


@dataclass(frozen=True, slots=True)
class Impact:
    """How much a feature's shift moved the ML score.

    ``log_odds`` is Σ mean SHAP of the bin × change of its share; ``points`` is that in score
    points by the local slope of the score, an approximation that the page names.
    ``explained`` is the share of predictions that have an explanation.
    """

    points: float
    log_odds: float
    slope: float
    explained: float


@dataclass(frozen=True, slots=True)
class SegmentShift:
    """One variable in one segment; ``carries`` is its share of the within-segment divergence."""

    dimension: str  # work_type or region
    segment: str
    n_reference: int
    n_current: int
    jensen_shannon: float
    evidence: Evidence | None
    verdict: Verdict
    carries: float


@dataclass(frozen=True, slots=True)
class MixtureSplit:
    """Exactly: divergence = part by the mix of segments + part within them (in bits)."""

    dimension: str
    total: float
    mix: float
    within: float


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """One week's distance from the reference; None where the week has too little data."""

    week: date
    rows: int
    jensen_shannon: float | None
    psi: float | None
    missing: float | None
    in_alarm: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What is held of one variable, with everything behind it."""

    variable: str  # as in the layout, such as feature:rain_mm
    label: str  # for people, such as rain_mm
    family: Family
    is_number: bool
    verdict: Verdict
    n_reference: int
    n_current: int
    distances: Distances | None
    evidence: Evidence | None
    twin_distance: float | None
    twin_p: float | None
    impact: Impact | None
    mean_shift: float | None  # change of the mean in standard deviations of the reference
    since: Since | None
    carrier: SegmentShift | None  # the segment that carries it, where one stands out
    segments: tuple[SegmentShift, ...]
    splits: tuple[MixtureSplit, ...]
    bins: tuple[Bin, ...]
    weeks: tuple[WeekPoint, ...]
    incident: str | None
    sentence: str
