"""Building one month's days with everything that belongs to them.

A day that is built again is one transaction; days that were never built are one together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from dashboard.refresh.plan import Seen, Unit, look
from queries.database import translated
from queries.drift_rows import DayState, Layout
from queries.drift_source import covered
from queries.rollup_build import Day, count_days, write_days
from queries.rollup_family import DayRows, Family
from queries.rollup_months import build_month
from queries.rollup_partitions import Partitions, partitions
from queries.rollup_state import (
    KnownDay,
    forget_months,
    known_days,
    layouts_of,
    record_built,
    record_shrunk,
)

_IN_NO_HURRY = sa.text("SET LOCAL synchronous_commit = off")
"""What a crash takes back is built again: the transaction need not wait for the disk."""


@dataclass(frozen=True, slots=True)
class Built:
    """What became of one day."""

    environment: str
    day: date
    state: DayState
    source_rows: int


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds units; several threads may share one."""

    source: sa.Engine
    own: sa.Engine
    layout: Layout
    layouts: dict[str, Layout]
    families: tuple[Family, ...]
    rebuild: bool
    stopping: Callable[[], bool]

    def run(self, unit: Unit, report: Callable[[Built], None]) -> None:
        """Build the unit's days in order, then its month; stops between transactions if asked."""
        with translated(), self.source.connect() as source, self.own.connect() as own:
            with own.begin():
                known = known_days(own, unit.environment)
            for days in runs(unit.days):
                found = self._look(source, own, unit.environment, days, known)
                for together in _together(days, known):
                    if self.stopping():
                        return
                    with own.begin():
                        own.execute(_IN_NO_HURRY)
                        built = self._days(own, unit, together, known, found)
                        if together[-1] == unit.days[-1]:
                            self._month(own, unit)
                    for each in built:
                        report(each)
            if not unit.days:
                with own.begin():
                    self._month(own, unit)

    def _look(
        self,
        source: sa.Connection,
        own: sa.Connection,
        environment: str,
        days: list[date],
        known: Mapping[date, KnownDay],
    ) -> _Source:
        """Marks are taken before anything is counted: what arrives later is found next time."""
        start, end = days[0], days[-1] + timedelta(days=1)
        with own.begin():
            held = {day: layouts_of(own, environment, day) for day in days if day in known}
        wanted = {self.layout.edges_id}.union(*held.values())
        first, _ = covered(source, environment, date.max)
        return _Source(
            look(source, environment, start, end, self.families),
            partitions(source, first),
            held,
            {
                each: count_days(source, self.layouts[each], environment, start, end)
                for each in wanted
            },
            {family.name: family.read(source, environment, start, end) for family in self.families},
        )

    def _days(
        self,
        own: sa.Connection,
        unit: Unit,
        days: Sequence[date],
        known: Mapping[date, KnownDay],
        found: _Source,
    ) -> list[Built]:
        """Write days, or say of one that the source has lost rows of it."""
        environment, first = unit.environment, known.get(days[0])
        rows = found.seen.rows(days[0])
        if first is not None and rows < first.source_rows and not (self.rebuild and rows):
            return [self._keep(own, environment, first, found)]
        counted: dict[date, int] = {}
        for edges_id in found.held.get(days[0], set()) | {self.layout.edges_id}:
            of_layout = {day: found.counted[edges_id].get(day, Day()) for day in days}
            counted = write_days(own, self.layouts[edges_id], environment, of_layout)
        for family in self.families:
            read = found.families[family.name]
            family.write(own, environment, {day: read.get(day, {}) for day in days})
        for day in days:
            marks = found.seen.fingerprint(day), found.seen.of(day)
            made = KnownDay(day, self.layout.edges_id, counted[day], *marks, DayState.BUILT)
            record_built(own, environment, made)
        forget_months(own, environment, unit.month)
        return [Built(environment, day, DayState.BUILT, counted[day]) for day in days]

    def _keep(self, own: sa.Connection, environment: str, known: KnownDay, found: _Source) -> Built:
        """The source has fewer rows than were rolled up: say so, and keep the roll-ups."""
        day, rows = known.day, found.seen.rows(known.day)
        purged = not rows and found.partitions.purged(day)
        state = DayState.PURGED if purged else DayState.VANISHED
        record_shrunk(
            own,
            environment,
            day,
            state=state,
            fingerprint=found.seen.fingerprint(day),
            marks=found.seen.of(day),
            rows_left=rows,
        )
        return Built(environment, day, state, known.source_rows)

    def _month(self, own: sa.Connection, unit: Unit) -> None:
        """Add the month up where it is over; of an unfinished one the days are read."""
        if not unit.over:
            return
        for layout in self.layouts.values():
            build_month(own, unit.environment, unit.month, layout)


@dataclass(frozen=True, slots=True)
class _Source:
    """What the source holds of a run of days: marks, partitions, histograms, families' rows."""

    seen: Seen
    partitions: Partitions
    held: dict[date, set[str]]
    counted: dict[str, dict[date, Day]]
    families: dict[str, Mapping[date, DayRows]]


def _together(days: Sequence[date], known: Mapping[date, KnownDay]) -> list[list[date]]:
    """Days of one transaction: those never built, which cost less together; others alone."""
    new = [day for day in days if day not in known]
    return [*([new] if new else []), *([day] for day in days if day in known)]


def runs(days: Sequence[date]) -> list[list[date]]:
    """Days that follow each other, together."""
    found: list[list[date]] = []
    for day in days:
        if found and day - found[-1][-1] == timedelta(days=1):
            found[-1].append(day)
        else:
            found.append([day])
    return found
