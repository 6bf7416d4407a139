"""Exceptions of each batch added up: what roll-ups keep, and how the source is asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from queries.contract import migration_exceptions

_x = migration_exceptions.c
WAIVED, FALSE_POSITIVE = "waived", "false_positive"
CLOSED = ("fixed", WAIVED, FALSE_POSITIVE)
LESSER = ("major", "minor")


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """One batch. ``records`` are distinct; ``critical_open`` are critical and neither fixed
    nor refuted.

    An ``untraceable`` exception lacks its key, its reason, or both values of its field. A batch
    is ``blocked`` if it met a critical exception that was not a false positive.
    """

    batch_id: str
    exceptions: int
    open_exceptions: int
    records: int
    open_records: int
    critical_open: int
    untraceable: int
    blocked: bool
    newest_at: datetime
    latest_at: datetime


def batch_totals(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """One row for each batch that has exceptions: records first, so that nothing is sorted."""
    key = (_x.batch_id, sa.func.coalesce(_x.table_name, ""), sa.func.coalesce(_x.key, ""))
    harm = sa.and_(is_critical(), _x.status.is_distinct_from(FALSE_POSITIVE))
    record = (
        sa.select(
            _x.batch_id,
            sa.func.count().label("exceptions"),
            sa.func.count().filter(is_open()).label("open_exceptions"),
            critical_open().label("critical_open"),
            sa.func.count().filter(untraceable()).label("untraceable"),
            sa.func.coalesce(sa.func.bool_or(harm), sa.false()).label("blocked"),
            sa.func.max(_x.first_seen_at).label("newest_at"),
            sa.func.max(sa.func.coalesce(_x.last_seen_at, _x.first_seen_at)).label("latest_at"),
        )
        .where(*conditions)
        .group_by(*key)
        .subquery("record")
    )
    columns: list[sa.ColumnElement[Any]] = [
        sa.cast(record.c.batch_id, sa.Text()).label("batch_id"),
        *(_sum(record.c[name]) for name in ("exceptions", "open_exceptions")),
        sa.func.count().label("records"),
        sa.func.count().filter(record.c.open_exceptions > 0).label("open_records"),
        *(_sum(record.c[name]) for name in ("critical_open", "untraceable")),
        sa.func.bool_or(record.c.blocked).label("blocked"),
        *(sa.func.max(record.c[name]).label(name) for name in ("newest_at", "latest_at")),
    ]
    return sa.select(*columns).group_by(record.c.batch_id)


def critical_open() -> sa.FunctionFilter[int]:
    """How many are critical and neither fixed nor refuted: the pipeline cannot waive harm."""
    waived = _x.status == WAIVED
    return sa.func.count().filter(is_critical(), sa.or_(is_open(), waived))


def is_open() -> sa.ColumnElement[bool]:
    """Whether an exception is open."""
    return not_closed(_x.status)


def not_closed(status: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether nothing says that it is closed: a state that nobody knows closes nothing."""
    return sa.func.coalesce(status, "").not_in(CLOSED)


def is_critical() -> sa.ColumnElement[bool]:
    """Whether nothing says that it harms less."""
    return sa.func.coalesce(_x.severity, "").not_in(LESSER)


def untraceable() -> sa.ColumnElement[bool]:
    """No key, no reason at all, or a field of which neither value was kept."""
    return sa.or_(
        sa.func.coalesce(_x.key, "") == "",
        sa.func.coalesce(_x.failure_type, _x.details, _x.cause, "") == "",
        sa.and_(_x.field.is_not(None), _x.source_value.is_(None), _x.target_value.is_(None)),
    )


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(column), sa.BigInteger()).label(column.key)
