"""Words and signs of the drift page: verdicts, points, chance, dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from components.drift.types import ChangeKind, Evidence, Since, Verdict, Window
from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.shares import day_text

MINUS = "−"


@dataclass(frozen=True, slots=True)
class Sign:
    """A verdict as people read it: a sign, a word, and a tone besides."""

    glyph: str
    word: str
    tone: theme.Tone

    @property
    def text(self) -> str:
        """Sign and word, for tables and files."""
        return f"{self.glyph} {self.word}"

    @property
    def html(self) -> str:
        """Sign and word as a small badge."""
        return (
            f'<span class="pl-badge pl-badge-small" style="color:{self.tone.css}">'
            f'<span aria-hidden="true">{self.glyph}</span>{escape(self.word)}</span>'
        )


VERDICTS = {
    Verdict.MOVED: Sign("▲", "Moved", theme.STATUS[Status.WARN]),
    Verdict.UNCONFIRMED: Sign("△", "Unconfirmed", theme.STATUS[Status.STALE]),
    Verdict.SEASONAL: Sign("◷", "Seasonal", theme.STATUS[Status.STALE]),
    Verdict.SMALL: Sign("≈", "Small", theme.STATUS[Status.NO_DATA]),
    Verdict.STEADY: Sign("✓", "Steady", theme.STATUS[Status.PASS]),
    Verdict.TOO_LITTLE: Sign("○", "Too little", theme.STATUS[Status.NO_DATA]),
}
VERDICT_HELP = (
    "Moved: beyond what shuffled days show, and large enough to matter. Unconfirmed: changed "
    "little by little, with no year before to tell it from the season. Seasonal: moved from "
    "the reference, but not from the same weeks a year before. Small: a real change, too small "
    "to matter. Steady: within what shuffled days show."
)
CHANGE_SIGNS = {
    ChangeKind.DEPLOYMENT: "▲",
    ChangeKind.CONFIGURATION: "◆",
    ChangeKind.MIGRATION: "■",
}
CHANGE_WORDS = {
    ChangeKind.DEPLOYMENT: "Deployment",
    ChangeKind.CONFIGURATION: "Configuration",
    ChangeKind.MIGRATION: "Migration",
}
LAYERS = {"rules": "Rules", "ml": "Model", "llm": "LLM", "final": "Final"}
PARTS = {
    "input": "Input",
    "rules": "Rules",
    "ml": "Model",
    "llm": "LLM",
    "configuration": "Configuration",
    "residual": "Not explained",
}
DIMENSIONS = {"work_type": "Work type", "region": "Region", "ml_version": "Model version"}


def points(value: float | None, decimals: int = 2) -> str:
    """Score points with their sign: ``+0.42``; a change that rounds to nothing is ``0.00``."""
    if value is None or not math.isfinite(value):
        return numbers.MISSING
    size = f"{abs(value):,.{decimals}f}"
    if float(size.replace(",", "")) == 0:
        return size
    return f"{MINUS if value < 0 else '+'}{size}"


def chance(p: float | None) -> str:
    """A p-value: three decimals, and ``< 0.001`` below them."""
    if p is None or not math.isfinite(p):
        return numbers.MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def adjusted(evidence: Evidence | None) -> str:
    """The p-value after the correction for its family."""
    return chance(None if evidence is None else evidence.p_adjusted)


def since(found: Since | None) -> str:
    """The day of the change: ``16 Oct 2026``."""
    return numbers.MISSING if found is None else day_text(found.day)


def since_range(found: Since | None) -> str:
    """The days between which the change lies: ``13 to 18 Oct 2026``; empty if it is one day."""
    if found is None or found.low == found.high:
        return ""
    return span(found.low, found.high)


def span(first: date, last: date) -> str:
    """Two days without saying anything twice: ``13 to 18 Oct 2026``."""
    if first == last:
        return day_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day_text(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} to {day_text(last)}"
    return f"{day_text(first)} to {day_text(last)}"


def window(found: Window) -> str:
    """A window in words: its days and its rows."""
    number = "1 day" if found.days == 1 else f"{found.days:,} days"
    rows = "1 prediction" if found.rows == 1 else f"{found.rows:,} predictions"
    return f"{days(found)}, {number} with {rows}"


def days(found: Window) -> str:
    """The days of a window: ``23 Jun to 20 Sep 2026``."""
    return span(found.start, found.end - timedelta(days=1))


def share(part: int, whole: int) -> float | None:
    """``part`` of ``whole``; None of nothing."""
    return part / whole if whole else None


def percent(value: float | None) -> str:
    """A share with one decimal; never rounded to nothing or to all."""
    return numbers.proportion_text(value)
