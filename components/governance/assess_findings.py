"""Findings: which are open, how long, and which are past their date (B9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from queries.findings import FindingRow

OPEN, LATE, CLOSED = "open", "past its date", "closed"
STATES = (LATE, OPEN, CLOSED)
PRIORITIES, OTHER = ("P0", "P1", "P2"), "Other"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding at the as-of; ``age`` runs to its end, ``late`` from its date to its end.

    An open finding that nobody set a date for is past its date: otherwise it could never be.
    """

    row: FindingRow
    state: str
    age: timedelta
    late: timedelta | None

    @property
    def priority(self) -> str:
        """P0, P1 or P2; another word, which may stand for anything, comes before them."""
        return self.row.priority if self.row.priority in PRIORITIES else OTHER

    @property
    def is_open(self) -> bool:
        """Whether it was not closed by the as-of."""
        return self.state != CLOSED


def assess(rows: Iterable[FindingRow], as_of: datetime) -> tuple[Finding, ...]:
    """Each finding, what asks for attention first: late, then open, by priority and age."""
    found = [_one(row, as_of) for row in rows]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                STATES.index(one.state) if one.is_open else len(STATES),
                one.priority,
                -one.age,
            ),
        )
    )


def _one(row: FindingRow, as_of: datetime) -> Finding:
    end = row.closed_at or as_of
    late = end - row.due_at if row.due_at is not None and end > row.due_at else None
    if row.closed_at is not None:
        state = CLOSED
    else:
        state = LATE if late is not None or row.due_at is None else OPEN
    return Finding(row, state, end - row.opened_at, late)


def answer(found: Sequence[Finding]) -> str:
    """What is open and what is late, in one sentence."""
    if not found:
        return "The register holds no finding."
    still = [one for one in found if one.is_open]
    if not still:
        return f"All {len(found):,} findings are closed."
    by = Counter(one.priority for one in still)
    counts = ", ".join(f"{by[name]:,} {name}" for name in sorted(by))
    late = sum(one.state == LATE for one in still)
    lead = f"{len(still):,} of {len(found):,} findings are open ({counts})"
    if not late:
        return f"{lead}, none past its date."
    worst = next(one for one in still if one.state == LATE)
    word = "is" if late == 1 else "are"
    return f"{lead}; {late:,} {word} past the date: “{worst.row.title}”{_more(late)}."


def _more(late: int) -> str:
    return f" and {late - 1:,} more" if late > 1 else ""


def days(span: timedelta) -> int:
    """Whole days of a span."""
    return span // _ONE_DAY


def opened_and_open(found: Sequence[Finding], as_of: datetime) -> tuple[tuple[datetime, int], ...]:
    """How many were open after each day on which one was opened or closed, up to the as-of."""
    steps = Counter[datetime]()
    for one in found:
        steps[one.row.opened_at] += 1
        if one.row.closed_at is not None:
            steps[one.row.closed_at] -= 1
    if not steps:
        return ()
    standing, made = 0, []
    for at in sorted(steps):
        standing += steps[at]
        made.append((at, standing))
    return (*made, (as_of, standing))
