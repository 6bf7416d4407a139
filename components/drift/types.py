"""What the drift page, the gates and the reports are told: one frozen report of two windows.

Shares, p-values and distances lie between 0 and 1 unless said otherwise. *Score points* are
hundredths of the final score: 1.0 means that the mean final score rose by 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from components.drift.types_concept import (
    AccuracyPoint,
    Calibration,
    Concept,
    ConceptSegment,
    ConceptVerdict,
)
from components.drift.types_finding import (
    ALL_SEGMENTS,
    Bin,
    Distances,
    Evidence,
    Family,
    Finding,
    Impact,
    MixtureSplit,
    SegmentShift,
    Verdict,
    WeekPoint,
    Window,
)
from components.drift.types_replay import (
    AlertState,
    Episode,
    Look,
    RuleReplay,
)
from components.drift.types_sanity import Concentration, SanityFinding, SanityKind
from components.drift.types_since import Since

__all__ = [
    "ALL_SEGMENTS",
    "AccuracyPoint",
    "AlertState",
    "Attribution",
    "Bin",
    "Calibration",
    "ChangeKind",
    "Concentration",
    "Concept",
    "ConceptSegment",
    "ConceptVerdict",
    "DecisionRate",
    "Distances",
    "DriftReport",
    "Episode",
    "Evidence",
    "Family",
    "Finding",
    "Headline",
    "HeatMap",
    "Impact",
    "Incident",
    "LayerDrift",
    "Look",
    "MixtureSplit",
    "Part",
    "ProgrammeChange",
    "RuleReplay",
    "SanityFinding",
    "SanityKind",
    "SegmentShift",
    "Since",
    "TestFamily",
    "Verdict",
    "WeekPoint",
    "Window",
]


class ChangeKind(StrEnum):
    """What was done to the programme."""

    DEPLOYMENT = "deployment"  # a version of rules, model or LLM
    CONFIGURATION = "configuration"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class ProgrammeChange:
    """Something that was done, which a drift may coincide with."""

    at: datetime
    kind: ChangeKind
    label: str
    detail: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Variables (and segments) that changed together, with what was done around that day."""

    id: str
    day: date
    low: date
    high: date
    variables: tuple[str, ...]
    dimension: str | None  # of the segment that carries all of it, where one does
    segment: str | None
    points: float | None
    coincides: tuple[ProgrammeChange, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class DecisionRate:
    """Share of one decision, counted: ``part`` of ``whole``."""

    decision: str
    reference_part: int
    reference_whole: int
    current_part: int
    current_whole: int

    @property
    def change(self) -> float | None:
        """Current less reference share."""
        if not self.reference_whole or not self.current_whole:
            return None
        return self.current_part / self.current_whole - self.reference_part / self.reference_whole


@dataclass(frozen=True, slots=True)
class LayerDrift:
    """Prediction drift of one layer: its score and its decisions.

    Means come from the bins of the stored histogram; they are exact to the width of a bin.
    """

    layer: str  # rules, ml, llm, final
    score: Finding | None
    reference_mean: float | None
    current_mean: float | None
    decisions: tuple[DecisionRate, ...]
    decision: Finding | None
    ran_reference: int
    ran_current: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the shift of the mean final score, in score points, with its evidence."""

    name: str  # input, rules, ml, llm, configuration, residual
    points: float
    versions_before: tuple[str, ...]
    versions_after: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """The shift of the mean final score, split so that the parts add up to it exactly."""

    total_points: float
    reference_mean: float
    current_mean: float
    parts: tuple[Part, ...]
    method: str
    note: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Jensen–Shannon distance of each feature in each week; None where there is too little."""

    variables: tuple[str, ...]
    weeks: tuple[date, ...]
    distances: tuple[tuple[float | None, ...], ...]
    null_95: tuple[float | None, ...]  # per variable: what shuffled days exceed in 5%


@dataclass(frozen=True, slots=True)
class TestFamily:
    """What was tested together: ``tests`` hypotheses, of which ``rejected`` at ``level``."""

    tests: int
    rejected: int
    level: float
    permutations: int
    variables: int
    segments: int
    method: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer of the page: ``sentence`` for people, its parts for tiles and exports."""

    sentence: str
    moved: tuple[str, ...]
    since: Since | None
    p_adjusted: float | None
    points: float | None
    coincides: tuple[ProgrammeChange, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Two windows compared. ``findings`` are ranked: moved first, then by impact."""

    as_of: datetime
    edges_id: str
    reference: Window
    current: Window
    twin: Window | None
    twin_note: str  # why there is no twin, or what it is
    headline: Headline
    findings: tuple[Finding, ...]  # features only
    incidents: tuple[Incident, ...]
    sanity: tuple[SanityFinding, ...]
    layers: tuple[LayerDrift, ...]
    attribution: Attribution | None
    concept: Concept | None
    heat_map: HeatMap
    family: TestFamily
    changes: tuple[ProgrammeChange, ...]
    from_rollups: bool
    caveats: tuple[str, ...]

    @property
    def in_alarm(self) -> tuple[Finding, ...]:
        """Features that moved."""
        return tuple(item for item in self.findings if item.verdict is Verdict.MOVED)

    def finding(self, variable: str) -> Finding | None:
        """A feature, score or decision by its name in the layout; None where it is not known."""
        of_layers = (f for one in self.layers for f in (one.score, one.decision) if f is not None)
        return next((f for f in (*self.findings, *of_layers) if f.variable == variable), None)
