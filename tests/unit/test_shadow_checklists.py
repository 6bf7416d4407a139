"""The checklists: every gate of the promotion, worst first, and what each way out needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from components.gates.assess import Evaluation, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.gates.status import Status
from components.shadow import checklists, panel
from tests.unit import shadow_reports

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICY = load_policy(None)
CANDIDATE = "lgb-1"


def measured(metric: str, value: float, n: int = 10) -> Evidence:
    """Something measured an hour ago."""
    return Evidence(metric, value, n, "test", NOW - timedelta(hours=1), candidate=CANDIDATE)


def judged(*evidence: Evidence) -> Evaluation:
    """The default policy on this evidence."""
    return evaluate(POLICY, evidence, now=NOW, candidate=CANDIDATE)


def test_every_gate_of_the_promotion_stands_in_its_checklist():
    found = checklists.promotion(judged())
    expected = {one.id for one in POLICY.requirements if one.decision == "promotion"}

    assert {row.gate_id.partition("@")[0] for row in found.rows} == expected
    assert {row.status for row in found.rows} == {Status.NO_DATA}


def test_the_worst_comes_first_with_its_number_its_limit_and_its_n():
    evaluation = judged(
        measured("shadow.churn", 0.31, 5_000), measured("shadow.coverage", 1, 5_000)
    )
    rows = checklists.promotion(evaluation).rows

    assert rows[0].gate_id == "churn"
    assert rows[0].status is Status.FAIL
    assert rows[0].measured == "31%"
    assert "15%" in rows[0].limit
    assert checklists.measured_on(evaluation)["churn"] == 5_000
    assert not rows[0].sentence.startswith(rows[0].title)


def test_the_answer_names_what_fails():
    evaluation = judged(measured("shadow.churn", 0.31, 5_000))
    said = checklists.answer(shadow_reports.report(), evaluation.decision("promotion"))

    assert said.startswith("lgb-1 may not be promoted: “Few decisions change” fail")


def test_what_is_not_measured_holds_and_is_no_failure():
    said = checklists.answer(shadow_reports.report(), judged().decision("promotion"))

    assert said.startswith("lgb-1 may not be promoted yet:")


def test_a_policy_without_a_promotion_promotes_nothing():
    said = checklists.answer(shadow_reports.report(), None)

    assert "the policy has no gate for it" in said


def test_rolling_back_needs_a_way_back_and_practice():
    needs, calls = checklists.way_out(
        judged(
            measured("artifacts.rollback_targets", 1),
            measured("artifacts.rollback_drill_age", 120),
            measured("ledger.broken_rows", 0),
            measured("errors.rate", 0.2, 5_000),
        ),
        checklists.ROLL_BACK,
    )

    assert needs.status is Status.FAIL
    assert "1 of 3 conditions do not hold" in needs.sentence
    assert calls.sentence.startswith("Rolling back is to be considered now")


def test_nothing_calls_for_a_demotion_while_the_signature_holds():
    needs, calls = checklists.way_out(
        judged(measured("artifacts.production_invalid", 0)), checklists.DEMOTE
    )

    assert needs.status is Status.NO_DATA
    assert calls.sentence == (
        "Nothing calls for it now: none of 2 gates fails; 1 could not be measured."
    )


def test_a_model_worse_than_the_rules_alone_calls_for_its_demotion():
    _, calls = checklists.way_out(
        judged(
            measured("artifacts.production_invalid", 0),
            measured("production.rules_harm", 25.0, 5_000),
        ),
        checklists.DEMOTE,
    )

    assert calls.status is Status.FAIL
    assert "The rules alone would not do better" in calls.sentence


@pytest.mark.parametrize(
    ("targets", "ready", "status"), [(1, True, Status.PASS), (0, False, Status.FAIL)]
)
def test_the_way_back_is_as_ready_as_its_gate(targets: int, ready: bool, status: Status):
    found = checklists.readiness(judged(measured("artifacts.rollback_targets", targets)), "xgb-3")

    assert found.ready is ready
    assert found.target == "xgb-3"
    assert found.checks[0][1] is status


def test_a_way_back_that_nobody_checked_is_unknown():
    assert checklists.readiness(judged(), None).ready is None


def test_every_gate_of_this_page_leads_to_a_view():
    here = [one.metric for one in POLICY.requirements if one.metric.startswith("shadow.")]

    assert here
    assert all(panel.view_of(metric) in panel.VIEWS for metric in here)
    assert panel.view_of("golden.pass_rate") is None
