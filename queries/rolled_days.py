"""Which whole days of a scope its roll-ups can answer, and what is left for the source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from queries.answer import Answer, ask
from queries.audit_parts import number
from queries.contract import config_history, prediction_audit
from queries.database import translate
from queries.names import GRACE, UNIT_COST_KNOB, VERSION_KNOBS, WORKFLOW_KNOB
from queries.rolled_schema import rolled_settings
from queries.rollup_origin import Origin, origin
from queries.rollup_schema import rollup_days
from queries.scope import Scope

LOG = logging.getLogger("plumbline.rollups")
BUILT = "built"
EVER = datetime(9999, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)

Row = TypeVar("Row")
Ranges = tuple[tuple[date, date], ...]
Thresholds = Mapping[str, Sequence[float | None]]


class UnreadableError(Exception):
    """The product's own schema failed; the source still has the answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration history said when days were rolled up, or says now.

    ``cuts`` are the moments at which a version or a price comes or goes; ``thresholds`` belong
    to workflow configurations, each of which is ``known_from`` a moment.
    """

    cuts: frozenset[datetime]
    thresholds: Thresholds
    known_from: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Days:
    """Covered days as half-open ranges, the parts of the period that are left, and since when."""

    ranges: Ranges
    parts: tuple[tuple[datetime, datetime], ...]
    refreshed_at: datetime | None
    gone: tuple[date, ...]

    def conditions(self, column: sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
        """Whether a day is covered."""
        return sa.or_(*(sa.and_(column >= start, column < end) for start, end in self.ranges))

    @property
    def moments(self) -> tuple[tuple[datetime, datetime], ...]:
        """The covered ranges as moments."""
        return tuple((midnight(start), midnight(end)) for start, end in self.ranges)


@dataclass(frozen=True, slots=True)
class PartScope(Scope):
    """A scope of which only some parts are read; how its days are grouped does not change."""

    parts: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def first(self) -> datetime:
        """Nothing scored earlier is read."""
        return self.parts[0][0]

    def shared_conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter, and the parts."""
        moment = prediction_audit.c.scored_at
        within = (sa.and_(moment >= start, moment < end) for start, end in self.parts)
        return [*Scope.shared_conditions(self), sa.or_(*within)]


def part_of(scope: Scope, parts: tuple[tuple[datetime, datetime], ...]) -> PartScope:
    """The same scope, of which only these parts are read."""
    return PartScope(
        scope.start,
        scope.end,
        scope.as_of,
        scope.environment,
        scope.work_types,
        scope.regions,
        scope.model_versions,
        parts,
    )


def days_scope(environment: str, start: date, end: date) -> PartScope:
    """Whole UTC days ``[start, end)`` under the configuration history as it is known now."""
    begin = midnight(start)
    return PartScope(begin, EVER, EVER, environment, parts=((begin, midnight(end)),))


@dataclass(frozen=True, slots=True)
class _Group:
    """Days that were rolled up with the same settings."""

    cuts: list[datetime]
    thresholds: dict[str, list[float | None]]
    state: str
    days: list[date]
    refreshed_at: datetime


@dataclass(frozen=True, slots=True)
class _Knob:
    knob: str
    version: str
    valid_from: datetime
    agreement_threshold: float | None
    decision_threshold: float | None


@dataclass(slots=True, eq=False)
class RollUps:
    """The product's own schema as one page reads it, beside its connection to the source."""

    connection: sa.Connection
    broken: bool = False
    _origin: Origin | None = None
    _history: tuple[_Knob, ...] | None = None
    _known: dict[tuple[str, datetime, datetime], Days] = field(default_factory=dict)
    _left_out: set[tuple[str, date]] = field(default_factory=set)

    def leave_out(self, environment: str, days: Iterable[date]) -> None:
        """Have the source asked for these days from now on."""
        self._left_out.update((environment, day) for day in days)
        self._known.clear()

    def days(self, source: sa.Connection, scope: Scope) -> Days:
        """What is covered: looked up once for a period, whatever the segments.

        Raises:
            UnreadableError: the schema failed, or was rolled up from another source.
        """
        if not self.usable(source):
            raise UnreadableError
        key = (scope.environment, scope.start, scope.until)
        if key not in self._known:
            first, last = whole_days(scope)
            groups = self.ask(_covered(scope.environment, first, last), _Group).rows
            now = self._settings(source, scope.until)
            self._known[key] = _days(scope, groups, now, self._left_out)
        return self._known[key]

    def _settings(self, source: sa.Connection, until: datetime) -> Settings:
        if self._history is None:
            self._history = _knobs(source)
        return _settings([row for row in self._history if row.valid_from < until])

    def usable(self, source: sa.Connection) -> bool:
        """Whether there are roll-ups, and of this very source: others are somebody else's."""
        if self._origin is None and not self.broken:
            try:
                self._origin = origin(source, self.connection)
            except exc.SQLAlchemyError as error:
                self.broken = True
                LOG.warning("roll-ups: %s", translate(error).log)
        return not self.broken and self._origin is Origin.SAME

    @property
    def changed(self) -> bool:
        """Whether the source was found to have other predictions of some of their days by now."""
        return bool(self._left_out)

    @property
    def foreign(self) -> bool:
        """Whether they were found to be of another source."""
        return self._origin is Origin.OTHER

    def ask(
        self, statement: sa.Select[Any] | sa.CompoundSelect[Any], into: type[Row]
    ) -> Answer[Row]:
        """Ask the product's own schema.

        Raises:
            UnreadableError: it failed; nothing more is asked of it here.
        """
        try:
            return ask(self.connection, statement, into)
        except exc.SQLAlchemyError as error:
            self.broken = True
            LOG.warning("roll-ups: %s", translate(error).log)
            raise UnreadableError from error


