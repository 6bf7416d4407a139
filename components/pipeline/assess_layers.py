"""Do rules and ML agree: overall, per segment, over time (B1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from components.pipeline.shares import UNNAMED, Share
from components.statistics.agreement import cohen_kappa
from queries.audit_rows import DecisionRow, PulseRow


@dataclass(frozen=True, slots=True)
class Cell:
    """What rules and ML said, how often, and what came of it.

    ``finals`` counts the final decisions; ``asked`` is how often the LLM ran.
    """

    rules: str
    ml: str
    n: int
    asked: int
    finals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SegmentShare:
    """A share in one segment."""

    segment: str
    share: Share


@dataclass(frozen=True, slots=True)
class WeekShare:
    """A share in one week, which begins on ``monday``."""

    monday: date
    share: Share


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of rules and ML where both decided; ``undecided`` counts where one did not.

    ``kappa`` is what is left of the agreement when chance is taken out; None where chance alone
    explains it all, or where nothing can be compared.
    """

    share: Share
    kappa: float | None
    undecided: int
    cells: tuple[Cell, ...]
    by_work_type: tuple[SegmentShare, ...]
    by_region: tuple[SegmentShare, ...]


def agreement(rows: Sequence[DecisionRow]) -> Agreement:
    """Agreement of the two layers that always decide."""
    both = [row for row in rows if row.rules_decision is not None and row.ml_decision is not None]
    cells = _cells(both)
    words = sorted({word for cell in cells for word in (cell.rules, cell.ml)})
    counts = {(cell.rules, cell.ml): cell.n for cell in cells}
    matrix = [[counts.get((rules, ml), 0) for ml in words] for rules in words]
    beyond_chance = cohen_kappa(matrix) if words else None
    return Agreement(
        share=_share(both),
        kappa=beyond_chance.kappa if beyond_chance else None,
        undecided=sum(row.n for row in rows) - sum(row.n for row in both),
        cells=cells,
        by_work_type=_by(both, lambda row: row.work_type),
        by_region=_by(both, lambda row: row.region),
    )


def weekly_agreement(pulse: Sequence[PulseRow]) -> tuple[WeekShare, ...]:
    """Agreement per calendar week, Monday first; a week of the period may be cut."""
    weeks: dict[date, list[PulseRow]] = defaultdict(list)
    for row in pulse:
        weeks[row.day - timedelta(days=row.day.weekday())].append(row)
    return tuple(
        WeekShare(
            monday,
            Share.of(sum(row.agreed for row in rows), sum(row.comparable for row in rows)),
        )
        for monday, rows in sorted(weeks.items())
    )


def _share(rows: Sequence[DecisionRow]) -> Share:
    agreed = sum(row.n for row in rows if row.rules_decision == row.ml_decision)
    return Share.of(agreed, sum(row.n for row in rows))


def _by(
    rows: Sequence[DecisionRow], segment: Callable[[DecisionRow], str | None]
) -> tuple[SegmentShare, ...]:
    groups: dict[str, list[DecisionRow]] = defaultdict(list)
    for row in rows:
        groups[segment(row) or UNNAMED].append(row)
    shares = [SegmentShare(name, _share(found)) for name, found in groups.items()]
    return tuple(sorted(shares, key=lambda item: item.share.value or 0.0))


def _cells(rows: Sequence[DecisionRow]) -> tuple[Cell, ...]:
    groups: dict[tuple[str, str], list[DecisionRow]] = defaultdict(list)
    for row in rows:
        if row.rules_decision is not None and row.ml_decision is not None:
            groups[row.rules_decision, row.ml_decision].append(row)
    return tuple(_cell(key, found) for key, found in sorted(groups.items()))


def _cell(key: tuple[str, str], rows: Sequence[DecisionRow]) -> Cell:
    finals: Counter[str] = Counter()
    for row in rows:
        finals[row.final_decision or UNNAMED] += row.n
    return Cell(
        rules=key[0],
        ml=key[1],
        n=sum(row.n for row in rows),
        asked=sum(row.n for row in rows if row.asked),
        finals=tuple(sorted(finals.items())),
    )
