"""Does each run close, is each batch complete, and what stands in the way?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from queries.migration_rows import BatchRow

LATE_AFTER = timedelta(hours=2)
"""How much later than in earlier runs a batch may end, counted from the start of its run."""


class Flag(StrEnum):
    """What can be the matter with a batch, gravest first."""

    UNBALANCED = "does not close"
    UNDECLARED = "filtered without a declared rule"
    FAILED = "failed"
    PARTIAL = "partial"
    REPEATED = "loaded twice"
    LATE = "late"
    RUNNING = "running"


_GRAVITY = {flag: place for place, flag in enumerate(Flag)}


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch and what is the matter with it.

    ``late_by`` is how much later it ended than the slowest batch of its source and table in any
    earlier run; None where it was in time, or there is nothing to compare it with.
    """

    row: BatchRow
    flags: tuple[Flag, ...]
    late_by: timedelta | None

    @property
    def ended(self) -> bool:
        """Whether its counts are final."""
        return Flag.RUNNING not in self.flags

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for, the filtered ones by a declared rule."""
        return Flag.UNBALANCED not in self.flags and Flag.UNDECLARED not in self.flags


@dataclass(frozen=True, slots=True)
class Run:
    """One mock conversion or live load: its batches, and the records of those that have ended.

    ``unaccounted`` is extracted − rejected − filtered − loaded over all batches; ``gross`` sums
    the same without its sign, so that batches that lack records and batches that have too many
    do not cancel out.
    """

    id: str
    kind: str
    number: int
    batches: tuple[Batch, ...]
    extracted: int
    loaded: int
    rejected: int
    filtered: int
    unaccounted: int
    gross: int
    newest_at: datetime

    @property
    def live(self) -> bool:
        """Whether this is a live load rather than a mock conversion."""
        return self.kind == "live"

    @property
    def ended(self) -> int:
        """How many batches have ended."""
        return sum(batch.ended for batch in self.batches)

    @property
    def running(self) -> int:
        """How many batches have not ended."""
        return len(self.batches) - self.ended

    @property
    def unbalanced(self) -> tuple[Batch, ...]:
        """Batches in which records are unaccounted for."""
        return tuple(batch for batch in self.batches if not batch.balanced)

    @property
    def incomplete(self) -> tuple[Batch, ...]:
        """Batches that failed or stopped half-way."""
        return self.having(Flag.FAILED, Flag.PARTIAL)

    def having(self, *flags: Flag) -> tuple[Batch, ...]:
        """Batches with any of these flags."""
        return tuple(batch for batch in self.batches if not set(flags).isdisjoint(batch.flags))


def runs(rows: Sequence[BatchRow]) -> tuple[Run, ...]:
    """Every run, in order; batches that need attention come first in each."""
    by_run: dict[tuple[int, str], list[BatchRow]] = {}
    for row in rows:
        by_run.setdefault((row.run_number, row.run_id), []).append(row)
    started = {key: min(row.first_started_at for row in of) for key, of in by_run.items()}
    found = []
    for key in sorted(by_run):
        earlier = _slowest(
            (row, started[other]) for other in by_run if other[0] < key[0] for row in by_run[other]
        )
        batches = [_batch(row, started[key], earlier) for row in by_run[key]]
        found.append(_run(batches))
    return tuple(found)


def latest(found: Sequence[Run]) -> Run | None:
    """The run that decides: the latest live one, or before any, the latest mock."""
    live = [run for run in found if run.live]
    return max(live or found, key=lambda run: run.number, default=None)


def closing_difference(row: BatchRow) -> int:
    """Extracted − loaded − rejected − filtered, recomputed: 0 where every record has its place."""
    return row.extracted - row.loaded - row.rejected - row.filtered


_Lag = dict[tuple[str, str], timedelta]


def _slowest(rows: Iterable[tuple[BatchRow, datetime]]) -> _Lag:
    """Longest time from a run's start to a batch's first end, by source and table."""
    lag: _Lag = {}
    for row, run_started in rows:
        if row.first_finished_at is not None:
            key = (row.source_system, row.target_table)
            lag[key] = max(lag.get(key, timedelta(0)), row.first_finished_at - run_started)
    return lag


def _batch(row: BatchRow, run_started: datetime, earlier: _Lag) -> Batch:
    late_by = _late_by(row, run_started, earlier)
    ended = row.status != "running"
    signs = (
        (Flag.UNBALANCED, ended and closing_difference(row) != 0),
        (Flag.UNDECLARED, ended and row.filtered > 0 and not (row.filter_rule or "").strip()),
        (Flag.FAILED, row.status == "failed"),
        (Flag.PARTIAL, row.status == "partial"),
        (Flag.REPEATED, row.completed_attempts > 1),
        (Flag.LATE, late_by is not None),
        (Flag.RUNNING, not ended),
    )
    return Batch(row, tuple(flag for flag, shown in signs if shown), late_by)


def _late_by(row: BatchRow, run_started: datetime, earlier: _Lag) -> timedelta | None:
    usual = earlier.get((row.source_system, row.target_table))
    if usual is None or row.first_finished_at is None:
        return None
    behind = row.first_finished_at - run_started - usual
    return behind if behind > LATE_AFTER else None


def _run(batches: Sequence[Batch]) -> Run:
    first = batches[0].row
    ended = [batch.row for batch in batches if batch.ended]
    differences = [closing_difference(row) for row in ended]
    return Run(
        id=first.run_id,
        kind=first.run_kind,
        number=first.run_number,
        batches=tuple(sorted(batches, key=_attention)),
        extracted=sum(row.extracted for row in ended),
        loaded=sum(row.loaded for row in ended),
        rejected=sum(row.rejected for row in ended),
        filtered=sum(row.filtered for row in ended),
        unaccounted=sum(differences),
        gross=sum(map(abs, differences)),
        newest_at=max(batch.row.finished_at or batch.row.started_at for batch in batches),
    )


def _attention(batch: Batch) -> tuple[int, int, datetime, str]:
    worst = min((_GRAVITY[flag] for flag in batch.flags), default=len(Flag))
    difference = abs(closing_difference(batch.row))
    return worst, -difference, batch.row.started_at, batch.row.batch_id
