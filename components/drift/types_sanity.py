"""What is told about faults of the data itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.drift.types_since import Since


class SanityKind(StrEnum):
    """What is wrong with the data itself, apart from its distribution."""

    NULL_RATE = "null_rate"
    TYPE = "type"
    NEW_CATEGORY = "new_category"
    RANGE = "range"
    VANISHED = "vanished"
    APPEARED = "appeared"


@dataclass(frozen=True, slots=True)
class Concentration:
    """Where the faults lie: the values of another feature, with exact counts."""

    feature: str
    value: str
    faults: int
    rows: int
    all_faults: int


@dataclass(frozen=True, slots=True)
class SanityFinding:
    """One fault of the data, counted exactly: ``faults`` of ``rows`` in the current window."""

    kind: SanityKind
    variable: str
    label: str
    dimension: str | None
    segment: str | None
    faults: int
    rows: int
    faults_before: int
    rows_before: int
    rise: float  # of the share, at the current window's mix of segments
    since: Since | None
    examples: tuple[str, ...]
    place: Concentration | None
    sentence: str
