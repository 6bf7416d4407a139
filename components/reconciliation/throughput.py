"""Is a load slower than loads of the same batch were in earlier runs (A7)?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from queries.migration_runs import LoadRow

FEWEST_EARLIER = 2
"""Earlier loads of a batch without which there is nothing to compare it with."""
FALSE_ALARMS = 0.01
"""Chance that any batch at all of a run is called slow though nothing has changed."""
SLOWER_BY = 0.10
"""A load is never called slow for less than this, however regular the earlier ones were."""


@dataclass(frozen=True, slots=True)
class Load:
    """One ended attempt beside the earlier runs' loads of its batch.

    ``pace`` is in seconds for each 1,000 records. ``usual`` is the geometric mean of the
    ``earlier`` paces and ``limit`` what an unchanged load would hardly exceed; both are None
    where there are too few.
    """

    row: LoadRow
    name: str
    pace: float
    earlier: tuple[float, ...]
    usual: float | None
    limit: float | None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.row.finished_at - self.row.started_at).total_seconds()

    @property
    def slower(self) -> bool:
        """Whether this is a regression rather than chance."""
        return self.limit is not None and self.pace > self.limit

    @property
    def change(self) -> float | None:
        """How much slower (above 0) or faster than usual."""
        return None if self.usual is None else self.pace / self.usual - 1


@dataclass(frozen=True, slots=True)
class Throughput:
    """The loads of one run, regressions first; ``left_out`` read no record or took no time."""

    loads: tuple[Load, ...]
    left_out: int

    @property
    def slower(self) -> tuple[Load, ...]:
        """The regressions."""
        return tuple(load for load in self.loads if load.slower)

    @property
    def compared(self) -> int:
        """How many loads have a history."""
        return sum(load.limit is not None for load in self.loads)

    @property
    def pace(self) -> float | None:
        """Seconds for each 1,000 records over all loads."""
        records = sum(load.row.extracted for load in self.loads)
        return 1000 * sum(load.seconds for load in self.loads) / records if records else None


def throughput(rows: Sequence[LoadRow], run_id: str) -> Throughput:
    """The loads of a run against the loads of the same batches in earlier runs.

    Paces are compared as logarithms. The scatter is pooled over all batches with a history, and
    a load is slow beyond the one-sided prediction limit of Student's t for one more value,
    Bonferroni-corrected for the number of loads, and by at least :data:`SLOWER_BY`.
    """
    own = [row for row in rows if row.run_id == run_id]
    measured = [row for row in own if _pace(row) is not None]
    number = min((row.run_number for row in own), default=0)
    history: dict[str, list[float]] = {}
    for row in rows:
        pace = _pace(row)
        if row.run_number < number and pace is not None:
            history.setdefault(kind(row), []).append(pace)
    spread, freedom = _pooled([history.get(name, []) for name in {kind(row) for row in measured}])
    loads = [_load(row, history, spread, freedom, len(measured)) for row in measured]
    return Throughput(tuple(sorted(loads, key=_attention)), len(own) - len(measured))


def kind(row: LoadRow) -> str:
    """What the loads of one batch in several runs have in common: its id without the run's."""
    if row.run_id in row.batch_id and row.run_id != row.batch_id:
        return row.batch_id.replace(row.run_id, "", 1).strip("-_./ ")
    return f"{row.target_table} from {row.source_system}"


def _pace(row: LoadRow) -> float | None:
    seconds = (row.finished_at - row.started_at).total_seconds()
    return 1000 * seconds / row.extracted if row.extracted > 0 and seconds > 0 else None


def _pooled(histories: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Standard deviation of the logarithms around each batch's mean, and its degrees of freedom."""
    squares, freedom = 0.0, 0
    for paces in histories:
        if len(paces) < FEWEST_EARLIER:
            continue
        logs = [math.log(pace) for pace in paces]
        squares += sum((value - fmean(logs)) ** 2 for value in logs)
        freedom += len(logs) - 1
    return (math.sqrt(squares / freedom), freedom) if freedom else (0.0, 0)


def _load(
    row: LoadRow, history: dict[str, list[float]], spread: float, freedom: int, family: int
) -> Load:
    pace = _pace(row) or 0.0
    earlier = tuple(history.get(kind(row), ()))
    if len(earlier) < FEWEST_EARLIER:
        return Load(row, kind(row), pace, earlier, None, None)
    from scipy.stats import t  # slow to import, and few pages need it

    usual = math.exp(fmean(math.log(value) for value in earlier))
    reach = float(t.ppf(1 - FALSE_ALARMS / family, freedom)) * spread
    beyond = math.exp(reach * math.sqrt(1 + 1 / len(earlier)))
    return Load(row, kind(row), pace, earlier, usual, usual * max(beyond, 1 + SLOWER_BY))


def _attention(load: Load) -> tuple[bool, float, str, int]:
    return not load.slower, -(load.change or 0.0), load.name, load.row.attempt
