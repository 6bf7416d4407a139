"""Judgement: required gates against evidence, fail-closed (METHODS §7). Pure."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from components.gates import words
from components.gates.canonical import canonical_json
from components.gates.evidence import Evidence
from components.gates.judge import Asked, Judgement, judge
from components.gates.policy import Decision, Policy, Requirement
from components.gates.status import Status, Verdict
from components.gates.waivers import NotApplicable, Ruling, Waiver, rule_on
from queries.errors import InvalidInputError

_HOLDING = frozenset({Status.RUNNING, Status.NO_DATA, Status.STALE, Status.ERROR})
_EVIDENCE = tuple(each.name for each in fields(Evidence))
_WORSE = (Verdict.GO, Verdict.HOLD, Verdict.NO_GO).index


class Standing(StrEnum):
    """What a gate's status does to the verdict."""

    COUNTED = "Counted"
    ADVISORY = "Advisory"
    NOT_APPLICABLE = "Not applicable"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One requirement on one slice: its status, the number behind it, and what to do.

    ``judged`` is the number that was compared: the value, or a bound of its interval.
    ``value_text`` and ``limit_text`` are written in the metric's unit. ``refused`` names
    signed exceptions that did not count, and why.
    """

    requirement: Requirement
    slice: str
    status: Status
    standing: Standing
    evidence: Evidence | None
    judged: Decimal | None
    value_text: str
    interval_text: str
    limit_text: str
    sentence: str
    next_step: str
    who: str
    waiver: Waiver | None = None
    not_applicable: NotApplicable | None = None
    refused: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The status as written on a screen, with its standing where that matters."""
        if self.standing is Standing.NOT_APPLICABLE:
            return self.standing.value
        if self.standing is Standing.ADVISORY:
            return f"{self.standing.value}: {self.status.word.lower()}"
        return self.status.word

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of GO."""
        return self.standing is Standing.COUNTED and self.status > Status.WAIVED

    @property
    def n(self) -> int | None:
        """How many items were measured; None without evidence."""
        return self.evidence.n if self.evidence else None


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The verdict on one decision; ``blocking`` holds what stands in the way, worst first."""

    decision: Decision
    verdict: Verdict
    status: Status
    sentence: str
    blocking: tuple[GateResult, ...]
    counts: Mapping[Status, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every gate and every decision, judged by one policy at one time.

    ``digest`` is a SHA-256 over all of it: equal inputs give equal digests, and a signature
    over the digest is void once any evidence changes.
    """

    policy_version: str
    as_of: datetime
    candidate: str | None
    gates: tuple[GateResult, ...]
    decisions: tuple[DecisionResult, ...]
    verdict: Verdict
    digest: str

    def gate(self, requirement: str, slice_: str | None = None) -> GateResult | None:
        """The result of a requirement, on its first slice unless another is named."""
        for result in self.gates:
            if result.requirement.id == requirement and slice_ in {None, result.slice}:
                return result
        return None

    def decision(self, identifier: str) -> DecisionResult | None:
        """The result of one decision by its id."""
        return next((item for item in self.decisions if item.decision.id == identifier), None)


def evaluate(
    policy: Policy,
    evidence: Iterable[Evidence],
    *,
    now: datetime,
    waivers: Iterable[Waiver] = (),
    not_applicable: Iterable[NotApplicable] = (),
    candidate: str | None = None,
    dataset_digests: Mapping[str, str] | None = None,
) -> Evaluation:
    """Judge every required gate on every required slice; whatever is not shown does not pass.

    ``candidate`` is the model version that the promotion is about; ``dataset_digests`` gives
    for a metric the data set that it must have been measured on.

    Raises:
        InvalidInputError: ``now`` has no time zone.
    """
    if now.utcoffset() is None:
        raise InvalidInputError("The time of the evaluation has no zone. Times are given in UTC.")
    asked = Asked(policy.version, now, candidate, dict(dataset_digests or {}))
    shown: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for item in evidence:
        shown[item.metric, item.slice].append(item)
    waivers, not_applicable = tuple(waivers), tuple(not_applicable)
    judges_candidate = {item.id: item.judges_candidate for item in policy.decisions}
    gates = tuple(
        _gate(
            requirement,
            slice_,
            shown[requirement.metric, slice_],
            asked.about(judges_candidate=judges_candidate.get(requirement.decision, True)),
            waivers,
            not_applicable,
        )
        for requirement in policy.requirements
        for slice_ in requirement.slices
    )
    decisions = tuple(_decide(policy, decision, gates) for decision in policy.decisions)
    evaluation = Evaluation(
        policy_version=policy.version,
        as_of=now,
        candidate=candidate,
        gates=gates,
        decisions=decisions,
        verdict=max((item.verdict for item in decisions), key=_WORSE, default=Verdict.HOLD),
        digest="",
    )
    return replace(evaluation, digest=_digest(evaluation))


def _gate(
    requirement: Requirement,
    slice_: str,
    shown: list[Evidence],
    asked: Asked,
    waivers: tuple[Waiver, ...],
    not_applicable: tuple[NotApplicable, ...],
) -> GateResult:
    judgement = judge(requirement, shown, asked)
    ruling = rule_on(
        requirement,
        slice_,
        judgement.status,
        candidate=asked.candidate if asked.judges_candidate else None,
        now=asked.now,
        waivers=waivers,
        not_applicable=not_applicable,
    )
    status = Status.WAIVED if ruling.waiver else judgement.status
    evidence = judgement.evidence
    return GateResult(
        requirement=requirement,
        slice=slice_,
        status=status,
        standing=_standing(requirement, ruling),
        evidence=evidence,
        judged=judgement.judged,
        value_text=words.value(requirement, evidence),
        interval_text=words.interval(requirement, evidence),
        limit_text=words.limit(requirement),
        sentence=_sentence(requirement, slice_, judgement, ruling),
        next_step=words.next_step(
            requirement,
            status,
            applies=ruling.not_applicable is None,
            measured=evidence is not None,
        ),
        who=requirement.owner,
        waiver=ruling.waiver,
        not_applicable=ruling.not_applicable,
        refused=ruling.refused,
    )


def _standing(requirement: Requirement, ruling: Ruling) -> Standing:
    if not requirement.counted:
        return Standing.ADVISORY
    return Standing.NOT_APPLICABLE if ruling.not_applicable else Standing.COUNTED


def _sentence(requirement: Requirement, slice_: str, judgement: Judgement, ruling: Ruling) -> str:
    parts = [words.sentence(requirement, slice_, judgement)]
    if ruling.waiver:
        parts.append(words.waived(ruling.waiver))
    if ruling.not_applicable:
        parts.append(words.does_not_apply(ruling.not_applicable))
    return " ".join((*parts, *ruling.refused))


def _decide(policy: Policy, decision: Decision, gates: Iterable[GateResult]) -> DecisionResult:
    own = [gate for gate in gates if gate.requirement.decision == decision.id]
    counted = [gate for gate in own if gate.standing is Standing.COUNTED]
    blocking = sorted((gate for gate in counted if gate.blocks), key=_worst_first)
    warnings = sum(gate.status is Status.WARN for gate in counted)
    if not counted:
        status, verdict = Status.ERROR, Verdict.HOLD
    else:
        status = max(gate.status for gate in counted)
        verdict = _verdict(status, too_many_warnings=warnings > policy.maximum_warnings)
    return DecisionResult(
        decision=decision,
        verdict=verdict,
        status=status,
        sentence=words.decision(
            verdict,
            statuses=[gate.status for gate in counted],
            excused=len(own) - len(counted),
            warning_limit=policy.maximum_warnings,
        ),
        blocking=tuple(blocking),
        counts=dict(sorted(Counter(gate.status for gate in counted).items())),
    )


def _verdict(worst: Status, *, too_many_warnings: bool) -> Verdict:
    if worst is Status.FAIL:
        return Verdict.NO_GO
    if worst in _HOLDING or too_many_warnings:
        return Verdict.HOLD
    return Verdict.GO


def _worst_first(gate: GateResult) -> tuple[int, int, str, str]:
    severities = ("critical", "major", "minor")
    severity = severities.index(gate.requirement.severity.value)
    return -gate.status, severity, gate.requirement.id, gate.slice


def _digest(evaluation: Evaluation) -> str:
    content = {
        "policy_version": evaluation.policy_version,
        "as_of": evaluation.as_of,
        "candidate": evaluation.candidate,
        "gates": sorted(
            (_gate_content(gate) for gate in evaluation.gates),
            key=lambda item: (str(item["requirement"]), str(item["slice"])),
        ),
        "decisions": {item.decision.id: item.verdict for item in evaluation.decisions},
        "verdict": evaluation.verdict,
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _content(evidence: Evidence) -> dict[str, object]:
    """Its fields, none of which holds others."""
    return {name: getattr(evidence, name) for name in _EVIDENCE}


def _gate_content(gate: GateResult) -> dict[str, object]:
    return {
        "requirement": gate.requirement.id,
        "slice": gate.slice,
        "status": gate.status,
        "standing": gate.standing,
        "evidence": _content(gate.evidence) if gate.evidence else None,
        "sentence": gate.sentence,
        "waiver": asdict(gate.waiver) if gate.waiver else None,
        "not_applicable": asdict(gate.not_applicable) if gate.not_applicable else None,
        "refused": gate.refused,
    }
