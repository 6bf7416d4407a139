"""One gate's status: a row of checks, and only the comparison at its end can pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from numbers import Integral

from components.gates.canonical import exact
from components.gates.evidence import Evidence
from components.gates.policy import Bound, Direction, Requirement, Unit
from components.gates.status import Status

_CLOCK_SKEW = timedelta(minutes=1)
_ROUNDING = 1e-9
_FROM_ZERO = frozenset({Unit.SHARE, Unit.COUNT, Unit.MILLISECONDS, Unit.DAYS, Unit.RATIO})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the evaluation is about: evidence that speaks of anything else is stale."""

    policy_version: str
    now: datetime
    candidate: str | None
    dataset_digests: Mapping[str, str]
    judges_candidate: bool = False

    def about(self, *, judges_candidate: bool) -> Asked:
        """The same for a decision that does, or does not, judge a candidate model."""
        return replace(self, judges_candidate=judges_candidate)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A status, the number it rests on, and the reason where no comparison was made."""

    status: Status
    evidence: Evidence | None = None
    judged: Decimal | None = None
    why: str = ""


def judge(requirement: Requirement, shown: Sequence[Evidence], asked: Asked) -> Judgement:
    """The status of one requirement on one slice, from the evidence shown for it.

    Evidence that cannot be trusted or speaks of something else is refused before its number
    is looked at; a comparison is made last, and PASS needs it to come out true.
    """
    if not shown:
        return Judgement(Status.NO_DATA, why="nothing has measured this yet")
    if len(shown) > 1:
        return Judgement(Status.ERROR, why=f"{len(shown)} measurements of it exist, one is needed")
    evidence = shown[0]
    for check in (_error, _stale, _failed_count, _running, _no_data):
        found = check(requirement, evidence, asked)
        if found is not None:
            return found
    return _compare(requirement, evidence)


def _error(requirement: Requirement, evidence: Evidence, asked: Asked) -> Judgement | None:
    """What makes a measurement unusable, whatever its number says."""
    why = (
        (evidence.error and f"the measurement failed: {evidence.error.rstrip('.')}")
        or _unsound_limit(requirement)
        or _unsound_numbers(requirement, evidence)
        or _unsound_time(evidence.measured_at, asked.now)
    )
    return Judgement(Status.ERROR, evidence, why=why) if why else None


def _unsound_limit(requirement: Requirement) -> str | None:
    if exact(requirement.threshold) is None:
        return "the policy's threshold is not a finite number"
    if requirement.warn is not None and exact(requirement.warn) is None:
        return "the policy's warning level is not a finite number"
    return None


def _unsound_numbers(requirement: Requirement, evidence: Evidence) -> str | None:
    """Numbers that are not finite, lie outside their domain, or contradict each other."""
    for name in ("value", "low", "high"):
        number = getattr(evidence, name)
        if number is not None and exact(number) is None:
            return f"its {name} is not a finite number"
    if _count(evidence.n) is None or _count(evidence.n_unscored) is None:
        return "its number of items is not a count"
    value, low, high = (exact(number) for number in (evidence.value, evidence.low, evidence.high))
    if value is None:
        return None
    if requirement.unit in _FROM_ZERO and not value >= 0:
        return "its value is below zero"
    if requirement.unit is Unit.SHARE and not value <= 1:
        return "its value is a share above 100%"
    if requirement.unit is Unit.COUNT and value != value.to_integral_value():
        return "its value is a count that is not whole"
    slack = _ROUNDING * max(abs(float(value)), 1.0)
    below = low is not None and not float(low) <= float(value) + slack
    above = high is not None and not float(high) >= float(value) - slack
    return "its value lies outside its own interval" if below or above else None


def _count(number: object) -> Decimal | None:
    whole = exact(number) if isinstance(number, Integral) else None
    return whole if whole is not None and whole >= 0 else None


def _unsound_time(measured_at: datetime | None, now: datetime) -> str | None:
    if measured_at is None:
        return None
    if measured_at.utcoffset() is None:
        return "its time of measurement has no zone"
    if not measured_at <= now + _CLOCK_SKEW:
        return "it was measured later than the time it is judged at"
    return None


def _stale(requirement: Requirement, evidence: Evidence, asked: Asked) -> Judgement | None:
    """Evidence about another policy, model or data set, or about too long ago."""
    why = _elsewhere(requirement, evidence, asked)
    if why is None and evidence.measured_at is not None:
        limit = timedelta(days=requirement.maximum_age_days)
        age = asked.now - evidence.measured_at
        if not age <= limit:
            why = f"its newest item is {age.days} days old, the limit is {limit.days}"
    return Judgement(Status.STALE, evidence, why=why) if why else None


def _elsewhere(requirement: Requirement, evidence: Evidence, asked: Asked) -> str | None:
    if evidence.value is None and evidence.measured_at is None and evidence.candidate is None:
        return None  # It says why there is nothing: about nothing at all.
    if evidence.policy_version not in {None, asked.policy_version}:
        return "it was measured under another policy"
    if asked.judges_candidate and asked.candidate is None:
        return "no candidate is named that it could be about"
    expected = {asked.candidate} if asked.judges_candidate else {None, asked.candidate}
    if asked.candidate is not None and evidence.candidate not in expected:
        return f"it speaks of {evidence.candidate or 'no model'}, not of {asked.candidate}"
    digest = asked.dataset_digests.get(requirement.metric)
    if digest is not None and evidence.dataset_digest != digest:
        return "it was measured on another data set"
    return None


def _failed_count(requirement: Requirement, evidence: Evidence, _: Asked) -> Judgement | None:
    """A count over its limit: measuring the rest cannot bring it down again."""
    value = exact(evidence.value)
    final = requirement.unit is Unit.COUNT and requirement.direction is Direction.AT_MOST
    if final and value is not None and value > requirement.threshold:
        return Judgement(Status.FAIL, evidence, judged=value)
    return None


def _running(_: Requirement, evidence: Evidence, __: Asked) -> Judgement | None:
    if evidence.running:
        said = evidence.sentence.rstrip(".")
        why = f"the measurement is still running{f': {said}' if said else ''}"
        return Judgement(Status.RUNNING, evidence, why=why)
    return None


def _no_data(requirement: Requirement, evidence: Evidence, _: Asked) -> Judgement | None:
    """Too little to judge by: no value, no time, too few items, too many left out."""
    n, unscored = evidence.n, evidence.n_unscored
    why = None
    if evidence.value is None:
        said = evidence.sentence.rstrip(".")
        why = said or ("it has no value" if n else "there was nothing to measure")
    elif _judged(requirement, evidence) is None:
        why = "it has no interval, and the gate judges by its bound"
    elif evidence.measured_at is None:
        why = "it does not say when it was measured"
    elif not n >= requirement.minimum_n:
        why = f"only {n:,} were measured, at least {requirement.minimum_n:,} are needed"
    elif not Decimal(unscored) <= requirement.maximum_unscored * (n + unscored):
        why = f"{unscored:,} of {n + unscored:,} could not be scored"
    return Judgement(Status.NO_DATA, evidence, why=why) if why else None


def _judged(requirement: Requirement, evidence: Evidence) -> Decimal | None:
    chosen = {
        Bound.VALUE: evidence.value,
        Bound.LOW: evidence.low,
        Bound.HIGH: evidence.high,
    }[requirement.bound]
    return exact(chosen)


def _compare(requirement: Requirement, evidence: Evidence) -> Judgement:
    """Only here can a gate pass, and only by a comparison that holds."""
    judged = _judged(requirement, evidence)
    if judged is None:
        return Judgement(Status.ERROR, evidence, why="there is no number to compare")
    if not _meets(requirement.direction, judged, requirement.threshold):
        return Judgement(Status.FAIL, evidence, judged)
    if requirement.warn is None or _meets(requirement.direction, judged, requirement.warn):
        return Judgement(Status.PASS, evidence, judged)
    return Judgement(Status.WARN, evidence, judged)


def _meets(direction: Direction, number: Decimal, limit: Decimal) -> bool:
    if direction is Direction.AT_MOST:
        return number <= limit
    if direction is Direction.AT_LEAST:
        return number >= limit
    return number == limit
