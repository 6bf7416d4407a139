"""Rolling up the exceptions that the migration reports, batch by batch.

Exceptions change in place: a state is set, a row goes. So every refresh takes a mark of each
batch (its rows and the sum of their hashes), which sees any change, and counts again only the
batches whose mark differs. Marks are taken before anything is counted: what changes in between
is found by the next refresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from queries.answer import ask
from queries.contract import migration_exceptions
from queries.database import read, translated
from queries.errors import MissingRelationError
from queries.exceptions_totals import BatchTotals, batch_totals
from queries.rolled_exceptions_schema import rollup_exception_batches, rollup_exception_counts

BATCHES_AT_ONCE = 25
_x = migration_exceptions.c
_kept, _counts = rollup_exception_batches.c, rollup_exception_counts.c


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Batches counted again, and batches that have no exception any more."""

    built: int
    gone: int
    exceptions: int


@dataclass(frozen=True, slots=True)
class _Mark:
    batch_id: str
    mark: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Exceptions of one batch that agree in everything they can be filtered by."""

    batch_id: str
    field: str | None
    cause: str | None
    severity: str
    status: str
    exceptions: int


def refresh_exceptions(
    source: sa.Engine, own: sa.Engine, advance: Callable[[int, int], None]
) -> Refreshed:
    """Bring the roll-ups of exceptions up to date; nothing to do without ``migration_exceptions``.

    ``advance`` is told how many of the changed batches are done. A batch is one transaction with
    the others of its chunk.

    Raises:
        DatabaseError: source or own schema cannot be used; finished chunks stay.
    """
    seen_at = datetime.now(UTC)
    try:
        found = read(source, _marks)
    except MissingRelationError:
        found = {}
    with translated(), own.begin() as connection:
        known = _known(connection)
        gone = sorted(known.keys() - found.keys())
        _forget(connection, gone)
        same = [batch for batch, mark in found.items() if known.get(batch) == mark]
        connection.execute(
            sa.update(rollup_exception_batches)
            .where(_among(_kept.batch_id, same))
            .values(refreshed_at=seen_at)
        )
    changed = sorted(batch for batch, mark in found.items() if known.get(batch) != mark)
    counted = 0
    for start in range(0, len(changed), BATCHES_AT_ONCE):
        chunk = changed[start : start + BATCHES_AT_ONCE]
        totals, cells = read(source, lambda connection, of=chunk: _count(connection, of))  # type: ignore[misc]
        with translated(), own.begin() as connection:
            _forget(connection, chunk)
            _write(connection, found, seen_at, totals, cells)
        counted += sum(row.exceptions for row in totals)
        advance(start + len(chunk), len(changed))
    return Refreshed(len(changed), len(gone), counted)


def _marks(source: sa.Connection) -> dict[str, str]:
    """The mark of each batch: it changes with any value of any of its rows that is counted."""
    row = sa.func.row(*(_x[name] for name in _COUNTED))
    hashes = sa.func.sum(sa.func.hash_record_extended(row, 0))
    mark = sa.cast(sa.func.count(), sa.Text()) + ":" + sa.cast(hashes, sa.Text())
    columns: list[sa.ColumnElement[Any]] = [_batch(), mark.label("mark")]
    statement = sa.select(*columns).group_by(_x.batch_id)
    return {row.batch_id: row.mark for row in ask(source, statement, _Mark).rows}


_COUNTED = (
    *("exception_id", "batch_id", "table_name", "key", "failure_type", "details", "field"),
    *("source_value", "target_value", "cause", "severity", "status"),
    *("first_seen_at", "last_seen_at"),
)


def _batch() -> sa.ColumnElement[str]:
    return sa.cast(_x.batch_id, sa.Text()).label("batch_id")


def _known(own: sa.Connection) -> dict[str, str]:
    return {
        row.batch_id: row.mark
        for row in ask(own, sa.select(_kept.batch_id, _kept.mark), _Mark).rows
    }


def _count(
    source: sa.Connection, batches: Sequence[str]
) -> tuple[Sequence[BatchTotals], Sequence[Cell]]:
    wanted = _x.batch_id.in_(batches)
    names = (_x.batch_id, _x.field, _x.cause, _x.severity, _x.status)
    cells = (
        sa.select(
            _batch(),
            *names[1:],
            sa.func.count().label("exceptions"),
        )
        .where(wanted)
        .group_by(*names)
    )
    return ask(source, batch_totals(wanted), BatchTotals).rows, ask(source, cells, Cell).rows


def _write(
    own: sa.Connection,
    marks: Mapping[str, str],
    seen_at: datetime,
    totals: Sequence[BatchTotals],
    cells: Sequence[Cell],
) -> None:
    rows = [{**asdict(row), "mark": marks[row.batch_id], "refreshed_at": seen_at} for row in totals]
    if rows:
        own.execute(sa.insert(rollup_exception_batches), rows)
        own.execute(sa.insert(rollup_exception_counts), [asdict(cell) for cell in cells])


def _forget(own: sa.Connection, batches: Sequence[str]) -> None:
    if batches:
        own.execute(sa.delete(rollup_exception_counts).where(_among(_counts.batch_id, batches)))
        own.execute(sa.delete(rollup_exception_batches).where(_among(_kept.batch_id, batches)))


def _among(column: sa.ColumnElement[Any], batches: Sequence[str]) -> sa.ColumnElement[bool]:
    """As one array: batches may be more than a statement takes parameters."""
    return column == sa.any_(sa.cast(list(batches), sa.ARRAY(sa.Text())))
