"""A share with its counts and its interval, and words for where things happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from components.statistics.intervals import wilson

UNNAMED = "(none)"


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` with Wilson's 95% interval; nothing of nothing has no value."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, part: int, whole: int) -> Share:
        """The share of two counts."""
        if whole == 0:
            return cls(part, whole, None, None, None)
        interval = wilson(part, whole)
        return cls(part, whole, part / whole, interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class Spot:
    """Some predictions of one day and one segment."""

    day: date
    work_type: str | None
    region: str | None
    n: int


def day_text(day: date) -> str:
    """A day: ``3 Oct 2026``."""
    return f"{day.day} {day:%b %Y}"


def where(spots: Iterable[Spot]) -> str:
    """Where and when they lie, in words: ``all in Harbor on 3 Oct 2026``.

    A segment is named if it holds all of them, or more than half. Empty without any.
    """
    found = [spot for spot in spots if spot.n]
    if not found:
        return ""
    return f"{_place(found)} {_time(found)}".strip()


def _place(spots: list[Spot]) -> str:
    total = sum(spot.n for spot in spots)
    for name in ("region", "work_type"):
        counts: Counter[str] = Counter()
        for spot in spots:
            counts[getattr(spot, name) or UNNAMED] += spot.n
        largest, n = counts.most_common(1)[0]
        if n == total:
            return f"all in {largest}" if total > 1 else f"in {largest}"
        if n > total / 2:
            return f"most in {largest}"
    return ""


def _time(spots: list[Spot]) -> str:
    first, last = min(spot.day for spot in spots), max(spot.day for spot in spots)
    if first == last:
        return f"on {day_text(first)}"
    return f"between {day_text(first)} and {day_text(last)}"
