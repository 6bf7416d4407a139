"""What the newest run of each test suite measured, by model version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, ask
from queries.contract import evaluation_results, evaluation_runs
from queries.scope import Scope

WHOLE = "all"

_runs, _results = evaluation_runs.c, evaluation_results.c


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """One metric of the newest run of a suite against a version; None where it gave none."""

    suite: str
    suite_version: str
    model_version: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    metric: str | None
    value: float | None
    n: int | None
    n_unscored: int | None
    interval_low: float | None
    interval_high: float | None


def newest_runs(connection: sa.Connection, scope: Scope) -> Answer[SuiteRow]:
    """The newest run of each suite against each model version, over all segments together"""
    newest = (
        sa.select(evaluation_runs)
        .where(_runs.started_at <= scope.as_of)
        .ext(distinct_on(_runs.suite, _runs.model_version))
        .order_by(
            _runs.suite,
            _runs.model_version,
            _runs.started_at.desc(),
            _runs.attempt.desc(),
            _runs.run_id.desc(),
        )
        .subquery("newest")
    )
    same = sa.and_(_results.run_id == newest.c.run_id, _results.segment == WHOLE)
    run = (newest.c[name] for name in list(SuiteRow.__dataclass_fields__)[:7])
    result = (_results[name] for name in list(SuiteRow.__dataclass_fields__)[7:])
    statement = (
        sa.select(*run, *result)
        .select_from(newest.outerjoin(evaluation_results, same))
        .order_by(newest.c.suite, newest.c.model_version, _results.metric)
    )
    return ask(connection, statement, SuiteRow)
