"""All runs of one test suite, and what each measured in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import evaluation_results, evaluation_runs
from queries.evaluations import WHOLE
from queries.scope import Scope

MOST_RUNS = 200

_runs, _results = evaluation_runs.c, evaluation_results.c


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a suite; ``cases`` is the largest number that one of its results rests on."""

    run_id: str
    suite_version: str
    suite_digest: str
    model_version: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    tool: str | None
    cases: int | None


@dataclass(frozen=True, slots=True)
class PointRow:
    """One metric over all cases of one run."""

    started_at: datetime
    model_version: str
    suite_version: str
    metric: str
    value: float
    n: int
    interval_low: float | None
    interval_high: float | None


def runs(connection: sa.Connection, scope: Scope, suite: str) -> Answer[RunRow]:
    """The newest runs of a suite, newest first"""
    cases = (
        sa.select(sa.func.max(_results.n)).where(_results.run_id == _runs.run_id).scalar_subquery()
    )
    named = list(RunRow.__dataclass_fields__)[:-1]
    statement = (
        sa.select(*(_runs[name] for name in named), cases.label("cases"))
        .where(_runs.suite == suite, _runs.started_at <= scope.as_of)
        .order_by(_runs.started_at.desc(), _runs.attempt.desc(), _runs.run_id.desc())
        .limit(MOST_RUNS)
    )
    return ask(connection, statement, RunRow)


def history(connection: sa.Connection, scope: Scope, suite: str) -> Answer[PointRow]:
    """What the newest runs of a suite measured over all of its cases, oldest first"""
    newest = (
        sa.select(_runs.run_id, _runs.started_at, _runs.model_version, _runs.suite_version)
        .where(
            _runs.suite == suite,
            _runs.started_at <= scope.as_of,
            _runs.status == "succeeded",
        )
        .order_by(_runs.started_at.desc(), _runs.attempt.desc(), _runs.run_id.desc())
        .limit(MOST_RUNS)
        .subquery("newest")
    )
    statement = (
        sa.select(
            newest.c.started_at,
            newest.c.model_version,
            newest.c.suite_version,
            _results.metric,
            _results.value,
            _results.n,
            _results.interval_low,
            _results.interval_high,
        )
        .join(newest, newest.c.run_id == _results.run_id)
        .where(_results.segment == WHOLE, _results.value.is_not(None))
        .order_by(newest.c.started_at, newest.c.model_version, _results.metric)
    )
    return ask(connection, statement, PointRow)
