"""What drift says to the gates and on its page, kept beside the roll-ups it was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from queries.answer import Answer, ask
from queries.rollup_schema import drift_evidence, drift_reports, rollup_days, rollup_layouts
from queries.snapshot import once

_KEY = ("environment", "day", "policy_version")


@dataclass(frozen=True, slots=True)
class Key:
    """What a kept evidence must agree with: day, bins, and the newest of the days behind it."""

    day: date
    edges_id: str
    refreshed_at: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    evidence: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as JSON."""

    report: str


@once
def newest(own: sa.Connection, environment: str, before: date) -> Key | None:
    """The newest rolled-up day before ``before``; None where there is none."""
    days = rollup_days.c
    statement = (
        sa.select(
            sa.func.max(days.day).label("day"),
            sa.select(rollup_layouts.c.edges_id)
            .order_by(rollup_layouts.c.created_at.desc(), rollup_layouts.c.edges_id)
            .limit(1)
            .scalar_subquery()
            .label("edges_id"),
            sa.func.max(days.refreshed_at).label("refreshed_at"),
        )
        .where(days.environment == environment, days.day < before)
        .having(sa.func.count() > 0)
    )
    return next(iter(ask(own, statement, Key).rows), None)


def kept(
    own: sa.Connection, environment: str, key: Key, policy_version: str, method: str
) -> Sequence[Mapping[str, Any]] | None:
    """What was computed from exactly these days, bins and rules; None where nothing was."""
    statement = _same(drift_evidence, "evidence", environment, key, policy_version, method)
    found = ask(own, statement, _Kept).rows
    return found[0].evidence if found else None


def kept_report(
    own: sa.Connection, environment: str, key: Key, policy_version: str, method: str
) -> Answer[KeptReport]:
    """Drift between the usual windows, as the last refresh found it"""
    statement = _same(drift_reports, "report", environment, key, policy_version, method)
    return ask(own, statement, KeptReport)


def keep(
    own: sa.Connection,
    environment: str,
    key: Key,
    policy_version: str,
    method: str,
    evidence: Sequence[Mapping[str, Any]],
) -> None:
    """Replace what was kept of this day under these rules."""
    held = {"evidence": list(evidence)}
    _replace(own, drift_evidence, environment, key, policy_version, method, held)


def keep_report(
    own: sa.Connection, environment: str, key: Key, policy_version: str, method: str, report: str
) -> None:
    """Replace the report that was kept of this day under these rules."""
    _replace(own, drift_reports, environment, key, policy_version, method, {"report": report})


def _same(
    table: sa.Table, column: str, environment: str, key: Key, policy_version: str, method: str
) -> sa.Select[Any]:
    columns = table.c
    return sa.select(columns[column]).where(
        columns.environment == environment,
        columns.day == key.day,
        columns.policy_version == policy_version,
        columns.edges_id == key.edges_id,
        columns.refreshed_at == key.refreshed_at,
        columns.method == method,
    )


def _replace(
    own: sa.Connection,
    table: sa.Table,
    environment: str,
    key: Key,
    policy_version: str,
    method: str,
    held: Mapping[str, Any],
) -> None:
    statement = insert(table).values(
        environment=environment,
        day=key.day,
        policy_version=policy_version,
        edges_id=key.edges_id,
        method=method,
        refreshed_at=key.refreshed_at,
        computed_at=datetime.now(UTC),
        **held,
    )
    changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in _KEY}
    own.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))
