"""Does each run close, is each batch complete, and what stands in the way?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from queries.migration_rows import BatchRow

LATE_AFTER = timedelta(hours=2)
"""How much later than in earlier runs a batch may end, counted from the start of its run."""


class Flag(StrEnum):
    """What can be the matter with a batch, gravest first."""

    IMPOSSIBLE = "counts below zero"
    UNBALANCED = "does not close"
    UNDECLARED = "filtered without a declared rule"
    FAILED = "failed"
    PARTIAL = "partial"
    UNCLEAR = "ended in a state that nobody knows"
    REPEATED = "loaded twice"
    LATE = "late"
    RUNNING = "running"


_GRAVITY = {flag: place for place, flag in enumerate(Flag)}
_UNBALANCED = frozenset({Flag.IMPOSSIBLE, Flag.UNBALANCED, Flag.UNDECLARED})
_STATES = frozenset({"running", "completed", "failed", "partial"})
_FAR_LESS = Decimal("0.9")
"""A part of a run that loaded less than this share of the run before it is not complete."""


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
        return _UNBALANCED.isdisjoint(self.flags)


@dataclass(frozen=True, slots=True)
class Absent:
    """What the run before (``before``) had loaded of one source and table, and this did not."""

    source_system: str
    target_table: str
    batches: int
    records: int
    before: str


@dataclass(frozen=True, slots=True)
class Run:
    """One mock conversion or live load: its batches, and the records of those that have ended.

    ``unaccounted`` is extracted − rejected − filtered − loaded over all batches; ``gross`` sums
    the same without its sign, so that batches that lack records and batches that have too many
    do not cancel out. ``absent`` are parts that the run before had loaded and this one lacks.
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
    absent: tuple[Absent, ...] = ()

    @property
    def live(self) -> bool:
        """Whether this is a live load: whatever does not say that it is a mock conversion."""
        return self.kind.strip().casefold() != "mock"

    @property
    def started_at(self) -> datetime:
        """When its first batch began."""
        return min(batch.row.first_started_at for batch in self.batches)

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
        """Batches that failed, stopped half-way, or ended nobody knows how."""
        return self.having(Flag.FAILED, Flag.PARTIAL, Flag.UNCLEAR)

    @property
    def absent_batches(self) -> int:
        """Batches that the run before had and of which nothing was written here."""
        return sum(part.batches for part in self.absent)

    @property
    def absent_records(self) -> int:
        """Records that the run before had loaded in those."""
        return sum(part.records for part in self.absent)

    def having(self, *flags: Flag) -> tuple[Batch, ...]:
        """Batches with any of these flags."""
        return tuple(batch for batch in self.batches if not set(flags).isdisjoint(batch.flags))


def runs(rows: Sequence[BatchRow]) -> tuple[Run, ...]:
    """Every run, in order; batches that need attention come first in each."""
    by_run: dict[tuple[int, str], list[BatchRow]] = {}
    for row in rows:
        by_run.setdefault((row.run_number, row.run_id), []).append(row)
    started = {key: min(row.first_started_at for row in of) for key, of in by_run.items()}
    found: list[Run] = []
    for key in sorted(by_run):
        earlier = _slowest(
            (row, started[other]) for other in by_run if other[0] < key[0] for row in by_run[other]
        )
        batches = [_batch(row, started[key], earlier) for row in by_run[key]]
        run = _run(batches)
        former = before(run, found)
        found.append(replace(run, absent=_absent(run, former) if former is not None else ()))
    return tuple(found)


def before(run: Run, found: Sequence[Run]) -> Run | None:
    """The run before it by number; None where it is the first."""
    return max((r for r in found if r.number < run.number), key=lambda r: r.number, default=None)


def latest(found: Sequence[Run]) -> Run | None:
    """The run that decides: the live one that began last, or before any, the last mock."""
    live = [run for run in found if run.live]
    return max(live or found, key=lambda run: (run.started_at, run.number), default=None)


def closing_difference(row: BatchRow) -> int:
    """Extracted − loaded − rejected − filtered, recomputed: 0 where every record has its place."""
    return row.extracted - row.loaded - row.rejected - row.filtered


def _absent(run: Run, former: Run) -> tuple[Absent, ...]:
    """Parts of which nothing was loaded, or far less in fewer batches than the run before.

    A pipeline may cut its batches anew, so fewer of them alone say nothing. What a running batch
    will load is not known yet.
    """
    had, has = _parts(former), _parts(run)
    going_on = {_part(batch) for batch in run.batches if not batch.ended}
    found = []
    for part, (batches, loaded) in had.items():
        if part in going_on:
            continue
        now, arrived = has.get(part, (0, 0))
        if loaded and not arrived:
            found.append(Absent(*part, batches, loaded, former.id))
        elif now < batches and arrived < _FAR_LESS * loaded:
            found.append(Absent(*part, batches - now, loaded - arrived, former.id))
    return tuple(found)


def _parts(run: Run) -> dict[tuple[str, str], tuple[int, int]]:
    """How many batches of each source and table there are, and what they loaded."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for batch in run.batches:
        batches, loaded = found.get(_part(batch), (0, 0))
        found[_part(batch)] = (batches + 1, loaded + batch.row.loaded)
    return found


def _part(batch: Batch) -> tuple[str, str]:
    return batch.row.source_system, batch.row.target_table


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
    counts = (row.extracted, row.loaded, row.rejected, row.filtered)
    signs = (
        (Flag.IMPOSSIBLE, min(counts) < 0),
        (Flag.UNBALANCED, ended and closing_difference(row) != 0),
        (Flag.UNDECLARED, ended and row.filtered > 0 and not (row.filter_rule or "").strip()),
        (Flag.FAILED, row.status == "failed"),
        (Flag.PARTIAL, row.status == "partial"),
        (Flag.UNCLEAR, row.status not in _STATES),
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
