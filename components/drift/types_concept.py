"""What is told about concept drift: the same score, and what it turns out to mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from components.drift.types_since import Since
from components.statistics.weighting import WeightedMean


@dataclass(frozen=True, slots=True)
class Calibration:
    """One score bin: share that reviewers hold to be priority, weighted, in both windows."""

    low: float
    high: float
    reference: WeightedMean | None
    current: WeightedMean | None


@dataclass(frozen=True, slots=True)
class AccuracyPoint:
    """One period of a segment: accuracy expected from the scores (CBPE) beside the realised.

    ``mature`` is False while more than the agreed part of its labels is still to come.
    """

    start: date
    end: date
    expected: float | None
    expected_low: float | None
    expected_high: float | None
    realised: WeightedMean | None
    reviews: int
    mature: bool


class ConceptVerdict(StrEnum):
    """Whether the same score still means the same."""

    HOLDS = "holds"
    SUSPECTED = "suspected"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class ConceptSegment:
    """Concept drift in one segment; the ``gap`` is in shares of tickets that need priority.

    ``too_new`` reviews are left out: too few of the same model, here or anywhere, came before.
    ``carried_by`` names the segment without whose reviews nothing is left to suspect.
    """

    dimension: str
    segment: str
    verdict: ConceptVerdict
    gap: float | None  # realised less expected by the scores, in the current window
    gap_low: float | None
    gap_high: float | None
    p_adjusted: float | None
    effective_n: float
    reviews: int
    too_new: int
    curve: tuple[Calibration, ...]
    points: tuple[AccuracyPoint, ...]
    since: Since | None
    sentence: str
    carried_by: str | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """Concept drift over all segments; ``label_delay_days`` holds 90% of the reviews."""

    segments: tuple[ConceptSegment, ...]
    label_delay_days: int | None
    reviews: int
    unknown_propensity: int
    newest_review: datetime | None
    sentence: str

    @property
    def in_alarm(self) -> tuple[ConceptSegment, ...]:
        """The segments in which concept drift is suspected."""
        return tuple(s for s in self.segments if s.verdict is ConceptVerdict.SUSPECTED)
