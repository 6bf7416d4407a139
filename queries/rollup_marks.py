"""Fingerprints: whether the source still holds what a day was rolled up from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from queries.answer import ask
from queries.contract import ml_shadow_scores, prediction_audit, prediction_explanations
from queries.database import if_present
from queries.rollup_parts import audit, midnight, scored_between, utc_day


@dataclass(frozen=True, slots=True)
class DayMark:
    """Rows of a day and the sum of their hashes: it changes with any value of any row."""

    day: date
    rows: int
    hashes: Decimal

    @property
    def fingerprint(self) -> str:
        return f"{self.rows}:{self.hashes}"


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str


def day_marks(
    connection: sa.Connection, environment: str, start: date, end: date
) -> dict[date, DayMark]:
    """The marks of the days ``[start, end)`` that hold any prediction."""
    day = utc_day(audit.scored_at)
    return _marks(connection, prediction_audit, day, scored_between(environment, start, end))


def explanation_marks(connection: sa.Connection, start: date, end: date) -> dict[date, str]:
    """The marks of stored explanations; empty without that table."""
    stored = prediction_explanations
    limits = [stored.c.scored_at >= midnight(start), stored.c.scored_at < midnight(end)]
    day = utc_day(stored.c.scored_at)
    found = if_present(connection, lambda: _marks(connection, stored, day, limits))
    return {day: mark.fingerprint for day, mark in (found or {}).items()}


def shadow_marks(connection: sa.Connection, start: date, end: date) -> dict[date, str]:
    """The marks of shadow scores; empty without that table."""
    stored = ml_shadow_scores
    limits = [stored.c.scored_at >= midnight(start), stored.c.scored_at < midnight(end)]
    day = utc_day(stored.c.scored_at)
    found = if_present(connection, lambda: _marks(connection, stored, day, limits))
    return {day: mark.fingerprint for day, mark in (found or {}).items()}


def _marks(
    connection: sa.Connection, table: sa.Table, day: sa.ColumnElement[Any], limits: list[Any]
) -> dict[date, DayMark]:
    row = sa.func.row(*table.c)
    statement = (
        sa.select(
            day.label("day"),
            sa.func.count().label("rows"),
            sa.func.sum(sa.func.hash_record_extended(row, 0)).label("hashes"),
        )
        .where(*limits)
        .group_by(day)
    )
    return {mark.day: mark for mark in ask(connection, statement, DayMark).rows}


EMPTY = "0:0"
"""Fingerprint of a day without predictions."""