def midnight(day: date) -> datetime:
    """Its beginning, UTC."""
    return datetime.combine(day, time(), UTC)


def whole_days(scope: Scope) -> tuple[date, date]:
    """The first UTC day that lies wholly in the scope, and the day behind the last."""
    start, until = scope.start.astimezone(UTC), scope.until.astimezone(UTC)
    first = start.date() if start == midnight(start.date()) else start.date() + _DAY
    return first, max(first, until.date())


def settings(source: sa.Connection) -> Settings:
    """The configuration history as it is known now."""
    return _settings(_knobs(source))


def _knobs(source: sa.Connection) -> tuple[_Knob, ...]:
    config = config_history.c
    value = sa.type_coerce(config.value, JSONB)
    statement = sa.select(
        config.knob,
        config.version,
        config.valid_from,
        number(value, "agreement_threshold").label("agreement_threshold"),
        number(value, "decision_threshold").label("decision_threshold"),
    ).where(config.knob.in_((*VERSION_KNOBS, UNIT_COST_KNOB)))
    return ask(source, statement.order_by(config.valid_from), _Knob).rows


def _settings(rows: Sequence[_Knob]) -> Settings:
    switched = [row.valid_from for row in rows if row.knob != UNIT_COST_KNOB]
    priced = [row.valid_from for row in rows if row.knob == UNIT_COST_KNOB]
    cuts = (*priced, *(at - GRACE for at in switched), *(at + GRACE for at in switched))
    return Settings(
        cuts=frozenset(cuts),
        thresholds={
            row.version: [row.agreement_threshold, row.decision_threshold]
            for row in rows
            if row.knob == WORKFLOW_KNOB
        },
        known_from={
            row.version: row.valid_from for row in reversed(rows) if row.knob == WORKFLOW_KNOB
        },
    )


def cuts_of(found: Settings, day: date) -> list[datetime]:
    """The moments inside one day, in order."""
    start = midnight(day)
    return sorted(cut for cut in found.cuts if start < cut < start + _DAY)


def _days(
    scope: Scope, groups: Sequence[_Group], now: Settings, left_out: Set[tuple[str, date]]
) -> Days:
    usable = {
        day: group
        for group in groups
        for day in _usable(group, now)
        if (scope.environment, day) not in left_out
    }
    ranges = _ranges(sorted(usable))
    return Days(
        ranges=ranges,
        parts=_rest(scope, ranges),
        refreshed_at=max((group.refreshed_at for group in usable.values()), default=None),
        gone=tuple(sorted(day for day, group in usable.items() if group.state != BUILT)),
    )


def _covered(environment: str, first: date, last: date) -> sa.Select[Any]:
    day, kept = rollup_days.c, rolled_settings.c
    key = (kept.cuts, kept.thresholds, day.state)
    return (
        sa.select(
            *key,
            sa.func.array_agg(aggregate_order_by(day.day, day.day)).label("days"),
            sa.func.max(day.refreshed_at).label("refreshed_at"),
        )
        .join(
            rolled_settings,
            sa.and_(kept.environment == day.environment, kept.day == day.day),
        )
        .where(day.environment == environment, day.day >= first, day.day < last)
        .group_by(*key)
    )


def _usable(group: _Group, now: Settings) -> Iterable[date]:
    """The days whose settings still hold; where records are gone nothing better can be had."""
    if group.state != BUILT:
        return group.days
    unknown = [None, None]
    if any(now.thresholds.get(name, unknown) != was for name, was in group.thresholds.items()):
        return ()
    kept = set(group.cuts)
    wanted = {
        cut.astimezone(UTC).date() for cut in now.cuts if cut not in kept and not _is_day(cut)
    }
    return (day for day in group.days if day not in wanted)


def _is_day(moment: datetime) -> bool:
    moment = moment.astimezone(UTC)
    return moment == midnight(moment.date())


def _ranges(days: Sequence[date]) -> Ranges:
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + _DAY)
        else:
            found.append((day, day + _DAY))
    return tuple(found)


def _rest(scope: Scope, ranges: Ranges) -> tuple[tuple[datetime, datetime], ...]:
    begun = [*(midnight(end) for _, end in ranges)]
    ended = [*(midnight(start) for start, _ in ranges)]
    parts = zip([scope.start, *begun], [*ended, scope.until], strict=True)
    return tuple((start, end) for start, end in parts if start < end)
