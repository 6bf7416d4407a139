"""Reading the roll-ups: any window, any segment, at a cost that does not grow with the rows.

Every question takes a connection to the product's own schema. Only whole UTC days count: a
period that begins or ends within a day is read without that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from queries.answer import Answer, ask
from queries.drift_rows import (
    ALL,
    By,
    Counts,
    DayCoverage,
    DayState,
    Histograms,
    Layout,
    ShapMass,
)
from queries.errors import DatabaseError
from queries.rolled_build import PipelineRollUps
from queries.rolled_feedback import FeedbackRollUps
from queries.rolled_shadow import ShadowRollUps
from queries.rollup_family import Family
from queries.rollup_layout import variable_from_json
from queries.rollup_parts import full_days
from queries.rollup_schema import (
    DAY,
    LEVELS,
    MONTH,
    rollup_days,
    rollup_histograms,
    rollup_layouts,
    rollup_months,
    rollup_shap,
)
from queries.rollup_vectors import ask_binary, from_arrays, positions, segment_name
from queries.scope import Scope

FAMILIES: list[Family] = [PipelineRollUps(), FeedbackRollUps(), ShadowRollUps()]
"""Further roll-ups that the refresh job builds with each day."""


class NotRolledUpError(DatabaseError):
    """The own schema holds no roll-ups yet, or none under the layout asked for."""


@dataclass(frozen=True, slots=True)
class _Stored:
    edges_id: str
    created_at: datetime
    reference_start: datetime
    reference_end: datetime
    reference_rows: int
    variables: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class _Day:
    day: date


@dataclass(frozen=True, slots=True)
class _Counted:
    day: date
    segment: str | None
    counts: bytes


@dataclass(frozen=True, slots=True)
class _Explained:
    day: date
    segment: str | None
    counts: bytes
    totals: bytes


def layouts(connection: sa.Connection) -> Answer[Layout]:
    """Bins that were frozen, newest first"""
    columns = rollup_layouts.c
    statement = sa.select(
        columns.edges_id,
        columns.created_at,
        columns.reference_start,
        columns.reference_end,
        columns.reference_rows,
        columns.variables,
    ).order_by(columns.created_at.desc(), columns.edges_id)
    answer = ask(connection, statement, _Stored)
    return Answer(tuple(_layout(row) for row in answer.rows), answer.provenance)


def layout(connection: sa.Connection, edges_id: str | None = None) -> Layout:
    """The layout named, or the newest.

    Raises:
        NotRolledUpError: there is none.
    """
    for each in layouts(connection).rows:
        if edges_id in {None, each.edges_id}:
            return each
    raise NotRolledUpError("Nothing is rolled up under these bins. Run `plumbline refresh`.")


def coverage(connection: sa.Connection, environment: str) -> Answer[DayCoverage]:
    """Days that are rolled up, and whether the source still holds them"""
    days = rollup_days.c
    statement = (
        sa.select(
            days.day, days.edges_id, days.source_rows, days.state, days.refreshed_at, days.rows_left
        )
        .where(days.environment == environment)
        .order_by(days.day)
    )
    answer = ask(connection, statement, DayCoverage)
    rows = (
        DayCoverage(
            row.day,
            row.edges_id,
            row.source_rows,
            DayState(row.state),
            row.refreshed_at,
            row.rows_left,
        )
        for row in answer.rows
    )
    return Answer(tuple(rows), answer.provenance)


def histograms(
    connection: sa.Connection, scope: Scope, *, edges_id: str | None = None, by: By = "all"
) -> Answer[Histograms]:
    """Histograms of features, scores and decisions, day by day

    Raises:
        NotRolledUpError: there is no such layout.
    """
    chosen = layout(connection, edges_id)
    days = covered_days(connection, scope, chosen.edges_id)
    selection = _Selection(rollup_histograms, chosen, scope, by)
    answer = ask_binary(
        connection, _counts(selection, selection.daily(*full_days(scope))), _Counted
    )
    return Answer((_fold(selection, days, answer.rows),), answer.provenance)


def window_histograms(
    connection: sa.Connection, scope: Scope, *, edges_id: str | None = None, by: By = "all"
) -> Answer[Histograms]:
    """Histograms of features, scores and decisions over a whole period

    The same sums as ``histograms(…).total()``, with whole months read from the month's row.
    """
    chosen = layout(connection, edges_id)
    selection = _Selection(rollup_histograms, chosen, scope, by)
    answer = ask_binary(connection, _counts(selection, _in_window(connection, selection)), _Counted)
    return Answer((_fold(selection, _window_day(scope), answer.rows),), answer.provenance)


def shap_mass(
    connection: sa.Connection, scope: Scope, *, edges_id: str | None = None, by: By = "all"
) -> Answer[ShapMass]:
    """SHAP mass per feature bin, day by day"""
    chosen = layout(connection, edges_id)
    days = covered_days(connection, scope, chosen.edges_id)
    selection = _Selection(rollup_shap, chosen, scope, by)
    answer = ask_binary(
        connection, _masses(selection, selection.daily(*full_days(scope))), _Explained
    )
    return Answer((_fold_shap(selection, days, answer.rows),), answer.provenance)


def window_shap_mass(
    connection: sa.Connection, scope: Scope, *, edges_id: str | None = None, by: By = "all"
) -> Answer[ShapMass]:
    """SHAP mass per feature bin over a whole period"""
    chosen = layout(connection, edges_id)
    selection = _Selection(rollup_shap, chosen, scope, by)
    answer = ask_binary(
        connection, _masses(selection, _in_window(connection, selection)), _Explained
    )
    return Answer((_fold_shap(selection, _window_day(scope), answer.rows),), answer.provenance)


def covered_days(connection: sa.Connection, scope: Scope, edges_id: str) -> tuple[date, ...]:
    """The whole days of the scope that are rolled up under this layout, in order."""
    start, end = full_days(scope)
    days, vectors = rollup_days.c, rollup_histograms.c
    held = sa.exists().where(
        vectors.edges_id == edges_id,
        vectors.environment == days.environment,
        vectors.grain == DAY,
        vectors.level == LEVELS[()],
        vectors.day == days.day,
    )
    statement = (
        sa.select(days.day)
        .where(
            days.environment == scope.environment,
            days.day >= start,
            days.day < end,
            sa.or_(days.edges_id == edges_id, days.source_rows == 0, held),
        )
        .order_by(days.day)
    )
    return tuple(row.day for row in ask(connection, statement, _Day).rows)


@dataclass(frozen=True, slots=True)
class _Selection:
    """Which vectors answer a question: their level, their segments, their filters."""

    table: sa.Table
    layout: Layout
    scope: Scope
    by: By

    @property
    def segment(self) -> sa.ColumnElement[Any]:
        if self.by == ALL:
            return sa.literal_column(f"'{ALL}'")
        column: sa.ColumnElement[Any] = self.table.c[self.by]
        return column

    @property
    def level(self) -> str:
        split = []
        if self.by == "work_type" or self.scope.work_types:
            split.append("work_type")
        if self.by == "region" or self.scope.regions:
            split.append("region")
        return LEVELS[tuple(split)]

    def grain(self, grain: str) -> list[sa.ColumnElement[bool]]:
        columns = self.table.c
        limits = [
            columns.edges_id == self.layout.edges_id,
            columns.environment == self.scope.environment,
            columns.grain == grain,
            columns.level == self.level,
        ]
        for column, values in (
            (columns.work_type, self.scope.work_types),
            (columns.region, self.scope.regions),
            (columns.ml_version, self.scope.model_versions),
        ):
            if values:
                limits.append(column.in_(values))
        return limits

    def daily(self, start: date, end: date) -> sa.ColumnElement[bool]:
        days = self.table.c.day
        return sa.and_(*self.grain(DAY), days >= start, days < end)


def _counts(selection: _Selection, limits: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = selection.table.c
    return sa.select(
        columns.day,
        selection.segment.label("segment"),
        sa.func.array_send(columns.counts).label("counts"),
    ).where(limits)


def _masses(selection: _Selection, limits: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = selection.table.c
    return sa.select(
        columns.day,
        selection.segment.label("segment"),
        sa.func.array_send(columns.explained).label("counts"),
        sa.func.array_send(columns.total_micro).label("totals"),
    ).where(limits)


def _in_window(connection: sa.Connection, selection: _Selection) -> sa.ColumnElement[bool]:
    """Rows that add up to the scope's period: months that lie in it as a whole, and days."""
    start, end = full_days(selection.scope)
    kept = rollup_months.c
    statement = sa.select(kept.month.label("day")).where(
        kept.environment == selection.scope.environment,
        kept.edges_id == selection.layout.edges_id,
        kept.month >= start,
        kept.month < end,
    )
    found = (row.day for row in ask(connection, statement, _Day).rows)
    months = sorted(month for month in found if next_month(month) <= end)
    days = selection.table.c.day
    parts = [sa.and_(*selection.grain(MONTH), days.in_(months))] if months else []
    parts += [selection.daily(first, last) for first, last in _between(start, end, months)]
    return sa.or_(*parts) if parts else sa.false()


