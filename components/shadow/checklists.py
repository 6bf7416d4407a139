"""The three checklists of a model: to promote it, to roll it back, to demote it at once.

Each is made of gates as they were judged; nothing is judged again here. A gate that the policy
does not have is named, and holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.gates.assess import DecisionResult, Evaluation, GateResult, Standing
from components.gates.evidence import ALL
from components.gates.status import Status, Verdict
from components.shadow.types import Checklist, CheckRow, Readiness, ShadowReport

DECISION = "promotion"
WAY_BACK = "artifacts.rollback_targets"
ROLLBACK_DRILL = "artifacts.rollback_drill_age"
DEMOTE_DRILL = "artifacts.demote_drill_age"
RECORD = "ledger.broken_rows"
SIGNATURE = "artifacts.production_invalid"
_NAMED = 2
_HERE = ("shadow.", "fairness.")
_GOOD = (Status.PASS, Status.WARN, Status.WAIVED)


@dataclass(frozen=True, slots=True)
class WayOut:
    """Leaving the production model: ``calls`` are metrics whose failure calls for it, ``needs``
    what must hold for it to work, ``runbook`` how it is done."""

    title: str
    runbook: str
    doing: str
    calls: tuple[str, ...]
    needs: tuple[str, ...]


PROMOTE, PROMOTE_BOOK = "Promote", "promote"
ROLL_BACK = WayOut(
    title="Roll back",
    runbook="rollback",
    doing="Rolling back",
    calls=("production.rollback_harm", "errors.rate", "latency.fast_path_p95",
           "drift.concept_segments_in_alarm", "feedback.override_rate"),
    needs=(WAY_BACK, ROLLBACK_DRILL, RECORD),
)  # fmt: skip
DEMOTE = WayOut(
    title="Demote at once",
    runbook="emergency_demote",
    doing="An emergency demotion",
    calls=(SIGNATURE, "production.rules_harm"),
    needs=(DEMOTE_DRILL, WAY_BACK, RECORD),
)
WAYS_OUT = (ROLL_BACK, DEMOTE)
_NAMES = {
    WAY_BACK: "A rollback model can be loaded",
    ROLLBACK_DRILL: "Rolling back was practised",
    DEMOTE_DRILL: "Emergency demotion was practised",
    RECORD: "The record is intact",
    SIGNATURE: "The production model's signature is valid",
}


def identity(gate: GateResult) -> str:
    """A gate's name in a link: its requirement, and its slice unless that is everything."""
    own = gate.requirement.id
    return own if gate.slice == ALL else f"{own}@{gate.slice}"


def promotion(evaluation: Evaluation) -> Checklist:
    """Every gate of the promotion, the worst first."""
    decision = evaluation.decision(DECISION)
    gates = [gate for gate in evaluation.gates if gate.requirement.decision == DECISION]
    if decision is None or not gates:
        return Checklist(
            PROMOTE,
            Status.ERROR,
            "The policy has no gate for a promotion, so nothing can be promoted.",
            (),
        )
    return Checklist(PROMOTE, decision.status, decision.sentence, _rows(gates))


def answer(report: ShadowReport, decision: DecisionResult | None) -> str:
    """May the candidate be promoted, and if not, what blocks it? Then what labels say so far."""
    name = report.pairing.candidate
    said = report.answer.removeprefix(f"{name}: ")
    if decision is None:
        return f"{name} may not be promoted: the policy has no gate for it. {said}"
    if decision.verdict is Verdict.GO:
        return f"{name} may be promoted. {said}"
    failing = [one.requirement.title for one in decision.blocking if one.status is Status.FAIL]
    if failing:
        more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
        listed = "; ".join(f"“{title}”" for title in failing[:_NAMED])
        return f"{name} may not be promoted: {listed}{more} fail. {said}"
    holding = len(decision.blocking)
    return f"{name} may not be promoted yet: {holding} gates are not shown to hold. {said}"


