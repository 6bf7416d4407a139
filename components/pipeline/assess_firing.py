"""How often the LLM runs, why, and where that contradicts the rule (B1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from components.pipeline.shares import Share
from queries.audit_rows import FiringFault, PulseRow

WITHOUT_CAUSE = (
    FiringFault.NO_TRIGGER,
    FiringFault.BELOW_THRESHOLD,
    FiringFault.NOT_ESCALATED,
)
MISSED = (FiringFault.MISSED_ESCALATION, FiringFault.MISSED_DISAGREEMENT)

FAULT_WORDS = {
    FiringFault.NO_TRIGGER: "Ran without a recorded trigger",
    FiringFault.BELOW_THRESHOLD: "Ran for a disagreement that is within the threshold",
    FiringFault.NOT_ESCALATED: "Ran for an escalation that the ticket does not have",
    FiringFault.MISSED_ESCALATION: "Escalated, but the LLM did not run",
    FiringFault.MISSED_DISAGREEMENT: "Disagreement beyond the threshold, but the LLM did not run",
}


@dataclass(frozen=True, slots=True)
class Firing:
    """Calls of the LLM among ``n`` predictions.

    ``unjudged`` are predictions that cannot be held against the rule: a score or the threshold
    is unknown. ``newest`` is None where there is no prediction.
    """

    n: int
    asked: Share
    disagreement: int
    escalation: int
    untriggered: int
    faults: tuple[tuple[FiringFault, int], ...]
    unjudged: int
    errors: Share
    newest: datetime | None
    days: tuple[PulseRow, ...]

    @property
    def without_cause(self) -> int:
        """Calls that the rule does not explain."""
        return sum(n for fault, n in self.faults if fault in WITHOUT_CAUSE)

    @property
    def missed(self) -> int:
        """Calls that the rule demands and that were not made, without an error that explains it."""
        return sum(n for fault, n in self.faults if fault in MISSED)

    @property
    def other_trigger(self) -> int:
        """Calls with a trigger that the contract does not know."""
        return self.asked.part - self.disagreement - self.escalation - self.untriggered


def firing(pulse: Sequence[PulseRow]) -> Firing:
    """The days of the pulse, added up."""
    n = sum(row.n for row in pulse)
    return Firing(
        n=n,
        asked=Share.of(sum(row.asked for row in pulse), n),
        disagreement=sum(row.asked_disagreement for row in pulse),
        escalation=sum(row.asked_escalation for row in pulse),
        untriggered=sum(row.asked_untriggered for row in pulse),
        faults=tuple(
            (fault, sum(getattr(row, fault.value) for row in pulse)) for fault in FiringFault
        ),
        unjudged=sum(row.unjudged for row in pulse),
        errors=Share.of(sum(row.errors for row in pulse), n),
        newest=max((row.newest for row in pulse), default=None),
        days=tuple(pulse),
    )
