"""On a clean sample programme nothing is wrong."""

from __future__ import annotations

from tests.conftest import SAMPLE_UNTIL
from tests.contract.sample_questions import (
    environments,
    missed,
    not_in_force,
    one,
    rows,
    without_cause,
)

AUC = "SELECT (metrics ->> 'auc')::float8 FROM ml_training_runs"


def test_every_snapshot_of_a_clean_programme_is_there_known_and_in_force(clean_database):
    missing = one(
        clean_database,
        "SELECT count(*) FROM prediction_audit WHERE rules_version IS NULL OR ml_version IS NULL"
        " OR workflow_config IS NULL OR (llm_trigger IS NULL) <> (llm_version IS NULL)",
    )
    unknown = one(
        clean_database,
        "SELECT count(*) FROM prediction_audit WHERE ml_version NOT IN"
        " (SELECT model_version FROM ml_training_runs)",
    )
    assert (missing, unknown, not_in_force(clean_database)) == (0, 0, [])


def test_the_llm_of_a_clean_programme_runs_exactly_where_it_should(clean_database):
    assert (without_cause(clean_database), missed(clean_database)) == (0, 0)
    asked = one(
        clean_database,
        "SELECT avg((llm_trigger IS NOT NULL)::int) FROM prediction_audit",
    )
    assert 0.04 < asked < 0.2


def test_final_decisions_follow_from_the_layers(clean_database):
    wrong = one(
        clean_database,
        """
        SELECT count(*) FROM prediction_audit WHERE
            abs(final_score - coalesce(llm_score, (rules_score + ml_score) / 2)) > 1e-9
            OR (final_score >= 0.5) <> (final_decision = 'priority')
            OR (rules_score >= 0.5) <> (rules_decision = 'priority')
            OR (ml_score >= 0.5) <> (ml_decision = 'priority')
            OR (llm_score IS NULL) <> (llm_decision IS NULL)
            OR (llm_score IS NULL AND llm_trigger IS NOT NULL) <> (error IS NOT NULL)
            OR NOT (rules_score BETWEEN 0 AND 1 AND ml_score BETWEEN 0 AND 1)
        """,
    )
    assert wrong == 0


def test_a_clean_programme_keeps_its_service_levels(clean_database):
    agreement, errors, fast, slow = rows(
        clean_database,
        """
        SELECT avg((rules_decision = ml_decision)::int), avg((error IS NOT NULL)::int),
               percentile_cont(0.95) WITHIN GROUP (ORDER BY total_latency_ms)
                   FILTER (WHERE llm_trigger IS NULL),
               percentile_cont(0.95) WITHIN GROUP (ORDER BY total_latency_ms)
                   FILTER (WHERE llm_trigger IS NOT NULL)
        FROM prediction_audit WHERE environment = 'production'
        """,
    )[0]
    assert agreement >= 0.8
    assert errors < 0.001
    assert fast < 400
    assert slow < 6_000


def test_environments_of_a_clean_programme_agree(clean_database):
    pairs = environments(clean_database)
    assert sum(n for n, _ in pairs.values()) > 400
    assert sum(differ for _, differ in pairs.values()) == 0


def test_all_families_are_measured_on_one_hold_out(clean_database):
    runs = rows(
        clean_database,
        "SELECT family, metrics ->> 'holdout_sha256', (metrics ->> 'auc')::float8,"
        " (metrics ->> 'n')::int, started_at FROM ml_training_runs"
        " WHERE started_at = (SELECT max(started_at) FROM ml_training_runs)",
    )
    assert {run[0] for run in runs} == {
        "lightgbm",
        "xgboost",
        "random_forest",
        "logistic_regression",
    }
    assert len({run[1] for run in runs}) == 1
    aucs = [
        auc
        for (auc,) in rows(
            clean_database, "SELECT (metrics ->> 'auc')::float8 FROM ml_training_runs"
        )
    ]
    assert all(0.78 < auc < 0.93 for auc in aucs)


def test_models_learn_from_nothing_later_than_their_training(clean_database):
    late = one(
        clean_database,
        "SELECT count(*) FROM ml_training_runs r JOIN config_history c"
        " ON c.knob = 'ml_version' AND c.version = r.model_version"
        " WHERE r.window_end >= r.started_at OR r.started_at >= c.valid_from + interval '1 day'",
    )
    assert late == 0


def test_the_shadow_of_a_clean_programme_is_complete(clean_database):
    coverage = one(
        clean_database,
        """
        SELECT avg((s.candidate_score IS NOT NULL AND s.production_score = a.ml_score)::int)
        FROM prediction_audit a LEFT JOIN ml_shadow_scores s USING (prediction_id)
        WHERE a.environment = 'production'
            AND a.scored_at >= (SELECT min(scored_at) FROM ml_shadow_scores)
        """,
    )
    assert coverage >= 0.995


def test_weighting_reviews_by_their_propensity_counts_every_ticket(clean_database):
    estimate, n, floor, newest_share = rows(
        clean_database,
        """
        SELECT sum(1 / a.review_propensity) FILTER (WHERE f.first), (SELECT count(*)
                   FROM prediction_audit WHERE environment = 'production' AND scored_at < :mature),
               min(a.review_propensity), avg((f.review_reason = 'random')::int)
        FROM (SELECT *, row_number() OVER (PARTITION BY prediction_id ORDER BY feedback_id) = 1
              AS first FROM ml_feedback) f
        JOIN prediction_audit a USING (prediction_id) WHERE a.scored_at < :mature
        """,
        mature=SAMPLE_UNTIL.replace(month=7),
    )[0]
    assert abs(estimate / n - 1) < 0.1
    assert floor >= 0.01
    assert newest_share > 0.3
