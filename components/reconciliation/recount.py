"""An independent recount beside the pipeline's own report: where do the two disagree?

The recount compares all records, so its numbers have no sampling error. The pipeline may have
compared a sample: it disagrees where a sample of its size, drawn from what the recount found,
would hardly ever show what it reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from components.reconciliation.assess import Run
from queries.reconciliation_results import FieldRow, GroupRow, ReferenceRow, RunRow
from queries.recount import ReportedField

UNLIKELY = 0.05
"""A sample that deviates this rarely by chance, in both directions together, is a disagreement."""
_FULL = "full"
_MISSING = frozenset({"missing", "lost_copy"})
_SURPLUS = frozenset({"extra", "surplus_copy"})
_DIFFERS = "differs"


class Measure(StrEnum):
    """What both sides count."""

    MISSING = "records missing"
    SURPLUS = "records too many"
    VALUES = "values that differ"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One count of the recount beside the pipeline's.

    ``reported`` is what the pipeline found in ``looked_at`` of ``population`` items; None where
    it reports nothing about them. ``batch`` is None where the recount knows no batches.
    """

    table: str
    batch: str | None
    measure: Measure
    field: str | None
    counted: int
    reported: int | None
    looked_at: int | None
    population: int | None

    @property
    def sampled(self) -> bool:
        """Whether the pipeline looked at a part only."""
        return self.looked_at is not None and self.looked_at != self.population

    @property
    def agrees(self) -> bool:
        """Whether the two can both be right."""
        if self.reported is None:
            return self.counted == 0
        if not self.sampled or self.looked_at is None or self.population is None:
            return self.reported == self.counted
        return _credible(self.reported, self.looked_at, self.counted, self.population)


