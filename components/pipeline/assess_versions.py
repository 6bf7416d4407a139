"""Does every prediction say which versions made it, and were they in force (B2)?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from components.pipeline.shares import Share, Spot, where
from queries.audit_rows import SnapshotRow, SnapshotState

KNOBS = ("rules", "ml", "llm", "config")
KNOB_WORDS = {
    "rules": "Rules version",
    "ml": "Model version",
    "llm": "LLM version",
    "config": "Workflow configuration",
}
STATE_WORDS = {
    SnapshotState.MISSING: "Missing",
    SnapshotState.UNKNOWN: "Unknown version",
    SnapshotState.NOT_IN_FORCE: "Not in force at that time",
    SnapshotState.UNJUDGED: "No history to compare with",
    SnapshotState.IN_FORCE: "In force",
    SnapshotState.NOT_NEEDED: "Not needed",
}
FAULTS = (SnapshotState.MISSING, SnapshotState.UNKNOWN, SnapshotState.NOT_IN_FORCE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault of one snapshot: how many predictions, and where they lie in words."""

    knob: str
    state: SnapshotState
    n: int
    where: str


@dataclass(frozen=True, slots=True)
class FaultDay:
    """Predictions of one day, and how many of them carry each kind of fault."""

    day: date
    n: int
    missing: int
    unknown: int
    not_in_force: int


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The three questions about snapshots, each a share of the predictions it can be asked of.

    ``complete`` asks all predictions; ``known`` those with any snapshot; ``in_force`` those with
    a known one whose knob has a history. ``unjudged`` have one whose knob has none: nobody can
    say whether it was in force.
    """

    complete: Share
    known: Share
    in_force: Share
    unjudged: int
    faulty: int
    newest: datetime | None
    faults: tuple[Fault, ...]
    days: tuple[FaultDay, ...]
    where_incomplete: str
    where_unknown: str
    where_not_in_force: str

    @property
    def n(self) -> int:
        """Predictions of the period."""
        return self.complete.whole


def snapshots(rows: Sequence[SnapshotRow]) -> Snapshots:
    """Judge each prediction by the states of its four snapshots."""
    n = _count(rows)
    missing = _with(rows, SnapshotState.MISSING)
    unknown = _with(rows, SnapshotState.UNKNOWN)
    outdated = _with(rows, SnapshotState.NOT_IN_FORCE)
    carrying = [row for row in rows if any(state not in _EMPTY for state in _states(row))]
    judged = [row for row in rows if any(state in _JUDGED for state in _states(row))]
    return Snapshots(
        complete=_good(n, missing),
        known=_good(_count(carrying), unknown),
        in_force=_good(_count(judged), outdated),
        unjudged=_count(_with(rows, SnapshotState.UNJUDGED)),
        faulty=_count(row for row in rows if not set(FAULTS).isdisjoint(_states(row))),
        newest=max((row.newest for row in rows), default=None),
        faults=_faults(rows),
        days=_days(rows),
        where_incomplete=where(_spots(missing)),
        where_unknown=where(_spots(unknown)),
        where_not_in_force=where(_spots(outdated)),
    )


_EMPTY = (SnapshotState.MISSING, SnapshotState.NOT_NEEDED)
_JUDGED = (SnapshotState.IN_FORCE, SnapshotState.NOT_IN_FORCE)


def _states(row: SnapshotRow) -> tuple[str, ...]:
    return (row.rules, row.ml, row.llm, row.config)


def _with(rows: Sequence[SnapshotRow], state: SnapshotState) -> list[SnapshotRow]:
    return [row for row in rows if state in _states(row)]


def _count(rows: Iterable[SnapshotRow]) -> int:
    return sum(row.n for row in rows)


def _good(whole: int, bad: Sequence[SnapshotRow]) -> Share:
    return Share.of(whole - _count(bad), whole)


def _spots(rows: Sequence[SnapshotRow]) -> list[Spot]:
    return [Spot(row.day, row.work_type, row.region, row.n) for row in rows]


def _faults(rows: Sequence[SnapshotRow]) -> tuple[Fault, ...]:
    found = []
    for state in FAULTS:
        for knob in KNOBS:
            own = [row for row in rows if getattr(row, knob) == state]
            if own:
                found.append(Fault(knob, state, _count(own), where(_spots(own))))
    return tuple(found)


def _days(rows: Sequence[SnapshotRow]) -> tuple[FaultDay, ...]:
    days: dict[date, list[SnapshotRow]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
    return tuple(
        FaultDay(
            day=day,
            n=_count(own),
            missing=_count(_with(own, SnapshotState.MISSING)),
            unknown=_count(_with(own, SnapshotState.UNKNOWN)),
            not_in_force=_count(_with(own, SnapshotState.NOT_IN_FORCE)),
        )
        for day, own in sorted(days.items())
    )
