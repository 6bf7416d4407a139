"""Histograms straight from ``prediction_audit``: what the roll-ups hold, counted again.

The refresh job builds from these statements, and pages fall back on them where nothing is
rolled up: slower, identical integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from queries.answer import Answer, ask
from queries.contract import prediction_audit, prediction_explanations
from queries.drift_rows import ALL, By, Counts, Histograms, Layout, ShapMass
from queries.rollup_parts import (
    Document,
    audit,
    feature_place,
    full_days,
    places,
    scored_between,
    utc_day,
)
from queries.rollup_vectors import from_array, positions, segment_name
from queries.scope import Scope

_SEGMENT = {
    ALL: sa.literal_column(f"'{ALL}'"),
    "work_type": audit.work_type,
    "region": audit.region,
    "ml_version": audit.ml_version,
}
_MOST_SHAP = 1_000_000
"""A SHAP value beyond it is no SHAP value: it is left out rather than overflow the sum."""


@dataclass(frozen=True, slots=True)
class _Counted:
    day: date
    segment: str | None
    places: bytes
    counts: bytes


@dataclass(frozen=True, slots=True)
class _Explained:
    day: date
    segment: str | None
    places: bytes
    counts: bytes
    totals: bytes


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
    end = min(span.last + timedelta(days=1), today)
    return min(span.first, end), end


def histograms(
    connection: sa.Connection, scope: Scope, layout: Layout, *, by: By = "all"
) -> Answer[Histograms]:
    """Histograms of features, scores and decisions per day, counted from the predictions"""
    statement = counting(layout, _conditions(scope), _keys(by))
    answer = ask(connection, statement, _Counted)
    days = _days(connection, scope)
    segments = _segments(by, (row.segment for row in answer.rows))
    counts = np.zeros((len(days), len(segments), layout.width), dtype=np.int64)
    at_day, at_segment = positions(days), positions(segments)
    for row in answer.rows:
        place = at_day[row.day], at_segment[segment_name(row.segment)]
        counts[place][from_array(row.places)] = from_array(row.counts)
    found = Histograms(layout, days, segments, _rows(layout, counts), counts)
    return Answer((found,), answer.provenance)


def shap_mass(
    connection: sa.Connection, scope: Scope, layout: Layout, *, by: By = "all"
) -> Answer[ShapMass]:
    """SHAP mass per feature bin and day, summed from the stored explanations"""
    statement = explaining(layout, _conditions(scope), _keys(by))
    answer = ask(connection, statement, _Explained)
    days = _days(connection, scope)
    segments = _segments(by, (row.segment for row in answer.rows))
    explained = np.zeros((len(days), len(segments), layout.width), dtype=np.int64)
    total = np.zeros_like(explained)
    at_day, at_segment = positions(days), positions(segments)
    for row in answer.rows:
        place = at_day[row.day], at_segment[segment_name(row.segment)]
        where = from_array(row.places)
        explained[place][where] = from_array(row.counts)
        total[place][where] = from_array(row.totals)
    return Answer((ShapMass(layout, days, segments, explained, total),), answer.provenance)


def counting(
    layout: Layout,
    conditions: Sequence[sa.ColumnElement[bool]],
    keys: Sequence[sa.Label[Any]],
) -> sa.Select[Any]:
    """Predictions per place of the vector, one row for each combination of the keys.

    Each prediction counts once in every variable.
    """
    features = Document(prediction_audit.c.features, _names(layout), "f")
    placed = (
        sa.select(
            *keys, sa.func.unnest(_array(places(layout, features), sa.Integer())).label("place")
        )
        .select_from(sa.join(prediction_audit, features.record, sa.true()))
        .where(*conditions)
        .subquery("placed")
    )
    return _packed(placed, keys, sa.cast(sa.func.count(), sa.Integer()).label("counts"))


def explaining(
    layout: Layout,
    conditions: Sequence[sa.ColumnElement[bool]],
    keys: Sequence[sa.Label[Any]],
) -> sa.Select[Any]:
    """Explained predictions and summed SHAP values per place of a feature, in millionths."""
    stored = prediction_explanations
    features = Document(prediction_audit.c.features, _names(layout), "f")
    values = Document(stored.c.shap_values, _names(layout), "s")
    at = [feature_place(each, features[each.short_name]) for each in layout.features]
    micro = [_micro(values[each.short_name]) for each in layout.features]
    same = sa.and_(
        stored.c.prediction_id == audit.prediction_id, stored.c.scored_at == audit.scored_at
    )
    placed = (
        sa.select(
            *keys,
            sa.func.unnest(_array(at, sa.Integer())).label("place"),
            sa.func.unnest(_array(micro, sa.BigInteger())).label("micro"),
        )
        .select_from(
            sa.join(prediction_audit, stored, same)
            .join(features.record, sa.true())
            .join(values.record, sa.true())
        )
        .where(*conditions)
        .subquery("placed")
    )
    return _packed(
        placed,
        keys,
        sa.cast(sa.func.count(placed.c.micro), sa.Integer()).label("counts"),
        sa.cast(sa.func.sum(placed.c.micro), sa.BigInteger()).label("totals"),
        condition=placed.c.micro.is_not(None),
    )


def _packed(
    placed: sa.Subquery,
    keys: Sequence[sa.Label[Any]],
    *sums: sa.Label[Any],
    condition: sa.ColumnElement[bool] | None = None,
) -> sa.Select[Any]:
    """Sums per key and place, the places of one key packed into one row."""
    by = [placed.c[key.name] for key in keys]
    counted = sa.select(*by, placed.c.place, *sums).group_by(*by, placed.c.place)
    inner = (counted if condition is None else counted.where(condition)).subquery("counted")
    outer = [inner.c[key.name] for key in keys]
    vectors = [
        sa.func.array_send(sa.func.array_agg(inner.c[name])).label(label)
        for name, label in (("place", "places"), *((each.name, each.name) for each in sums))
    ]
    return sa.select(*outer, *vectors).group_by(*outer)


def _array(values: Sequence[Any], kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    made: sa.ColumnElement[Any] = array(list(values), type_=kind)
    return made if values else sa.cast(made, ARRAY(kind))


def _micro(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    as_number = sa.cast(value, sa.Numeric())
    usable = sa.case(
        (sa.func.jsonb_typeof(value) == "number", sa.func.abs(as_number) < _MOST_SHAP),
        else_=sa.false(),
    )
    return sa.case((usable, sa.cast(sa.func.round(as_number * 1_000_000), sa.BigInteger())))


def _names(layout: Layout) -> list[str]:
    return [each.short_name for each in layout.features]


def _keys(by: By) -> list[sa.Label[Any]]:
    return [utc_day(audit.scored_at).label("day"), _SEGMENT[by].label("segment")]


def _conditions(scope: Scope) -> list[sa.ColumnElement[bool]]:
    start, end = full_days(scope)
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


def _segments(by: By, found: Iterable[str | None]) -> tuple[str, ...]:
    return (ALL,) if by == ALL else tuple(sorted({segment_name(each) for each in found}))


def _rows(layout: Layout, counts: Counts) -> Counts:
    """Predictions: each stands in one place of any variable, so of the first."""
    return np.asarray(counts[:, :, layout.variables[0].slice].sum(axis=2))
