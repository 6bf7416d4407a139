"""Two signed exceptions to a gate: a waiver for a time, and “does not apply”."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from components.gates.evidence import ALL
from components.gates.policy import Requirement
from components.gates.status import Status

LONGEST = timedelta(days=30)
_RENEWALS = 1
_WAIVABLE = frozenset({Status.FAIL, Status.NO_DATA, Status.STALE})


@dataclass(frozen=True, slots=True)
class Waiver:
    """Permission to go on although one gate does not pass, for at most thirty days.

    ``candidate`` is the model it was granted for; None where the decision judges no model.
    A renewal is a second waiver for the same gate, slice and candidate.
    """

    waiver_id: str
    requirement: str
    candidate: str | None
    reason: str
    compensating_control: str
    requested_by: str
    approved_by: str
    granted_at: datetime
    expires_at: datetime
    slice: str = ALL


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A named person's signed statement that a gate does not apply, and why."""

    requirement: str
    candidate: str | None
    reason: str
    signed_by: str
    signed_at: datetime
    slice: str = ALL


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a signed exception does to a gate: the one that holds, or why none does."""

    waiver: Waiver | None = None
    not_applicable: NotApplicable | None = None
    refused: tuple[str, ...] = ()


def rule_on(
    requirement: Requirement,
    slice_: str,
    status: Status,
    *,
    candidate: str | None,
    now: datetime,
    waivers: Iterable[Waiver],
    not_applicable: Iterable[NotApplicable],
) -> Ruling:
    """Apply the signed exceptions of one gate to its status.

    A gate that passes needs none. An error is repaired, never waived; a measured failure is
    waived or repaired, never declared not applicable.
    """
    if status in {Status.PASS, Status.WARN}:
        return Ruling()
    scope = (requirement.id, slice_, candidate)
    statements = sorted((item for item in not_applicable if _scope(item) == scope), key=str)
    grants = sorted(
        (item for item in waivers if _scope(item) == scope),
        key=lambda item: (item.granted_at.isoformat(), item.waiver_id),
    )
    refused = []
    for statement in statements:
        problem = _statement_problem(requirement, status, statement, now)
        if problem is None:
            return Ruling(not_applicable=statement)
        refused.append(f"“Not applicable” is refused: {problem}.")
    for earlier, waiver in enumerate(grants):
        problem = _waiver_problem(requirement, status, waiver, earlier, now)
        if problem is None:
            return Ruling(waiver=waiver)
        refused.append(f"Waiver {waiver.waiver_id} does not count: {problem}.")
    return Ruling(refused=tuple(refused))


def _scope(item: Waiver | NotApplicable) -> tuple[str, str, str | None]:
    return item.requirement, item.slice, item.candidate


def _statement_problem(
    requirement: Requirement, status: Status, statement: NotApplicable, now: datetime
) -> str | None:
    if not requirement.waivable:
        return "this gate always applies"
    if status in {Status.FAIL, Status.ERROR}:
        return "there is evidence, so the gate applies"
    if not statement.reason.strip():
        return "it gives no reason"
    if not statement.signed_by.strip():
        return "nobody signed it"
    if statement.signed_at.utcoffset() is None or not statement.signed_at <= now:
        return "its signature is not dated in the past"
    return None


def _waiver_problem(
    requirement: Requirement, status: Status, waiver: Waiver, earlier: int, now: datetime
) -> str | None:
    """Why a waiver does not hold; None if it does. ``earlier`` counts those granted before it."""
    if not requirement.waivable:
        return "this gate cannot be waived"
    if status not in _WAIVABLE:
        return "an error or a running measurement is not waived, it is resolved"
    if not (waiver.reason.strip() and waiver.compensating_control.strip()):
        return "a reason and a compensating control are both needed"
    requester, approver = (_person(waiver.requested_by), _person(waiver.approved_by))
    if not requester or not approver or requester == approver:
        return "it needs a requester and a different approver, both named"
    if waiver.granted_at.utcoffset() is None or waiver.expires_at.utcoffset() is None:
        return "its times have no zone"
    if not timedelta(0) < waiver.expires_at - waiver.granted_at <= LONGEST:
        return f"it must run for more than nothing and at most {LONGEST.days} days"
    if earlier > _RENEWALS:
        return "it was renewed once already"
    if not waiver.granted_at <= now:
        return "it is not in force yet"
    if not now < waiver.expires_at:
        return f"it expired on {waiver.expires_at.astimezone(UTC):%d %b %Y}"
    return None


def _person(name: str) -> str:
    return " ".join(name.split()).casefold()
