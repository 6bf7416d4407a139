"""Records that point to nothing: every reference of a relation must lead to a record.

A reference with an empty part leads nowhere and is counted apart, as ``MATCH SIMPLE`` of the SQL
standard has it. Any engine can be asked; nothing is ever written to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.compare_plan import Plan, Relation
from queries.compare_sql import label, relation
from queries.database import translated

_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of the target relation that must match a record of ``parent``, in this order."""

    name: str
    columns: tuple[str, ...]
    parent: Relation
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferenceCount:
    """How many records were looked at, and how many of them refer to nothing by an empty value."""

    rows: int
    empty: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record whose reference leads to no record; texts as the engine writes them."""

    key: tuple[str | None, ...]
    value: tuple[str, ...]
    batch: str | None
    system: str | None


class ReferenceCheck:
    """One reference of a plan's target, asked of the engine that holds it."""

    def __init__(self, engine: sa.Engine, plan: Plan, reference: Reference) -> None:
        self._engine = engine
        self._child = relation(plan.target).alias("child")
        self._keys = [column.target.sql for column in plan.keys]
        self._labels = (plan.target.batch, plan.target.system)
        self._keep = plan.target.keep
        self._reference = reference
        self._parent = relation(reference.parent).alias("parent")

    def counts(self) -> ReferenceCount:
        """Records of the relation, less those left out by its declared filter."""
        whole = sa.case((self._complete(), 1), else_=0)
        statement = self._kept(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(whole), 0)).select_from(
                self._child
            )
        )
        with translated(), self._engine.connect() as connection:
            rows, complete = connection.execute(statement).one()
        return ReferenceCount(int(rows), int(rows) - int(complete))

    def orphans(self) -> Iterator[Orphan]:
        """Every record whose reference leads nowhere, as a stream."""
        own = [_text(column) for column in self._columns()]
        keys = [_text(sa.literal_column(f"({sql})")) for sql in self._keys]
        chosen: list[sa.ColumnElement[Any]] = [*keys, *own, *(label(each) for each in self._labels)]
        named = (each.label(f"c{place}") for place, each in enumerate(chosen))
        statement = self._kept(sa.select(*named).select_from(self._child)).where(
            self._complete(), sa.not_(self._leads_somewhere())
        )
        options = {"stream_results": True, "yield_per": _PAGE}
        split = len(keys)
        with translated(), self._engine.connect() as connection:
            for row in connection.execute(statement, execution_options=options):
                *texts, batch, system = row
                yield Orphan(tuple(texts[:split]), tuple(texts[split:]), batch, system)

    def _columns(self) -> list[sa.ColumnClause[Any]]:
        return [sa.column(name, _selectable=self._child) for name in self._reference.columns]

    def _complete(self) -> sa.ColumnElement[bool]:
        return sa.and_(*(column.is_not(None) for column in self._columns()))

    def _leads_somewhere(self) -> sa.ColumnElement[bool]:
        pairs = zip(self._columns(), self._reference.parent_columns, strict=True)
        same = [own == sa.column(name, _selectable=self._parent) for own, name in pairs]
        return sa.select(sa.literal(1)).select_from(self._parent).where(*same).exists()

    def _kept(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        if not self._keep:
            return statement
        return statement.where(sa.literal_column(f"({self._keep})", sa.Boolean()))


def _text(value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(value, sa.Text())