def way_out(evaluation: Evaluation, way: WayOut) -> tuple[Checklist, Checklist]:
    """What must hold for it to work, and what calls for it."""
    needs = _of(evaluation, way.needs)
    calls = _of(evaluation, way.calls)
    missing = [metric for metric in way.needs if not _of(evaluation, (metric,))]
    rows = (*_rows(needs), *(_absent(metric) for metric in missing))
    status = max((row.status for row in rows), default=Status.ERROR)
    holding = sum(row.status not in _GOOD for row in rows)
    if holding == 0:
        ready = f"{way.doing} would work: all {len(rows)} conditions hold."
    else:
        ready = f"{way.doing} may not work: {holding} of {len(rows)} conditions do not hold."
    asked = [gate for gate in calls if gate.status is Status.FAIL]
    if asked:
        said = "; ".join(gate.requirement.title for gate in asked)
        call = f"{way.doing} is to be considered now, because these fail: {said}."
    else:
        unknown = sum(gate.status not in _GOOD for gate in calls)
        more = f"; {unknown} could not be measured" if unknown else ""
        call = f"Nothing calls for it now: none of {len(calls)} gates fails{more}."
    worst = max((gate.status for gate in calls), default=Status.NO_DATA)
    return (
        Checklist(way.title, status, ready, rows),
        Checklist(f"{way.title}, causes", worst, call, _rows(calls)),
    )


def readiness(evaluation: Evaluation, target: str | None) -> Readiness:
    """The way back as the gates have it, with the version it leads to."""
    found = [(metric, _of(evaluation, (metric,))) for metric in (WAY_BACK, ROLLBACK_DRILL)]
    checks = tuple(
        (gate.requirement.title, gate.status, gate.value_text if metric != WAY_BACK else "")
        for metric, gates in found
        for gate in gates
    )
    back = next(iter(found[0][1]), None)
    known = back is not None and back.evidence is not None and back.status is not Status.ERROR
    ready = back.status in _GOOD if known and back is not None else None
    if ready is None:
        sentence = "Whether there is a way back has not been checked."
    elif ready:
        sentence = "It verifies, loads and scores."
    else:
        sentence = "There is no version to go back to: do not promote."
    return Readiness(target, ready, sentence, checks)


def measured_on(evaluation: Evaluation) -> dict[str, int | None]:
    """How many items each gate was measured on, by its name."""
    return {identity(gate): gate.n for gate in evaluation.gates}


def statuses(evaluation: Evaluation) -> dict[str, Status]:
    """The worst status on each metric of the promotion."""
    found: dict[str, Status] = {}
    for gate in evaluation.gates:
        if gate.requirement.decision == DECISION:
            metric = gate.requirement.metric
            found[metric] = max(gate.status, found.get(metric, Status.PASS))
    return found


def _of(evaluation: Evaluation, metrics: Sequence[str]) -> list[GateResult]:
    """The gates on these metrics, each metric once, whichever decision asks."""
    found: dict[tuple[str, str], GateResult] = {}
    for metric in metrics:
        for gate in evaluation.gates:
            if gate.requirement.metric == metric:
                found.setdefault((metric, gate.slice), gate)
    return list(found.values())


def _rows(gates: Iterable[GateResult]) -> tuple[CheckRow, ...]:
    return tuple(_row(gate) for gate in sorted(gates, key=_worst_first))


def _worst_first(gate: GateResult) -> tuple[bool, int, int, str]:
    severities = ("critical", "major", "minor")
    counted = gate.standing is Standing.COUNTED
    return not counted, -gate.status, severities.index(gate.requirement.severity), gate.slice


def _row(gate: GateResult) -> CheckRow:
    asked = gate.requirement
    slice_ = "" if gate.slice == ALL else f" ({gate.slice})"
    standing = "" if gate.standing is Standing.COUNTED else f", {gate.standing.value.lower()}"
    return CheckRow(
        gate_id=identity(gate),
        title=f"{asked.title}{slice_}{standing}",
        status=gate.status,
        measured=gate.value_text,
        limit=gate.limit_text,
        sentence=_without(gate.sentence, asked.title),
        next_step=f"{gate.who}: {gate.next_step}" if gate.next_step else gate.who,
        severity=asked.severity.value,
        waivable=asked.waivable,
        anchor=asked.metric if asked.metric.startswith(_HERE) else asked.page,
    )


def _without(sentence: str, title: str) -> str:
    """The sentence without the title that stands above it."""
    rest = sentence.removeprefix(f"{title}: ")
    return f"{rest[:1].upper()}{rest[1:]}"


def _absent(metric: str) -> CheckRow:
    return CheckRow(
        gate_id="",
        title=_NAMES.get(metric, metric),
        status=Status.NO_DATA,
        measured="–",
        limit="no gate",
        sentence=f"The policy has no gate on {metric}.",
        next_step="Add one to the policy.",
        severity="major",
        waivable=False,
        anchor="gates",
    )
