"""Days on which hardly any prediction was recorded, though their weekday has them otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from components.pipeline.shares import day_text
from queries.audit_parts import DAILY_UP_TO
from queries.audit_rows import PulseRow
from queries.scope import Scope

LEAST = 20
"""Weekdays on which fewer are made cannot be told from an outage."""
HARDLY_ANY = 0.1
"""Of the weekday's largest number."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The whole UTC days of a period, from the first with a prediction; ``missing`` among them."""

    n: int
    missing: tuple[date, ...]

    @property
    def sentence(self) -> str:
        """How many are missing, and from when to when."""
        if not self.missing:
            return f"Predictions are recorded on all of the last {self.n:,} days"
        first, last, n = self.missing[0], self.missing[-1], len(self.missing)
        if n == 1:
            return f"Hardly any prediction is recorded on {day_text(first)}"
        return (
            f"Hardly any prediction is recorded on {n:,} of {self.n:,} days, between "
            f"{day_text(first)} and {day_text(last)}"
        )


def days(pulse: Sequence[PulseRow], scope: Scope) -> Days:
    """The missing ones; none are looked for where a period is counted by weeks."""
    if scope.end - scope.start > DAILY_UP_TO or not pulse:
        return Days(0, ())
    made = {row.day: row.n for row in pulse}
    # The day of the as-of is not over, and the first of the period may have begun before it.
    end = scope.until.date()
    first = max(min(made), (scope.start + _DAY - timedelta(microseconds=1)).date())
    whole = [first + _DAY * place for place in range(max(0, (end - first).days))]
    usual: dict[int, int] = defaultdict(int)
    for day in whole:
        usual[day.weekday()] = max(usual[day.weekday()], made.get(day, 0))
    judged = [day for day in whole if usual[day.weekday()] >= LEAST]
    gone = (day for day in judged if made.get(day, 0) < HARDLY_ANY * usual[day.weekday()])
    return Days(len(whole) if judged else 0, tuple(gone))
