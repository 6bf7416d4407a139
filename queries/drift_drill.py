"""Faults of the data in single predictions: where values are missing, which keys are new."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from queries.answer import Answer, ask
from queries.audit_parts import audit, count
from queries.contract import prediction_audit
from queries.drift_facts import DrillRow, KeyRow
from queries.errors import InvalidInputError
from queries.rollup_parts import as_object
from queries.scope import Scope

LONGEST = timedelta(days=90)


def missing_by(
    connection: sa.Connection, scope: Scope, feature: str, categories: tuple[str, ...]
) -> Answer[DrillRow]:
    """Predictions without a feature's value, by the values of each categorical feature

    The source is read, so the scope may cover 90 days.

    Raises:
        InvalidInputError: the scope is longer, or no categorical feature is named.
    """
    _check(scope)
    if not categories:
        raise InvalidInputError("There is no categorical feature to count by. Name one or more.")
    document = as_object(audit.features)
    held = sa.func.jsonb_extract_path(document, feature)
    absent = sa.func.coalesce(sa.func.jsonb_typeof(held), "null") == "null"
    pairs = sa.func.jsonb_each_text(sa.func.jsonb_strip_nulls(document, type_=JSONB)).table_valued(
        sa.column("key", sa.Text()), sa.column("value", sa.Text()), name="pair"
    )
    statement = (
        sa.select(
            pairs.c.key.label("feature"),
            pairs.c.value.label("value"),
            count().label("rows"),
            count(absent).label("faults"),
        )
        .select_from(sa.join(prediction_audit, pairs, sa.true()))
        .where(*scope.conditions(), pairs.c.key.in_(categories))
        .group_by(pairs.c.key, pairs.c.value)
        .order_by(pairs.c.key, pairs.c.value)
    )
    return ask(connection, statement, DrillRow)


def unknown_keys(connection: sa.Connection, scope: Scope, known: tuple[str, ...]) -> Answer[KeyRow]:
    """Features that the reference does not know, with the predictions that hold them

    The source is read, so the scope may cover 90 days.

    Raises:
        InvalidInputError: the scope is longer.
    """
    _check(scope)
    document = as_object(audit.features)
    rest = sa.type_coerce(document.op("-")(sa.literal(list(known), ARRAY(sa.Text()))), JSONB)
    held = sa.select(rest.label("rest")).where(*scope.conditions()).subquery("held")
    key = (
        sa.func.jsonb_object_keys(held.c.rest).table_valued("feature", name="keys").render_derived()
    )
    whole = sa.select(count()).where(*scope.conditions()).scalar_subquery()
    statement = (
        sa.select(key.c.feature, count().label("rows"), whole.label("all_rows"))
        .select_from(sa.join(held, key, sa.true()))
        .where(held.c.rest != sa.literal({}, JSONB))
        .group_by(key.c.feature)
        .order_by(count().desc(), key.c.feature)
    )
    return ask(connection, statement, KeyRow)


def _check(scope: Scope) -> None:
    if scope.until - scope.start > LONGEST:
        raise InvalidInputError(
            f"Single predictions are read for up to {LONGEST.days} days. Choose a shorter window."
        )
