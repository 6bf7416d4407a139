"""Statements that roll-ups and the source share: a prediction's place in each histogram."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from queries.contract import prediction_audit
from queries.drift_rows import FIRST, MISSING, OUTSIDE, UNUSABLE, Layout, Variable, VariableKind
from queries.rollup_layout import SCHEMA_OF_FEATURES, VERSIONS
from queries.scope import Scope

Place = sa.ColumnElement[Any]
audit = prediction_audit.c
SEGMENTS = (audit.ml_version, audit.work_type, audit.region)

_LONGEST_NAME = 63
"""Bytes of a column's name in PostgreSQL; a longer key is read by itself."""
_NOT_FINITE: list[sa.ColumnElement[float]] = [
    sa.literal_column(f"'{text}'::float8") for text in ("NaN", "Infinity", "-Infinity")
]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def full_days(scope: Scope) -> tuple[date, date]:
    """The half-open range of UTC days that lie in the scope as a whole; it may be empty."""
    start = scope.start.astimezone(UTC)
    first = start.date() if start == midnight(start.date()) else start.date() + timedelta(days=1)
    last = scope.until.astimezone(UTC).date()
    return first, max(first, last)


def utc_day(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.timezone("UTC", moment), sa.Date())


def scored_between(environment: str, start: date, end: date) -> list[sa.ColumnElement[bool]]:
    """The predictions of an environment on the UTC days ``[start, end)``."""
    return [
        audit.environment == environment,
        audit.scored_at >= midnight(start),
        audit.scored_at < midnight(end),
    ]


def as_object(document: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The document where it is a JSON object, else null: other kinds have no keys to read."""
    return sa.case((sa.func.jsonb_typeof(document) == "object", document))


class Document:
    """A JSON document's keys as columns: it is read once, however many keys are wanted."""

    def __init__(self, document: sa.ColumnElement[Any], keys: Iterable[str], name: str) -> None:
        self._object: sa.ColumnElement[Any] = as_object(document)
        short = [key for key in keys if len(key.encode()) <= _LONGEST_NAME]
        # A record needs a column, even where nobody asks for a key.
        columns = [sa.column(key, JSONB()) for key in short or ["plumbline"]]
        self.record: sa.FromClause = (
            sa.func.jsonb_to_record(self._object)
            .table_valued(*columns)
            .render_derived(name=name, with_types=True)
        )
        self._short = frozenset(short)

    def __getitem__(self, key: str) -> sa.ColumnElement[Any]:
        """The value at a key, as jsonb: null where it is absent or JSON's null."""
        if key in self._short:
            column: sa.ColumnElement[Any] = self.record.c[key]
            return column
        found: sa.ColumnElement[Any] = sa.func.nullif(
            self._object[key], sa.literal_column("'null'::jsonb")
        )
        return found


def feature_place(variable: Variable, value: sa.ColumnElement[Any]) -> Place:
    """The place of a JSON value within its variable."""
    kind = sa.func.jsonb_typeof(value)
    if variable.kind is VariableKind.NUMBER:
        edges = [Decimal(repr(edge)) for edge in variable.edges]
        known: Place = sa.literal(edges, ARRAY(sa.Numeric()))
        usable = kind == "number"
        place: Place = sa.func.width_bucket(sa.cast(value, sa.Numeric()), known)
    else:
        usable = kind != "null" if variable.source_type == "null" else kind == variable.source_type
        place = _category_bucket(variable, value.op("#>>")(sa.literal_column("'{}'")))
    return sa.case(
        (usable, _at(OUTSIDE) + place),
        (value.is_(None), _at(MISSING)),
        else_=_at(UNUSABLE),
    )


def place_of(layout: Layout, variable: Variable, features: Document) -> Place:
    """Where a row of ``prediction_audit`` counts within a variable that is no joint one."""
    kind, _, name = variable.name.partition(":")
    if variable.is_feature:
        return feature_place(variable, features[name])
    if kind == "score":
        return _score_place(variable, audit[f"{name}_score"])
    if kind == "decision":
        return _column_place(variable, audit[f"{name}_decision"])
    if variable.name == SCHEMA_OF_FEATURES:
        return _schema_place(layout)
    return _column_place(variable, audit[VERSIONS[variable.name]])


def _score_place(variable: Variable, score: sa.ColumnElement[Any]) -> Place:
    edges: Place = sa.literal(list(variable.edges), ARRAY(sa.Double()))
    return sa.case(
        (score.is_(None), _at(MISSING)),
        (score.in_(_NOT_FINITE), _at(UNUSABLE)),
        else_=_at(OUTSIDE) + sa.func.width_bucket(score, edges),
    )


def _column_place(variable: Variable, value: sa.ColumnElement[Any]) -> Place:
    return sa.case(
        (value.is_(None), _at(MISSING)),
        else_=_at(OUTSIDE) + _category_bucket(variable, value),
    )


def _category_bucket(variable: Variable, value: sa.ColumnElement[Any]) -> Place:
    """0 for a category that is not in the reference, else its number from 1."""
    if not variable.categories:
        return sa.literal_column("0")
    known = sa.literal(list(variable.categories), ARRAY(sa.Text()))
    return sa.func.coalesce(sa.func.array_position(known, value), 0)


def _schema_place(layout: Layout) -> Place:
    """Missing: no document. Unusable: not an object. Unseen: it has keys that are not known."""
    known = sa.literal([each.short_name for each in layout.features], ARRAY(sa.Text()))
    kind = sa.func.jsonb_typeof(audit.features)
    surplus = audit.features.op("-")(known)
    return sa.case(
        (sa.or_(kind.is_(None), kind == "null"), _at(MISSING)),
        (kind != "object", _at(UNUSABLE)),
        (surplus != sa.literal_column("'{}'::jsonb"), _at(OUTSIDE)),
        else_=_at(FIRST),
    )


def _at(place: int) -> sa.ColumnElement[Any]:
    return sa.literal_column(str(place), sa.Integer())
