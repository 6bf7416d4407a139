"""Alerts: entered at the limit, left well inside it, one per finding and day; when to retrain."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.alerts.assess import Advice, ChangeKind, answer_due, changes, retraining
from components.alerts.drift_signals import variables
from components.alerts.signals import Level, Signal, level, signals
from components.drift.types import Verdict
from components.gates.assess import Evaluation, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import Policy, Severity, load_policy
from components.gates.waivers import Waiver
from queries.alert_rows import AlertState
from tests.unit import drift_reports

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
DRIFT, SCORES, CONCEPT = (
    "drift.features_in_alarm",
    "drift.score_psi",
    "drift.concept_segments_in_alarm",
)
OVERRIDES, LLM = "feedback.override_rate", "llm.correctness"
QUIET = {DRIFT: 0, SCORES: 0.01, CONCEPT: 0, OVERRIDES: 0.05, LLM: 0.99}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy()


def judged(
    policy: Policy, numbers: dict[str, float], waivers: tuple[Waiver, ...] = ()
) -> Evaluation:
    shown = [
        Evidence(metric, value, n=5_000, method="test", measured_at=NOW, low=value, high=value)
        for metric, value in numbers.items()
    ]
    return evaluate(policy, shown, now=NOW, waivers=waivers)


def found(policy: Policy, metric: str, value: float) -> Signal:
    every = signals(judged(policy, {metric: value}), policy.alerts)
    return next(item for item in every if item.subject == metric)


def state(signal: Signal, kind: str, alert_id: str, since: datetime = NOW) -> AlertState:
    due = None if kind == "closed" else since + timedelta(hours=4)
    return AlertState(
        alert_id=alert_id,
        rule=signal.rule,
        subject=signal.subject,
        segment=signal.segment,
        severity="major",
        kind=kind,
        first_raised_at=since,
        since=since,
        answer_due_at=due,
        by_role="system",
        by_pseudonym="plumbline",
        evidence_digest=signal.digest,
        policy_version="v",
        detail={},
    )


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        (DRIFT, 3, Level.ENTER),  # limit 2
        (DRIFT, 2, Level.KEEP),
        (DRIFT, 1, Level.LEAVE),
        (SCORES, 0.2501, Level.ENTER),  # limit 0.25, left at 0.175
        (SCORES, 0.1751, Level.KEEP),
        (SCORES, 0.175, Level.LEAVE),
        (CONCEPT, 1, Level.ENTER),  # limit 0
        (CONCEPT, 0, Level.LEAVE),
    ],
)
def test_an_alert_is_entered_at_its_limit_and_left_well_inside(
    policy: Policy, metric: str, value: float, expected: Level
) -> None:
    assert found(policy, metric, value).level is expected


def test_a_share_is_left_when_its_shortfall_has_shrunk(policy: Policy) -> None:
    gate = policy.requirement("environments_agree")
    assert gate.threshold == Decimal("0.995")
    for value, expected in (
        (Decimal("0.9949"), Level.ENTER),
        (Decimal("0.9964"), Level.KEEP),
        (Decimal("0.9965"), Level.LEAVE),
    ):
        evidence = Evidence(gate.metric, value, n=10**6, method="test", measured_at=NOW)
        result = evaluate(policy, [evidence], now=NOW).gate(gate.id)
        assert result is not None
        assert level(result, Decimal("0.7")) is expected


def test_what_nobody_measured_changes_nothing_and_a_failed_measurement_raises(
    policy: Policy,
) -> None:
    silent = signals(evaluate(policy, (), now=NOW), policy.alerts)
    assert {item.level for item in silent} == {Level.KEEP}
    assert len(silent) == len(policy.alerts.gates)
    broken = Evidence(DRIFT, None, n=0, method="test", measured_at=None, error="no")
    stale = Evidence(SCORES, 0.9, n=5_000, method="test", measured_at=NOW - timedelta(days=30))
    nan = Evidence(CONCEPT, float("nan"), n=5_000, method="test", measured_at=NOW)
    levels = {
        item.subject: item.level
        for item in signals(evaluate(policy, (broken, stale, nan), now=NOW), policy.alerts)
    }
    assert levels[DRIFT] is Level.ENTER
    assert levels[SCORES] is Level.KEEP
    assert levels[CONCEPT] is Level.ENTER


def test_one_finding_has_one_alert(policy: Policy) -> None:
    bad = found(policy, DRIFT, 5)
    (raised,) = changes([bad], [], TODAY)
    assert raised.kind is ChangeKind.RAISED
    standing = state(bad, "raised", raised.alert_id)
    acknowledged = state(bad, "acknowledged", raised.alert_id)
    for known in (standing, acknowledged):
        assert changes([bad], [known], TODAY) == ()
        assert changes([bad], [known], TODAY + timedelta(days=3)) == ()
        assert changes([found(policy, DRIFT, 2)], [known], TODAY) == ()
        (closed,) = changes([found(policy, DRIFT, 0)], [known], TODAY)
        assert (closed.kind, closed.alert_id) == (ChangeKind.CLOSED, raised.alert_id)


def test_the_same_day_reopens_and_another_day_raises(policy: Policy) -> None:
    bad = found(policy, DRIFT, 5)
    (raised,) = changes([bad], [], TODAY)
    closed = state(bad, "closed", raised.alert_id)
    (again,) = changes([bad], [closed], TODAY)
    assert (again.kind, again.alert_id) == (ChangeKind.REOPENED, raised.alert_id)
    (later,) = changes([bad], [closed], date(2026, 11, 21))
    assert later.kind is ChangeKind.RAISED
    assert later.alert_id != raised.alert_id


@given(st.lists(st.integers(0, 6), max_size=40))
def test_history_never_has_two_standing_alerts_of_one_finding(values: list[int]) -> None:
    policy = load_policy()
    standing: dict[str, AlertState] = {}
    for step, value in enumerate(values):
        item = found(policy, DRIFT, value)
        day = TODAY + timedelta(days=step // 3)
        for change in changes([item], standing.values(), day):
            standing[change.alert_id] = state(item, change.kind.value, change.alert_id)
        open_ = [alert for alert in standing.values() if alert.state != "closed"]
        assert len(open_) <= 1
        assert bool(open_) or value <= 2
        assert not open_ or value >= 2


def test_the_time_to_answer_follows_severity(policy: Policy) -> None:
    within = policy.alerts.answer_within_hours
    due = [answer_due(severity, within, NOW) - NOW for severity in Severity]
    assert due == [timedelta(hours=4), timedelta(hours=24), timedelta(hours=72)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (QUIET, Advice.NO),
        ({**QUIET, DRIFT: 5}, Advice.NO),
        ({**QUIET, CONCEPT: 2}, Advice.NO),
        ({**QUIET, DRIFT: 1, CONCEPT: 2}, Advice.RECOMMENDED),  # a warning of drift is enough
        ({**QUIET, SCORES: 0.3, OVERRIDES: 0.25}, Advice.RECOMMENDED),
        ({**QUIET, DRIFT: 5, OVERRIDES: 0.18}, Advice.NO),  # a warning of quality is not
        ({DRIFT: 5, CONCEPT: 2}, Advice.RECOMMENDED),
        ({DRIFT: 5}, Advice.UNKNOWN),
        ({CONCEPT: 2}, Advice.UNKNOWN),
        ({}, Advice.UNKNOWN),
        ({DRIFT: 0, SCORES: 0.01}, Advice.NO),
    ],
)
def test_retraining_needs_drift_and_degradation_at_once(
    policy: Policy, numbers: dict[str, float], expected: Advice
) -> None:
    assert retraining(judged(policy, numbers), policy.alerts, in_force=False).advice is expected


def test_a_recommendation_says_what_it_rests_on(policy: Policy) -> None:
    advice = retraining(
        judged(policy, {**QUIET, DRIFT: 5, CONCEPT: 2}), policy.alerts, in_force=False
    )
    assert [item.subject for item in advice.drift] == [DRIFT]
    assert [item.subject for item in advice.degradation] == [CONCEPT]
    assert advice.sentence == (
        "Retraining is recommended: “Inputs have not drifted” is in alarm at 5, limit at most 2 "
        "(warns over 0), and at the same time “Outcomes still follow the scores” is in alarm at "
        "2, limit at most 0."
    )


def test_a_recommendation_stands_until_the_numbers_have_left(policy: Policy) -> None:
    near = judged(policy, {**QUIET, SCORES: 0.20, OVERRIDES: 0.19})
    assert retraining(near, policy.alerts, in_force=True).advice is Advice.RECOMMENDED
    away = judged(policy, {**QUIET, SCORES: 0.05, OVERRIDES: 0.19})
    assert retraining(away, policy.alerts, in_force=True).advice is Advice.NO


def test_a_waiver_does_not_mend_the_model(policy: Policy) -> None:
    waiver = Waiver(
        waiver_id="w1",
        requirement="concept_drift",
        candidate=None,
        reason="known",
        compensating_control="double review",
        requested_by="person-1",
        approved_by="person-2",
        granted_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=5),
    )
    evaluation = judged(policy, {**QUIET, DRIFT: 5, CONCEPT: 2}, (waiver,))
    gate = evaluation.gate("concept_drift")
    assert gate is not None
    assert gate.waiver is not None
    assert retraining(evaluation, policy.alerts, in_force=False).advice is Advice.RECOMMENDED
    assert (
        next(s for s in signals(evaluation, policy.alerts) if s.subject == CONCEPT).level
        is Level.KEEP
    )


def test_each_variable_that_moved_has_an_alert_of_its_own(policy: Policy) -> None:
    features = tuple(
        drift_reports.finding(name, verdict)
        for name, verdict in (
            ("moved", Verdict.MOVED),
            ("steady", Verdict.STEADY),
            ("season", Verdict.SEASONAL),
            ("unknown", Verdict.TOO_LITTLE),
        )
    )
    found = variables(
        drift_reports.report(features), policy, features="data_drift", scores="prediction_drift"
    )
    levels = {item.subject: item.level for item in found}
    assert levels["feature:moved"] is Level.ENTER
    assert levels["feature:steady"] is levels["feature:season"] is Level.LEAVE
    assert levels["feature:unknown"] is Level.KEEP
    (raised,) = changes(found, [], TODAY)
    assert (raised.signal.subject, raised.signal.runbook) == ("feature:moved", "drift")
    assert variables(drift_reports.report(features), policy, features="override", scores="x") == ()
