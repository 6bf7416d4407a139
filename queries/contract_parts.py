"""What the contract's tables are made of: types, domains of values, and one metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


class Identifier(sa.types.UserDefinedType[Any]):
    """An id that the owner keeps as ``bigint`` or ``text``; parameters are bound without a cast."""

    cache_ok = True

    def __init__(self, preferred: str = "text") -> None:
        self.preferred = preferred

    def get_col_spec(self, **_: Any) -> str:
        return self.preferred


@dataclass(frozen=True, slots=True)
class Unit:
    """A share or a probability: 0 to 1."""


@dataclass(frozen=True, slots=True)
class NonNegative:
    """Zero or more."""


@dataclass(frozen=True, slots=True)
class Past:
    """A time that cannot lie in the future."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a closed list of words."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownIn:
    """A value that must appear in another relation's column."""

    relation: str
    column: str


Domain = Unit | NonNegative | Past | OneOf | KnownIn

metadata = sa.MetaData()

BIGINT_ID = Identifier("bigint")
TEXT_ID = Identifier("text")
TIME = sa.DateTime(timezone=True)


def column(
    name: str,
    type_: sa.types.TypeEngine[Any],
    meaning: str,
    *,
    key: bool = False,
    null: bool = False,
    domain: Domain | None = None,
) -> sa.Column[Any]:
    """One column with its meaning and the domain that its values are checked against."""
    return sa.Column(
        name,
        type_,
        primary_key=key,
        nullable=null and not key,
        autoincrement=False,
        comment=meaning,
        info={"domain": domain},
    )


def relation(
    name: str,
    meaning: str,
    *items: sa.Column[Any] | sa.Index,
    pages: tuple[str, ...],
    fresh_by: str,
    hot: bool = False,
    partition_by: str | None = None,
) -> sa.Table:
    """One relation; ``fresh_by`` is the column that says how new its newest row is.

    A ``hot`` relation is expected to hold millions of rows.
    """
    return sa.Table(
        name,
        metadata,
        *items,
        comment=meaning,
        info={"pages": pages, "fresh_by": fresh_by, "hot": hot, "partition_by": partition_by},
        postgresql_partition_by=f"RANGE ({partition_by})" if partition_by else None,
    )
