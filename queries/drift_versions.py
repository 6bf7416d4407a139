"""Final scores by version snapshots and by what the other layers said, in two windows (B4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, count
from queries.contract import prediction_audit
from queries.drift_facts import VersionCell
from queries.rollup_parts import scored_between
from queries.scope import Scope

BINS = 10
"""Equal bins of a score from 0 to 1."""


def version_cells(
    connection: sa.Connection,
    scope: Scope,
    reference: tuple[date, date],
    current: tuple[date, date],
) -> Answer[VersionCell]:
    """Final scores by versions and by the scores of rules and model, in both windows.

    The days of the two windows are read from the source; the scope gives the environment, the
    segments and what may be read.
    """
    environment = scope.environment
    in_current = sa.and_(*scored_between(environment, *current))
    keys: dict[str, sa.ColumnElement[Any]] = {
        "current": in_current,
        "rules_version": audit.rules_version,
        "ml_version": audit.ml_version,
        "llm_version": audit.llm_version,
        "workflow_config": audit.workflow_config,
        "asked": asked(),
        "rules_bin": sa.func.width_bucket(audit.rules_score, 0.0, 1.0000001, BINS),
        "ml_bin": sa.func.width_bucket(audit.ml_score, 0.0, 1.0000001, BINS),
    }
    conditions = [
        audit.scored_at < scope.as_of,
        sa.or_(sa.and_(*scored_between(environment, *reference)), in_current),
        audit.final_score.between(0.0, 1.0),
    ]
    for column, values in (
        (audit.work_type, scope.work_types),
        (audit.region, scope.regions),
        (audit.ml_version, scope.model_versions),
    ):
        if values:
            conditions.append(column.in_(values))
    statement = (
        sa.select(
            *(column.label(name) for name, column in keys.items()),
            count().label("n"),
            sa.func.sum(audit.final_score).label("final"),
        )
        .select_from(prediction_audit)
        .where(*conditions)
        .group_by(*(sa.text(str(place + 1)) for place in range(len(keys))))
    )
    return ask(connection, statement, VersionCell)
