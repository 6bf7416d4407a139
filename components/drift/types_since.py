"""When something changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Since:
    """When a variable changed: the first day of the new state, with a 90% interval in days."""

    day: date
    low: date
    high: date
    p: float
