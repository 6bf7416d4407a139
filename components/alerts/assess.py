"""Which alerts to raise, reopen or close, and whether to recommend retraining. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from components.alerts.signals import Level, Signal, digest_of, level, signal
from components.gates.assess import Evaluation, GateResult
from components.gates.evidence import ALL
from components.gates.policy import Severity
from components.gates.policy_alerts import Alerts, AnswerWithin, Enter, RetrainingRule
from components.gates.status import Status
from queries.alert_rows import CLOSED, AlertState

_MEASURED = frozenset({Status.PASS, Status.WARN, Status.WAIVED, Status.FAIL})


class ChangeKind(StrEnum):
    """What happens to an alert by itself."""

    RAISED = "raised"
    REOPENED = "reopened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """One alert that begins, begins again on the same day, or ends."""

    kind: ChangeKind
    alert_id: str
    signal: Signal


def alert_id(found: Signal, day: date) -> str:
    """The same finding on the same day has the same id."""
    text = "\0".join((*found.place, day.isoformat()))
    return f"alert-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def changes(found: Sequence[Signal], known: Iterable[AlertState], day: date) -> tuple[Change, ...]:
    """What today's signals change, given the alerts as they stand.

    A finding that has an alert raises no second one. If its alert was raised and closed on the
    same day, that one is reopened.
    """
    known = tuple(known)
    standing = {
        (item.rule, item.subject, item.segment): item for item in known if item.state != CLOSED
    }
    closed = {item.alert_id for item in known if item.state == CLOSED}
    made = []
    for item in found:
        alert = standing.get(item.place)
        if alert is None and item.level is Level.ENTER:
            own = alert_id(item, day)
            kind = ChangeKind.REOPENED if own in closed else ChangeKind.RAISED
            made.append(Change(kind, own, item))
        elif alert is not None and item.level is Level.LEAVE:
            made.append(Change(ChangeKind.CLOSED, alert.alert_id, item))
    return tuple(made)


def answer_due(severity: Severity, within: AnswerWithin, raised_at: datetime) -> datetime:
    """Until when an alert must be acknowledged; nights and weekends count."""
    hours: int = getattr(within, severity.value)
    return raised_at + timedelta(hours=hours)


class Advice(StrEnum):
    """What the rule about retraining says."""

    RECOMMENDED = "recommended"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Retraining:
    """Whether to retrain, on which evidence, in a sentence.

    ``unmeasured`` names the gates whose missing measurement leaves the answer open.
    """

    advice: Advice
    drift: tuple[Signal, ...]
    degradation: tuple[Signal, ...]
    unmeasured: tuple[str, ...]
    sentence: str

    @property
    def digest(self) -> str:
        """SHA-256 of the signals behind it."""
        return digest_of((*self.drift, *self.degradation))


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two lists: which of its gates are in alarm, and which say nothing."""

    alarms: tuple[Signal, ...]
    silent: tuple[str, ...]

    @property
    def possible(self) -> bool:
        return bool(self.alarms or self.silent)


def retraining(evaluation: Evaluation, alerts: Alerts, *, in_force: bool) -> Retraining:
    """Recommend retraining where drift and degradation coincide.

    Drift alone may be a season or a fault upstream; degradation alone may have its cause in
    rules, LLM or reviewers. ``in_force`` says that it was recommended before: then each side
    holds until its numbers have left their limits for good. A side that nobody measured never
    counts as quiet.
    """
    rule = alerts.retraining
    drift = _side(evaluation, rule.drift, rule.drift_from, alerts, in_force)
    degradation = _side(evaluation, rule.degradation, rule.degradation_from, alerts, in_force)
    advice = _advice(drift, degradation)
    unmeasured = _open(drift, degradation) if advice is Advice.UNKNOWN else ()
    return Retraining(
        advice,
        drift.alarms,
        degradation.alarms,
        unmeasured,
        _sentence(advice, rule, drift, degradation, unmeasured),
    )


def _advice(drift: _Side, degradation: _Side) -> Advice:
    if drift.alarms and degradation.alarms:
        return Advice.RECOMMENDED
    return Advice.UNKNOWN if drift.possible and degradation.possible else Advice.NO


def _open(drift: _Side, degradation: _Side) -> tuple[str, ...]:
    """The gates on which the answer turns: those of the sides that have no alarm."""
    return tuple(name for side in (drift, degradation) if not side.alarms for name in side.silent)


def _side(
    evaluation: Evaluation, names: Sequence[str], enter: Enter, alerts: Alerts, in_force: bool
) -> _Side:
    gates = [gate for gate in evaluation.gates if gate.requirement.id in names]
    return _Side(
        alarms=tuple(
            signal(gate, alerts.leave)
            for gate in gates
            if _in_alarm(gate, enter) or (in_force and _lingers(gate, alerts))
        ),
        silent=tuple(gate.requirement.title for gate in gates if not _measured(gate)),
    )


def _measured(gate: GateResult) -> bool:
    return gate.status in _MEASURED and gate.judged is not None


def _in_alarm(gate: GateResult, enter: Enter) -> bool:
    # A waived failure is a failure still: a waiver excuses the gate, it does not mend the model.
    counted = {Status.FAIL, Status.WAIVED} | ({Status.WARN} if enter is Enter.WARN else set())
    return gate.status in counted and _measured(gate)


def _lingers(gate: GateResult, alerts: Alerts) -> bool:
    return gate.status in {Status.PASS, Status.WARN} and level(gate, alerts.leave) is Level.KEEP


def _sentence(
    advice: Advice,
    rule: RetrainingRule,
    drift: _Side,
    degradation: _Side,
    unmeasured: tuple[str, ...],
) -> str:
    if not rule.drift or not rule.degradation:
        return "The policy names no gates of drift or of degradation, so nothing is recommended."
    if advice is Advice.RECOMMENDED:
        return (
            f"Retraining is recommended: {_said(drift.alarms)}, and at the same time "
            f"{_said(degradation.alarms)}."
        )
    if advice is Advice.UNKNOWN:
        return (
            "Whether to retrain cannot be said: nothing usable was measured for "
            f"{_listed([f'“{name}”' for name in unmeasured])}."
        )
    if drift.alarms:
        return f"Retraining is not recommended: {_said(drift.alarms)}, but quality holds."
    if degradation.alarms:
        return (
            f"Retraining is not recommended: {_said(degradation.alarms)}, but inputs and scores "
            "have not drifted; look for the cause elsewhere."
        )
    return "Retraining is not recommended: neither drift nor degradation is in alarm."


def _said(alarms: Sequence[Signal]) -> str:
    return _listed(
        [
            f"“{item.title}”{'' if item.segment == ALL else f' for {item.segment}'} is in alarm "
            f"at {item.value_text}, limit {item.limit_text}"
            for item in alarms
        ]
    )


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
