"""The planted defects are in the database as the registry lists them."""

from __future__ import annotations

from dashboard.sample.defect import pick
from dashboard.sample.programme import open_source
from dashboard.sample.reviews import REVIEWERS
from tests.contract.sample_questions import (
    SAMPLE,
    defect,
    environments,
    missed,
    not_in_force,
    one,
    period,
    rows,
    without_cause,
)


def test_missing_snapshots_and_unknown_versions_have_their_size_and_place(sample_database):
    found = defect("missing_snapshots")
    blank = rows(
        sample_database,
        "SELECT region, scored_at FROM prediction_audit WHERE workflow_config IS NULL",
    )
    region = pick(open_source(SAMPLE).regions, found.place.region)
    begin, end = found.period(SAMPLE.until)
    assert len(blank) == found.records
    assert all(place == region and begin <= at < end for place, at in blank)
    unknown = one(
        sample_database,
        "SELECT count(*) FROM prediction_audit WHERE ml_version NOT IN"
        " (SELECT model_version FROM ml_training_runs)",
    )
    assert unknown == defect("unknown_ml_version").records


def test_faulty_llm_calls_are_as_many_as_registered(sample_database):
    assert without_cause(sample_database) == defect("llm_without_cause").records
    assert missed(sample_database) == defect("llm_missed").records


def test_only_the_stale_worker_names_a_configuration_not_in_force(sample_database):
    found = defect("stale_worker")
    begin, end = found.period(SAMPLE.until)
    stale = not_in_force(sample_database)
    assert stale
    assert all(begin <= at < end and knob == "workflow_config" for at, knob, _ in stale)


def test_environments_differ_in_one_work_type_alone(sample_database):
    work_type = pick(open_source(SAMPLE).work_types, defect("environments_differ").place.work_type)
    pairs = environments(sample_database)
    assert pairs.pop(work_type)[1] > 0
    assert sum(differ for _, differ in pairs.values()) == 0


def test_the_llm_is_slow_for_one_day(sample_database):
    found = defect("slow_llm")
    within, outside = rows(
        sample_database,
        """
        SELECT avg(llm_latency_ms) FILTER (WHERE scored_at >= :begin AND scored_at < :end),
               avg(llm_latency_ms) FILTER (WHERE scored_at < :begin OR scored_at >= :end)
        FROM prediction_audit WHERE error IS NULL
        """,
        **period(found),
    )[0]
    assert within > 0.6 * found.size * outside


def test_a_feature_goes_null_in_one_channel(sample_database):
    found = defect("feature_goes_null")
    shares = rows(
        sample_database,
        """
        SELECT features ->> 'channel', scored_at >= :begin,
               avg((features -> :name = 'null')::int)
        FROM prediction_audit WHERE environment = 'production' AND work_type = 'Pothole'
        GROUP BY 1, 2
        """,
        name=found.place.feature,
        begin=period(found)["begin"],
    )
    by_place = {(channel, late): float(share) for channel, late, share in shares}
    assert by_place["mobile_app", True] > 0.75
    assert all(share < 0.3 for place, share in by_place.items() if place != ("mobile_app", True))


def test_one_region_drifts(sample_database):
    found = defect("drifting_region")
    region = pick(open_source(SAMPLE).regions, found.place.region)
    shifts = dict(
        rows(
            sample_database,
            """
            SELECT region, (avg(length) FILTER (WHERE late) - avg(length) FILTER (WHERE NOT late))
                           / stddev(length)
            FROM (SELECT region, scored_at >= :begin AS late,
                         (features ->> 'description_length')::float8 AS length
                  FROM prediction_audit WHERE environment = 'production') p
            GROUP BY 1
            """,
            begin=period(found)["begin"],
        )
    )
    assert shifts.pop(region) > 0.4
    assert all(abs(shift) < 0.3 for shift in shifts.values())


def test_one_work_type_needs_more_than_the_model_believes(sample_database):
    found = defect("concept_change")
    work_type = pick(open_source(SAMPLE).work_types, found.place.work_type)
    late, early = rows(
        sample_database,
        """
        SELECT avg((f.correct_decision = 'priority')::int - a.ml_score)
                   FILTER (WHERE a.scored_at >= :begin),
               avg((f.correct_decision = 'priority')::int - a.ml_score)
                   FILTER (WHERE a.scored_at < :begin)
        FROM ml_feedback f JOIN prediction_audit a USING (prediction_id)
        WHERE a.work_type = :work_type AND f.review_reason = 'random'
        """,
        begin=period(found)["begin"],
        work_type=work_type,
    )[0]
    assert late - early > 0.08


def test_one_reviewer_overturns_more_than_the_others(sample_database):
    found = defect("drifting_reviewer")
    rates = dict(
        rows(
            sample_database,
            """
            SELECT reviewer, avg((correct_decision <> model_decision)::int)
            FROM ml_feedback f JOIN prediction_audit a USING (prediction_id)
            WHERE a.scored_at >= :begin GROUP BY 1
            """,
            begin=period(found)["begin"],
        )
    )
    drifting = rates.pop(pick(REVIEWERS, found.place.reviewer))
    assert drifting > max(rates.values())


def test_the_random_floor_is_missed_for_two_weeks(sample_database):
    found = defect("random_review_floor")
    lowest, usual = rows(
        sample_database,
        """
        SELECT max(share) FILTER (WHERE within), min(share) FILTER (WHERE NOT within)
        FROM (SELECT scored_at >= :begin AND scored_at < :end AS within,
                     min(review_propensity) AS share
              FROM prediction_audit WHERE environment = 'production'
              GROUP BY 1, date_trunc('day', scored_at)) d
        """,
        **period(found),
    )[0]
    assert lowest < 0.01 <= usual


def test_the_candidate_does_harm_in_one_region(sample_database):
    found = defect("harmful_candidate")
    harmed = pick(open_source(SAMPLE).regions, found.place.region)
    differences = dict(
        rows(
            sample_database,
            """
            SELECT a.region, avg((s.candidate_decision = 'priority')::int
                                 - (s.production_decision = 'priority')::int)::float8
            FROM ml_shadow_scores s JOIN prediction_audit a USING (prediction_id)
            WHERE a.scored_at >= :begin GROUP BY 1
            """,
            begin=period(found)["begin"],
        )
    )
    assert differences.pop(harmed) < min(-0.03, *differences.values())


def test_the_configuration_changes_in_the_middle_of_the_shadow_run(sample_database):
    changes = rows(
        sample_database,
        "SELECT version, valid_from FROM config_history WHERE knob = 'workflow_config'"
        " AND valid_from > (SELECT min(scored_at) FROM ml_shadow_scores)",
    )
    at = defect("config_change_in_shadow").period(SAMPLE.until)[0]
    assert [change[1] for change in changes] == [at]
