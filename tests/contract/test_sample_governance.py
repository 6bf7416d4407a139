"""Governance tables of the sample: they agree with the tables they were read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.sample import governance
from dashboard.sample.defect import Defect
from dashboard.sample.defects import planted
from dashboard.sample.recipe import Recipe
from dashboard.sample.shadow import CANDIDATE
from tests.conftest import SAMPLE_TICKETS_PER_YEAR, SAMPLE_UNTIL, connected

RECIPE = Recipe(tickets_per_year=SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL)
CLEAN_RECIPE = replace(RECIPE, clean=True)
CANDIDATE_RESULT = """
    select x.value, x.n, x.n_unscored, x.evidence from evaluation_results x
    join evaluation_runs r using (run_id)
    join model_artifacts m on m.model_version = r.model_version and m.role = 'candidate'
    where r.suite = :suite and x.metric = :metric and x.segment = 'all' limit 1
"""


@pytest.fixture(scope="module")
def dirty(sample_database: str) -> Iterator[sa.Connection]:
    with connected(sample_database) as connection:
        yield connection


@pytest.fixture(scope="module")
def clean(clean_database: str) -> Iterator[sa.Connection]:
    with connected(clean_database) as connection:
        yield connection


@pytest.fixture(params=["planted", "clean"])
def either(request: pytest.FixtureRequest) -> sa.Connection:
    name = "dirty" if request.param == "planted" else "clean"
    connection: sa.Connection = request.getfixturevalue(name)
    return connection


def rows(connection: sa.Connection, statement: str, **parameters: Any) -> list[Any]:
    return list(connection.execute(sa.text(statement), parameters))


def number(connection: sa.Connection, statement: str, **parameters: Any) -> Any:
    return connection.scalar(sa.text(statement), parameters)


def defect(key: str) -> Defect:
    found = planted(RECIPE, key)
    assert found is not None
    return found


def test_leaked_golden_cases_lie_in_the_candidates_training_data(dirty: sa.Connection) -> None:
    overlap = rows(dirty, CANDIDATE_RESULT, suite="golden", metric="training_overlap")[0]
    assert overlap.value == defect("golden_case_in_training").records
    in_training = number(
        dirty,
        "select count(*) from prediction_audit a join ml_training_runs t"
        " on a.scored_at between t.window_start and t.window_end"
        " join model_artifacts m on m.model_version = t.model_version and m.role = 'candidate'"
        " where a.prediction_id = any(:predictions) and a.environment = 'production'"
        "   and m.path like '%.joblib'",
        predictions=[int(name) for name in overlap.evidence["predictions"]],
    )
    assert in_training == overlap.value


def test_a_clean_golden_suite_is_isolated_and_passed(clean: sa.Connection) -> None:
    overlap = rows(clean, CANDIDATE_RESULT, suite="golden", metric="training_overlap")[0]
    assert overlap.value == 0
    assert overlap.n >= 100
    for metric in ("pass_rate", "critical_pass_rate"):
        passed = rows(clean, CANDIDATE_RESULT, suite="golden", metric=metric)[0]
        assert passed.value >= 0.99
        assert passed.n_unscored == 0


def test_cases_that_the_judge_could_not_score_are_counted(
    dirty: sa.Connection, clean: sa.Connection
) -> None:
    statement = (
        "select x.n, x.n_unscored from evaluation_results x join evaluation_runs r using (run_id)"
        " where r.suite = 'llm_safety'"
    )
    found = rows(dirty, statement)
    assert found
    assert all(row.n_unscored / (row.n + row.n_unscored) > 0.01 for row in found)
    assert {row.n_unscored for row in rows(clean, statement)} == {0}


def test_accuracy_is_that_of_the_random_reviews(either: sa.Connection) -> None:
    """The same number from the tables, by another way: row by row, in Python."""
    reported = rows(either, CANDIDATE_RESULT, suite="bias", metric="accuracy")[0]
    end = number(either, "select min(started_at) from evaluation_runs where suite = 'bias'")
    reviews = rows(
        either,
        "select f.prediction_id, f.reviewed_at, f.correct_decision, s.candidate_decision"
        " from ml_feedback f join ml_shadow_scores s using (prediction_id)"
        " where f.review_reason = 'random' and f.reviewed_at >= :since and f.reviewed_at < :end"
        "   and s.scored_at >= :since and s.candidate_version = :candidate order by f.reviewed_at",
        candidate=CANDIDATE,
        since=end - timedelta(days=56),
        end=end,
    )
    first = {}
    for review in reviews:
        first.setdefault(review.prediction_id, review)
    scored = [review for review in first.values() if review.candidate_decision is not None]
    right = sum(review.candidate_decision == review.correct_decision for review in scored)
    assert reported.n == len(scored)
    assert reported.n_unscored == len(first) - len(scored)
    assert reported.value == pytest.approx(right / len(scored))


def test_results_are_finite_and_inside_their_intervals(either: sa.Connection) -> None:
    for row in rows(either, "select * from evaluation_results"):
        assert (row.value is None) == (row.n == 0), row.metric
        if row.interval_low is not None:
            assert 0 <= row.interval_low <= row.value <= row.interval_high <= 1


def test_regions_add_up_to_the_whole(either: sa.Connection) -> None:
    sums = rows(
        either,
        "select run_id, sum(n) filter (where segment <> 'all') as parts,"
        " sum(n) filter (where segment = 'all') as whole"
        " from evaluation_results where metric = 'accuracy' group by run_id",
    )
    assert len(sums) == 2
    assert all(row.parts == row.whole for row in sums)


def test_an_attempt_that_broke_off_stays_on_record(either: sa.Connection) -> None:
    attempts = rows(
        either,
        "select r.attempt, r.status, count(x.*) as results from evaluation_runs r"
        " left join evaluation_results x using (run_id)"
        " where r.suite = 'golden' and r.model_version in"
        "   (select model_version from model_artifacts where role = 'candidate')"
        " group by r.run_id, r.attempt, r.status order by r.attempt",
    )
    assert [(row.attempt, row.status) for row in attempts] == [(1, "failed"), (2, "succeeded")]
    assert attempts[0].results == 0 < attempts[1].results


def test_every_configuration_change_is_one_event(either: sa.Connection) -> None:
    changes = rows(
        either,
        "select knob, version, valid_from, changed_by from config_history order by 1, 2, 3",
    )
    events = rows(
        either,
        "select object, detail->>'to', occurred_at, actor from system_audit"
        " where action = 'config.change' and outcome = 'success' order by 1, 2, 3",
    )
    assert [tuple(row) for row in changes] == [tuple(row) for row in events]


def test_promotions_follow_training_and_verification(either: sa.Connection) -> None:
    promoted = rows(
        either,
        "select p.object, p.occurred_at as promoted_at, t.finished_at, v.occurred_at as verified"
        " from system_audit p left join ml_training_runs t on t.model_version = p.object"
        " left join system_audit v on v.action = 'artifact.verify' and v.object = p.object"
        "   and v.occurred_at = p.occurred_at"
        " where p.action = 'model.promote' and p.outcome = 'success'",
    )
    versions = number(either, "select count(*) from config_history where knob = 'ml_version'")
    assert len(promoted) == versions > 1
    assert all(row.finished_at <= row.promoted_at == row.verified for row in promoted)


def test_events_are_numbered_without_a_gap_in_order_of_time(either: sa.Connection) -> None:
    events = rows(either, "select event_id, occurred_at from system_audit order by event_id")
    assert [event.event_id for event in events] == list(range(1, len(events) + 1))
    times = [event.occurred_at for event in events]
    assert times == sorted(times)
    assert times[-1] < SAMPLE_UNTIL


@pytest.mark.parametrize("action", ["model.demote", "model.rollback"])
def test_drills_are_recent_unless_the_defect_is_planted(
    dirty: sa.Connection, clean: sa.Connection, action: str
) -> None:
    statement = (
        "select max(occurred_at) from system_audit"
        " where action = :action and (detail->>'drill')::boolean"
    )
    assert SAMPLE_UNTIL - number(clean, statement, action=action) < timedelta(days=90)
    age = SAMPLE_UNTIL - number(dirty, statement, action=action)
    if action == "model.demote":
        assert age.days == defect("demote_drill_old").size
    else:
        assert age < timedelta(days=90)


def test_one_p0_is_overdue_and_none_is_open_on_a_clean_programme(
    dirty: sa.Connection, clean: sa.Connection
) -> None:
    open_p0 = "select due_at from findings where priority = 'P0' and closed_at is null"
    overdue = [SAMPLE_UNTIL - row.due_at for row in rows(dirty, open_p0)]
    assert overdue == [timedelta(days=float(defect("finding_overdue").size))]
    assert rows(clean, open_p0) == []


def test_no_finding_is_late_on_a_clean_programme(clean: sa.Connection) -> None:
    late = rows(
        clean,
        "select finding_id from findings where closed_at is null and due_at < :now",
        now=SAMPLE_UNTIL,
    )
    assert late == []


def test_findings_quote_what_the_migration_reported(either: sa.Connection) -> None:
    wrong = number(
        either,
        "select sum(mismatched) from migration_field_checks"
        " where batch_id like 'mock-1%' and field = 'status'",
    )
    evidence = number(either, "select evidence from findings where title like 'Deferred members%'")
    assert evidence.startswith(f"mock-1: {wrong:,} of ")


def test_times_are_in_order_and_past(either: sa.Connection) -> None:
    for row in rows(either, "select opened_at, due_at, closed_at from findings"):
        assert row.opened_at < row.due_at
        assert row.opened_at <= (row.closed_at or SAMPLE_UNTIL) <= SAMPLE_UNTIL
    for row in rows(either, "select started_at, finished_at from evaluation_runs"):
        assert row.started_at < row.finished_at < SAMPLE_UNTIL


def test_without_scores_there_is_nothing_to_evaluate(
    contract_database: str, tmp_path: Path
) -> None:
    with connected(contract_database) as connection, connection.begin():
        governance.build(connection, CLEAN_RECIPE, SilentProgress(), tmp_path)
        assert number(connection, "select count(*) from evaluation_runs") == 0
        assert number(connection, "select count(*) from findings") > 0
        assert number(connection, "select count(*) from system_audit") > 0
