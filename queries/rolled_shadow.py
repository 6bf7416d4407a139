"""Roll-ups of candidates in the shadow: built by day, read in place of the source's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from queries import shadow_parts as parts
from queries.answer import Answer, ask
from queries.audit_reviews import reviews_known_until, utc_day
from queries.contract import config_history, ml_feedback, ml_shadow_scores, prediction_audit
from queries.names import PRODUCTION
from queries.rolled import Plan
from queries.rolled_days import EVER, Days, PartScope, days_scope, midnight, part_of
from queries.rolled_parts import filtered
from queries.rolled_shadow_schema import (
    SHADOW_TABLES,
    rolled_shadow_errors,
    rolled_shadow_reviews,
    rolled_shadow_runs,
    rolled_shadow_tallies,
)
from queries.rollup_family import DayRows, rows_of
from queries.rollup_vectors import copy_rows
from queries.scope import Scope
from queries.shadow_labels import LabelRow, packed
from queries.shadow_rows import ALL, By, ErrorRow, Kind, Pair, RunRow, TallyRow

PAIR_LEVEL = "pair"
_SEGMENTS = ("work_type", "region")
_LEVELS: tuple[tuple[str, tuple[str, ...], tuple[Kind, ...]], ...] = (
    (ALL, (), tuple(Kind)),
    ("work_type", ("work_type",), (Kind.PAIR,)),
    ("region", ("region",), (Kind.PAIR,)),
    (PAIR_LEVEL, _SEGMENTS, tuple(Kind)),
)
"""What is counted for which segment columns; filters on segments read the last."""
_DAY = timedelta(days=1)
_LOCK = 7_585_672_022
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY: sa.ColumnElement[Any] = sa.literal_column("DATE '1970-01-01'")


@dataclass(frozen=True, slots=True)
class _Day:
    day: date


class ShadowRollUps:
    """Tallies, errors and reviews of each pair of candidate and production model."""

    name = "shadow"
    tables: tuple[sa.Table, ...] = SHADOW_TABLES

    def marks(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, str]:
        """What the candidates scored on each day, and the reviews made on it."""
        if environment != PRODUCTION or not _present(source, ml_shadow_scores):
            return {}
        row = sa.cast(sa.literal_column("ml_shadow_scores.*"), sa.Text)
        moment = ml_shadow_scores.c.scored_at
        found = _marked(source, moment, row, start, end)
        if _present(source, ml_feedback):
            review = sa.cast(sa.literal_column("ml_feedback.*"), sa.Text)
            reviewed = _marked(source, ml_feedback.c.reviewed_at, review, start, end)
            days = found.keys() | reviewed.keys()
            return {day: f"{found.get(day, '')} {reviewed.get(day, '')}" for day in days}
        return found

    def read(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, DayRows]:
        """Every table's rows, by day; only days on which a candidate scored have tallies."""
        needed = (prediction_audit, ml_shadow_scores, config_history)
        if environment != PRODUCTION or not all(_present(source, each) for each in needed):
            return {}
        found = _Found(environment, start, end)
        for row in source.execute(parts.daily_runs(_scope(start, end))).mappings():
            found.add(rolled_shadow_runs, {"environment": environment, **row}, row["day"])
        for pair in _pairs(source, end):
            if pair.candidate in found.candidates:
                _read_pair(source, found, pair)
            _read_reviews(source, found, pair)
        return found.rows

    def write(self, own: sa.Connection, environment: str, found: Mapping[date, DayRows]) -> None:
        """Replace the days' rows.

        A review belongs to two days, its own and its prediction's; the lock lets transactions
        that write one of them each wait for each other.
        """
        own.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        days = list(found)
        for table in SHADOW_TABLES:
            mine = [table.c.day.in_(days)]
            if table is rolled_shadow_reviews:
                mine.append(table.c.reviewed_day.in_(days))
            own.execute(sa.delete(table).where(table.c.environment == environment, sa.or_(*mine)))
            copy_rows(own, table, rows_of(found, table.name))


class _Found:
    """Rows by day and table, as they are found."""

    def __init__(self, environment: str, start: date, end: date) -> None:
        self.environment, self.start, self.end = environment, start, end
        self.rows: dict[date, dict[str, list[dict[str, Any]]]] = {}
        self._active: set[tuple[str, date]] = set()

    @property
    def candidates(self) -> set[str]:
        """Those that scored on any of the days."""
        return {name for name, _ in self._active}

    def add(self, table: sa.Table, row: dict[str, Any], *days: date) -> None:
        """Keep a row under each of these days that is asked for."""
        for day in {each for each in days if self.start <= each < self.end}:
            self.rows.setdefault(day, {}).setdefault(table.name, []).append(row)
        if table is rolled_shadow_runs:
            self._active.add((row["candidate_version"], row["day"]))

    def add_active(self, table: sa.Table, pair: Pair, row: Mapping[str, Any]) -> None:
        """Keep a row of a day on which the candidate scored."""
        if (pair.candidate, row["day"]) in self._active:
            self.add(table, {"environment": self.environment, **_named(pair), **row}, row["day"])


