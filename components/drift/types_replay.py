"""What is told about alert rules replayed over history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AlertState(StrEnum):
    """A rule with memory: it enters at 1×, and leaves at the policy's hysteresis."""

    QUIET = "quiet"
    RAISED = "raised"


@dataclass(frozen=True, slots=True)
class Look:
    """One weekly look of a rule: the value it watches, as a multiple of its level."""

    week: date
    value: float | None
    state: AlertState


@dataclass(frozen=True, slots=True)
class Episode:
    """From the look that raised the alert to the one that ended it; None while it lasts."""

    start: date
    end: date | None
    peak: float
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleReplay:
    """One rule of the policy over the whole history, and over shuffled days.

    ``false_alarms_per_quarter`` comes from shuffled days, where every alarm is false; the
    delay is that of ``planted_sd``-sized shifts planted into shuffled days.
    """

    rule: str
    title: str
    watches: str
    level: float
    looks: tuple[Look, ...]
    episodes: tuple[Episode, ...]
    state: AlertState
    shuffled_looks: int
    shuffled_alarms: int
    false_alarms_per_quarter: float | None
    false_alarms_high: float | None  # upper end of its 95% interval
    planted_sd: float
    planted: int
    detected: int
    delay_days: float | None  # median over those detected
    sentence: str