@dataclass(frozen=True, slots=True)
class Recount:
    """The recount of one run: the comparisons that belong to it, and what they found.

    ``pairs`` were compared after the last load of their table had ended; ``outdated`` were not,
    and say nothing about it. ``uncovered`` lists target tables of the run without a recount.
    """

    run: Run | None
    pairs: tuple[RunRow, ...]
    outdated: tuple[RunRow, ...]
    uncovered: tuple[str, ...]
    fields: tuple[FieldRow, ...]
    groups: tuple[GroupRow, ...]
    references: tuple[ReferenceRow, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def disagreements(self) -> tuple[Comparison, ...]:
        """Where recount and pipeline contradict each other, largest difference first."""
        found = [each for each in self.comparisons if not each.agrees]
        return tuple(sorted(found, key=_size, reverse=True))

    @property
    def measured_at(self) -> datetime | None:
        """When the oldest of the comparisons ended: no number here is newer than that."""
        times = [pair.finished_at for pair in self.pairs if pair.finished_at is not None]
        return min(times, default=None)

    @property
    def source_rows(self) -> int:
        """Records of the source that were compared."""
        return sum(pair.source_rows for pair in self.pairs)

    @property
    def target_rows(self) -> int:
        """Records of the target that were compared."""
        return sum(pair.target_rows for pair in self.pairs)

    @property
    def unscored(self) -> int:
        """Records that the run loaded into tables without a recount."""
        batches = self.run.batches if self.run else ()
        return sum(b.row.loaded for b in batches if b.row.target_table in self.uncovered)

    def of_kind(self, *kinds: str) -> int:
        """Records that are missing, extra or repeated, copies included."""
        return sum(group.exceptions for group in self.groups if group.kind in kinds)


def recount(
    run: Run | None,
    pairs: Sequence[RunRow],
    fields: Sequence[FieldRow],
    groups: Sequence[GroupRow],
    reported: Sequence[ReportedField],
    references: Sequence[ReferenceRow] = (),
) -> Recount | None:
    """Set the recount of a run beside the pipeline's report; None where nothing was recounted.

    ``run`` is None where the pipeline keeps no batches: then all comparisons count.
    """
    if not pairs:
        return None
    current = tuple(pair for pair in pairs if run is None or _follows(pair, run))
    ids = {pair.run_id for pair in current}
    kept = tuple(group for group in groups if group.run_id in ids)
    tables = dict.fromkeys(batch.row.target_table for batch in run.batches) if run else {}
    comparisons: list[Comparison] = []
    if run is not None:
        for pair in current:
            own = [group for group in kept if group.run_id == pair.run_id]
            comparisons += _beside(pair, run, own, reported)
    return Recount(
        run=run,
        pairs=current,
        outdated=tuple(pair for pair in pairs if pair not in current),
        uncovered=tuple(
            table
            for table in tables
            if not any(_same(table, pair.target_relation) for pair in current)
        ),
        fields=tuple(field for field in fields if field.run_id in ids),
        groups=kept,
        references=tuple(each for each in references if each.run_id in ids),
        comparisons=tuple(comparisons),
    )


def _same(table: str, other: str) -> bool:
    """Whether two names mean one table, where one of them may lack its schema."""
    if "." in table and "." in other:
        return table == other
    return table.rpartition(".")[2] == other.rpartition(".")[2]


def _follows(pair: RunRow, run: Run) -> bool:
    """Whether the comparison began when the loads of its table had all ended."""
    loads = [b for b in run.batches if _same(b.row.target_table, pair.target_relation)]
    return all(
        batch.ended
        and batch.row.finished_at is not None
        and batch.row.finished_at <= pair.started_at
        for batch in loads
    )


def _beside(
    pair: RunRow, run: Run, groups: Sequence[GroupRow], reported: Sequence[ReportedField]
) -> Iterable[Comparison]:
    """Records, then values, batch by batch where the recount knows batches."""
    table = pair.target_relation
    batches = {b.row.batch_id: b.row for b in run.batches if _same(b.row.target_table, table)}
    if not batches:
        return
    by_batch = not groups or any(group.batch in batches for group in groups)
    for place in _places(batches, groups) if by_batch else [None]:
        held = [g for g in groups if not by_batch or g.batch == place]
        rows = [row for key, row in batches.items() if not by_batch or key == place]
        known = bool(rows)
        lacking = sum(max(0, row.closing_difference) for row in rows)
        too_many = sum(max(0, -row.closing_difference) for row in rows)
        for measure, kinds, said in (
            (Measure.MISSING, _MISSING, lacking),
            (Measure.SURPLUS, _SURPLUS, too_many),
        ):
            counted = sum(g.exceptions for g in held if g.kind in kinds)
            yield Comparison(
                table, place, measure, None, counted, said if known else None, None, None
            )
        ours = Counter[str]()
        for group in held:
            if group.kind == _DIFFERS and group.field is not None:
                ours[group.field] += group.exceptions
        theirs = [
            r for r in reported if (r.batch_id == place if by_batch else r.batch_id in batches)
        ]
        yield from _values(table, place, ours, theirs)


def _places(batches: Iterable[str], groups: Sequence[GroupRow]) -> list[str | None]:
    """The batches of the run, then labels of the recount that the pipeline does not know."""
    return list(dict.fromkeys([*batches, *(group.batch for group in groups)]))


def _values(
    table: str, batch: str | None, ours: Counter[str], theirs: Sequence[ReportedField]
) -> Iterable[Comparison]:
    for name in sorted({*ours, *(row.field for row in theirs)}):
        rows = [row for row in theirs if row.field == name]
        full = all(row.coverage == _FULL for row in rows)
        yield Comparison(
            table,
            batch,
            Measure.VALUES,
            name,
            ours[name],
            sum(row.mismatched for row in rows) if rows else None,
            None if full else sum(row.compared for row in rows),
            None if full else sum(row.population for row in rows),
        )


def _credible(reported: int, looked_at: int, counted: int, population: int) -> bool:
    """Whether a random sample could show this many, by the exact hypergeometric tails.

    A sample is drawn without replacement from ``population`` values of which ``counted`` differ.
    """
    if not 0 <= reported <= looked_at <= population or counted > population:
        return False
    if reported > counted or looked_at - reported > population - counted:
        return False
    from scipy.stats import hypergeom  # slow to import, and few pages need it

    draw = hypergeom(population, counted, looked_at)
    tail = min(float(draw.cdf(reported)), float(draw.sf(reported - 1)))
    return tail > UNLIKELY / 2


def _size(each: Comparison) -> tuple[int, str, str, str]:
    apart = abs(each.counted - (each.reported or 0))
    return apart, each.table, each.batch or "", each.field or ""