def _scope(start: date, end: date) -> Scope:
    return days_scope(PRODUCTION, start, end)


def _pairs(source: sa.Connection, end: date) -> list[Pair]:
    """Every pair up to a day, since its candidate's first score."""
    whole = Scope(_BEGINNING, midnight(end), EVER, PRODUCTION)
    runs = [RunRow(**row) for row in source.execute(parts.runs(whole)).mappings()]
    first: dict[str, datetime] = {}
    for run in runs:
        name = run.candidate_version
        first[name] = min(run.first_at, first.get(name, run.first_at))
    return [
        Pair(run.candidate_version, run.production_version, first[run.candidate_version])
        for run in runs
    ]


def _read_pair(source: sa.Connection, found: _Found, pair: Pair) -> None:
    scope = _scope(found.start, found.end)
    for level, by, kinds in _LEVELS:
        each = parts.tallied(scope, pair, kinds, *by).subquery("each")
        key = [(each.c.day + _EPOCH_DAY).label("day"), *(each.c[name] for name in by), each.c.kind]
        listed = sa.select(
            *key,
            sa.func.array_agg(each.c.key).label("keys"),
            sa.func.array_agg(each.c.n).label("counts"),
            sa.func.array_agg(each.c.total).label("totals"),
        ).group_by(each.c.day, *key[1:])
        nowhere = dict.fromkeys(_SEGMENTS)
        for row in source.execute(listed).mappings():
            found.add_active(rolled_shadow_tallies, pair, {"level": level, **nowhere, **row})
    day = utc_day(prediction_audit.c.scored_at).label("day")
    columns = [prediction_audit.c[name] for name in _SEGMENTS]
    for row in source.execute(parts.errors(scope, pair, day, *columns)).mappings():
        found.add_active(rolled_shadow_errors, pair, dict(row))


def _read_reviews(source: sa.Connection, found: _Found, pair: Pair) -> None:
    """Reviews of these days, and those of later days on predictions of these days."""
    if not _present(source, ml_feedback):
        return
    begin, end = midnight(found.start), midnight(found.end)
    first = min(pair.since, begin)
    scope = PartScope(first, EVER, EVER, PRODUCTION, parts=((first, end),))
    own = parts.reviews(scope, pair, begin, every=True).subquery("own")
    statement = sa.select(
        *(column for column in own.c if column.name != "day"),
        (own.c.day + _EPOCH_DAY).label("day"),
        utc_day(own.c.reviewed_at).label("reviewed_day"),
    ).where(sa.or_(own.c.reviewed_at < end, own.c.day + _EPOCH_DAY >= found.start))
    for row in source.execute(statement).mappings():
        kept = {"environment": found.environment, **_named(pair), **row}
        found.add(rolled_shadow_reviews, kept, row["day"], row["reviewed_day"])


def _named(pair: Pair) -> dict[str, str]:
    return {"candidate_version": pair.candidate, "production_version": pair.production}


def rolled_runs(plan: Plan) -> list[Answer[RunRow]]:
    """The days' runs, added up."""
    r = rolled_shadow_runs.c
    key = (r.candidate_version, r.production_version)
    statement = (
        sa.select(
            *key,
            sa.cast(sa.func.sum(r.rows), sa.BigInteger).label("rows"),
            sa.cast(sa.func.sum(r.scored), sa.BigInteger).label("scored"),
            sa.func.min(r.first_at).label("first_at"),
            sa.func.max(r.last_at).label("last_at"),
        )
        .where(r.environment == plan.scope.environment, plan.days.conditions(r.day))
        .group_by(*key)
    )
    return [plan.rollups.ask(statement, RunRow)]


def rolled_tallies(
    plan: Plan, pair: Pair, kinds: tuple[Kind, ...], *, by: By = ALL
) -> list[Answer[TallyRow]]:
    """The tallies of the covered days; days without any score are counted in the source."""
    held = by == ALL or kinds == (Kind.PAIR,)
    level = by if held and not filtered(plan.scope) else PAIR_LEVEL
    drawn = tuple(kind for kind in kinds if kind is not Kind.LATENCY)
    answers = []
    if drawn:
        answers.append(_tallied(plan, pair, drawn, by, level))
    if Kind.LATENCY in kinds:
        answers.append(_tallied(plan, pair, (Kind.LATENCY,), by, level))
    silent = _silent(plan, pair)
    if silent.ranges:
        scope = part_of(plan.scope, silent.moments)
        answers.append(ask(plan.source, parts.tally_rows(scope, pair, kinds, by), TallyRow))
    return answers


