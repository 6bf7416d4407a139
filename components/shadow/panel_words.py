"""How the Shadow page writes differences, e-values, segments and intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from components.layout import numbers
from components.pipeline.shares import day_text
from components.statistics.slices import SliceState

DIMENSIONS = {"work_type": "Work type", "region": "Region", "all": "All"}
STATES = {
    SliceState.WORSE: "✕ Worse",
    SliceState.OPEN: "◷ Open",
    SliceState.HOLDS: "✓ Holds",
    SliceState.NO_DATA: "○ No data",
}
_MILLION = 1e6
_PLAIN_BELOW = 0.01
_WIDE = 0.01


class Ranged(Protocol):
    """Anything with a value and the ends of its interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def signed(value: float | None, decimals: int) -> str:
    """A number with its sign, with a true minus; nothing is ``+0``."""
    if value is None or not math.isfinite(value):
        return numbers.MISSING
    rounded = round(value, decimals)
    if rounded == 0:
        return f"{0:.{decimals}f}"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded):,.{decimals}f}"


def points(value: float | None, decimals: int = 2) -> str:
    """A difference of two shares in percentage points: ``+0.31 pp``."""
    return numbers.MISSING if value is None else f"{signed(100 * value, decimals)} pp"


def points_range(low: float | None, high: float | None, decimals: int = 2) -> str:
    """Both ends in percentage points, or nothing."""
    if low is None or high is None:
        return ""
    return f"{signed(100 * low, decimals)} to {signed(100 * high, decimals)} pp"


def points_text(found: Ranged | None) -> str:
    """A difference in percentage points with its interval, in the digits that it supports."""
    if found is None:
        return numbers.MISSING
    if found.low is None or found.high is None:
        return points(found.value)
    decimals = 1 if found.high - found.low > _WIDE else 2
    ends = points_range(found.low, found.high, decimals)
    return f"{points(found.value, decimals)} ({ends})"


def difference_text(found: Ranged | None, decimals: int = 4) -> str:
    """A plain difference with its interval."""
    if found is None:
        return numbers.MISSING
    text = signed(found.value, decimals)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({signed(found.low, decimals)} to {signed(found.high, decimals)})"


def plain_text(found: Ranged | None, decimals: int = 3) -> str:
    """A value without a sign, with its interval."""
    if found is None:
        return numbers.MISSING
    text = numbers.decimal(found.value, decimals)
    if found.low is None or found.high is None:
        return text
    low, high = numbers.decimal(found.low, decimals), numbers.decimal(found.high, decimals)
    return f"{text} ({low} to {high})"


def share_text(found: Ranged | None) -> str:
    """A share with its interval: ``82.8% (82.1% to 83.5%)``."""
    if found is None:
        return numbers.MISSING
    if found.low is None or found.high is None:
        return numbers.proportion_text(found.value)
    spread = (found.high - found.low) / 2
    low, high = (numbers.proportion_text(end, spread) for end in (found.low, found.high))
    return f"{numbers.proportion_text(found.value, spread)} ({low} to {high})"


def e_value(value: float | None) -> str:
    """Evidence: two digits are enough, and very large numbers are written as powers of ten."""
    if value is None or not math.isfinite(value):
        return numbers.MISSING
    if value >= _MILLION:
        return f"10^{math.floor(math.log10(value))}"
    if value < _PLAIN_BELOW:
        return "under 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def change(value: float | None) -> str:
    """A relative change: ``+4.2%``."""
    return numbers.MISSING if value is None else f"{signed(100 * value, 1)}%"


def signed_money(value: Decimal | None) -> str:
    """Money with its sign."""
    text = money(value)
    return f"+{text}" if value is not None and value > 0 else text


def money(value: Decimal | None) -> str:
    """An estimated amount: cents mean nothing from a hundred on."""
    if value is None or abs(value) < 100:
        return numbers.money(value)
    return f"{'−' if value < 0 else ''}${abs(value):,.0f}"


def price(value: Decimal) -> str:
    """A price with as many digits as it was given: ``$0.012``."""
    return f"${value.normalize():f}" if value % Decimal("0.01") else numbers.money(value)


def per_thousand(value: Decimal) -> Decimal:
    """Money for each prediction as money for a thousand of them."""
    return (value * 1000).quantize(Decimal("0.01"))


def segment(dimension: str, name: str) -> str:
    """A segment with its kind: ``Region: Harbor``."""
    if dimension == "all":
        return "All"
    return f"{DIMENSIONS.get(dimension, dimension)}: {name}"


def days(start: date, end: date) -> str:
    """A range of days, its end not included: ``25 Sep to 19 Nov 2026``."""
    last = date.fromordinal(max(start.toordinal(), end.toordinal() - 1))
    if start.year != last.year:
        return f"{day_text(start)} to {day_text(last)}"
    return f"{start.day} {start:%b} to {day_text(last)}"


def listed(names: Sequence[str]) -> str:
    """Names in a row: ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
