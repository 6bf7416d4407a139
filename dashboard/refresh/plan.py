"""Which days are to be rolled up: those missing, those that changed, those under old bins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from queries.drift_rows import DayState
from queries.drift_source import covered
from queries.rollup_family import Family
from queries.rollup_marks import EMPTY, DayMark, day_marks, explanation_marks
from queries.rollup_state import KnownDay, kept_months, known_days
from queries.rollups import FAMILIES, next_month

LOOK_BACK_DAYS = 35
"""Days before the data's end whose source is compared with what was rolled up."""
EXPLANATIONS = "explanations"


@dataclass(frozen=True, slots=True)
class Options:
    """``since`` and ``days`` narrow what is looked at; ``everything`` compares every day in it."""

    environments: tuple[str, ...]
    today: date
    since: date | None = None
    days: int | None = None
    everything: bool = False
    rebuild: bool = False
    workers: int = 1
    new_reference: tuple[date, date] | None = None
    families: tuple[Family, ...] = tuple(FAMILIES)


@dataclass(frozen=True, slots=True)
class Unit:
    """One month of one environment: the days to build in it, and whether it is over."""

    environment: str
    month: date
    days: tuple[date, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the source held of some days, looked at before they are built."""

    days: Mapping[date, DayMark]
    marks: Mapping[str, Mapping[date, str]]

    def fingerprint(self, day: date) -> str:
        mark = self.days.get(day)
        return EMPTY if mark is None else mark.fingerprint

    def rows(self, day: date) -> int:
        mark = self.days.get(day)
        return 0 if mark is None else mark.rows

    def of(self, day: date) -> dict[str, str]:
        """The day's other marks, by family."""
        return {name: marks[day] for name, marks in self.marks.items() if day in marks}


def look(
    source: sa.Connection,
    environment: str,
    start: date,
    end: date,
    families: Iterable[Family],
) -> Seen:
    """Look at the days ``[start, end)`` of the source."""
    marks = {EXPLANATIONS: explanation_marks(source, start, end)}
    for family in families:
        marks[family.name] = dict(family.marks(source, environment, start, end))
    return Seen(day_marks(source, environment, start, end), marks)


def plan(
    source: sa.Connection, own: sa.Connection, environment: str, edges_id: str, options: Options
) -> list[Unit]:
    """The months that have anything to do, oldest first."""
    first, end = covered(source, environment, options.today)
    known = known_days(own, environment)
    start = _start(first, end, options)
    wanted = set(_gone(known, first, end))
    if start < end:
        back = max(start, _look_back(start, end, options))
        seen = look(source, environment, back, end, options.families)
        wanted |= altered(known, seen, back, end)
        for day in _days(start, end):
            if options.rebuild or _outdated(known.get(day), edges_id):
                wanted.add(day)
    kept = kept_months(own, environment, edges_id)
    lacking = {_month(day) for day, each in known.items() if each.edges_id == edges_id} - kept
    return _units(environment, wanted, lacking, end)


def _start(first: date, end: date, options: Options) -> date:
    start = first if options.since is None else max(first, options.since)
    if options.days is None:
        return start
    return max(start, end - timedelta(days=options.days))


def _look_back(start: date, end: date, options: Options) -> date:
    return start if options.everything else end - timedelta(days=LOOK_BACK_DAYS)


def _outdated(known: KnownDay | None, edges_id: str) -> bool:
    """Whether a day is not rolled up under the layout in force, and can be."""
    if known is None:
        return True
    return known.edges_id != edges_id and known.state == DayState.BUILT


def altered(known: Mapping[date, KnownDay], seen: Seen, start: date, end: date) -> set[date]:
    """Rolled-up days of which the source now holds something else."""
    return {
        day
        for day in _days(start, end)
        if day in known
        and (known[day].fingerprint != seen.fingerprint(day) or known[day].marks != seen.of(day))
    }


def _gone(known: Mapping[date, KnownDay], first: date, end: date) -> Iterable[date]:
    """Rolled-up days that lie outside of what the source still holds."""
    for day, each in known.items():
        if not first <= day < end and each.source_rows and each.state == DayState.BUILT:
            yield day


def _units(environment: str, wanted: set[date], lacking: set[date], end: date) -> list[Unit]:
    months = {_month(day) for day in wanted} | lacking
    found = []
    for month in sorted(months):
        days = tuple(sorted(day for day in wanted if _month(day) == month))
        over = next_month(month) <= end
        if days or over:
            found.append(Unit(environment, month, days, over))
    return found


def _month(day: date) -> date:
    return day.replace(day=1)


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=each) for each in range((end - start).days)]
