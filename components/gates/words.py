"""Judgement in words: numbers in their unit, one plain sentence a gate, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from components.gates.canonical import exact
from components.gates.evidence import ALL, Evidence
from components.gates.judge import Judgement
from components.gates.policy import Bound, Direction, Requirement, Unit
from components.gates.status import Status, Verdict
from components.gates.waivers import NotApplicable, Waiver

ABSENT = "–"
MINUS = "\N{MINUS SIGN}"
_MOST_DECIMALS = 12
_WIDEST = 16
_ANY_SIZE = Context(prec=1_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_IN_HUNDREDTHS = frozenset({Unit.SHARE, Unit.CHANGE, Unit.POINTS})
# Sentences about these count items themselves, such as “18 of 1,204,512 values differ”.
_SPOKEN = frozenset({Unit.SHARE, Unit.COUNT})
_SIGNED = frozenset({Unit.DIFFERENCE, Unit.CHANGE, Unit.POINTS})
_SUFFIX = {
    Unit.SHARE: "%",
    Unit.CHANGE: "%",
    Unit.MILLISECONDS: " ms",
    Unit.DAYS: " days",
    Unit.POINTS: " points",
}
_DECIMALS = {
    Unit.COUNT: 0,
    Unit.MILLISECONDS: 0,
    Unit.DAYS: 1,
    Unit.SHARE: 2,
    Unit.CHANGE: 1,
    Unit.POINTS: 2,
}


def number(requirement: Requirement, figure: object) -> str:
    """A number in the requirement's unit, never rounded onto its limit, onto 0% or onto 100%."""
    held = exact(figure)
    if held is None:
        return ABSENT
    landmarks = [exact(requirement.threshold), exact(requirement.warn), Decimal(0)]
    if requirement.unit is Unit.SHARE:
        landmarks.append(Decimal(1))
    places = 2 if requirement.unit in _IN_HUNDREDTHS else 0
    text = _rounded(
        held, places, _DECIMALS.get(requirement.unit, 3), [m for m in landmarks if m is not None]
    )
    sign = "+" if held > 0 and requirement.unit in _SIGNED else ""
    return f"{sign}{text.replace('-', MINUS)}{_SUFFIX.get(requirement.unit, '')}"


def _rounded(held: Decimal, places: int, decimals: int, landmarks: Sequence[Decimal]) -> str:
    """The number times ten to ``places``, in the fewest digits that keep it off the landmarks.

    Numbers too large or too close for that are written with an exponent.
    """
    if held and not -_WIDEST < held.adjusted() < _WIDEST:
        return f"{held.scaleb(places, _ANY_SIZE):.6E}"
    scaled = held.scaleb(places, _ANY_SIZE)
    marks = [mark.scaleb(places, _ANY_SIZE) for mark in landmarks]
    for digits in range(decimals, _MOST_DECIMALS + 1):
        text = f"{scaled:,.{digits}f}"
        shown = Decimal(text.replace(",", ""))
        if all(shown != mark or scaled == mark for mark in marks):
            return text.rstrip("0").rstrip(".") if "." in text else text
    return str(scaled)


def value(requirement: Requirement, evidence: Evidence | None) -> str:
    """The measured value, or a dash."""
    return number(requirement, evidence.value) if evidence else ABSENT


def interval(requirement: Requirement, evidence: Evidence | None) -> str:
    """The 95% interval; empty where there is none, as for a full count."""
    if evidence is None or exact(evidence.low) is None or exact(evidence.high) is None:
        return ""
    return f"{number(requirement, evidence.low)} to {number(requirement, evidence.high)}"


def limit(requirement: Requirement) -> str:
    """The threshold, such as “at most 500 ms (warns over 400 ms)”."""
    phrase = {
        Direction.AT_MOST: "at most",
        Direction.AT_LEAST: "at least",
        Direction.EQUAL: "exactly",
    }[requirement.direction]
    notes = []
    if requirement.bound is not Bound.VALUE:
        notes.append("lower bound" if requirement.bound is Bound.LOW else "upper bound")
    if requirement.warn is not None:
        side = "over" if requirement.direction is Direction.AT_MOST else "under"
        notes.append(f"warns {side} {number(requirement, requirement.warn)}")
    beside = f" ({', '.join(notes)})" if notes else ""
    return f"{phrase} {number(requirement, requirement.threshold)}{beside}"


def _bound_word(requirement: Requirement) -> str:
    return "lower 95% bound" if requirement.bound is Bound.LOW else "upper 95% bound"


def sentence(requirement: Requirement, slice_: str, judgement: Judgement) -> str:
    """What was found, in one sentence."""
    where = "" if slice_ == ALL else f"{slice_}: "
    evidence = judgement.evidence
    if judgement.judged is None or evidence is None:
        return f"{where}{requirement.title}: {judgement.why}."
    found = _found(requirement, evidence)
    return f"{where}{found} — {_relation(requirement, judgement.status, judgement.judged)}."


