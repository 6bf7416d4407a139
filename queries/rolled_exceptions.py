"""Which batches of the migration roll-ups can answer for, and what they say of them.

The roll-ups hold the exceptions of a batch as the last ``plumbline refresh`` found them. They
answer for a batch unless one of its exceptions was first seen after the as-of, or the source
shows that an exception of it was first or last seen since: such a batch is counted now. What
changed without a trace in those two times is found by the next refresh; pages say as of when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, Provenance, ask
from queries.contract import migration_batches, migration_exceptions
from queries.exceptions_totals import BatchTotals, batch_totals
from queries.rolled import rollups_of
from queries.rolled_days import RollUps, UnreadableError
from queries.rolled_exceptions_schema import rollup_exception_batches, rollup_exception_counts
from queries.rolled_rows import CountedAt
from queries.scope import Scope
from queries.snapshot import once

MOST_NEWS = 20_000
"""So many exceptions newer than the roll-ups are looked through for the batches they belong to."""

_b, _x = migration_batches.c, migration_exceptions.c
_kept, _counts = rollup_exception_batches.c, rollup_exception_counts.c
_TOTALS = tuple(BatchTotals.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class _Kept(BatchTotals):
    refreshed_at: datetime


@dataclass(frozen=True, slots=True)
class _Reach:
    newest_at: datetime | None
    latest_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchOfRun:
    """One batch with what its exceptions take from it; ``moved_at`` as of the scope."""

    batch_id: str
    table_name: str
    source_system: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Batches that are rolled up, and ids of those that the source must be asked for."""

    totals: tuple[_Kept, ...]
    left: tuple[str, ...]
    rollups: RollUps
    provenance: tuple[Provenance, ...]


def parts(connection: sa.Connection, scope: Scope, batches: Sequence[str]) -> Parts | None:
    """Divide batches by who answers for them; None where there are no roll-ups of exceptions."""
    rollups = rollups_of(connection)
    if rollups is None or not rollups.usable(connection):
        return None
    try:
        if not _exists(rollups.connection, rollups):
            return None
        columns = [_kept[name] for name in (*_TOTALS, "refreshed_at")]
        found = rollups.ask(
            sa.select(*columns).where(
                among(_kept.batch_id, batches), _kept.newest_at <= scope.as_of
            ),
            _Kept,
        )
        reach = _reach(rollups.connection, rollups)
    except UnreadableError:
        return None
    news = _news(connection, reach) if found.rows else None
    moved = {row.batch_id for row in news.rows} if news is not None else set()
    totals = tuple(row for row in found.rows if row.batch_id not in moved)
    kept = {row.batch_id for row in totals}
    left = tuple(batch for batch in batches if batch not in kept)
    asked = (found.provenance, *((news.provenance,) if news is not None else ()))
    return Parts(totals, left, rollups, asked)


def totals_of(
    connection: sa.Connection, scope: Scope, batches: Sequence[str]
) -> Answer[BatchTotals]:
    """The exceptions of each batch added up; no row for a batch that has none."""
    found = parts(connection, scope, batches)
    left = tuple(batches) if found is None else found.left
    wanted = (_x.batch_id.in_(left), _x.first_seen_at <= scope.as_of)
    live = ask(connection, batch_totals(*wanted), BatchTotals)
    if found is None:
        return live
    return replace(live, rows=(*found.totals, *live.rows), others=found.provenance)


def counted_at(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[CountedAt]:
    """As of when the exceptions of a run are counted."""
    batches = batches_of(connection, scope, run_id)
    ids = tuple(row.batch_id for row in batches.rows)
    found = parts(connection, scope, ids)
    if found is None or not found.totals:
        row = CountedAt(0, len(ids), None)
    else:
        moved = {row.batch_id: row.moved_at for row in batches.rows}
        row = CountedAt(
            rolled=len(found.totals),
            live=len(found.left),
            counted_at=min(each.refreshed_at for each in found.totals),
            outrun=sum(moved[each.batch_id] > each.refreshed_at for each in found.totals),
        )
    return Answer((row,), batches.provenance, found.provenance if found is not None else ())


@once
def batches_of(connection: sa.Connection, scope: Scope, run_id: str) -> Answer[BatchOfRun]:
    """The batches of a run that had begun, and when each last began or ended."""
    ended = sa.case((_b.finished_at <= scope.as_of, _b.finished_at))
    columns: list[sa.ColumnElement[Any]] = [
        sa.cast(_b.batch_id, sa.Text()).label("batch_id"),
        sa.func.max(_b.target_table).label("table_name"),
        sa.func.max(_b.source_system).label("source_system"),
        sa.func.max(sa.func.greatest(_b.started_at, ended)).label("moved_at"),
    ]
    statement = (
        sa.select(*columns)
        .where(_b.run_id == run_id, _b.started_at <= scope.as_of)
        .group_by(_b.batch_id)
    )
    return ask(connection, statement, BatchOfRun)


@once
def _reach(_: sa.Connection, rollups: RollUps) -> _Reach:
    """Up to when exceptions are rolled up."""
    newest = sa.select(
        sa.func.max(_kept.newest_at).label("newest_at"),
        sa.func.max(_kept.latest_at).label("latest_at"),
    )
    return rollups.ask(newest, _Reach).rows[0]


@once
def _exists(_: sa.Connection, rollups: RollUps) -> bool:
    """A schema that was last refreshed by an earlier version has no such tables."""
    name = rollup_exception_counts.fullname
    present = sa.select(sa.func.to_regclass(name).is_not(None).label("there"))
    return bool(rollups.ask(present, _There).rows[0].there)


@dataclass(frozen=True, slots=True)
class _There:
    there: bool


@once
def _news(source: sa.Connection, reach: _Reach) -> Answer[_Batch]:
    """Batches with exceptions first or last seen after everything that is rolled up."""
    newer = [
        sa.select(_x.batch_id).where(column > since).order_by(column.desc()).limit(MOST_NEWS)
        for column, since in (
            (_x.first_seen_at, reach.newest_at),
            (_x.last_seen_at, reach.latest_at),
        )
    ]
    either = sa.union(*(sa.select(each.subquery().c.batch_id) for each in newer)).subquery("news")
    return ask(source, sa.select(sa.cast(either.c.batch_id, sa.Text()).label("batch_id")), _Batch)


def among(column: sa.ColumnElement[Any], batches: Sequence[str]) -> sa.ColumnElement[bool]:
    """As one array: batches may be more than a statement takes parameters."""
    return column == sa.any_(sa.cast(list(batches), sa.ARRAY(sa.Text())))
