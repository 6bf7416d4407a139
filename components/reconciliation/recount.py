"""An independent recount beside the pipeline's own report: where do the two disagree?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress

from components.reconciliation.assess import Run
from components.reconciliation.comparison import Comparison, Measure, agreeing
from queries.reconciliation_results import FieldRow, FoundRow, ReferenceRow, RunRow
from queries.recount import ReportedField

_FULL = "full"
_MISSING = frozenset({"missing", "lost_copy"})
_SURPLUS = frozenset({"extra", "surplus_copy"})
_DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Recount:
    """The recount of one run: the comparisons that belong to it, and what they found.

    ``pairs`` were compared after the last load of their table had ended; ``outdated`` were not,
    and say nothing about it. ``uncovered`` lists target tables of the run without a recount.
    ``disagreements`` are where recount and pipeline contradict each other, largest first.
    ``unlooked`` are values of critical fields that the pipeline compares and the recount does not.
    """

    run: Run | None
    pairs: tuple[RunRow, ...]
    outdated: tuple[RunRow, ...]
    uncovered: tuple[str, ...]
    fields: tuple[FieldRow, ...]
    found: tuple[FoundRow, ...]
    references: tuple[ReferenceRow, ...]
    disagreements: tuple[Comparison, ...]
    agreements: tuple[Comparison, ...]
    unlooked: int = 0

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All counts of both sides, contradictions first."""
        return (*self.disagreements, *self.agreements)

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
        """Records that the run loaded and no recount looked at: a filter may leave some out."""
        loaded = Counter[str]()
        for batch in self.run.batches if self.run else ():
            loaded[batch.row.target_table] += batch.row.loaded
        return sum(max(0, n - self._looked_at(table)) for table, n in loaded.items())

    def _looked_at(self, table: str) -> int:
        """Records of either side: one that is missing was looked for."""
        own = [pair for pair in self.pairs if _same(table, pair.target_relation)]
        return max(sum(pair.source_rows for pair in own), sum(pair.target_rows for pair in own))

    def of_kind(self, *kinds: str) -> int:
        """Records that are missing, extra or repeated, copies included."""
        return sum(row.exceptions for row in self.found if row.kind in kinds)


def recount(
    run: Run | None,
    pairs: Sequence[RunRow],
    fields: Sequence[FieldRow],
    found: Sequence[FoundRow],
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
    kept = tuple(row for row in found if row.run_id in ids)
    tables = dict.fromkeys(batch.row.target_table for batch in run.batches) if run else {}
    comparisons: list[Comparison] = []
    if run is not None:
        for pair in current:
            own = [row for row in kept if row.run_id == pair.run_id]
            comparisons += _beside(pair, run, own, reported)
    verdicts = agreeing(comparisons)
    wrong = [each for each, agrees in zip(comparisons, verdicts, strict=True) if not agrees]
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
        found=kept,
        references=tuple(each for each in references if each.run_id in ids),
        disagreements=tuple(sorted(wrong, key=_size, reverse=True)),
        agreements=tuple(compress(comparisons, verdicts)),
        unlooked=_unlooked(current, fields, reported),
    )


def _unlooked(
    pairs: Sequence[RunRow], fields: Sequence[FieldRow], reported: Sequence[ReportedField]
) -> int:
    """Values of critical fields that the pipeline compares and no comparison of ours does."""
    ours = defaultdict[str, set[str]](set)
    relations = {pair.run_id: pair.target_relation for pair in pairs}
    for each in fields:
        if each.run_id in relations:
            ours[each.field].add(relations[each.run_id])
    return sum(
        row.population
        for row in reported
        if row.critical and not any(_same(row.table_name, table) for table in ours[row.field])
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
    pair: RunRow, run: Run, found: Sequence[FoundRow], reported: Sequence[ReportedField]
) -> Iterable[Comparison]:
    """Records, then values, batch by batch where the recount knows batches."""
    table = pair.target_relation
    batches = {b.row.batch_id: b.row for b in run.batches if _same(b.row.target_table, table)}
    if not batches:
        return
    by_batch = not found or any(row.batch in batches for row in found)
    ours, theirs = defaultdict[str | None, _Ours](_Ours), defaultdict[str | None, _Theirs](list)
    for row in found:
        ours[row.batch if by_batch else None].add(row)
    for check in reported:
        if by_batch or check.batch_id in batches:
            theirs[check.batch_id if by_batch else None].append(check)
    for place in dict.fromkeys([*batches, *ours]) if by_batch else [None]:
        counted = ours[place]
        rows = [row for key, row in batches.items() if not by_batch or key == place]
        lacking = sum(max(0, row.closing_difference) for row in rows) if rows else None
        too_many = sum(max(0, -row.closing_difference) for row in rows) if rows else None
        yield Comparison(table, place, Measure.MISSING, None, counted.missing, lacking, None, None)
        yield Comparison(table, place, Measure.SURPLUS, None, counted.surplus, too_many, None, None)
        yield from _values(table, place, counted.values, theirs[place])


@dataclass(slots=True)
class _Ours:
    """What the recount found in one batch: records, and values by field."""

    missing: int = 0
    surplus: int = 0
    values: Counter[str] = field(default_factory=Counter)

    def add(self, row: FoundRow) -> None:
        if row.kind in _MISSING:
            self.missing += row.exceptions
        elif row.kind in _SURPLUS:
            self.surplus += row.exceptions
        elif row.kind == _DIFFERS and row.field is not None:
            self.values[row.field] += row.exceptions


_Theirs = list[ReportedField]


def _values(
    table: str, batch: str | None, ours: Counter[str], theirs: Sequence[ReportedField]
) -> Iterable[Comparison]:
    checks = defaultdict[str, _Theirs](list)
    for check in theirs:
        checks[check.field].append(check)
    for name in sorted({*ours, *checks}):
        rows = checks[name]
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


def _size(each: Comparison) -> tuple[int, str, str, str]:
    apart = abs(each.counted - (each.reported or 0))
    return apart, each.table, each.batch or "", each.field or ""