def next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _between(start: date, end: date, months: Sequence[date]) -> list[tuple[date, date]]:
    """What the months leave of the days ``[start, end)``."""
    gaps = []
    for month in months:
        if start < month:
            gaps.append((start, month))
        start = next_month(month)
    return [*gaps, (start, end)] if start < end else gaps


def _window_day(scope: Scope) -> tuple[date, ...]:
    return (full_days(scope)[0],)


def _fold(selection: _Selection, days: tuple[date, ...], rows: Sequence[_Counted]) -> Histograms:
    segments, at = _places(selection, days, rows)
    counts = _added(rows, at, [row.counts for row in rows], _shape(selection, days, segments))
    first = selection.layout.variables[0].slice
    predictions = np.asarray(counts[:, :, first].sum(axis=2))
    return Histograms(selection.layout, days, segments, predictions, counts)


def _fold_shap(
    selection: _Selection, days: tuple[date, ...], rows: Sequence[_Explained]
) -> ShapMass:
    segments, at = _places(selection, days, rows)
    shape = _shape(selection, days, segments)
    explained = _added(rows, at, [row.counts for row in rows], shape)
    total = _added(rows, at, [row.totals for row in rows], shape)
    return ShapMass(selection.layout, days, segments, explained, total)


def _shape(
    selection: _Selection, days: tuple[date, ...], segments: tuple[str, ...]
) -> tuple[int, int, int]:
    return len(days), len(segments), selection.layout.width


def _places(
    selection: _Selection, days: tuple[date, ...], rows: Iterable[_Counted | _Explained]
) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """The segments, and the day and segment that each row belongs to.

    A window is one day, whatever day its rows name.
    """
    found = [(row.day, segment_name(row.segment)) for row in rows]
    names = (ALL,) if selection.by == ALL else tuple(sorted({name for _, name in found}))
    at_day, at_segment = positions(days), positions(names)
    return names, [(at_day.get(day, 0), at_segment[name]) for day, name in found]


def _added(
    rows: Sequence[_Counted | _Explained],
    at: Sequence[tuple[int, int]],
    vectors: Sequence[bytes],
    shape: tuple[int, int, int],
) -> Counts:
    """The vectors added up at their places; one that is shorter fills the first places."""
    counts: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
    if not rows:
        return counts
    matrix = from_arrays(vectors)
    for place, vector in zip(at, matrix, strict=True):
        counts[place][: vector.size] += vector
    return counts


def _layout(row: _Stored) -> Layout:
    return Layout(
        row.edges_id,
        row.created_at,
        row.reference_start,
        row.reference_end,
        row.reference_rows,
        tuple(variable_from_json(each) for each in row.variables),
    )
