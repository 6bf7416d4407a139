"""What the filters can be set to: the values that the tables hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from queries.answer import Answer, ask, joined
from queries.contract import config_history, prediction_audit
from queries.rolled import Plan, adding, rolled_environments, rolled_up
from queries.rolled_parts import filters
from queries.rolled_schema import rolled_decisions
from queries.scope import Scope

# Values that have not occurred for this long are reached by their link, not offered.
LOOK_BACK = timedelta(days=28)
ML_VERSION_KNOB = "ml_version"

_audit = prediction_audit.c
_history = config_history.c
_KEYS = ("environment", "work_type", "region", "ml_version")


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One combination of segments that was scored recently, and how often."""

    environment: str
    work_type: str | None
    region: str | None
    ml_version: str | None
    predictions: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One model version that was in force, since when."""

    version: str
    valid_from: datetime


def recent_segments(connection: sa.Connection, as_of: datetime) -> Answer[SegmentRow]:
    """Environments, work types, regions and models scored in the 28 days before ``as_of``."""
    scope = Scope(as_of - LOOK_BACK, as_of, as_of)
    rolled = rolled_environments(connection, scope)
    answers = [_not_rolled_up(connection, scope, rolled)]
    answers += [_segments(connection, replace(scope, environment=name)) for name in rolled]
    return joined(answers, [row for answer in answers for row in answer.rows])


def _not_rolled_up(
    connection: sa.Connection, scope: Scope, rolled: Sequence[str]
) -> Answer[SegmentRow]:
    """Segments of the environments that the roll-ups do not know: of all where there are none.

    What is left out is said as what lies between, so that an index finds it without reading on.
    """
    statement = _counted(*scope.shared_conditions())
    if rolled:
        name, known = _audit.environment, _in_order(connection, rolled)
        between = (sa.and_(name > one, name < other) for one, other in pairwise(known))
        statement = statement.where(sa.or_(name < known[0], *between, name > known[-1]))
    return ask(connection, statement, SegmentRow)


def _in_order(connection: sa.Connection, names: Sequence[str]) -> Sequence[str]:
    """The names as the source orders them, which compares by its own rules."""
    values = sa.values(sa.column("name", sa.Text()), name="known").data([(each,) for each in names])
    return connection.scalars(sa.select(values.c.name).order_by(values.c.name)).all()


def _rolled_segments(plan: Plan) -> list[Answer[SegmentRow]]:
    r = rolled_decisions.c
    keys = [r[name] for name in _KEYS]
    statement = (
        sa.select(*keys, sa.cast(sa.func.sum(r.n), sa.BigInteger).label("predictions"))
        .where(*filters(plan, r))
        .group_by(*keys)
    )
    return [plan.rollups.ask(statement, SegmentRow)]


@rolled_up(_rolled_segments, adding(_KEYS, ("predictions",)))
def _segments(connection: sa.Connection, scope: Scope) -> Answer[SegmentRow]:
    """Work types, regions and models scored in one environment."""
    return ask(connection, _counted(*scope.conditions()), SegmentRow)


def _counted(*conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    keys = [_audit[name] for name in _KEYS]
    return sa.select(*keys, sa.func.count().label("predictions")).where(*conditions).group_by(*keys)


def model_versions(connection: sa.Connection, as_of: datetime) -> Answer[VersionRow]:
    """Model versions that have been in force up to ``as_of``, newest first."""
    statement = (
        sa.select(_history.version, sa.func.max(_history.valid_from).label("valid_from"))
        .where(_history.knob == ML_VERSION_KNOB, _history.valid_from <= as_of)
        .group_by(_history.version)
        .order_by(sa.desc("valid_from"))
    )
    return ask(connection, statement, VersionRow)
