"""What every value must satisfy, as SQL conditions that find the rows that do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from queries import contract
from queries.contract_catalog import ColumnFacts, RelationFacts
from queries.contract_types import accepted, comparable

CLOCK_SKEW = timedelta(minutes=5)
"""How far a clock may run ahead before a time counts as one in the future."""

_NUMBERS_WITH_NAN = frozenset({"float4", "float8", "numeric"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on one column: ``broken`` is true for a row that fails it.

    ``fault`` completes the sentence “this value is …”. ``join`` is the relation of known
    values that ``broken`` needs, where it needs one.
    """

    column: str
    broken: sa.ColumnElement[bool]
    fault: str
    remedy: str
    join: tuple[sa.Subquery, sa.ColumnElement[bool]] | None = None


def rules(table: sa.Table, present: Mapping[str, RelationFacts]) -> list[Rule]:
    """Every rule that this relation can be held against: of columns that exist and fit."""
    facts = present[table.name]
    found: list[Rule] = []
    for column in table.columns:
        here = facts.columns.get(column.name)
        if here is not None and here.readable and here.base in accepted(column):
            found += _of_column(column, here, present, may_be_null=_may_be_null(facts, here))
    return found


def _may_be_null(facts: RelationFacts, here: ColumnFacts) -> bool:
    return facts.is_view or not here.not_null


def _of_column(
    column: sa.Column[Any],
    here: ColumnFacts,
    present: Mapping[str, RelationFacts],
    *,
    may_be_null: bool,
) -> Iterator[Rule]:
    if may_be_null and not column.nullable:
        yield Rule(
            column.name,
            column.is_(None),
            "missing, where each row needs one",
            "Fill it in at the source, or leave such rows out of the view.",
        )
    if here.base in _NUMBERS_WITH_NAN:
        yield Rule(
            column.name,
            _not_finite(column),
            "NaN or infinite",
            "Store null where there is no number.",
        )
    if isinstance(column.type, sa.DateTime):
        yield Rule(
            column.name,
            sa.or_(sa.not_(sa.func.isfinite(column)), _outside_calendar(column)),
            "infinite or outside the years 1 to 9999",
            "Store null where there is no such time.",
        )
    rule = _of_domain(column, here, present)
    if rule:
        yield rule


def _of_domain(
    column: sa.Column[Any], here: ColumnFacts, present: Mapping[str, RelationFacts]
) -> Rule | None:
    domain: contract.Domain | None = column.info["domain"]
    match domain:
        case contract.Unit():
            outside = sa.and_(sa.not_(column.between(0, 1)), sa.not_(_not_finite(column)))
            fault, remedy = "outside 0 to 1", "Give shares and probabilities from 0 to 1."
            return Rule(column.name, outside, fault, remedy)
        case contract.NonNegative():
            below = column < 0
            if here.base in _NUMBERS_WITH_NAN:
                below = sa.and_(below, sa.not_(_not_finite(column)))
            return Rule(column.name, below, "below zero", "Correct them at the source.")
        case contract.Past():
            return Rule(
                column.name,
                sa.and_(column > sa.func.now() + CLOCK_SKEW, sa.func.isfinite(column)),
                "in the future",
                "Look at the clock, or the time zone, of what writes them.",
            )
        case contract.OneOf(values):
            words = ", ".join(values)
            return Rule(
                column.name,
                column.not_in(values),
                f"none of: {words}",
                "Translate them, in a view with CASE.",
            )
        case contract.KnownIn():
            return _known(column, here, domain, present)
    return None


def _known(
    column: sa.Column[Any],
    here: ColumnFacts,
    domain: contract.KnownIn,
    present: Mapping[str, RelationFacts],
) -> Rule | None:
    """A value unknown to the relation it refers to; None where that relation cannot be asked."""
    parent = present.get(domain.relation)
    there = parent.columns.get(domain.column) if parent else None
    if there is None or not there.readable or not comparable(here, there):
        return None
    home = contract.metadata.tables[domain.relation]
    known = sa.select(home.c[domain.column].label("value")).distinct()
    values = known.subquery(f"known_{column.name}")
    return Rule(
        column.name,
        sa.and_(column.is_not(None), values.c.value.is_(None)),
        f"unknown to {domain.relation}.{domain.column}",
        f"Record them in {domain.relation}, or find out what wrote them.",
        join=(values, values.c.value == column),
    )


def _not_finite(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    # Bare literals take the column's own type, be it double precision or numeric.
    bad = ("'NaN'", "'Infinity'", "'-Infinity'")
    return column.in_([sa.literal_column(literal) for literal in bad])


def _outside_calendar(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    first: sa.ColumnClause[Any] = sa.literal_column("TIMESTAMPTZ '0001-01-02 00:00:00+00'")
    last: sa.ColumnClause[Any] = sa.literal_column("TIMESTAMPTZ '9999-12-31 00:00:00+00'")
    return sa.not_(column.between(first, last))
