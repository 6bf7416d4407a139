"""What somebody with write access to the source would plant, in SQL, and the gates it is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from components.gates.policy import load_policy
from tests.conftest import SAMPLE_UNTIL


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
_WINDOW = SAMPLE_UNTIL - timedelta(days=load_policy(None).window_days)
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
        "copies of a few tickets in place of the rest",
        "tickets_once",
        f"""DELETE FROM prediction_audit WHERE environment = 'production'
            AND scored_at >= '{_WINDOW}' AND prediction_id % 10 <> 0""",
        f"""INSERT INTO prediction_audit SELECT (jsonb_populate_record(p, jsonb_build_object(
              'prediction_id', p.prediction_id + 10000000 * copy))).*
            FROM prediction_audit p, generate_series(1, 9) copy
            WHERE environment = 'production' AND scored_at >= '{_WINDOW}'""",
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
        "the shadow run without its first month",
        "shadow_coverage",
        f"""DELETE FROM ml_shadow_scores WHERE scored_at < '{SAMPLE_UNTIL - timedelta(days=62)}'""",
    ),
    _case(
        "copies of one reviewed ticket, on which the candidate was right",
        "labelled_disagreements",
        """CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT s.prediction_id
           FROM ml_shadow_scores s JOIN ml_feedback f USING (prediction_id)
           WHERE s.candidate_version = 'lgb-1' AND s.candidate_decision <> s.production_decision
             AND s.candidate_decision = f.correct_decision
           ORDER BY s.prediction_id LIMIT 1""",
        """DELETE FROM ml_feedback WHERE prediction_id NOT IN (TABLE kept)""",
        """INSERT INTO prediction_audit SELECT (jsonb_populate_record(p, jsonb_build_object(
             'prediction_id', p.prediction_id + 10000000::bigint * copy))).*
           FROM prediction_audit p JOIN kept USING (prediction_id), generate_series(1, 700) copy""",
        """INSERT INTO ml_shadow_scores SELECT (jsonb_populate_record(p, jsonb_build_object(
             'prediction_id', p.prediction_id + 10000000::bigint * copy))).*
           FROM ml_shadow_scores p JOIN kept USING (prediction_id), generate_series(1, 700) copy""",
        """INSERT INTO ml_feedback SELECT (jsonb_populate_record(p, jsonb_build_object(
             'prediction_id', p.prediction_id + 10000000::bigint * copy,
             'feedback_id', p.feedback_id + 10000000::bigint * copy))).*
           FROM ml_feedback p JOIN kept USING (prediction_id), generate_series(1, 700) copy""",
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
PRODUCTION = (
    _case(
        "chances of review that cannot be, behind the model in service",
        "rules_harm",
        "UPDATE prediction_audit SET review_propensity = 1",
    ),
)
CHANGES = (
    _case(
        "a configured value edited in place",
        "changes_authorised",
        """UPDATE config_history SET value = value || '{"agreement_threshold": 0.9}'
           WHERE (version, knob) = ('wf-1', 'workflow_config')""",
    ),
    _case(
        "a configured value and its event edited in place",
        "changes_authorised",
        """UPDATE config_history SET value = value || '{"agreement_threshold": 0.9}'
           WHERE (version, knob) = ('wf-1', 'workflow_config')""",
        """UPDATE system_audit SET detail = jsonb_set(detail, '{value,agreement_threshold}', '0.9')
           WHERE object = 'workflow_config' AND detail ->> 'to' = 'wf-1'""",
    ),
)
SUITES = (
    _case(
        "an interval narrower than its cases allow",
        "robustness",
        """UPDATE evaluation_results SET n = 301, value = 0.009, interval_low = 0.0089,
           interval_high = 0.0091 WHERE metric = 'flip_rate' AND segment = 'all'""",
    ),
    _case(
        "a second, better result in the same run",
        "golden_overall",
        """UPDATE evaluation_results SET value = 0.5, interval_low = 0.4
           WHERE metric = 'pass_rate' AND segment = 'all'""",
        """INSERT INTO evaluation_results SELECT (jsonb_populate_record(x, jsonb_build_object(
             'result_id', x.result_id - 1000000, 'value', 1.0, 'interval_high', 1.0))).*
           FROM evaluation_results x WHERE metric = 'pass_rate' AND segment = 'all'""",
    ),
)
FINDINGS = (
    _case(
        "an open finding of a priority spelled otherwise",
        "migration_no_open_p0",
        "UPDATE findings SET priority = ' p0', closed_at = NULL WHERE finding_id = 'F-001'",
    ),
    _case(
        "an open P1 finding without a date",
        "migration_no_overdue_p1",
        """UPDATE findings SET priority = 'P1', closed_at = NULL, due_at = NULL
           WHERE finding_id = 'F-001'""",
    ),
    _case(
        "an open P0 finding of an area nobody knows",
        "no_open_p0 promotion_no_open_p0 migration_no_open_p0",
        "UPDATE findings SET closed_at = NULL, area = ' Elsewhere' WHERE finding_id = 'F-001'",
    ),
)
