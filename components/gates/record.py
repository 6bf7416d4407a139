"""An evaluation as it is recorded: the words and numbers that were shown, as plain JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from components.gates.assess import DecisionResult, Evaluation, GateResult
from components.gates.canonical import number_text
from queries.own_schema import EvaluationRecord, Json


def to_record(evaluation: Evaluation, evaluated_at: datetime) -> EvaluationRecord:
    """What the ledger keeps of an evaluation; numbers are text, so that nothing is rounded."""
    return EvaluationRecord(
        evaluated_at=evaluated_at,
        as_of=evaluation.as_of,
        policy_version=evaluation.policy_version,
        verdict=evaluation.verdict.name,
        decisions=[decision_json(item) for item in evaluation.decisions],
        gates=[gate_json(item) for item in evaluation.gates],
        digest=evaluation.digest,
    )


def decision_json(result: DecisionResult) -> dict[str, Json]:
    """One decision: verdict, sentence, and the ids of what blocks it, worst first."""
    return {
        "id": result.decision.id,
        "title": result.decision.title,
        "owner": result.decision.owner,
        "verdict": result.verdict.name,
        "sentence": result.sentence,
        "blocking": [f"{gate.requirement.id}[{gate.slice}]" for gate in result.blocking],
    }


def gate_json(gate: GateResult) -> dict[str, Json]:
    """One gate with its evidence."""
    evidence = gate.evidence
    return {
        "requirement": gate.requirement.id,
        "slice": gate.slice,
        "decision": gate.requirement.decision,
        "title": gate.requirement.title,
        "metric": gate.requirement.metric,
        "status": gate.status.name,
        "standing": gate.standing.name,
        "judged": None if gate.judged is None else number_text(gate.judged),
        "value_text": gate.value_text,
        "interval_text": gate.interval_text,
        "limit_text": gate.limit_text,
        "n": evidence.n if evidence and isinstance(evidence.n, int) else None,
        "method": evidence.method if evidence else None,
        "measured_at": _moment(evidence.measured_at if evidence else None),
        "candidate": evidence.candidate if evidence else None,
        "dataset_digest": evidence.dataset_digest if evidence else None,
        "sentence": gate.sentence,
        "next_step": gate.next_step,
        "who": gate.who,
        "waiver": gate.waiver.waiver_id if gate.waiver else None,
    }


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