def _tallied(
    plan: Plan, pair: Pair, kinds: tuple[Kind, ...], by: By, level: str
) -> Answer[TallyRow]:
    """The counts of some kinds, added up where the level has several rows for a segment and day.

    Of latency no day is drawn, so that it is added up over all of them.
    """
    t = rolled_shadow_tallies.c
    over_days = kinds == (Kind.LATENCY,)
    segment: sa.ColumnElement[Any] = sa.literal(ALL) if by == ALL else parts.named(t[by])
    day: sa.ColumnElement[Any] = sa.literal_column("0") if over_days else t.day - _EPOCH_DAY
    each = (
        sa.func.unnest(t["keys"], t.counts, t.totals)
        .table_valued("key", "n", "total", name="each")
        .render_derived()
    )
    key = (segment.label("segment"), t.kind, day.label("day"), each.c.key)
    wanted = (*_of(plan, t, pair), t.level == level, t.kind.in_([int(kind) for kind in kinds]))
    listed = (
        sa.select(*key, each.c.n, each.c.total)
        .select_from(rolled_shadow_tallies)
        .join(each, sa.true())
        .where(*wanted)
    )
    if over_days or level != by:
        n, total = (sa.cast(sa.func.sum(one), sa.BigInteger) for one in (each.c.n, each.c.total))
        listed = listed.with_only_columns(*key, n.label("n"), total.label("total")).group_by(
            sa.text("1"), t.kind, sa.text("3"), each.c.key
        )
    counted = listed.subquery("counted")
    return plan.rollups.ask(parts.columns(counted, counted.c.segment), TallyRow)


def rolled_errors(plan: Plan, pair: Pair) -> list[Answer[ErrorRow]]:
    """The errors of the covered days."""
    e = rolled_shadow_errors.c
    statement = (
        sa.select(e.error, sa.cast(sa.func.sum(e.n), sa.BigInteger).label("n"))
        .where(*_of(plan, e, pair))
        .group_by(e.error)
    )
    return [plan.rollups.ask(statement, ErrorRow)]


def rolled_labels(plan: Plan, pair: Pair) -> list[Answer[LabelRow]]:
    """Reviews that the roll-ups know, and from the source those made since."""
    r = rolled_shadow_reviews.c
    known = reviews_known_until(plan)
    kept = (
        sa.select(
            r.work_type,
            r.region,
            r.ticket,
            r.feedback,
            (r.day - _EPOCH_DAY).label("day"),
            r.code,
            r.production,
            r.candidate,
            r.propensity,
            r.reviewed_at,
        )
        .where(
            *_of(plan, r, pair),
            r.reviewed_day < known,
            r.reviewed_at < plan.scope.as_of,
        )
        .subquery("kept")
    )
    answers = [plan.rollups.ask(packed(kept), LabelRow)]
    if midnight(known) < plan.scope.as_of:
        scope = part_of(plan.scope, plan.days.moments)
        new = parts.reviews(scope, pair, midnight(known)).subquery("new")
        answers.append(ask(plan.source, packed(new), LabelRow))
    return answers


def _silent(plan: Plan, pair: Pair) -> Days:
    """Covered days from the candidate's first on, on which it scored nothing at all."""
    r = rolled_shadow_runs.c
    statement = sa.select(r.day).where(
        r.environment == plan.scope.environment,
        r.candidate_version == pair.candidate,
        plan.days.conditions(r.day),
    )
    active = {row.day for row in plan.rollups.ask(statement.distinct(), _Day).rows}
    gone = set(plan.days.gone)
    silent = [
        day
        for start, end in plan.days.ranges
        for day in (start + _DAY * place for place in range((end - start).days))
        if day not in active and day not in gone and midnight(day) >= pair.since
    ]
    return replace(plan.days, ranges=tuple((day, day + _DAY) for day in silent))


def _of(plan: Plan, columns: Any, pair: Pair) -> list[sa.ColumnElement[bool]]:
    found = [
        columns.environment == plan.scope.environment,
        columns.candidate_version == pair.candidate,
        columns.production_version == pair.production,
        plan.days.conditions(columns.day),
    ]
    for name, values in (("work_type", plan.scope.work_types), ("region", plan.scope.regions)):
        if values:
            found.append(columns[name].in_(values))
    return found


def _marked(
    source: sa.Connection,
    moment: sa.ColumnElement[datetime],
    row: sa.ColumnElement[Any],
    start: date,
    end: date,
) -> dict[date, str]:
    digest = sa.func.sum(sa.cast(sa.func.hashtextextended(row, 0), sa.Numeric))
    statement = (
        sa.select(utc_day(moment), sa.func.count(), digest)
        .where(moment >= midnight(start), moment < midnight(end))
        .group_by(sa.text("1"))
    )
    return {day: f"{n} {found}" for day, n, found in source.execute(statement)}


def _present(source: sa.Connection, table: sa.Table) -> bool:
    return source.scalar(sa.select(sa.func.to_regclass(table.name))) is not None
