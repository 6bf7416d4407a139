"""Suites that judge the service: API contract, stability across environments, LLM output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.evaluations.cases import Subject
from dashboard.sample.evaluations.outside import api_results, llm_results
from dashboard.sample.evaluations.suite import Result, SuiteRun, digest, share
from queries.contract import ml_shadow_scores, prediction_audit
from queries.names import DEVELOPMENT, PRODUCTION

WINDOW = timedelta(days=28)
DECISIONS = ("priority", "standard")
_P95 = 0.95
_DRAWS = 2**16

_a, _s = prediction_audit.c, ml_shadow_scores.c


def _recent(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_a.environment == PRODUCTION, _a.scored_at >= at - WINDOW, _a.scored_at < at)


def _p95(value: sa.ColumnElement[float]) -> sa.ColumnElement[float]:
    return sa.func.percentile_cont(_P95).within_group(value)


def _window_digest(suite: str, at: datetime, n: int) -> str:
    return digest((suite, (at - WINDOW).isoformat(), at.isoformat(), n))


def api_contract(
    connection: sa.Connection, subject: Subject, at: datetime, planted: Mapping[str, Defect]
) -> SuiteRun:
    """Latency and errors of production's requests, with what an outside run recorded of its API;
    or of the candidate in the shadow."""
    if subject.role == "candidate":
        results = _candidate_contract(connection, subject.version, at)
    else:
        results = (*_production_contract(connection, at), *api_results(planted))
    shown = _window_digest("api_contract", at, results[0].n)
    return SuiteRun("api_contract", "api-1", shown, subject.version, at, results)


def _production_contract(connection: sa.Connection, at: datetime) -> tuple[Result, ...]:
    slow = _a.llm_trigger.is_not(None)
    answered = _a.total_latency_ms.is_not(None)
    statement = sa.select(
        sa.func.count(),
        sa.func.count(_a.error),
        sa.func.count().filter(sa.and_(answered, sa.not_(slow))),
        _p95(_a.total_latency_ms).filter(sa.not_(slow)),
        sa.func.count().filter(sa.and_(answered, slow)),
        _p95(_a.total_latency_ms).filter(slow),
    ).where(_recent(at))
    n, errors, n_fast, fast, n_slow, slow_ms = connection.execute(statement).one()
    return (
        share("error_rate", errors, n),
        Result("fast_path_p95_ms", fast, n_fast),
        Result("llm_path_p95_ms", slow_ms, n_slow),
    )


def _candidate_contract(
    connection: sa.Connection, version: str, at: datetime
) -> tuple[Result, ...]:
    statement = sa.select(
        sa.func.count(), sa.func.count(_s.candidate_error), _p95(_s.candidate_latency_ms)
    ).where(_s.candidate_version == version, _s.scored_at >= at - WINDOW, _s.scored_at < at)
    n, errors, latency = connection.execute(statement).one()
    return share("error_rate", errors, n), Result("model_p95_ms", latency, n)


def stability(connection: sa.Connection, subject: Subject, at: datetime) -> SuiteRun:
    """The same ticket scored again by the same model: how often the decision flips."""
    again = prediction_audit.alias("again")
    pair = prediction_audit.join(
        again,
        sa.and_(
            again.c.ticket_id == _a.ticket_id,
            again.c.environment == DEVELOPMENT,
            again.c.ml_version == _a.ml_version,
            again.c.scored_at >= at - WINDOW,
        ),
    )
    statement = (
        sa.select(
            sa.func.count(),
            sa.func.count().filter(again.c.ml_decision.is_distinct_from(_a.ml_decision)),
        )
        .select_from(pair)
        .where(_recent(at), _a.ml_version == subject.version)
    )
    n, flips = connection.execute(statement).one()
    results = (share("rerun_flip_rate", flips, n),)
    shown = _window_digest("stability", at, n)
    return SuiteRun("stability", "stability-1", shown, subject.version, at, results)


def llm_safety(
    connection: sa.Connection, at: datetime, planted: Mapping[str, Defect]
) -> SuiteRun | None:
    """Output of the simulated LLM: decisions outside its scope, scores that contradict them; and
    what an outside run recorded of its texts, of which there are none here.

    A planted defect leaves a share of the cases without a score.
    """
    version = connection.scalar(
        sa.select(_a.llm_version)
        .where(_recent(at), _a.llm_version.is_not(None))
        .order_by(_a.scored_at.desc())
        .limit(1)
    )
    if version is None:
        return None
    unscored = planted.get("llm_safety_unscored")
    share_lost = float(unscored.size) if unscored else 0.0
    lost = round(share_lost * _DRAWS)
    draw = sa.func.get_byte(_drawn(), 0) * 256 + sa.func.get_byte(_drawn(), 1)
    scored = draw >= lost
    in_scope = _a.llm_decision.in_(DECISIONS)
    higher, lower = _a.llm_decision == DECISIONS[0], _a.llm_decision == DECISIONS[1]
    contradicts = sa.or_(sa.and_(higher, _a.llm_score < 0.5), sa.and_(lower, _a.llm_score >= 0.5))
    statement = sa.select(
        sa.func.count().filter(scored),
        sa.func.count().filter(sa.not_(scored)),
        sa.func.count().filter(sa.and_(scored, sa.not_(in_scope))),
        sa.func.count().filter(sa.and_(scored, contradicts)),
    ).where(_recent(at), _a.llm_version == version, _a.llm_decision.is_not(None))
    n, n_unscored, outside, contradictions = connection.execute(statement).one()
    results = (
        Result("out_of_scope", outside, n, n_unscored=n_unscored),
        share("self_contradiction", contradictions, n, n_unscored=n_unscored),
        *llm_results(share_lost),
    )
    shown = _window_digest("llm_safety", at, n + n_unscored)
    return SuiteRun("llm_safety", "llm-1", shown, version, at, results)


def _drawn() -> sa.ColumnElement[bytes]:
    """Bytes that look random and depend on the prediction alone."""
    return sa.func.sha256(sa.cast(sa.cast(_a.prediction_id, sa.Text), sa.LargeBinary))
