"""An answer carries the question: rows, and the statement that fetched them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was asked, with which parameters, when, and how long it took."""

    sql: str
    parameters: Mapping[str, Any]
    asked_at: datetime
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Answer(Generic[Row]):
    """Typed rows and their provenance; ``others`` are further statements that they add up."""

    rows: tuple[Row, ...]
    provenance: Provenance
    others: tuple[Provenance, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Kept column by column: a cache pickles answers, and frozen rows one by one are slow."""
        return _restored, (_packed(self.rows), self.provenance, self.others)


class _Nested(list[Any]):
    """A column in which every value is a tuple: of rows, perhaps."""


@dataclass(frozen=True)
class _Columns:
    """Rows of one class, column by column."""

    row: type
    values: tuple[list[Any], ...]


def _packed(rows: tuple[Any, ...]) -> tuple[Any, ...] | _Columns:
    """Rows as columns, and so rows within them; whatever else there is, as it is."""
    kinds = set(map(type, rows))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None or not is_dataclass(kind):
        return rows
    columns = ([getattr(row, field.name) for row in rows] for field in fields(kind))
    return _Columns(kind, tuple(map(_packed_column, columns)))


def _packed_column(values: list[Any]) -> list[Any]:
    nested = all(type(each) is tuple for each in values)
    return _Nested(map(_packed, values)) if nested else values


def _restored(
    packed: tuple[Any, ...] | _Columns, provenance: Provenance, others: tuple[Provenance, ...]
) -> Answer[Any]:
    return Answer(_unpacked(packed), provenance, others)


def _unpacked(packed: Any) -> tuple[Any, ...]:
    if not isinstance(packed, _Columns):
        return tuple(packed)
    columns = (
        map(_unpacked, values) if isinstance(values, _Nested) else values
        for values in packed.values
    )
    return tuple(map(packed.row, *columns))


def joined(answers: Sequence[Answer[Any]], rows: Sequence[Row]) -> Answer[Row]:
    """One answer made of several, with the statements of all of them."""
    asked = [found for answer in answers for found in (answer.provenance, *answer.others)]
    return Answer(tuple(rows), asked[0], tuple(asked[1:]))


def ask(
    connection: sa.Connection,
    statement: sa.Select[Any] | sa.CompoundSelect[Any] | sa.TextClause,
    into: type[Row],
    parameters: Mapping[str, Any] | None = None,
) -> Answer[Row]:
    """Run one statement and fill one dataclass a row, by column name.

    The selected column names must equal the field names of ``into``.
    """
    names = [field.name for field in fields(into)]  # type: ignore[arg-type]
    begun = perf_counter()
    result = connection.execute(statement, parameters or {})
    selected = list(result.keys())
    surplus = set(selected) ^ set(names)
    if surplus:
        raise TypeError(f"{into.__name__} and its statement differ in {sorted(surplus)}")
    if selected == names:
        rows = tuple(into(*row) for row in result.all())
    else:
        places = [selected.index(name) for name in names]
        rows = tuple(into(*(row[place] for place in places)) for row in result.all())
    elapsed = (perf_counter() - begun) * 1000
    sent = result.context
    provenance = Provenance(
        sql=sent.statement,
        parameters={**sent.compiled_parameters[0], **(parameters or {})},
        asked_at=datetime.now(UTC),
        elapsed_ms=elapsed,
    )
    return Answer(rows=rows, provenance=provenance)
