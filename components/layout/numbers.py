"""Numbers as they stand on a screen: how many, out of how many, and no digit too many."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

MISSING = "–"
_MOST_DECIMALS = 6


def count(value: int | None) -> str:
    """A count with its thousands separated."""
    return MISSING if value is None else f"{value:,}"


def share(part: int, whole: int) -> str:
    """A share with both of its counts: ``18 of 1,204,512 (0.0015%)``.

    The percentage has as many decimals as its standard error supports. Nothing at all is
    “0 of 4,110” without a percentage, and only everything is 100%.
    """
    if whole == 0:
        return "0 of 0"
    counts = f"{part:,} of {whole:,}"
    if part == 0:
        return counts
    if part == whole:
        return f"{counts} (100%)"
    return f"{counts} ({percentage(part, whole)})"


def percentage(part: int, whole: int) -> str:
    """The percentage alone, with the decimals its standard error supports."""
    if whole == 0:
        return MISSING
    proportion = part / whole
    spread = math.sqrt(proportion * (1 - proportion) / whole)
    return proportion_text(proportion, spread)


def proportion_text(value: float | None, spread: float | None = None) -> str:
    """A proportion (0–1) as a percentage; ``spread`` is its standard error or half interval.

    A value that is neither 0 nor 1 is never rounded to 0% or 100%.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    decimals = _decimals(None if spread is None else 100 * spread)
    percent = 100 * value
    while decimals < _MOST_DECIMALS and round(percent, decimals) in (0, 100) and 0 < value < 1:
        decimals += 1
    return f"{percent:,.{decimals}f}%"


def interval(low: float | None, high: float | None, *, as_share: bool = True) -> str:
    """A 95% interval: ``95% interval 41.2% to 42.4%``; empty where there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    spread = (high - low) / 2
    if as_share:
        return f"95% interval {proportion_text(low, spread)} to {proportion_text(high, spread)}"
    decimals = _decimals(spread)
    return f"95% interval {low:,.{decimals}f} to {high:,.{decimals}f}"


def milliseconds(value: float | None) -> str:
    """A latency: milliseconds below one second, seconds above."""
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) < 10:
        return f"{value:.1f} ms"
    if abs(value) < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:,.2f} s"


def money(value: Decimal | None, *, currency: str = "$") -> str:
    """An exact amount: cents, and more decimals only below one cent."""
    if value is None or not value.is_finite():
        return MISSING
    sign = "−" if value < 0 else ""
    amount = abs(value)
    if amount and amount < Decimal("0.01"):
        return f"{sign}{currency}{amount.normalize():f}"
    return f"{sign}{currency}{amount:,.2f}"


def signed(value: float | Decimal, decimals: int = 1) -> str:
    """A difference with its sign, such as ``+0.9`` or ``−1.0``; zero has none."""
    text = f"{value:+,.{decimals}f}"
    if not text.strip("+-0.,"):
        return text.lstrip("+-")
    return text.replace("-", "−")


def decimal(value: float | Decimal | None, decimals: int = 2) -> str:
    """A plain number with fixed decimals."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:,.{decimals}f}"


def moment(value: datetime | None, now: datetime | None = None) -> str:
    """A time, absolute, and relative to ``now``: ``19 Nov 2026, 14:05 UTC (2 h ago)``."""
    if value is None:
        return MISSING
    text = f"{value.astimezone(UTC):%d %b %Y, %H:%M} UTC".lstrip("0")
    return text if now is None else f"{text} ({age(value, now)})"


def day(value: datetime) -> str:
    """A day: ``19 Nov 2026``."""
    return f"{value.astimezone(UTC):%d %b %Y}".lstrip("0")


def age(value: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = (now - value).total_seconds()
    if seconds < 0:
        return "in the future"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size):,} {unit} ago"
    return "just now"


def _decimals(spread: float | None) -> int:
    """Decimals that a spread supports: its first significant digit is the last one shown."""
    if spread is None or not math.isfinite(spread) or spread <= 0:
        return 1
    return min(max(0, -math.floor(math.log10(spread))), _MOST_DECIMALS)