def _found(requirement: Requirement, evidence: Evidence) -> str:
    """The measurement's own sentence, or title and value; both where one lacks the other."""
    said, shown = evidence.sentence.rstrip("."), value(requirement, evidence)
    if not said:
        return f"{requirement.title}: {shown} ({evidence.n:,} measured)"
    if requirement.unit in _SPOKEN or shown in said:
        return said
    return f"{requirement.title}: {shown}, {_lowered(said)}"


def _relation(requirement: Requirement, status: Status, judged: Decimal) -> str:
    """How the number that was judged stands to its limit."""
    threshold = number(requirement, requirement.threshold)
    if requirement.direction is Direction.EQUAL:
        return f"as required: {threshold}" if status is Status.PASS else f"required is {threshold}"
    at_most = requirement.direction is Direction.AT_MOST
    by_bound = requirement.bound is not Bound.VALUE
    subject = f"the {_bound_word(requirement)}, {number(requirement, judged)}, " if by_bound else ""
    is_ = "is " if by_bound else ""
    if status is Status.FAIL:
        side = "over the limit of" if at_most else "under the required"
        return f"{subject}{is_}{side} {threshold}"
    met = f"{is_}within the limit of" if at_most else "meets the required"
    within = f"{subject}{met} {threshold}"
    if status is Status.WARN and requirement.warn is not None:
        return f"{within}, but past the warning level of {number(requirement, requirement.warn)}"
    return within


def next_step(requirement: Requirement, status: Status, *, applies: bool, measured: bool) -> str:
    """What somebody should do about it; empty where nothing needs doing."""
    if not applies or status is Status.PASS:
        return ""
    supply = "Collect more evidence" if measured else "Provide evidence"
    return {
        Status.WARN: f"Watch it: {_lowered(requirement.next_step)}",
        Status.WAIVED: f"Before the waiver ends: {_lowered(requirement.next_step)}",
        Status.RUNNING: "Wait for the measurement to finish, then evaluate again.",
        Status.NO_DATA: f"{supply} for “{requirement.metric}”, then evaluate again.",
        Status.STALE: f"Measure “{requirement.metric}” again, then evaluate again.",
        Status.ERROR: f"Repair the measurement of “{requirement.metric}”, then evaluate again.",
        Status.FAIL: requirement.next_step,
    }[status]


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def waived(waiver: Waiver) -> str:
    """Who waived it, until when, and what protects meanwhile."""
    return (
        f"Waived by {waiver.approved_by} until {waiver.expires_at.astimezone(UTC):%d %b %Y}: "
        f"{waiver.reason.rstrip('.')}. Meanwhile: {waiver.compensating_control.rstrip('.')}."
    )


def does_not_apply(statement: NotApplicable) -> str:
    """Who signed that the gate does not apply, and why."""
    return (
        f"Not applicable, signed by {statement.signed_by} on "
        f"{statement.signed_at.astimezone(UTC):%d %b %Y}: {statement.reason.rstrip('.')}."
    )


def decision(
    verdict: Verdict, *, statuses: Sequence[Status], excused: int, warning_limit: int
) -> str:
    """The verdict on one decision, in one sentence."""
    if not statuses:
        return (
            "Hold: no requirement of this decision was judged, so nothing can be concluded. "
            "Add requirements to the policy."
            if not excused
            else "Hold: every gate of this decision is set aside, so nothing was judged."
        )
    counts = Counter(statuses)
    total = len(statuses)
    if verdict is Verdict.GO:
        return f"Go: all {total} gates are met{_of_which(counts)}."
    blocking = {status: n for status, n in counts.items() if status > Status.WAIVED}
    if not blocking:
        return f"Hold: {counts[Status.WARN]} gates warn, more than the {warning_limit} allowed."
    parts = [
        f"{blocking[status]} {_status_words(status, blocking[status])}"
        for status in sorted(blocking, reverse=True)
    ]
    return f"{verdict.value}: of {total} gates, {_listed(parts)}."


def _of_which(counts: Counter[Status]) -> str:
    parts = [
        f"{counts[status]} {words}"
        for status, words in ((Status.WARN, "with a warning"), (Status.WAIVED, "by a waiver"))
        if counts[status]
    ]
    return f", {_listed(parts)}" if parts else ""


def _status_words(status: Status, n: int) -> str:
    return {
        Status.FAIL: "fails" if n == 1 else "fail",
        Status.ERROR: "could not be judged",
        Status.STALE: "is stale" if n == 1 else "are stale",
        Status.NO_DATA: "has no data" if n == 1 else "have no data",
        Status.RUNNING: "is still being measured" if n == 1 else "are still being measured",
    }[status]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
