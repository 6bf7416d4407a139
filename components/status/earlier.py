"""How every gate stood on an earlier day: as it was recorded then, or judged again now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.gates.assess import Evaluation, GateResult
from components.gates.evidence import OUT_OF_TIME
from components.gates.status import Status
from components.gates.words import ABSENT
from queries.gate_history import GateDay

LOOK_BACK = timedelta(days=14)
"""How far back a day lies that is compared with, unless somebody asks for another."""


@dataclass(frozen=True, slots=True)
class Stood:
    """One gate: its status, and its number as it was written; empty without one."""

    status: Status
    value_text: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Every gate and slice as of a moment; ``recorded`` tells the ledger from judging again."""

    as_of: datetime
    recorded: bool
    gates: Mapping[tuple[str, str], Stood]
    unmeasured: frozenset[tuple[str, str]] = frozenset()

    @property
    def unknown(self) -> int:
        """How many gates were left unmeasured when they were judged again."""
        return len(self.unmeasured)

    def knows(self, gate: GateResult) -> bool:
        """Whether the gate can be compared: not if it was left unmeasured."""
        return (gate.requirement.id, gate.slice) not in self.unmeasured

    def of(self, gate: GateResult | None) -> Stood | None:
        """The same gate; None where the policy had none."""
        return self.gates.get((gate.requirement.id, gate.slice)) if gate is not None else None


def judged_again(evaluation: Evaluation) -> Earlier:
    """From an evaluation made now of what the tables say of that day."""
    return Earlier(
        evaluation.as_of,
        recorded=False,
        gates={
            (gate.requirement.id, gate.slice): _stood(gate.status, gate.value_text)
            for gate in evaluation.gates
        },
        unmeasured=frozenset(
            (gate.requirement.id, gate.slice)
            for gate in evaluation.gates
            if gate.evidence is not None and gate.evidence.sentence == OUT_OF_TIME
        ),
    )


def as_recorded(rows: Sequence[GateDay]) -> Earlier | None:
    """From the ledger; None where nothing was recorded."""
    if not rows:
        return None
    known = {status.name: status for status in Status}
    return Earlier(
        rows[0].as_of,
        recorded=True,
        gates={
            (row.requirement, row.slice): _stood(known[row.status], row.value_text)
            for row in rows
            if row.status in known
        },
    )


def _stood(status: Status, value_text: str) -> Stood:
    return Stood(status, "" if value_text == ABSENT else value_text)
