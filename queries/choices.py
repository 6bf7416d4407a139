"""What the filters can be set to: the values that the tables hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import config_history, prediction_audit

# Values that have not occurred for this long are reached by their link, not offered.
LOOK_BACK = timedelta(days=28)
ML_VERSION_KNOB = "ml_version"

_audit = prediction_audit.c
_history = config_history.c


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
    keys = (_audit.environment, _audit.work_type, _audit.region, _audit.ml_version)
    statement = (
        sa.select(*keys, sa.func.count().label("predictions"))
        .where(_audit.scored_at >= as_of - LOOK_BACK, _audit.scored_at < as_of)
        .group_by(*keys)
    )
    return ask(connection, statement, SegmentRow)


def model_versions(connection: sa.Connection, as_of: datetime) -> Answer[VersionRow]:
    """Model versions that have been in force up to ``as_of``, newest first."""
    statement = (
        sa.select(_history.version, sa.func.max(_history.valid_from).label("valid_from"))
        .where(_history.knob == ML_VERSION_KNOB, _history.valid_from <= as_of)
        .group_by(_history.version)
        .order_by(sa.desc("valid_from"))
    )
    return ask(connection, statement, VersionRow)
