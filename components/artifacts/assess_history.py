"""What was done with models: releases, ways back, drills, and how long they took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from queries.artifact_rows import EventRow

PROMOTE, ROLLBACK, DEMOTE = "model.promote", "model.rollback", "model.demote"
VERIFY, KEY = "artifact.verify", "key.rotate"
_RELEASES = (PROMOTE, ROLLBACK, DEMOTE)
WORDS = {PROMOTE: "Promotion", ROLLBACK: "Rollback", DEMOTE: "Emergency demotion"}
SUCCESS = "success"
_VERIFIED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Release:
    """One promotion, rollback or demotion, tried or done.

    ``seconds`` is how long it took, where the platform says so. ``served`` is how long the
    version had been in service before it was taken back. ``verified`` says whether the platform
    recorded a verification of the version within a day before; it is asked of promotions alone.
    """

    at: datetime
    action: str
    version: str
    to: str
    actor: str
    drill: bool
    done: bool
    outcome: str
    seconds: float | None
    served: timedelta | None
    verified: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Practice:
    """The last time that a way out was used, in a drill or in earnest, and its age in days."""

    action: str
    last: Release | None
    age_days: float | None
    times: int
    median_seconds: float | None
    worst_seconds: float | None


@dataclass(frozen=True, slots=True)
class Served:
    """When a version was in service, as its promotions say."""

    version: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """Who put a signing key in service, and when."""

    key_id: str
    at: datetime
    actor: str


def releases(events: Sequence[EventRow]) -> tuple[Release, ...]:
    """Every promotion, rollback and demotion, newest first."""
    found = [
        _release(event, events)
        for event in events
        if event.action in _RELEASES
    ]  # fmt: skip
    return tuple(reversed(found))


def _release(event: EventRow, events: Sequence[EventRow]) -> Release:
    detail = event.detail if isinstance(event.detail, dict) else {}
    version = event.object or ""
    done = event.outcome == SUCCESS
    return Release(
        at=event.occurred_at,
        action=event.action,
        version=version,
        to=_text(detail.get("to")),
        actor=event.actor,
        drill=detail.get("drill") is True,
        done=done,
        outcome=event.outcome,
        seconds=_seconds(detail.get("seconds")),
        served=_served_before(event, events) if event.action != PROMOTE and done else None,
        verified=_verified(event, events) if event.action == PROMOTE and done else None,
        reason=_text(detail.get("reason")),
    )


def _served_before(event: EventRow, events: Sequence[EventRow]) -> timedelta | None:
    promoted = [
        other.occurred_at
        for other in events
        if (other.action, other.object, other.outcome) == (PROMOTE, event.object, SUCCESS)
        and other.occurred_at <= event.occurred_at
    ]
    return event.occurred_at - max(promoted) if promoted else None


def _verified(event: EventRow, events: Sequence[EventRow]) -> bool:
    return any(
        (other.action, other.object, other.outcome) == (VERIFY, event.object, SUCCESS)
        and event.occurred_at - _VERIFIED_WITHIN <= other.occurred_at <= event.occurred_at
        for other in events
    )


def practice(action: str, found: Sequence[Release], as_of: datetime) -> Practice:
    """How long ago a rollback or a demotion was last carried out, and how long they take."""
    done = [item for item in found if item.action == action and item.done]
    last = max(done, key=lambda item: item.at, default=None)
    took = sorted(item.seconds for item in done if item.seconds is not None)
    return Practice(
        action=action,
        last=last,
        age_days=(as_of - last.at).total_seconds() / 86_400 if last else None,
        times=len(done),
        median_seconds=_median(took),
        worst_seconds=took[-1] if took else None,
    )


def served(events: Sequence[EventRow], as_of: datetime) -> tuple[Served, ...]:
    """The periods in which each version was in service, oldest first; drills change nothing."""
    changes = [
        (event.occurred_at, _in_service(event))
        for event in events
        if event.action in _RELEASES and event.outcome == SUCCESS and not _drilled(event)
    ]
    ends = [*(at for at, _ in changes), as_of][1:]
    return tuple(
        Served(version, start, end)
        for (start, version), end in zip(changes, ends, strict=True)
        if version and start < end
    )


def key_events(events: Sequence[EventRow]) -> tuple[KeyEvent, ...]:
    """Who put which signing key in service."""
    return tuple(
        KeyEvent(event.object, event.occurred_at, event.actor)
        for event in events
        if event.action == KEY and event.outcome == SUCCESS and event.object
    )


def _in_service(event: EventRow) -> str:
    """The version that serves after the event; empty where it is the rules alone."""
    if event.action == PROMOTE:
        return event.object or ""
    detail = event.detail if isinstance(event.detail, dict) else {}
    return _text(detail.get("to"))


def _drilled(event: EventRow) -> bool:
    return isinstance(event.detail, dict) and event.detail.get("drill") is True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: Any) -> float | None:
    """A duration of the platform's own making; anything that is no positive number is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
