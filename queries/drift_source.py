"""Histograms straight from ``prediction_audit``: what the roll-ups hold, counted again.

The refresh job builds from these statements, and pages fall back on them where nothing is
rolled up: slower, identical integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.drift_rows import ALL, By, Counts, Histograms, Layout, ShapMass
from queries.rollup_packed import counted, counting, explained, explaining
from queries.rollup_parts import audit, full_days, scored_between, utc_day
from queries.rollup_vectors import ask_binary, positions, segment_name
from queries.scope import Scope

_SEGMENT = {
    ALL: sa.literal_column(f"'{ALL}'"),
    "work_type": audit.work_type,
    "region": audit.region,
    "ml_version": audit.ml_version,
}
_ONE_DAY = timedelta(days=1)
_PIECE = timedelta(days=92)
"""Days that are asked for at once: their predictions are held in memory, some 60 bytes each."""


@dataclass(frozen=True, slots=True)
class _Sent:
    day: date
    segment: str | None
    numbers: bytes


@dataclass(frozen=True, slots=True)
class _Span:
    first: date | None
    last: date | None


def covered(connection: sa.Connection, environment: str, today: date) -> tuple[date, date]:
    """The UTC days ``[first, end)`` that the source speaks of and that are over."""
    first, last = utc_day(sa.func.min(audit.scored_at)), utc_day(sa.func.max(audit.scored_at))
    here = audit.environment == environment
    statement = sa.select(first.label("first"), last.label("last")).where(here)
    span = ask(connection, statement, _Span).rows[0]
    if span.first is None or span.last is None:
        return today, today
    end = min(span.last + _ONE_DAY, today)
    return min(span.first, end), end


def histograms(
    connection: sa.Connection, scope: Scope, layout: Layout, *, by: By = "all"
) -> Answer[Histograms]:
    """Histograms of features, scores and decisions per day, counted from the predictions"""
    days = _days(connection, scope)
    answer = _sent(connection, scope, days, lambda limits: counting(layout, limits, _keys(by)))
    segments, at = _places(by, days, answer.rows)
    counts = np.zeros((len(days), len(segments), layout.width), dtype=np.int64)
    counts[at] = counted(layout, [row.numbers for row in answer.rows])
    found = Histograms(layout, days, segments, _rows(layout, counts), counts)
    return Answer((found,), answer.provenance, answer.others)


def shap_mass(
    connection: sa.Connection, scope: Scope, layout: Layout, *, by: By = "all"
) -> Answer[ShapMass]:
    """SHAP mass per feature bin and day, summed from the stored explanations"""
    days = _days(connection, scope)
    answer = _sent(connection, scope, days, lambda limits: explaining(layout, limits, _keys(by)))
    segments, at = _places(by, days, answer.rows)
    shape = len(days), len(segments), layout.width
    rows, total = np.zeros((2, *shape), dtype=np.int64)
    inside = (*at, slice(layout.feature_width))
    rows[inside], total[inside] = explained(layout, [row.numbers for row in answer.rows])
    mass = ShapMass(layout, days, segments, rows, total)
    return Answer((mass,), answer.provenance, answer.others)


def _sent(
    connection: sa.Connection,
    scope: Scope,
    days: Sequence[date],
    statement: Callable[[Sequence[sa.ColumnElement[bool]]], sa.Select[Any]],
) -> Answer[_Sent]:
    """What a statement says of days, asked piece by piece: each prediction travels."""
    first, end = (days[0], days[-1] + _ONE_DAY) if days else (date.min, date.min)
    starts = [first + place * _PIECE for place in range(-(-(end - first) // _PIECE))]
    answers = [
        ask_binary(
            connection, statement(_conditions(scope, start, min(start + _PIECE, end))), _Sent
        )
        for start in starts or [first]
    ]
    rows = tuple(row for answer in answers for row in answer.rows)
    asked = [answer.provenance for answer in answers]
    return Answer(rows, asked[0], tuple(asked[1:]))


def _places(
    by: By, days: Sequence[date], rows: Sequence[_Sent]
) -> tuple[tuple[str, ...], tuple[list[int], list[int]]]:
    """The segments, and each row's day and segment among them."""
    names = [segment_name(row.segment) for row in rows]
    segments = (ALL,) if by == ALL else tuple(sorted(set(names)))
    at_day, at_segment = positions(days), positions(segments)
    return segments, ([at_day[row.day] for row in rows], [at_segment[name] for name in names])


def _keys(by: By) -> list[sa.Label[Any]]:
    return [utc_day(audit.scored_at).label("day"), _SEGMENT[by].label("segment")]


def _conditions(scope: Scope, start: date, end: date) -> list[sa.ColumnElement[bool]]:
    limits = scored_between(scope.environment, start, end)
    for column, values in (
        (audit.work_type, scope.work_types),
        (audit.region, scope.regions),
        (audit.ml_version, scope.model_versions),
    ):
        if values:
            limits.append(column.in_(values))
    return limits


def _days(connection: sa.Connection, scope: Scope) -> tuple[date, ...]:
    start, end = full_days(scope)
    first, last = covered(connection, scope.environment, datetime.now(UTC).date())
    start, end = max(start, first), min(end, last)
    return tuple(start + timedelta(days=each) for each in range((end - start).days))


def _rows(layout: Layout, counts: Counts) -> Counts:
    """Predictions: each stands in one place of any variable, so of the first."""
    return np.asarray(counts[:, :, layout.variables[0].slice].sum(axis=2))
