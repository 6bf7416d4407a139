"""Exceptions per record extracted, batch by batch: a shift told from noise (A3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.layout import numbers
from components.reconciliation.assess import Run
from components.statistics.control_charts import ControlChart, EwmaChart, ewma, laney_p_prime
from queries.exceptions_rows import CountRow, PartRow
from queries.migration_rows import BatchRow

MOST_BATCHES = 60
"""A chart holds so many batches, the latest: what it costs does not grow with history."""
_MOST_NAMED = 2

Counted = dict[str, tuple[int, int]]
"""Exceptions and open exceptions of each batch."""


@dataclass(frozen=True, slots=True)
class BatchRate:
    """One batch: exceptions per record extracted, and how many of them are open now."""

    batch_id: str
    run_id: str
    in_run: bool
    records: int
    exceptions: int
    open: int

    @property
    def rate(self) -> float:
        return self.exceptions / self.records

    @property
    def open_rate(self) -> float:
        return self.open / self.records


@dataclass(frozen=True, slots=True)
class Rates:
    """The batches of one table in the order of their loads, with what chance explains.

    ``control`` and ``average`` are None where there is nothing to chart, or where a batch has
    more exceptions than records, so that their ratio is no share.
    """

    table: str
    run_id: str
    batches: tuple[BatchRate, ...]
    control: ControlChart | None
    average: EwmaChart | None

    @property
    def above(self) -> tuple[int, ...]:
        """Places of this run's batches that have more exceptions than chance explains."""
        if self.control is None:
            return ()
        return tuple(
            place
            for place, point in enumerate(self.control.points)
            if point.above and self.batches[place].in_run
        )

    @property
    def raised(self) -> bool:
        """Whether the level within this run has moved upwards, by its moving average."""
        if self.average is None:
            return False
        return any(
            point.average > point.high and batch.in_run
            for point, batch in zip(self.average.points, self.batches, strict=True)
        )

    @property
    def sentence(self) -> str:
        """A shift or noise, in words."""
        if not self.batches:
            return f"No batch of {self.table} has ended."
        if self.control is None:
            return "A batch has more exceptions than records, so no limits can be drawn for rates."
        own = sum(batch.in_run for batch in self.batches)
        level = (
            "The moving average shows that the level rose."
            if self.raised
            else "The moving average shows no lasting rise."
        )
        if not self.control.enough:
            level = f"With {len(self.batches)} batches only a gross shift can be told from chance."
        if not self.above:
            return f"Noise: none of the {own} batches of {self.run_id} is beyond chance. {level}"
        named = "; ".join(self._named(place) for place in self.above[:_MOST_NAMED])
        more = len(self.above) - _MOST_NAMED
        tail = f" and {more} more" if more > 0 else ""
        verb = "has" if len(self.above) == 1 else "have"
        return (
            f"A shift, not noise: {len(self.above)} of the {own} batches of {self.run_id} {verb} "
            f"more exceptions than chance explains ({named}{tail}). {level}"
        )

    def _named(self, place: int) -> str:
        batch = self.batches[place]
        assert self.control is not None
        limit = numbers.proportion_text(self.control.points[place].high, 0.001)
        share = numbers.percentage(batch.exceptions, batch.records)
        return f"{batch.batch_id}: {share}, upper limit {limit}"


def candidates(batches: Iterable[BatchRow], run: Run, table: str) -> tuple[BatchRow, ...]:
    """The batches of a table up to a run that have ended, in order, the latest sixty."""
    found = [
        row
        for row in batches
        if row.target_table == table
        and row.run_number <= run.number
        and row.status != "running"
        and row.extracted > 0
    ]
    ordered = sorted(found, key=lambda row: (row.run_number, row.first_started_at, row.batch_id))
    return tuple(ordered[-MOST_BATCHES:])


def counted(rows: Iterable[PartRow]) -> Counted:
    """Exceptions of each batch of a run, and the open ones among them."""
    return {
        row.value: (row.exceptions, row.open_exceptions) for row in rows if row.value is not None
    }


def rates(
    shown: Sequence[BatchRow], counts: Mapping[str, tuple[int, int]], run: Run, table: str
) -> Rates:
    """Rates of these batches; a batch without an entry in ``counts`` has no exception."""
    found = []
    for row in shown:
        number, still_open = counts.get(row.batch_id, (0, 0))
        found.append(
            BatchRate(
                row.batch_id,
                row.run_id,
                row.run_id == run.id,
                row.extracted,
                number,
                still_open,
            )
        )
    if not found or any(each.exceptions > each.records for each in found):
        return Rates(table, run.id, tuple(found), None, None)
    sizes = [each.records for each in found]
    control = laney_p_prime([each.exceptions for each in found], sizes)
    average = ewma([each.rate for each in found], sizes)
    return Rates(table, run.id, tuple(found), control, average)


def tables(run: Run, rows: Iterable[CountRow]) -> tuple[str, ...]:
    """The tables of a run, the one with the most exceptions first."""
    counts = Counter[str]()
    for row in rows:
        counts[row.table_name] += row.exceptions
    names = {batch.row.target_table for batch in run.batches}
    return tuple(sorted(names, key=lambda name: (-counts[name], name)))
