"""An adversary with write access to the source: no gate passes on what the tables cannot show.

Each case plants one defect in the clean programme, inside a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from components.gates.assess import evaluate
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.gates.status import Status
from dashboard import (
    evidence_feedback,
    evidence_governance,
    evidence_migration,
    evidence_pipeline,
    evidence_reconciliation,
    evidence_shadow,
)
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL

POLICY = load_policy()
_OF_REVIEWS = ("override_rate", "llm_correctness", "reviewer_agreement")
_SMALL = POLICY.model_copy(
    update={
        "requirements": tuple(
            each.model_copy(update={"minimum_n": 1}) if each.id in _OF_REVIEWS else each
            for each in POLICY.requirements
        )
    }
)
"""The sample has too few reviews for the policy, which would hide what is tested."""
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=POLICY.window_days), SAMPLE_UNTIL, SAMPLE_UNTIL)
_GOOD = frozenset({Status.PASS, Status.WARN})


@dataclass(frozen=True)
class Case:
    """A defect in SQL, and the gates that must not pass with it."""

    defect: str
    sql: tuple[str, ...]
    gates: tuple[str, ...]


def _case(defect: str, gates: str, *sql: str) -> object:
    return pytest.param(Case(defect, sql, tuple(gates.split())), id=defect)


_EXCEPTION = """
    INSERT INTO migration_exceptions
    SELECT exception_id + 1000000, {batch}, task_name, table_owner, table_name, failure_time,
           key_type, key || '-' || exception_id, failure_type, details, field, source_value,
           target_value, cause, '{severity}', '{status}', first_seen_at, last_seen_at
    FROM migration_exceptions ORDER BY exception_id LIMIT 80"""
_LIVE_BATCH = "(SELECT min(batch_id) FROM migration_batches WHERE run_kind = 'live')"
_RERUN = """
    INSERT INTO migration_batches
    SELECT 'again-' || batch_id, 1, 'again', '{kind}', {number}, source_system, target_table,
           started_at + interval '2 days', finished_at + interval '2 days',
           extracted, 0, 0, 0, NULL, 'failed'
    FROM migration_batches WHERE run_kind = 'live'"""
_REVIEWED = """
    UPDATE prediction_audit p SET review_propensity = {chance} FROM ml_feedback f
    WHERE f.prediction_id = p.prediction_id AND {which}"""
_SHADOW = """
    UPDATE ml_shadow_scores
    SET production_decision = candidate_decision, production_score = candidate_score"""

MIGRATION = (
    _case(
        "batches that ended in a state nobody knows",
        "batches_complete",
        "UPDATE migration_batches SET status = 'Aborted' WHERE run_kind = 'live'",
    ),
    _case(
        "a count below zero that balances too many records",
        "batches_balanced",
        f"""UPDATE migration_batches SET loaded = loaded + 100, rejected = rejected - 100
            WHERE batch_id = {_LIVE_BATCH}""",
    ),
    _case(
        "a source of which no batch was written",
        "batches_balanced batches_complete control_totals exceptions_open exceptions_critical",
        """DELETE FROM migration_batches WHERE run_kind = 'live' AND source_system = 'MUNI'""",
    ),
    _case(
        "a load that is complete with no record",
        "batches_balanced batches_complete batches_repeated control_totals",
        """UPDATE migration_batches SET extracted = 0, loaded = 0, rejected = 0, filtered = 0
           WHERE run_kind = 'live'""",
    ),
    _case(
        "everything filtered away",
        "batches_balanced batches_complete control_totals",
        """UPDATE migration_batches SET loaded = 0, rejected = 0, filtered = extracted
           WHERE run_kind = 'live'""",
    ),
    _case(
        "control totals older than the load",
        "control_totals",
        f"""UPDATE migration_batches SET started_at = started_at + interval '1 day',
            finished_at = finished_at + interval '1 day' WHERE batch_id = {_LIVE_BATCH}""",
    ),
    _case(
        "counts for control totals, and no sum of money",
        "control_totals",
        """DELETE FROM migration_control_totals t USING migration_batches b
           WHERE b.batch_id = t.batch_id AND b.run_kind = 'live' AND validation_name <> 'count'""",
    ),
    _case(
        "a failed load with a lower number than the one before it",
        "batches_balanced batches_complete control_totals",
        _RERUN.format(kind="live", number=0),
    ),
    _case(
        "a failed load of a kind spelled otherwise",
        "batches_balanced batches_complete control_totals",
        _RERUN.format(kind="LIVE", number=9),
    ),
    _case(
        "critical exceptions in a state nobody knows",
        "exceptions_open exceptions_critical",
        _EXCEPTION.format(batch=_LIVE_BATCH, severity="critical", status="OPEN"),
    ),
    _case(
        "open exceptions of a severity nobody knows",
        "exceptions_critical",
        _EXCEPTION.format(batch=_LIVE_BATCH, severity="blocker", status="open"),
    ),
    _case(
        "critical exceptions that the pipeline waived itself",
        "exceptions_critical",
        _EXCEPTION.format(batch=_LIVE_BATCH, severity="critical", status="waived"),
    ),
    _case(
        "exceptions of a batch that no run has",
        "exceptions_traceable",
        _EXCEPTION.format(batch="'nowhere'", severity="critical", status="open"),
    ),
)
RECORDS = (
    _case(
        "days that nobody wrote down",
        "days_recorded",
        f"""DELETE FROM prediction_audit WHERE scored_at
            BETWEEN '{SAMPLE_UNTIL - timedelta(days=14)}' AND '{SAMPLE_UNTIL - timedelta(days=5)}'
        """,
    ),
    _case(
        "predictions that begin in the last days of the window",
        "days_recorded",
        f"DELETE FROM prediction_audit WHERE scored_at < '{SAMPLE_UNTIL - timedelta(days=9)}'",
    ),
)
REVIEWS = (
    _case(
        "reviews that say of themselves that nothing was changed",
        "override_rate",
        "UPDATE ml_feedback SET model_decision = correct_decision",
        """UPDATE prediction_audit p SET final_decision = CASE WHEN f.correct_decision = 'priority'
           THEN 'standard' ELSE 'priority' END
           FROM ml_feedback f WHERE f.prediction_id = p.prediction_id""",
    ),
    _case(
        "chances of review that cannot be",
        "override_rate llm_correctness",
        "UPDATE prediction_audit SET review_propensity = 1",
    ),
    _case(
        "tiny chances of review where the platform was right",
        "override_rate llm_correctness",
        _REVIEWED.format(chance="1e-300", which="f.model_decision = f.correct_decision"),
    ),
    _case(
        "no chance of review on record where it was wrong",
        "override_rate",
        _REVIEWED.format(chance="NULL", which="f.model_decision <> f.correct_decision"),
    ),
    _case(
        "one reviewer under two spellings",
        "reviewer_agreement",
        """UPDATE ml_feedback SET reviewer = CASE WHEN feedback_id % 2 = 0 THEN 'A. One'
           ELSE ' a. one' END""",
    ),
)
SHADOW = (
    _case(
        "shadow rows that tell another production score than the audit",
        "shadow_coverage churn score_drift harm_e_process",
        _SHADOW,
    ),
    _case(
        "a candidate's file replaced under the same name",
        "configuration_frozen",
        f"""UPDATE model_artifacts SET signed_at = '{SAMPLE_UNTIL - timedelta(days=3)}',
            sha256 = repeat('a', 64) WHERE role = 'candidate'""",
    ),
    _case(
        "chances of review that cannot be, behind weighted comparisons",
        "harm_e_process",
        "UPDATE prediction_audit SET review_propensity = 1",
    ),
)
FINDINGS = (
    _case(
        "an open finding of a priority spelled otherwise",
        "no_open_p0",
        "UPDATE findings SET priority = ' p0', closed_at = NULL WHERE finding_id = 'F-001'",
    ),
    _case(
        "an open P1 finding without a date",
        "no_overdue_p1",
        """UPDATE findings SET priority = 'P1', closed_at = NULL, due_at = NULL
           WHERE finding_id = 'F-001'""",
    ),
)


@pytest.fixture(scope="module")
def engine(clean_database: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(clean_database)
    yield made
    made.dispose()


def _statuses(engine: sa.Engine, case: Case | None, collect: object) -> dict[str, Status]:
    with engine.connect() as connection, connection.begin() as transaction:
        for statement in case.sql if case else ():
            changed = connection.execute(sa.text(statement)).rowcount
            assert changed, f"nothing was planted for {case.defect}"
        found: tuple[Evidence, ...] = collect(connection)
        transaction.rollback()
    candidate = next((item.candidate for item in found if item.candidate), None)
    judged = evaluate(_SMALL, found, now=SAMPLE_UNTIL, candidate=candidate)
    return {gate.requirement.id: gate.status for gate in judged.gates}


def _migration(connection: sa.Connection) -> tuple[Evidence, ...]:
    return (
        *evidence_migration.collect(connection, SCOPE),
        *evidence_reconciliation.reported(connection, SCOPE),
    )


def _records(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_pipeline.requests(connection, SCOPE)


def _reviews(connection: sa.Connection) -> tuple[Evidence, ...]:
    return (
        *evidence_pipeline.correctness(connection, SCOPE),
        *evidence_feedback.overrides(connection, SCOPE),
        *evidence_feedback.agreement(connection, SCOPE),
    )


def _shadow(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_shadow.shadow(connection, SCOPE, POLICY)


def _findings(connection: sa.Connection) -> tuple[Evidence, ...]:
    return evidence_governance.findings(connection, SCOPE)


@pytest.mark.parametrize(
    ("collect", "case"),
    [
        pytest.param(collect, *each.values, id=each.id)
        for collect, cases in (
            (_migration, MIGRATION),
            (_records, RECORDS),
            (_reviews, REVIEWS),
            (_shadow, SHADOW),
            (_findings, FINDINGS),
        )
        for each in cases
    ],
)
def test_no_gate_passes_on_a_planted_defect(engine: sa.Engine, collect: object, case: Case) -> None:
    statuses = _statuses(engine, case, collect)
    assert not [gate for gate in case.gates if statuses[gate] in _GOOD]


@pytest.mark.parametrize("collect", [_migration, _records, _reviews, _shadow, _findings])
def test_the_same_gates_pass_on_what_is_clean(engine: sa.Engine, collect: object) -> None:
    """Or the cases above would show nothing."""
    cases = {
        _migration: MIGRATION,
        _records: RECORDS,
        _reviews: REVIEWS,
        _shadow: SHADOW,
        _findings: FINDINGS,
    }
    statuses = _statuses(engine, None, collect)
    gates = {gate for each in cases[collect] for gate in each.values[0].gates}
    assert not [gate for gate in gates if statuses[gate] not in _GOOD]
