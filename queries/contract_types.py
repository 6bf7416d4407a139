"""Which PostgreSQL types serve for a type of the contract."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.contract import Identifier
from queries.contract_catalog import ColumnFacts
from queries.contract_ddl import type_name
from queries.contract_findings import Severity

_INTEGERS = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_ID_FAMILIES = (_INTEGERS, _TEXTS, frozenset({"uuid"}))

_ACCEPTED: tuple[tuple[type[sa.types.TypeEngine[Any]], frozenset[str]], ...] = (
    (Identifier, frozenset[str]().union(*_ID_FAMILIES)),
    (JSONB, frozenset({"jsonb"})),
    (sa.DateTime, frozenset({"timestamptz"})),
    (sa.Boolean, frozenset({"bool"})),
    (sa.Text, _TEXTS),
    (sa.Double, frozenset({"float8", "float4", "numeric"})),
    (sa.Integer, _INTEGERS),  # BigInteger is a kind of Integer
    (sa.Numeric, _INTEGERS | {"numeric"}),
)

_TOLERATED = {
    (sa.Text, "bpchar"): "is padded with blanks, which then count as part of the word",
    (sa.BigInteger, "numeric"): "can hold fractions, which a count never has",
    (sa.Integer, "numeric"): "can hold fractions, which a count never has",
}

_WHY_NOT = {
    "timestamp": (
        "has no time zone, so the moment in UTC cannot be known",
        "Make it timestamptz; in a view: {column} AT TIME ZONE 'UTC', or the zone it was kept in.",
    ),
    "date": (
        "has no time of day",
        "Give the moment as timestamptz; in a view: {column}::timestamp AT TIME ZONE 'UTC'.",
    ),
    "json": ("has no equality and no containment", "In a view: {column}::jsonb."),
    "enum": ("is an enumeration, which text operators refuse", "In a view: {column}::text."),
}

Misfit = tuple[Severity, str, str]
"""Severity, what is wrong, what to do."""


def misfit(column: sa.Column[Any], facts: ColumnFacts) -> Misfit | None:
    """What is wrong with the type of a column, or None where it serves."""
    if facts.base in accepted(column):
        return None
    tolerated = _TOLERATED.get((type(column.type), facts.base))
    wanted = type_name(column)
    cast = f"In a view: {column.name}::{wanted}."
    if tolerated:
        return Severity.WARNING, f"is {facts.written}: it {tolerated}", cast
    if isinstance(column.type, sa.Numeric) and facts.base in {"float4", "float8"}:
        why = "cannot hold a cent exactly"
        return Severity.PROBLEM, f"is {facts.written}, which {why}; {wanted} is needed", cast
    why, remedy = _WHY_NOT.get(facts.base, ("cannot serve as such", cast))
    return (
        Severity.PROBLEM,
        f"is {facts.written}, which {why}; {wanted} is needed",
        remedy.format(column=column.name),
    )


def accepted(column: sa.Column[Any]) -> frozenset[str]:
    """Catalogue names of the types that serve for a column."""
    return next(names for kind, names in _ACCEPTED if isinstance(column.type, kind))


def comparable(left: ColumnFacts, right: ColumnFacts) -> bool:
    """Whether two ids can be compared without a cast."""
    return any({left.base, right.base} <= family for family in _ID_FAMILIES)
