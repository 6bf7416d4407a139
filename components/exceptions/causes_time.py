"""Rules for dates and moments: swapped parts, time zones, what was cut off."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from components.exceptions.cause_kinds import Cause, CauseKind, Rule

_WHOLE_ZONES = 14 * 60


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _as_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _date_swap(source: str, target: str) -> Cause | None:
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None or first.timetz() != second.timetz():
        return None
    if (first.year, first.month, first.day) == (second.year, second.day, second.month):
        return Cause(CauseKind.DATE_PART_SWAP, 99, "month and day swapped")
    crossed = first.day == second.year % 100 and first.year % 100 == second.day
    if crossed and first.month == second.month:
        return Cause(CauseKind.DATE_PART_SWAP, 95, "day and two-digit year swapped")
    if (first.month, first.day) == (second.month, second.day):
        years = second.year - first.year
        if years and years % 100 == 0:
            return Cause(CauseKind.DATE_PART_SWAP, 95, f"century moved by {years:+d} years")
    return None


def _zone_shift(source: str, target: str) -> Cause | None:
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None:
        return None
    shift = second - first
    minutes, rest = divmod(shift, timedelta(minutes=1))
    if rest or minutes % 15 or not 0 < abs(minutes) <= _WHOLE_ZONES:
        return None
    hours, quarter = divmod(abs(minutes), 60)
    sure = 97 if minutes % 60 == 0 else 85
    sign = "+" if minutes > 0 else "-"
    return Cause(CauseKind.TIME_ZONE_SHIFT, sure, f"shifted by {sign}{hours:02d}:{quarter:02d}")


def _day_shift(source: str, target: str) -> Cause | None:
    """A day earlier or later is what a shift of hours leaves of a date."""
    first, second = _as_date(source), _as_date(target)
    if first is None or second is None or abs((second - first).days) != 1:
        return None
    moved = "later" if second > first else "earlier"
    return Cause(CauseKind.TIME_ZONE_SHIFT, 75, f"one day {moved}")


def _time_cut(source: str, target: str) -> Cause | None:
    """Fractions, seconds or the time of day lost."""
    first, second = _as_moment(source), _as_moment(target)
    if first is None or second is None or first == second:
        return _fraction_cut(source, target)
    if second == first.replace(microsecond=0):
        return Cause(CauseKind.TRUNCATION, 99, "fraction of a second cut")
    coarse = first.microsecond and second.microsecond and second.microsecond % 1000 == 0
    if coarse and abs(second - first) < timedelta(milliseconds=1):
        cut = second.microsecond == first.microsecond // 1000 * 1000
        kind = CauseKind.TRUNCATION if cut else CauseKind.ROUNDING
        return Cause(kind, 97, "to milliseconds")
    if second == first.replace(hour=0, minute=0, second=0, microsecond=0):
        return Cause(CauseKind.TRUNCATION, 97, "time of day cut")
    if second == first.replace(second=0, microsecond=0):
        return Cause(CauseKind.TRUNCATION, 95, "seconds cut")
    near = abs(second - first) <= timedelta(milliseconds=500)
    if first.microsecond and near and not second.microsecond:
        return Cause(CauseKind.ROUNDING, 97, "rounded to whole seconds")
    return None


def _fraction_cut(source: str, target: str) -> Cause | None:
    """Digits below a microsecond, which no clock of ours can hold, compared as text."""
    if target and source.startswith(target) and "." in source[: len(target) + 1]:
        return Cause(CauseKind.TRUNCATION, 99, "fraction of a second cut")
    whole, _, digits = source.partition(".")
    if len(digits) > 6 and target.partition(".")[0] == whole:
        return Cause(CauseKind.ROUNDING, 95, "rounded to microseconds")
    return None


DATE_RULES: tuple[Rule, ...] = (_date_swap, _day_shift)
MOMENT_RULES: tuple[Rule, ...] = (_date_swap, _time_cut, _zone_shift)
"""From the most to the least specific."""
