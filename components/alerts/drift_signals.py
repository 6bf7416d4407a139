"""What a drift report says to alerts: one signal for each feature, score and decision. Pure."""

from __future__ import annotations

from components.alerts.signals import Level, Signal
from components.drift.types import ALL_SEGMENTS, DriftReport, Finding, Verdict
from components.gates.policy import Policy, Requirement

_LEVELS = {
    Verdict.MOVED: Level.ENTER,
    Verdict.STEADY: Level.LEAVE,
    Verdict.SMALL: Level.LEAVE,
    Verdict.SEASONAL: Level.LEAVE,
}
"""Whatever is not here, such as too few days, keeps an alert as it is."""


def variables(
    report: DriftReport, policy: Policy, *, features: str, scores: str
) -> tuple[Signal, ...]:
    """Each variable of a report, under the gate that judges its kind.

    ``features`` and ``scores`` are the ids of those gates; one that raises no alerts gives no
    signals.
    """
    of_layers = (
        item for one in report.layers for item in (one.score, one.decision) if item is not None
    )
    return (
        *_under(features, report.findings, policy),
        *_under(scores, tuple(of_layers), policy),
    )


def _under(rule: str, findings: tuple[Finding, ...], policy: Policy) -> tuple[Signal, ...]:
    if rule not in policy.alerts.gates:
        return ()
    gate = policy.requirement(rule)
    return tuple(_signal(gate, finding) for finding in findings)


def _signal(gate: Requirement, finding: Finding) -> Signal:
    distance = finding.distances.jensen_shannon if finding.distances else None
    return Signal(
        rule=gate.id,
        subject=finding.variable,
        segment=ALL_SEGMENTS,
        level=_LEVELS.get(finding.verdict, Level.KEEP),
        severity=gate.severity,
        status=finding.verdict.name,
        title=f"{finding.label} has drifted",
        sentence=finding.sentence,
        value_text="–" if distance is None else f"{distance:.3f}",
        limit_text="calibrated on shuffled days (Jensen–Shannon distance)",
        next_step=gate.next_step,
        owner=gate.owner,
        page=gate.page,
        runbook=gate.runbook,
    )
