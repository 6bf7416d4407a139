"""Alerts on a real server: raised once, answered, closed, told, and never rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from components.alerts.assess import Advice, ChangeKind
from components.alerts.assess_evidence import UNANSWERED, without_training
from components.gates.assess import Evaluation, evaluate
from components.gates.evidence import Evidence
from components.gates.policy import Policy, load_policy
from dashboard.alerts.raising import Outcome, acknowledge, raise_alerts
from dashboard.evidence_alerts import answered
from queries import alerts as store
from queries import outbox
from queries.alert_rows import AlertState
from queries.database import own_engine, read
from queries.errors import InvalidInputError
from queries.ledger import verify_chain
from queries.own_schema import ensure_own_schema
from queries.scope import Scope
from tests.conftest import new_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DRIFT, CONCEPT = "drift.features_in_alarm", "drift.concept_segments_in_alarm"
OTHERS = {"drift.score_psi": 0.01, "feedback.override_rate": 0.05, "llm.correctness": 0.99}
POLICY = load_policy()


@pytest.fixture(scope="module")
def database(server_url: str) -> Iterator[str]:
    """One database for all tests here: each makes the schema anew."""
    with new_database(server_url) as url:
        yield url


@pytest.fixture
def engine(database: str) -> Iterator[sa.Engine]:
    made = own_engine(database)
    with made.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS plumbline CASCADE"))
    ensure_own_schema(made)
    yield made
    made.dispose()


def judged(at: datetime, features: int, segments: int) -> Evaluation:
    numbers = {**OTHERS, DRIFT: features, CONCEPT: segments}
    shown = [
        Evidence(metric, value, n=5_000, method="test", measured_at=at, low=value, high=value)
        for metric, value in numbers.items()
    ]
    return evaluate(POLICY, shown, now=at)


def run(
    engine: sa.Engine,
    at: datetime,
    features: int,
    segments: int = 0,
    *,
    policy: Policy = POLICY,
    tell: bool = True,
) -> Outcome:
    with engine.begin() as connection:
        return raise_alerts(connection, policy, judged(at, features, segments), at, tell=tell)


def kinds(outcome: Outcome) -> list[str]:
    return [change.kind.value for change in outcome.changes]


def known(engine: sa.Engine, at: datetime) -> tuple[AlertState, ...]:
    return read(engine, lambda connection: store.alerts(connection, at)).rows


def waiting(engine: sa.Engine) -> tuple[outbox.Message, ...]:
    return read(engine, outbox.waiting).rows


def answer(engine: sa.Engine, alert_id: str, at: datetime) -> AlertState:
    with engine.begin() as connection:
        return acknowledge(
            connection,
            alert_id,
            role="qa",
            pseudonym="viewer-7",
            note="a private remark",
            at=at,
            recorded_at=at,
            tell=True,
        )


def test_a_finding_is_raised_once_answered_and_closed(engine: sa.Engine) -> None:
    first = run(engine, NOON, 5)
    assert kinds(first) == ["raised"]
    (alert,) = first.standing
    assert (alert.rule, alert.subject, alert.segment) == ("data_drift", DRIFT, "all")
    assert alert.answer_due_at == NOON + timedelta(hours=24)
    assert alert.detail["runbook"] == "drift"
    assert kinds(run(engine, NOON, 5)) == []
    assert kinds(run(engine, NOON + timedelta(hours=1), 6)) == []
    assert answer(engine, alert.alert_id, NOON + timedelta(hours=2)).state == "acknowledged"
    assert kinds(run(engine, NOON + timedelta(days=1), 6)) == []
    assert kinds(run(engine, NOON + timedelta(days=2), 2)) == []
    last = run(engine, NOON + timedelta(days=3), 1)
    assert (kinds(last), last.standing) == (["closed"], ())
    (closed,) = known(engine, NOON + timedelta(days=3))
    assert (closed.alert_id, closed.state) == (alert.alert_id, "closed")
    assert read(engine, verify_chain).intact


def test_history_is_read_as_of_any_moment(engine: sa.Engine) -> None:
    run(engine, NOON, 5)
    run(engine, NOON + timedelta(days=2), 0)
    assert known(engine, NOON - timedelta(seconds=1)) == ()
    assert [alert.state for alert in known(engine, NOON)] == ["open"]
    assert [alert.state for alert in known(engine, NOON + timedelta(days=2))] == ["closed"]


def test_what_comes_back_on_the_same_day_is_the_same_alert(engine: sa.Engine) -> None:
    outcomes = [run(engine, NOON + timedelta(hours=h), n) for h, n in enumerate((5, 0, 5))]
    assert [kinds(outcome) for outcome in outcomes] == [["raised"], ["closed"], ["reopened"]]
    assert len({change.alert_id for o in outcomes for change in o.changes}) == 1
    run(engine, NOON + timedelta(hours=4), 0)
    assert kinds(run(engine, NOON + timedelta(days=1), 5)) == ["raised"]


def test_many_runs_at_once_raise_one_alert(engine: sa.Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: run(engine, NOON, 5), range(8)))
    assert sorted(len(outcome.changes) for outcome in outcomes) == [0] * 7 + [1]
    assert len(waiting(engine)) == 1
    assert read(engine, verify_chain).intact


def test_nothing_is_written_unless_everything_is(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        raise_alerts(connection, POLICY, judged(NOON, 5, 2), NOON, tell=True)
        connection.rollback()
    tables = (
        "alert_events",
        "alert_runs",
        "retraining_events",
        "webhook_outbox",
        "gate_evaluations",
    )
    with engine.connect() as connection:
        for table in tables:
            count = sa.text(f"SELECT count(*) FROM plumbline.{table}")
            assert connection.execute(count).scalar_one() == 0


def test_history_is_not_rewritten(engine: sa.Engine) -> None:
    run(engine, NOON, 5)
    with pytest.raises(InvalidInputError, match="2026-11-20 12:00"):
        run(engine, NOON - timedelta(days=1), 0)
    for table in ("alert_events", "alert_runs"):
        with pytest.raises(exc.IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(f"DELETE FROM plumbline.{table}"))


def test_a_changed_event_is_found(engine: sa.Engine) -> None:
    run(engine, NOON, 5)
    with engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text("UPDATE plumbline.alert_events SET severity = 'minor'"))
    first = read(engine, verify_chain).first_break
    assert first is not None
    assert first.table == "alert_events"


def test_an_alert_is_answered_once(engine: sa.Engine) -> None:
    alert = run(engine, NOON, 5).standing[0]
    with pytest.raises(InvalidInputError, match="no alert “alert-x”"):
        answer(engine, "alert-x", NOON)
    answer(engine, alert.alert_id, NOON)
    with pytest.raises(InvalidInputError, match="acknowledged already"):
        answer(engine, alert.alert_id, NOON)


def test_the_gate_counts_alerts_that_wait_too_long(engine: sa.Engine) -> None:
    def measured(at: datetime) -> list[tuple[object, int, datetime | None]]:
        scope = Scope(start=at - timedelta(days=28), end=at, as_of=at)
        with engine.connect() as connection:
            found = answered(connection, scope, connection)
        assert {item.metric for item in found} <= {UNANSWERED}
        return [(item.value, item.n, item.measured_at) for item in found]

    rules = len(POLICY.alerts.gates)
    assert measured(NOON) == []
    alert = run(engine, NOON, 5).standing[0]
    assert measured(NOON + timedelta(hours=24)) == [(0, rules, NOON)]
    late = NOON + timedelta(hours=24, seconds=1)
    assert measured(late) == [(1, rules, NOON)]
    answer(engine, alert.alert_id, late)
    assert measured(late) == [(0, rules, NOON)]


def test_without_a_schema_nothing_is_measured(empty_database: str) -> None:
    scope = Scope(start=NOON - timedelta(days=1), end=NOON, as_of=NOON)
    engine = own_engine(empty_database)
    with engine.connect() as connection:
        assert answered(connection, scope, None) == ()
        assert answered(connection, scope, connection) == ()
    engine.dispose()


def test_retraining_is_recommended_once_and_withdrawn(engine: sa.Engine) -> None:
    days = [NOON + timedelta(days=day) for day in range(5)]
    outcomes = [
        run(engine, at, features, segments)
        for at, (features, segments) in zip(
            days, [(5, 0), (5, 2), (5, 2), (0, 2), (5, 2)], strict=True
        )
    ]
    assert [outcome.advice_changed for outcome in outcomes] == [False, True, False, True, True]
    assert [outcome.retraining.advice for outcome in outcomes] == [
        Advice.NO,
        Advice.RECOMMENDED,
        Advice.RECOMMENDED,
        Advice.NO,
        Advice.RECOMMENDED,
    ]
    newest, oldest = read(engine, lambda c: store.recommendations(c, days[-1])).rows
    assert (newest.recommendation_id, newest.in_force) == ("retraining-2026-11-24", True)
    assert (oldest.recommendation_id, oldest.in_force) == ("retraining-2026-11-21", False)
    with engine.connect() as connection:
        view = sa.text(
            "SELECT payload ->> 'runbook', payload -> 'drift' -> 0 ->> 'rule' "
            "FROM plumbline.retraining_recommendations WHERE in_force"
        )
        assert connection.execute(view).all() == [("retraining", "data_drift")]
    assert read(engine, verify_chain).intact


def test_a_recommendation_must_be_followed_by_training(engine: sa.Engine) -> None:
    run(engine, NOON, 5, 2)
    given = read(engine, lambda c: store.recommendations(c, NOON)).rows
    judged_at = read(engine, lambda c: store.last_run(c, NOON)).rows[0]
    late = NOON + timedelta(days=7, seconds=1)
    for as_of, trained, expected in (
        (NOON + timedelta(days=7), None, 0),
        (late, None, 1),
        (late, NOON - timedelta(days=1), 1),
        (late, NOON + timedelta(days=1), 0),
    ):
        assert without_training(judged_at, given, trained, as_of, 7).value == expected


def test_a_missing_measurement_withdraws_nothing(engine: sa.Engine) -> None:
    run(engine, NOON, 5, 2)
    later = NOON + timedelta(days=1)
    with engine.begin() as connection:
        outcome = raise_alerts(connection, POLICY, evaluate(POLICY, (), now=later), later)
    assert (outcome.retraining.advice, outcome.advice_changed) == (Advice.UNKNOWN, False)
    assert {alert.rule for alert in outcome.standing} == {"data_drift", "concept_drift"}


def test_messages_tell_no_person_and_no_free_text(engine: sa.Engine) -> None:
    alert = run(engine, NOON, 5, 2).standing[0]
    answer(engine, alert.alert_id, NOON)
    told = waiting(engine)
    assert [message.kind for message in told] == [
        "alert.raised",
        "alert.raised",
        "retraining.recommended",
        "alert.acknowledged",
    ]
    assert len({message.message_id for message in told}) == 4
    for message in told:
        body = json.loads(message.body)
        assert body["type"] == message.kind
        assert datetime.fromisoformat(body["timestamp"]) == NOON
        assert "viewer-7" not in message.body
        assert "private remark" not in message.body
        assert body["data"]["runbook"]


def test_nobody_is_told_where_no_webhook_is_wanted(engine: sa.Engine) -> None:
    silent = POLICY.model_copy(
        update={"alerts": POLICY.alerts.model_copy(update={"webhook": False})}
    )
    assert kinds(run(engine, NOON, 5, policy=silent)) == [ChangeKind.RAISED]
    assert kinds(run(engine, NOON, 5, 2, tell=False)) == [ChangeKind.RAISED]
    assert waiting(engine) == ()


def test_an_alert_acknowledged_before_is_not_late(engine: sa.Engine) -> None:
    alert = run(engine, NOON, 5).standing[0]
    assert alert.late(NOON + timedelta(days=9))
    assert not replace(alert, kind="acknowledged").late(NOON + timedelta(days=9))
