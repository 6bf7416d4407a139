"""Reading a reference: which features there are, of which kind, and how they are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from queries.answer import ask
from queries.contract import prediction_audit
from queries.drift_rows import FEATURE, Layout, Variable
from queries.rollup_layout import (
    COMPLETE,
    JOINTS,
    LONGEST_CATEGORY,
    MOST_CATEGORIES,
    MOST_EXACT,
    QUANTILE_BINS,
    SCHEMA_OF_FEATURES,
    SCORES,
    UNIT_RANGE,
    VERSIONS,
    Cut,
    NumberProfile,
    assemble,
    category,
    joint,
    number,
)
from queries.rollup_parts import Document, as_object, audit, midnight, scored_between

MOST_ROWS = 120_000
"""Bins are cut from about so many predictions of the reference, chosen by a hash of their ids."""
MOST_FEATURES = 1_000
_LARGEST: sa.ColumnElement[Any] = sa.literal_column("1e300")


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    kind: str
    rows: int


@dataclass(frozen=True, slots=True)
class _CutRow:
    variable: int
    value: Decimal | float
    cuts: int
    distinct_values: int
    minimum: Decimal | float
    whole: bool
    mean: Decimal | float
    square: Decimal | float


@dataclass(frozen=True, slots=True)
class _Value:
    variable: int
    value: str


def read_layout(
    connection: sa.Connection, environment: str, start: date, end: date, created_at: datetime
) -> Layout:
    """The layout of the predictions on the UTC days ``[start, end)``."""
    rows = connection.execute(
        sa.select(sa.func.count())
        .select_from(prediction_audit)
        .where(*scored_between(environment, start, end))
    ).scalar_one()
    limits = scored_between(environment, start, end)
    step = -(-rows // MOST_ROWS)
    if step > 1:
        thinned = sa.func.abs(
            sa.func.hashint8(sa.cast(audit.prediction_id, sa.BigInteger())) % step
        )
        limits.append(thinned == 0)
    variables = [*_features(connection, limits), *_columns(connection, limits)]
    return assemble(
        variables, start=midnight(start), end=midnight(end), rows=rows, created_at=created_at
    )


def _features(connection: sa.Connection, limits: Sequence[Any]) -> list[Variable]:
    kinds = _kinds(connection, limits)
    numbers = [name for name, kind in kinds.items() if kind == "number"]
    others = [name for name, kind in kinds.items() if kind in {"string", "boolean"}]
    document = Document(audit.features, [*numbers, *others], "f")
    values = [_as_number(document[name]) for name in numbers]
    profiles = _profiles(connection, limits, values, document)
    texts = [_as_text(document[name], kinds[name]) for name in others]
    known = _values(connection, limits, texts, document)
    made = {
        name: number(FEATURE + name, profiles.get(place), "number")
        for place, name in enumerate(numbers)
        if place in profiles
    }
    for place, name in enumerate(others):
        made[name] = category(FEATURE + name, known.get(place, ()), kinds[name])
    return [made.get(name) or category(FEATURE + name, (), kind) for name, kind in kinds.items()]


def _kinds(connection: sa.Connection, limits: Sequence[Any]) -> dict[str, str]:
    """Each feature's name and most frequent JSON type, null only where it has no other."""
    pair = sa.func.jsonb_each(as_object(audit.features)).table_valued(
        sa.column("key", sa.Text()), sa.column("value", sa.dialects.postgresql.JSONB()), name="p"
    )
    kind = sa.func.jsonb_typeof(pair.c.value)
    statement = (
        sa.select(pair.c.key.label("name"), kind.label("kind"), sa.func.count().label("rows"))
        .select_from(sa.join(prediction_audit, pair, sa.true()))
        .where(*limits)
        .group_by(pair.c.key, kind)
        .order_by(pair.c.key)
    )
    found = ask(connection, statement, _Key).rows
    kinds: dict[str, str] = {}
    for name, rows in groupby(found, key=lambda row: row.name):
        best = max(rows, key=lambda row: (row.kind != "null", row.rows, row.kind))
        kinds[name] = best.kind
        if len(kinds) == MOST_FEATURES:
            break
    return kinds


def _columns(connection: sa.Connection, limits: Sequence[Any]) -> list[Variable]:
    """Scores, decisions, their joint bins, versions, and the schema of the features."""
    scores = [audit[f"{layer}_score"] for layer in SCORES]
    finite = [sa.case((score.between(-1e300, 1e300), score)) for score in scores]
    profiles = _profiles(connection, limits, finite, None)
    texts = [
        *(audit[f"{layer}_decision"] for layer in SCORES),
        *(audit[c] for c in VERSIONS.values()),
    ]
    known = _values(connection, limits, texts, None)
    made: dict[str, Variable] = {}
    for place, layer in enumerate(SCORES):
        made[f"score:{layer}"] = number(f"score:{layer}", profiles.get(place), "", UNIT_RANGE)
        made[f"decision:{layer}"] = category(f"decision:{layer}", known.get(place, ()))
    joints = [joint(each, made[f"score:{each}"], made[f"decision:{each}"]) for each in JOINTS]
    versions = [
        category(name, known.get(len(SCORES) + place, ())) for place, name in enumerate(VERSIONS)
    ]
    return [*made.values(), *joints, *versions, category(SCHEMA_OF_FEATURES, (COMPLETE,))]


