"""What the newest run of each test suite measured, by model version and segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.contract import evaluation_results, evaluation_runs
from queries.scope import Scope

WHOLE = "all"

_runs, _results = evaluation_runs.c, evaluation_results.c


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """One metric of the newest run of a suite against a version; None where it gave none.

    ``runs`` counts all runs on record of this suite against this version, the newest included.
    """

    suite: str
    suite_version: str
    model_version: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    runs: int
    metric: str | None
    segment: str | None
    value: float | None
    n: int | None
    n_unscored: int | None
    interval_low: float | None
    interval_high: float | None
    evidence: Any


def newest_runs(connection: sa.Connection, scope: Scope) -> Answer[SuiteRow]:
    """The newest run of each suite against each model version, in all and by segment"""
    of_version = (_runs.suite, _runs.model_version)
    newest = (
        sa.select(evaluation_runs, sa.func.count().over(partition_by=of_version).label("runs"))
        .where(_runs.started_at <= scope.as_of)
        .ext(distinct_on(*of_version))
        .order_by(
            *of_version,
            _runs.started_at.desc(),
            _runs.attempt.desc(),
            _runs.run_id.desc(),
        )
        .subquery("newest")
    )
    names = list(SuiteRow.__dataclass_fields__)
    split = names.index("metric")
    same = _results.run_id == newest.c.run_id
    statement = (
        sa.select(
            *(newest.c[name] for name in names[:split]), *(_results[name] for name in names[split:])
        )
        .select_from(newest.outerjoin(evaluation_results, same))
        .order_by(newest.c.suite, newest.c.model_version, _results.metric, _results.segment)
    )
    return ask(connection, statement, SuiteRow)
