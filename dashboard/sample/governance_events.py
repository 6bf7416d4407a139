"""``system_audit`` of the sample: sign-ins, releases, drills, verifications, configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from queries.contract import (
    config_history,
    ml_feedback,
    ml_training_runs,
    model_artifacts,
    system_audit,
)

MODEL_KNOB = "ml_version"
STAFF = ("platform-admin", "workflow-admin", "security-officer", "ml-platform")
SOME_REVIEWERS = tuple(f"reviewer-{number:02d}" for number in range(1, 13))
REFUSED = (
    ("config.change", "workflow_config"),
    ("model.promote", "risk_model_candidate"),
    ("audit.export", "system_audit"),
)

_DAY = timedelta(days=1)
_QUARTER = 91 * _DAY
_LAST_ROLLBACK_DRILL = 24 * _DAY
_LAST_DEMOTE_DRILL = 38 * _DAY


@dataclass(frozen=True, slots=True)
class Event:
    """One event, before it has its number."""

    occurred_at: datetime
    actor: str
    action: str
    object: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "success"


def record(
    connection: sa.Connection,
    start: datetime,
    until: datetime,
    seed: int,
    planted: Mapping[str, Defect],
) -> None:
    """Write the events in order of time, numbered without a gap."""
    random = Random(f"{seed}:system_audit")
    events = [
        *_configuration(connection),
        *_training(connection),
        *_verifications(connection, start, until),
        *_drills(connection, start, until, planted, random),
        *_keys(connection, start, until),
        *_sign_ins(_people(connection), start, until, random),
        *_refusals(start, until, random),
    ]
    in_order = sorted(
        (event for event in events if event.occurred_at < until),
        key=lambda event: (event.occurred_at, event.actor, event.action),
    )
    rows = [
        {
            "event_id": number,
            "occurred_at": event.occurred_at,
            "actor": event.actor,
            "action": event.action,
            "object": event.object,
            "detail": dict(event.detail),
            "outcome": event.outcome,
        }
        for number, event in enumerate(in_order, start=1)
    ]
    if rows:
        connection.execute(sa.insert(system_audit), rows)


def _configuration(connection: sa.Connection) -> Iterator[Event]:
    """One event for each row of ``config_history``; a new model version is a promotion."""
    c = config_history.c
    before: dict[str, Any] = {}
    for row in connection.execute(sa.select(config_history).order_by(c.valid_from, c.knob)):
        former = before.get(row.knob)
        detail = {
            "from": former.version if former else None,
            "to": row.version,
            "was": former.value if former else None,
            "value": row.value,
            "reason": row.reason,
        }
        yield Event(row.valid_from, row.changed_by, "config.change", row.knob, detail)
        if row.knob == MODEL_KNOB:
            yield Event(row.valid_from, row.changed_by, "artifact.verify", row.version)
            yield Event(row.valid_from, row.changed_by, "model.promote", row.version, detail)
        before[row.knob] = row


def _training(connection: sa.Connection) -> Iterator[Event]:
    for row in connection.execute(sa.select(ml_training_runs)):
        detail = {"run_id": row.run_id, "family": row.family, "status": row.status}
        yield Event(row.started_at, row.trained_by, "model.train", row.model_version, detail)


def _model_changes(connection: sa.Connection) -> list[tuple[datetime, str]]:
    c = config_history.c
    statement = (
        sa.select(c.valid_from, c.version).where(c.knob == MODEL_KNOB).order_by(c.valid_from)
    )
    return [(row.valid_from, row.version) for row in connection.execute(statement)]


def _serving(changes: list[tuple[datetime, str]], at: datetime) -> tuple[str | None, str | None]:
    """The version in service at a time, and the one before it."""
    versions = [version for since, version in changes if since <= at]
    return (versions[-1] if versions else None, versions[-2] if len(versions) > 1 else None)


def _verifications(connection: sa.Connection, start: datetime, until: datetime) -> Iterator[Event]:
    """Each week the platform verifies the files it would load: the serving one, the way back."""
    changes = _model_changes(connection)
    at = start + timedelta(days=7 - start.weekday(), hours=3)
    while at < until:
        for version in _serving(changes, at):
            if version is not None:
                yield Event(at, "artifact-verifier", "artifact.verify", version)
        at += 7 * _DAY


def _drills(
    connection: sa.Connection,
    start: datetime,
    until: datetime,
    planted: Mapping[str, Defect],
    random: Random,
) -> Iterator[Event]:
    """A rollback and an emergency demotion are practised every quarter.

    A planted defect leaves out the demotions after its date.
    """
    changes = _model_changes(connection)
    old = planted.get("demote_drill_old")
    last_demote = old.begins if old and old.begins else _LAST_DEMOTE_DRILL
    for action, last, seconds in (
        ("model.rollback", _LAST_ROLLBACK_DRILL, 94),
        ("model.demote", last_demote, 41),
    ):
        at = until - last - timedelta(hours=15)
        while at >= start:
            serving, previous = _serving(changes, at)
            if serving is not None:
                took = round(seconds * random.uniform(0.8, 1.3))
                detail = {"drill": True, "seconds": took, "to": previous or "rules_only"}
                yield Event(at, "platform-admin", action, serving, detail)
            at -= _QUARTER


def _keys(connection: sa.Connection, start: datetime, until: datetime) -> Iterator[Event]:
    """The key that signs was put in service before the first file it signed."""
    c = model_artifacts.c
    first = sa.func.min(c.signed_at)
    statement = sa.select(c.key_id, first).where(c.key_id.is_not(None)).group_by(c.key_id)
    for key_id, signed_at in connection.execute(statement):
        at = min(max(start, signed_at - _DAY), until - _DAY)
        yield Event(at, "security-officer", "key.rotate", key_id)


def _people(connection: sa.Connection) -> tuple[str, ...]:
    reviewers = connection.scalars(sa.select(ml_feedback.c.reviewer).distinct())
    return (*STAFF, *(sorted(reviewers) or SOME_REVIEWERS))


def _working_days(start: datetime, until: datetime) -> Iterator[datetime]:
    day = datetime.combine(start.date(), time(), start.tzinfo)
    while day < until:
        if day.weekday() < 5 and day >= start:
            yield day
        day += _DAY


def _sign_ins(
    people: tuple[str, ...], start: datetime, until: datetime, random: Random
) -> Iterator[Event]:
    """Nearly everybody signs in on each working day; one time in eighty the first try fails."""
    for day in _working_days(start, until):
        for person in people:
            if random.random() < 0.12:
                continue
            at = day + timedelta(hours=13, seconds=random.randrange(7_200))
            if random.random() < 1 / 80:
                yield Event(at - timedelta(minutes=1), person, "auth.login", outcome="failure")
            yield Event(at, person, "auth.login")


def _refusals(start: datetime, until: datetime, random: Random) -> Iterator[Event]:
    """Now and then somebody tries what the role does not allow."""
    for day in _working_days(start, until):
        if random.random() < 1 / 40:
            action, target = random.choice(REFUSED)
            at = day + timedelta(hours=15, seconds=random.randrange(10_000))
            detail = {"reason": "permission denied"}
            yield Event(at, random.choice(SOME_REVIEWERS), action, target, detail, "denied")
