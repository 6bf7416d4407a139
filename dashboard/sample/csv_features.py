"""Features derived from the columns of a ticket file."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.sample.counting import earlier_in_window
from dashboard.sample.csv_columns import by_frequency, codes, is_one_of
from dashboard.sample.csv_mapping import (
    AnyFeature,
    Category,
    Clock,
    Earlier,
    Equals,
    Length,
    Mapping,
    Missing,
    Number,
    OutsideHours,
)
from dashboard.sample.features import Feature, Features, Floats, Integers, Kind, Schema
from queries.errors import InvalidInputError

OTHER = "other"
_MICROSECOND = timedelta(microseconds=1)
_FIRST_WEEKEND_DAY = 5


def derived_features(table: pa.Table, created: Integers, mapping: Mapping) -> Features:
    """All features of the mapping, in its order.

    Raises:
        InvalidInputError: a column that should hold numbers holds something else.
    """
    local = (
        pa.array(created)
        .cast(pa.timestamp("us", "UTC"))
        .cast(pa.timestamp("us", mapping.time.zone))
    )
    features: list[Feature] = []
    columns: dict[str, Floats] = {}
    for wanted in mapping.feature:
        feature, column = _derive(wanted, table, created, local)
        features.append(feature)
        columns[feature.name] = column
    return Features.rounded(Schema(tuple(features)), columns)


def _derive(
    wanted: AnyFeature, table: pa.Table, created: Integers, local: pa.Array
) -> tuple[Feature, Floats]:
    name = wanted.name
    match wanted:
        case Clock(derive="hour"):
            return Feature(name, Kind.NUMBER), _floats(pc.hour(local))
        case Clock():
            return Feature(name, Kind.NUMBER), _floats(pc.day_of_week(local))
        case OutsideHours():
            return Feature(name, Kind.FLAG), _outside(wanted, local)
        case Equals():
            holds = is_one_of(table[wanted.column], wanted.values)
            return Feature(name, Kind.FLAG), holds.astype(np.float64)
        case Missing():
            return Feature(name, Kind.FLAG), _floats(table[wanted.column].is_null())
        case Length():
            length = pc.fill_null(pc.utf8_length(table[wanted.column]), 0)
            return Feature(name, Kind.NUMBER), _floats(length)
        case Number():
            return Feature(name, Kind.NUMBER, decimals=wanted.decimals), _number(wanted, table)
        case Category():
            return _category(wanted, table)
        case Earlier():
            return Feature(name, Kind.NUMBER), _earlier(wanted, table, created)


def _floats(column: pa.Array | pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _outside(wanted: OutsideHours, local: pa.Array) -> Floats:
    hour, weekday = _floats(pc.hour(local)), _floats(pc.day_of_week(local))
    closed = (hour < wanted.opens) | (hour >= wanted.closes)
    return (closed | (weekday >= _FIRST_WEEKEND_DAY)).astype(np.float64)


def _number(wanted: Number, table: pa.Table) -> Floats:
    column = table[wanted.column]
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise InvalidInputError(
            f"Feature {wanted.name}: column {wanted.column} holds text that is no number "
            f"({error}). Derive “category” or “length” from it instead."
        ) from error
    values = np.asarray(numbers.to_numpy(), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _category(wanted: Category, table: pa.Table) -> tuple[Feature, Floats]:
    column = table[wanted.column]
    values = by_frequency(column)
    kept = [*values[: wanted.most], *([OTHER] if len(values) > wanted.most else [])]
    code = codes(column, values)
    shown = np.where(code >= wanted.most, len(kept) - 1, code).astype(np.float64)
    shown[code < 0] = np.nan
    return Feature(wanted.name, Kind.CATEGORY, categories=tuple(kept)), shown


def _earlier(wanted: Earlier, table: pa.Table, created: Integers) -> Floats:
    """Counts within the group; a ticket whose group is unknown has no count."""
    group = np.zeros(len(created), dtype=np.int64)
    unknown = np.zeros(len(created), dtype=np.bool_)
    for name in wanted.group:
        values = by_frequency(table[name])
        code = codes(table[name], values)
        group = group * (len(values) + 1) + code + 1
        unknown |= code < 0
    window = timedelta(hours=wanted.hours) // _MICROSECOND
    counts = earlier_in_window(group, created, window).astype(np.float64)
    counts[unknown] = np.nan
    return counts
