"""Recorded verifications of model files, in the product's own schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.artifact_rows import CheckRow, FailureRow
from queries.artifact_schema import CheckRecord, artifact_checks
from queries.ledger import append

MOST_FAILURES = 500

_checks = artifact_checks.c
_COLUMNS = (
    _checks.run_id,
    _checks.checked_at,
    _checks.occasion,
    _checks.model_version,
    _checks.role,
    _checks.path,
    _checks.fault,
    _checks.reason,
    _checks.signature,
    _checks.key_id,
    _checks.algorithm,
    _checks.expected_sha256,
    _checks.found_sha256,
    _checks.loadable,
    _checks.probe,
)


def record(connection: sa.Connection, records: Iterable[CheckRecord]) -> None:
    """Add verifications, within the caller's transaction."""
    for each in records:
        append(connection, artifact_checks, asdict(each))


def latest(connection: sa.Connection, until: datetime) -> Answer[CheckRow]:
    """The last recorded verification of each model file"""
    statement = (
        sa.select(*_COLUMNS)
        .ext(distinct_on(_checks.path, _checks.model_version, _checks.role))
        .where(_checks.checked_at <= until)
        .order_by(
            _checks.path, _checks.model_version, _checks.role, _checks.row_number.desc()
        )
    )  # fmt: skip
    return ask(connection, statement, CheckRow)


def last_sound(connection: sa.Connection, until: datetime) -> Answer[CheckRow]:
    """The last time each model file was recorded as sound"""
    statement = (
        sa.select(*_COLUMNS)
        .ext(distinct_on(_checks.path, _checks.model_version))
        .where(_checks.checked_at <= until, _checks.fault.is_(None))
        .order_by(_checks.path, _checks.model_version, _checks.row_number.desc())
    )
    return ask(connection, statement, CheckRow)


def failures(connection: sa.Connection, until: datetime) -> Answer[FailureRow]:
    """Recorded integrity failures: each with the first and the last time it was met"""
    statement = (
        sa.select(
            _checks.model_version,
            _checks.role,
            _checks.path,
            _checks.reason,
            sa.func.min(_checks.checked_at).label("first_at"),
            sa.func.max(_checks.checked_at).label("last_at"),
            sa.func.count().label("times"),
        )
        .where(_checks.checked_at <= until, _checks.fault.is_not(None))
        .group_by(_checks.model_version, _checks.role, _checks.path, _checks.reason)
        .order_by(sa.desc("last_at"), _checks.path)
        .limit(MOST_FAILURES)
    )
    return ask(connection, statement, FailureRow)
