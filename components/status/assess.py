"""From an evaluation to what leadership needs: one sentence, what changed, who acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from components.gates.assess import DecisionResult, Evaluation, GateResult, Standing
from components.gates.evidence import OUT_OF_TIME
from components.gates.status import Status
from components.status.earlier import Earlier

_UNMEASURED = frozenset({Status.NO_DATA, Status.RUNNING})
_WORDS = {
    Status.FAIL: ("fails", "fail"),
    Status.ERROR: ("could not be computed", "could not be computed"),
    Status.STALE: ("is out of date", "are out of date"),
    Status.NO_DATA: ("is not measured", "are not measured"),
    Status.RUNNING: ("is being measured", "are being measured"),
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that stands in the way: one gate, or all gates that nobody measured.

    ``gate`` is the id of the requirement, empty for the group.
    """

    status: Status
    decision: str
    title: str
    detail: str
    who: str
    next_step: str
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A gate whose status differs between two evaluations; None where it did not exist."""

    gate: str
    decision: str
    title: str
    before: Status | None
    after: Status
    sentence: str

    @property
    def worse(self) -> bool:
        """Whether the later status is the worse one."""
        return self.before is not None and self.after > self.before


def counted(evaluation: Evaluation) -> tuple[GateResult, ...]:
    """The gates that the verdict depends on."""
    return tuple(gate for gate in evaluation.gates if gate.standing is Standing.COUNTED)


def overall(evaluation: Evaluation) -> str:
    """The verdict in one sentence, without the word of the verdict itself."""
    gates = counted(evaluation)
    if not gates:
        return "The policy asks for nothing, so nothing can be judged."
    tally = Counter(gate.status for gate in gates)
    found = [
        f"{tally[status]} {_WORDS[status][tally[status] != 1]}"
        for status in sorted(_WORDS, reverse=True)
        if tally[status]
    ]
    total = f"{len(gates)} required gates" if len(gates) != 1 else "1 required gate"
    if not found:
        return f"all {total} pass or are validly waived."
    return f"of {total}, {_listed(found)}."


def out_of_time(evaluation: Evaluation) -> int:
    """How many gates were left unmeasured, because reading for them would have taken too long."""
    return sum(
        gate.evidence is not None and gate.evidence.sentence == OUT_OF_TIME
        for gate in evaluation.gates
    )


def blockers(evaluation: Evaluation) -> tuple[Blocker, ...]:
    """What blocks, worst first: gate by gate, and all that is not measured as one."""
    single = [
        _blocker(decision, gate)
        for decision in evaluation.decisions
        for gate in decision.blocking
        if gate.status not in _UNMEASURED
    ]
    group = _unmeasured(evaluation.decisions)
    return (*sorted(single, key=lambda blocker: -blocker.status), *((group,) if group else ()))


def _blocker(decision: DecisionResult, gate: GateResult) -> Blocker:
    return Blocker(
        status=gate.status,
        decision=decision.decision.title,
        title=gate.requirement.title,
        detail=_without_title(gate),
        who=gate.who,
        next_step=gate.next_step,
        gate=gate.requirement.id,
    )


def _without_title(gate: GateResult) -> str:
    """The gate's sentence where its title already stands beside it."""
    return gate.sentence.removeprefix(f"{gate.requirement.title}: ")


def _unmeasured(decisions: Sequence[DecisionResult]) -> Blocker | None:
    by_decision = {
        decision.decision.title: sum(gate.status in _UNMEASURED for gate in decision.blocking)
        for decision in decisions
    }
    total = sum(by_decision.values())
    if not total:
        return None
    where = _listed([f"{count} of {title}" for title, count in by_decision.items() if count])
    return Blocker(
        status=Status.NO_DATA,
        decision="",
        title=f"{total} gates have no evidence" if total != 1 else "1 gate has no evidence",
        detail=f"{where}. What is not measured never counts as passed.",
        who="Each gate’s owner",
        next_step="Say when the measurement comes, or ask for a waiver where one is allowed.",
    )


def changes(before: Earlier, after: Evaluation) -> tuple[Change, ...]:
    """Gates whose status differs, the ones that got worse first."""
    titles = {item.decision.id: item.decision.title for item in after.decisions}
    found = [
        Change(
            gate=gate.requirement.id,
            decision=titles[gate.requirement.decision],
            title=gate.requirement.title,
            before=stood.status if stood else None,
            after=gate.status,
            sentence=gate.sentence,
        )
        for gate in after.gates
        if before.knows(gate)
        and ((stood := before.of(gate)) is None or stood.status is not gate.status)
    ]
    return tuple(sorted(found, key=lambda change: (not change.worse, -change.after, change.gate)))


def _listed(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
