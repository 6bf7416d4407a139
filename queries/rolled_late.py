"""Which rolled-up days the source has other numbers of by now: late rows came, or rows went.

The nightly refresh compares every value. Until then a count of the rows, from an index alone,
keeps gates from judging by days that have since become others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from queries.answer import Answer, ask
from queries.audit_parts import audit, count
from queries.audit_reviews import utc_day
from queries.database import translate
from queries.rolled_days import BUILT, RollUps, UnreadableError, midnight, whole_days
from queries.rollup_schema import rollup_days
from queries.scope import Scope
from queries.snapshot import forget, guard

LOG = logging.getLogger("plumbline.rollups")


_ALIKE = 4
"""Letters that two names of one environment share: “prod”, “Production”."""


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """Predictions under one environment's name."""

    environment: str
    n: int


@dataclass(frozen=True, slots=True)
class _Held:
    day: date
    n: int


@dataclass(frozen=True, slots=True)
class _Total:
    n: int


def lookalikes(own: sa.Connection, scope: Scope) -> Answer[EnvironmentRow]:
    """Environments with rolled-up days whose name only looks like the scope's"""
    day = rollup_days.c
    first, last = whole_days(scope)
    name = sa.func.lower(sa.func.btrim(day.environment))
    statement = (
        sa.select(day.environment, sa.cast(sa.func.sum(day.source_rows), sa.BigInteger).label("n"))
        .where(
            day.environment != scope.environment,
            name.startswith(scope.environment[:_ALIKE], autoescape=True),
            day.day >= first,
            day.day < last,
            day.source_rows > 0,
        )
        .group_by(day.environment)
        .order_by(day.environment)
    )
    return ask(own, statement, EnvironmentRow)


def leave_out_changed(source: sa.Connection, rollups: RollUps, scope: Scope) -> None:
    """Have the source asked for the days of a scope whose number of predictions has changed.

    A source that cannot be counted is left as it is: the questions themselves say what is wrong.
    """
    if not rollups.usable(source):
        return
    try:
        built = {row.day: row.n for row in rollups.ask(_built(scope), _Held).rows}
        with guard(leave_out_changed, source):
            changed = _changed(source, scope, built)
        if changed:
            rollups.leave_out(scope.environment, changed)
            forget(source)
    except UnreadableError:
        return
    except exc.SQLAlchemyError as error:
        LOG.warning("roll-ups: %s", translate(error).log)


def _changed(source: sa.Connection, scope: Scope, built: Mapping[date, int]) -> list[date]:
    if not built:
        return []
    first, last = midnight(min(built)), midnight(max(built) + timedelta(days=1))
    within = (audit.scored_at >= first, audit.scored_at < last)
    total = sa.select(count().label("n")).where(audit.environment == scope.environment, *within)
    if ask(source, total, _Total).rows[0].n == sum(built.values()):
        return []
    by_day = total.add_columns(utc_day(audit.scored_at).label("day")).group_by(sa.text("day"))
    now = {row.day: row.n for row in ask(source, by_day, _Held).rows}
    return [day for day, n in built.items() if now.get(day, 0) != n]


def _built(scope: Scope) -> sa.Select[tuple[date, int]]:
    day = rollup_days.c
    first, last = whole_days(scope)
    return sa.select(day.day, day.source_rows.label("n")).where(
        day.environment == scope.environment,
        day.state == BUILT,
        day.day >= first,
        day.day < last,
    )
