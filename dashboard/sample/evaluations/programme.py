"""Run all suites against the models there are, and write down what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.evaluations import again, cases, golden, models, service
from dashboard.sample.evaluations.cases import Subject
from dashboard.sample.evaluations.suite import Result, SuiteRun
from queries.contract import evaluation_results, evaluation_runs

BEFORE_END = timedelta(days=3)
RETRIED_AFTER = timedelta(hours=2)


def evaluate(
    connection: sa.Connection, until: datetime, planted: Mapping[str, Defect], models_dir: Path
) -> None:
    """Evaluate production and candidate three days before the end; none, where none exists.

    Tickets are scored anew by the model files in ``models_dir``.
    """
    at = until - BEFORE_END
    cases.collect(connection, at)
    runs = list(_runs(connection, at, planted, models_dir))
    if not runs:
        return
    connection.execute(sa.insert(evaluation_runs), [_run_row(run) for run in runs])
    results = [(run, result) for run in runs for result in run.results]
    rows = [
        _result_row(number, run, result) for number, (run, result) in enumerate(results, start=1)
    ]
    connection.execute(sa.insert(evaluation_results), rows)


def _runs(
    connection: sa.Connection, at: datetime, planted: Mapping[str, Defect], models_dir: Path
) -> Iterator[SuiteRun]:
    subjects = cases.subjects(connection, at)
    yield from again.suites(connection, subjects, models_dir, at)
    yield from _golden(connection, subjects, at, planted.get("golden_case_in_training"))
    for subject in subjects:
        yield models.bias(connection, subject, at)
        yield models.safety(connection, subject, at)
        yield service.api_contract(connection, subject, at, planted)
        if subject.role == "production":
            yield service.stability(connection, subject, at)
    screened = service.llm_safety(connection, at, planted)
    if screened is not None:
        yield screened


def _golden(
    connection: sa.Connection, subjects: Sequence[Subject], at: datetime, leak: Defect | None
) -> Iterator[SuiteRun]:
    """The candidate's first attempt broke off; it stays on record beside the second."""
    chosen = golden.choose(connection, subjects, leak)
    for subject in subjects:
        if subject.role == "production":
            yield golden.run(subject, chosen, at, 1)
            continue
        complete = golden.run(subject, chosen, at + RETRIED_AFTER, 2)
        yield replace(complete, started_at=at, attempt=1, status="failed", results=())
        yield complete


def _run_row(run: SuiteRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "suite": run.suite,
        "suite_version": run.version,
        "suite_digest": run.digest,
        "model_version": run.model_version,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "status": run.status,
        "tool": run.tool,
        "attempt": run.attempt,
    }


def _result_row(number: int, run: SuiteRun, result: Result) -> dict[str, Any]:
    return {
        "result_id": number,
        "run_id": run.run_id,
        "metric": result.metric,
        "segment": result.segment,
        "value": result.value,
        "n": result.n,
        "n_unscored": result.n_unscored,
        "interval_low": result.low,
        "interval_high": result.high,
        "evidence": dict(result.evidence),
    }
