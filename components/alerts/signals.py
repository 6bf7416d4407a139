"""What gates say to alerts: in alarm, back in order, or neither. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum

from components.gates.assess import Evaluation, GateResult, Standing
from components.gates.canonical import canonical_json
from components.gates.policy import Direction, Requirement, Severity, Unit
from components.gates.policy_alerts import Alerts
from components.gates.status import Status


class Level(StrEnum):
    """What a number does to its alert: enters it, leaves it, or keeps it as it is."""

    ENTER = "enter"
    KEEP = "keep"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Signal:
    """One rule on one subject and segment, with what a person needs to answer it.

    ``subject`` is the gate's metric, or a variable such as ``feature:asset_age_years``.
    """

    rule: str
    subject: str
    segment: str
    level: Level
    severity: Severity
    status: str
    title: str
    sentence: str
    value_text: str
    limit_text: str
    next_step: str
    owner: str
    page: str
    runbook: str | None

    @property
    def place(self) -> tuple[str, str, str]:
        """What the alert is about; one place has at most one alert that is not closed."""
        return self.rule, self.subject, self.segment

    @property
    def digest(self) -> str:
        """SHA-256 of the finding: equal findings, equal digests."""
        return hashlib.sha256(canonical_json(asdict(self))).hexdigest()


def signals(evaluation: Evaluation, alerts: Alerts) -> tuple[Signal, ...]:
    """What each gate that raises alerts says, on each slice."""
    watched = set(alerts.gates)
    return tuple(
        signal(gate, alerts.leave)
        for gate in evaluation.gates
        if gate.requirement.id in watched and gate.standing is not Standing.ADVISORY
    )


def signal(gate: GateResult, leave: Decimal) -> Signal:
    """What one gate says; ``leave`` is the part of the limit at which an alert ends."""
    asked = gate.requirement
    return Signal(
        rule=asked.id,
        subject=asked.metric,
        segment=gate.slice,
        level=level(gate, leave),
        severity=asked.severity,
        status=gate.status.name,
        title=asked.title,
        sentence=gate.sentence,
        value_text=gate.value_text,
        limit_text=gate.limit_text,
        next_step=gate.next_step or asked.next_step,
        owner=asked.owner,
        page=asked.page,
        runbook=asked.runbook,
    )


def level(gate: GateResult, leave: Decimal) -> Level:
    """Whether a gate's number enters an alert, leaves it, or lies between.

    A gate that fails or cannot be measured for an error enters. One without data, or with data
    that is too old, shows nothing and changes nothing; nor does a failure that is waived.
    """
    if gate.standing is Standing.NOT_APPLICABLE:
        return Level.LEAVE
    if gate.status in {Status.FAIL, Status.ERROR}:
        return Level.ENTER
    if gate.status not in {Status.PASS, Status.WARN} or gate.judged is None:
        return Level.KEEP
    line = leave_line(gate.requirement, leave)
    asked = gate.requirement.direction
    clear = (
        gate.judged <= line
        if asked is Direction.AT_MOST
        else gate.judged >= line
        if asked is Direction.AT_LEAST
        else gate.judged == line
    )
    return Level.LEAVE if clear else Level.KEEP


def leave_line(requirement: Requirement, leave: Decimal) -> Decimal:
    """The number at which an alert ends (METHODS §2: enter at 1×, leave at 0.7×).

    For a limit from above it is ``leave`` times the limit. For a share that must reach the
    limit, its shortfall from 100% is ``leave`` times the limit's. Any other lower limit, and an
    exact one, is left where it is entered.
    """
    limit = requirement.threshold
    if requirement.direction is Direction.AT_MOST and limit > 0:
        return limit * leave
    if requirement.direction is Direction.AT_LEAST and requirement.unit is Unit.SHARE:
        return 1 - (1 - limit) * leave
    return limit


def digest_of(found: Iterable[Signal]) -> str:
    """SHA-256 over several signals, whatever their order."""
    return hashlib.sha256("\n".join(sorted(item.digest for item in found)).encode()).hexdigest()