def _as_number(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    as_number = sa.cast(value, sa.Numeric())
    usable = sa.case(
        (sa.func.jsonb_typeof(value) == "number", sa.func.abs(as_number) < _LARGEST),
        else_=sa.false(),
    )
    return sa.case((usable, as_number))


def _as_text(value: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
    as_text = value.op("#>>")(sa.literal_column("'{}'"))
    return sa.case((sa.func.jsonb_typeof(value) == kind, as_text))


def _each_value(
    connection: sa.Connection,
    limits: Sequence[Any],
    values: Sequence[sa.ColumnElement[Any]],
    document: Document | None,
) -> sa.Subquery:
    """How often each value of each expression occurs: (variable, value, n)."""
    relation: sa.FromClause = prediction_audit
    if document is not None:
        relation = sa.join(prediction_audit, document.record, sa.true())
    numbered: sa.ColumnElement[int] = sa.literal_column(f"generate_series(0, {len(values) - 1})")
    unfolded = (
        sa.select(numbered.label("variable"), sa.func.unnest(array(values)).label("value"))
        .select_from(relation)
        .where(*limits)
        .subquery("unfolded")
    )
    return (
        sa.select(unfolded.c.variable, unfolded.c.value, sa.func.count().label("n"))
        .where(unfolded.c.value.is_not(None))
        .group_by(unfolded.c.variable, unfolded.c.value)
        .subquery("each_value")
    )


def _profiles(
    connection: sa.Connection,
    limits: Sequence[Any],
    values: Sequence[sa.ColumnElement[Any]],
    document: Document | None,
) -> dict[int, NumberProfile]:
    """Cuts and moments of each expression that has any value."""
    if not values:
        return {}
    each = _each_value(connection, limits, values, document)
    by = each.c.variable
    total = sa.func.sum(each.c.n).over(partition_by=by)
    upto = sa.func.sum(each.c.n).over(partition_by=by, order_by=each.c.value)
    cuts = sa.func.div(QUANTILE_BINS * upto, total) - sa.func.div(
        QUANTILE_BINS * (upto - each.c.n), total
    )
    ranked = sa.select(
        each.c.variable,
        each.c.value,
        cuts.label("cuts"),
        sa.func.count().over(partition_by=by).label("distinct_values"),
        sa.func.min(each.c.value).over(partition_by=by).label("minimum"),
        sa.func.bool_and(each.c.value == sa.func.trunc(each.c.value))
        .over(partition_by=by)
        .label("whole"),
        (sa.func.sum(each.c.n * each.c.value).over(partition_by=by) / total).label("mean"),
        (sa.func.sum(each.c.n * each.c.value * each.c.value).over(partition_by=by) / total).label(
            "square"
        ),
    ).subquery("ranked")
    statement = (
        sa.select(ranked)
        .where(sa.or_(ranked.c.cuts > 0, ranked.c.distinct_values <= MOST_EXACT))
        .order_by(ranked.c.variable, ranked.c.value)
    )
    found = ask(connection, statement, _CutRow).rows
    return {
        variable: _profile(tuple(rows))
        for variable, rows in groupby(found, key=lambda row: row.variable)
    }


def _profile(rows: tuple[_CutRow, ...]) -> NumberProfile:
    first = rows[0]
    return NumberProfile(
        cuts=tuple(Cut(float(row.value), int(row.cuts)) for row in rows),
        distinct=first.distinct_values,
        minimum=float(first.minimum),
        whole=first.whole,
        mean=float(first.mean),
        variance=float(first.square - first.mean * first.mean),  # type: ignore[operator]
    )


def _values(
    connection: sa.Connection,
    limits: Sequence[Any],
    values: Sequence[sa.ColumnElement[Any]],
    document: Document | None,
) -> dict[int, tuple[str, ...]]:
    """The most frequent texts of each expression, in that order."""
    if not values:
        return {}
    each = _each_value(connection, limits, values, document)
    rank = sa.func.row_number().over(
        partition_by=each.c.variable, order_by=(each.c.n.desc(), each.c.value)
    )
    ranked = (
        sa.select(each.c.variable, each.c.value, rank.label("rank"))
        .where(sa.func.length(each.c.value) <= LONGEST_CATEGORY)
        .subquery("ranked")
    )
    statement = (
        sa.select(ranked.c.variable, ranked.c.value)
        .where(ranked.c.rank <= MOST_CATEGORIES)
        .order_by(ranked.c.variable, ranked.c.rank)
    )
    found = ask(connection, statement, _Value).rows
    return {
        variable: tuple(row.value for row in rows)
        for variable, rows in groupby(found, key=lambda row: row.variable)
    }
