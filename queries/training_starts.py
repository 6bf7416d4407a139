"""When training runs began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import ml_training_runs
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class TrainingStart:
    """The newest start of a training run; None where none began."""

    started_at: datetime | None


def newest_start(connection: sa.Connection, scope: Scope) -> Answer[TrainingStart]:
    """When the newest training run up to the as-of began."""
    started = ml_training_runs.c.started_at
    statement = sa.select(sa.func.max(started).label("started_at")).where(started <= scope.as_of)
    return ask(connection, statement, TrainingStart)
