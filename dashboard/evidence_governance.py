"""Evidence from test suites and registers: ask, assess, hand over (B8, B9, B11, C2–C6, C10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from components.artifacts.assess_evidence import only
from components.artifacts.types import CANDIDATE, PRODUCTION
from components.evaluations import assess_governance as governed
from components.evaluations import assess_suites
from components.evaluations import suites as suites_of
from components.gates.evidence import Evidence
from components.gates.policy import Policy
from queries import artifacts, audit, evaluations, feedback, governance, rollups
from queries.database import if_present
from queries.drift_rows import MISSING, UNUSABLE
from queries.ledger import verify_chain
from queries.own_schema import gate_evaluations
from queries.rolled import beside
from queries.scope import Scope

SUITE_METRICS = assess_suites.METRICS
FINDING_METRICS = governed.FINDING_METRICS
CHANGE_METRICS = governed.CHANGE_METRICS
GAP_METRICS = (governed.GAPS,)
DAY_METRICS = (governed.MISSING_DAYS,)
TRAINING_METRICS = (governed.SANITY,)
BROKEN = "ledger.broken_rows"
LEDGER_METRICS = (BROKEN,)
_LLM_KNOB = "llm_version"


def suites(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """What did the newest run of each test suite measure?"""
    rows = evaluations.newest_runs(connection, scope).rows
    known = if_present(connection, lambda: audit.configurations(connection, scope).rows) or ()
    llm = [row.version for row in known if row.knob == _LLM_KNOB]
    versions = {
        suites_of.CANDIDATE: _in_role(connection, scope, CANDIDATE),
        suites_of.PRODUCTION: _in_role(connection, scope, PRODUCTION),
        suites_of.LLM: llm[-1] if llm else None,
    }
    return assess_suites.evidence(rows, versions)


def findings(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Is a P0 finding open, or a P1 finding overdue, that concerns a decision?"""
    rows = governance.finding_counts(connection, scope).rows
    areas = {decision.id: decision.areas for decision in policy.decisions}
    candidate = _in_role(connection, scope, CANDIDATE)
    return governed.findings(rows, areas, scope.as_of, candidate)


def changes(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does every configuration change say who and why, and was each allowed?"""
    rows = governance.changes(connection, scope).rows
    return governed.changes(rows, artifacts.newest_event(connection, scope).rows[0].newest_at)


def events(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Was any audit event removed?"""
    return governed.gaps(governance.event_sequence(connection, scope).rows[0])


def days(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Do daily figures cover every day, those of purged years too? Nothing without roll-ups."""
    own = beside(connection)
    if own is None:
        return ()
    return governed.kept_days(governance.kept_days(own, scope).rows[0], scope.as_of)


def training(connection: sa.Connection, scope: Scope, policy: Policy) -> tuple[Evidence, ...]:
    """Were the data sound that the candidate was trained on?"""
    candidate = _in_role(connection, scope, CANDIDATE)
    runs = feedback.training_runs(connection, scope).rows
    own = [run for run in runs if run.model_version == candidate]
    faults: tuple[str, ...] = ()
    if own and own[-1].window_start is not None and own[-1].window_end is not None:
        window = replace(scope, start=own[-1].window_start, end=own[-1].window_end)
        faults = _faults(connection, window, float(policy.drift.unusable_share))
    return governed.training(runs, candidate, faults)


def ledger(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None
) -> tuple[Evidence, ...]:
    """Is the hash chain of recorded evaluations whole? Nothing where none can be recorded.

    How long it is stays out of the evidence: to record an evaluation would change the next one.
    """
    if own is None:
        return ()
    report = if_present(own, lambda: verify_chain(own, tables=(gate_evaluations,)))
    chain = report.chains[0] if report is not None else None
    problem = f"Row {chain.broken_row}: {chain.problem}." if chain and chain.problem else ""
    return (
        Evidence(
            metric=BROKEN,
            value=1 if problem else 0,
            n=1,
            method="hash chain, recomputed",
            measured_at=scope.as_of,
            candidate=_in_role(connection, scope, CANDIDATE),
            sentence=problem or "Each recorded evaluation follows the one before it, unchanged.",
        ),
    )


def _in_role(connection: sa.Connection, scope: Scope, role: str) -> str | None:
    """The one version in a role; None where there is none, or several."""
    rows = if_present(connection, lambda: artifacts.files(connection, scope).rows) or ()
    return only({row.model_version for row in rows if row.role == role})


def _faults(connection: sa.Connection, window: Scope, limit: float) -> tuple[str, ...]:
    """Features that were empty, or held values of another type, over the rolled-up days."""
    own = beside(connection)
    if own is None:
        return ()
    start = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    whole = replace(window, start=start, end=_midnight_after(window.end))
    try:
        found = rollups.window_histograms(own, whole).rows[0]
    except rollups.NotRolledUpError:
        return ()
    rows = int(found.rows.sum())
    wrong: list[str] = []
    for variable in found.layout.features if rows else ():
        counts = found.counts[..., variable.slice].sum(axis=(0, 1))
        if counts[MISSING] == rows:
            wrong.append(f"{variable.name.removeprefix('feature:')} is always empty")
        elif counts[UNUSABLE] > limit * rows:
            wrong.append(f"{variable.name.removeprefix('feature:')} holds values of another type")
    return tuple(wrong)


def _midnight_after(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
