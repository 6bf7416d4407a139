"""Control totals recomputed exactly, beside what the pipeline's own tool said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation, localcontext

from components.reconciliation.assess import Run
from queries.migration_rows import TotalRow

_PASSED = frozenset({"success", "pass", "passed", "ok"})
_FAILED = frozenset({"fail", "failed", "failure", "error"})
_ADDITIVE = frozenset({"count", "sum"})
# Python rounds to 28 digits unless told otherwise; money must not be rounded at all.
_EXACT = Context(prec=2_000)


@dataclass(frozen=True, slots=True)
class Total:
    """One control total: both sides, their exact difference, and the tool's own verdict.

    ``source``, ``target`` and ``difference`` (target − source) are None where a side is missing
    or no number. ``printed`` says that a side had to be read from the tool's printed text, which
    may have been rounded. ``tool_passed`` is None where the tool gave no clear verdict.
    """

    row: TotalRow
    source: Decimal | None
    target: Decimal | None
    difference: Decimal | None
    printed: bool
    tool_passed: bool | None

    @property
    def differs(self) -> bool | None:
        """Whether the sides differ; None where that cannot be said."""
        return None if self.difference is None else self.difference != 0

    @property
    def disagreement(self) -> bool:
        """Whether the tool's verdict contradicts the exact numbers."""
        if self.differs is None or self.tool_passed is None:
            return False
        return self.differs is self.tool_passed


@dataclass(frozen=True, slots=True)
class TotalGroup:
    """All totals of one name over the batches of a run.

    ``net`` is the sum of the differences, ``gross`` the sum without their signs: errors in two
    directions cancel out in the one and not in the other. Both are None for minima and maxima,
    which do not add up.
    """

    name: str
    unit: str | None
    totals: int
    differing: int
    passed_by_tool: int
    net: Decimal | None
    gross: Decimal | None


@dataclass(frozen=True, slots=True)
class Totals:
    """The control totals of a run: disagreements with the tool first, then other differences."""

    totals: tuple[Total, ...]
    groups: tuple[TotalGroup, ...]
    newest_at: datetime | None

    @property
    def differing(self) -> tuple[Total, ...]:
        """Those whose sides differ."""
        return tuple(total for total in self.totals if total.differs)

    @property
    def disagreeing(self) -> tuple[Total, ...]:
        """Those on which the tool and the exact numbers contradict each other."""
        return tuple(total for total in self.totals if total.disagreement)

    @property
    def unknown(self) -> tuple[Total, ...]:
        """Those that cannot be compared."""
        return tuple(total for total in self.totals if total.differs is None)


def totals(rows: Sequence[TotalRow]) -> Totals:
    """Recompute every total of a run; the tool's own status is shown and never trusted."""
    found = tuple(sorted(map(total, rows), key=_attention))
    names = dict.fromkeys((item.row.name, item.row.unit) for item in found)
    groups = tuple(
        _group(name, unit, [t for t in found if (t.row.name, t.row.unit) == (name, unit)])
        for name, unit in sorted(names, key=lambda key: (key[0], key[1] or ""))
    )
    newest = max((row.taken_at for row in rows), default=None)
    return Totals(found, groups, newest)


def total(row: TotalRow) -> Total:
    """One total; a side without an exact number is read from the tool's text."""
    source, source_printed = _side(row.source_value, row.source_printed)
    target, target_printed = _side(row.target_value, row.target_printed)
    difference = None
    if source is not None and target is not None:
        difference = _EXACT.subtract(target, source)
    return Total(
        row=row,
        source=source,
        target=target,
        difference=difference,
        printed=source_printed or target_printed,
        tool_passed=_verdict(row.tool_status),
    )


def unproven(run: Run, found: Totals, earlier: Totals | None = None) -> tuple[int, int]:
    """Totals that are older than the last load of their batch, and totals that nobody took.

    What was once taken of a target table, in this run or in the one before (``earlier``), is to
    be taken of each of its batches. Where nothing tells what that is, a batch without any total
    lacks one.
    """
    loaded_at = {batch.row.batch_id: batch.row.started_at for batch in run.batches}
    outdated = sum(each.row.taken_at < loaded_at[each.row.batch_id] for each in found.totals)
    taken: dict[str, set[_Kind]] = {}
    for each in found.totals:
        taken.setdefault(each.row.batch_id, set()).add(_kind(each.row))
    known: dict[str, set[_Kind]] = {}
    for each in (*found.totals, *(earlier.totals if earlier is not None else ())):
        known.setdefault(each.row.target_table or "", set()).add(_kind(each.row))
    untaken = 0
    for batch in run.batches:
        if batch.ended:
            has = taken.get(batch.row.batch_id, set())
            wanted = known.get(batch.row.target_table, set())
            untaken += len(wanted - has) or (not has)
    return outdated, untaken


_Kind = tuple[str, str | None, str | None]


def _kind(row: TotalRow) -> _Kind:
    """What a total is of, whichever batch it was taken of."""
    return row.name, row.target_column, row.grouped_by


def exact_sum(numbers: Iterable[Decimal]) -> Decimal:
    """The sum without rounding."""
    with localcontext(_EXACT):
        return sum(numbers, Decimal(0))


def _side(exact: Decimal | None, printed: str | None) -> tuple[Decimal | None, bool]:
    """A side's number, and whether it is only the tool's text."""
    if exact is not None:
        return (exact if exact.is_finite() else None), False
    try:
        number = Decimal((printed or "").strip())
    except InvalidOperation:
        return None, False
    return (number, True) if number.is_finite() else (None, False)


def _verdict(status: str | None) -> bool | None:
    word = (status or "").strip().casefold()
    if word in _PASSED:
        return True
    return False if word in _FAILED else None


def _group(name: str, unit: str | None, items: Sequence[Total]) -> TotalGroup:
    additive = all((item.row.aggregation or "").casefold() in _ADDITIVE for item in items)
    differences = [item.difference for item in items if item.difference is not None]
    return TotalGroup(
        name=name,
        unit=unit,
        totals=len(items),
        differing=sum(item.differs is True for item in items),
        passed_by_tool=sum(item.disagreement and item.differs is True for item in items),
        net=exact_sum(differences) if additive else None,
        gross=exact_sum(map(abs, differences)) if additive else None,
    )


def _attention(item: Total) -> tuple[int, Decimal, str, str]:
    if item.disagreement:
        place = 0
    elif item.differs:
        place = 1
    else:
        place = 2 if item.differs is None else 3
    size = abs(item.difference) if item.difference is not None else Decimal(0)
    return place, -size, item.row.batch_id, item.row.name
