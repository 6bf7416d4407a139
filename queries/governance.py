"""What is kept about the programme itself: findings, configuration changes, audit events, days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import config_history, findings, system_audit
from queries.rollup_schema import rollup_days
from queries.scope import Scope

NEAR = timedelta(days=1)
"""An audit event belongs to a change that took effect within so long of it."""

_found, _config, _event, _day = findings.c, config_history.c, system_audit.c, rollup_days.c


@dataclass(frozen=True, slots=True)
class FindingCount:
    """Findings by priority and area: how many there ever were, are open, and are open past their
    date."""

    priority: str
    area: str
    n: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One configuration change; ``authorised``: the audit log holds its author's success.

    ``altered``: an event of the audit log tells another value, be it that of this change or that
    of the next one, which says what was there before.
    """

    knob: str
    version: str
    valid_from: datetime
    changed_by: str
    documented: bool
    authorised: bool
    altered: bool


@dataclass(frozen=True, slots=True)
class SequenceRow:
    """How many audit events there are, and how many numbers between first and last are absent.

    ``absent`` is None where events are not numbered.
    """

    n: int
    absent: int | None
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Rolled-up days: how many should be there, and how many are not."""

    n: int
    missing: int
    refreshed_at: datetime | None


def finding_counts(connection: sa.Connection, scope: Scope) -> Answer[FindingCount]:
    """The findings register as it stood, by priority and area

    An open finding without a date to close it by counts as past it: it could never be late.
    """
    open_ = sa.or_(_found.closed_at.is_(None), _found.closed_at > scope.as_of)
    late = sa.or_(_found.due_at.is_(None), _found.due_at < scope.as_of)
    priority = sa.func.upper(sa.func.btrim(sa.func.coalesce(_found.priority, "")))
    area = sa.func.lower(sa.func.btrim(sa.func.coalesce(_found.area, "")))
    statement = (
        sa.select(
            priority.label("priority"),
            area.label("area"),
            sa.func.count().label("n"),
            sa.func.count().filter(open_).label("open"),
            sa.func.count().filter(open_, late).label("overdue"),
        )
        .where(_found.opened_at <= scope.as_of)
        .group_by(sa.text("1"), sa.text("2"))
        .order_by(sa.text("1"), sa.text("2"))
    )
    return ask(connection, statement, FindingCount)


def changes(connection: sa.Connection, scope: Scope) -> Answer[ChangeRow]:
    """Every configuration change, with its reason and its entry in the audit log

    Where an event tells values (``value`` and ``was`` in its detail), they are compared.
    """
    entry = sa.exists().where(
        _event.action == "config.change",
        _event.outcome == "success",
        _event.object == _config.knob,
        _event.actor == _config.changed_by,
        _event.detail["to"].astext == _config.version,
        _event.occurred_at.between(_config.valid_from - NEAR, _config.valid_from + NEAR),
    )
    documented = sa.and_(
        sa.func.btrim(_config.changed_by) != "",
        sa.func.btrim(sa.func.coalesce(_config.reason, "")) != "",
    )
    statement = (
        sa.select(
            _config.knob,
            _config.version,
            _config.valid_from,
            _config.changed_by,
            documented.label("documented"),
            entry.label("authorised"),
            _altered().label("altered"),
        )
        .where(_config.valid_from <= scope.as_of)
        .order_by(_config.valid_from, _config.knob)
    )
    return ask(connection, statement, ChangeRow)


def _altered() -> sa.ColumnElement[bool]:
    """Whether the event of a change, or that of the change after it, tells another value."""
    told = sa.and_(
        _event.action == "config.change", _event.outcome == "success", _event.object == _config.knob
    )
    own = sa.exists().where(
        told,
        _event.detail["to"].astext == _config.version,
        _event.occurred_at.between(_config.valid_from - NEAR, _config.valid_from + NEAR),
        _event.detail["value"] != _config.value,
    )
    later = config_history.alias("later").c
    ended = (
        sa.select(sa.func.min(later.valid_from))
        .where(later.knob == _config.knob, later.valid_from > _config.valid_from)
        .correlate(config_history)
        .scalar_subquery()
    )
    after = sa.exists().where(
        told,
        _event.detail["from"].astext == _config.version,
        _event.occurred_at.between(ended - NEAR, ended + NEAR),
        _event.detail["was"] != _config.value,
    )
    return sa.or_(own, after)


def event_sequence(connection: sa.Connection, scope: Scope) -> Answer[SequenceRow]:
    """Are the numbers of the platform's audit events without a gap?"""
    text = sa.cast(_event.event_id, sa.Text())
    numbered = text.op("~")("^[0-9]+$")
    number = sa.case((numbered, sa.cast(text, sa.Numeric())))
    span = sa.func.max(number) - sa.func.min(number) + 1 - sa.func.count()
    statement = sa.select(
        sa.func.count().label("n"),
        sa.case((sa.func.bool_and(numbered), sa.cast(span, sa.BigInteger()))).label("absent"),
        sa.func.max(_event.occurred_at).label("newest_at"),
    ).where(_event.occurred_at <= scope.as_of)
    return ask(connection, statement, SequenceRow)


def kept_days(own: sa.Connection, scope: Scope) -> Answer[KeptRow]:
    """Do the daily figures reach from the first day to the last, purged years included?"""
    days = sa.func.max(_day.day) - sa.func.min(_day.day) + 1
    kept = sa.func.count().filter(_day.state != "vanished")
    statement = sa.select(
        sa.func.coalesce(days, 0).label("n"),
        sa.func.coalesce(days - kept, 0).label("missing"),
        sa.func.max(_day.refreshed_at).label("refreshed_at"),
    ).where(_day.environment == scope.environment, _day.day < sa.cast(scope.as_of, sa.Date()))
    return ask(own, statement, KeptRow)
