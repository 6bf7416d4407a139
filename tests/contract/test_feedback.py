"""Questions about reviews: known answers, and the same with roll-ups beside the source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from components.gates.policy import load_policy
from dashboard import evidence_feedback
from queries import feedback
from queries.answer import Answer
from queries.contract import ml_feedback, ml_training_runs
from queries.database import read
from queries.rolled import read_rolled
from queries.rolled_build import PipelineRollUps
from queries.rolled_feedback import FeedbackRollUps
from queries.scope import Scope
from tests.contract.audit_programme import NOON, SCOPE
from tests.contract.audit_programme import programme as by_hand
from tests.contract.rollup_programme import FIRST, REFERENCE, TODAY, Programme, programme, scope

FAMILIES = (PipelineRollUps(), FeedbackRollUps())
QUESTIONS: dict[str, Any] = {
    "overrides": feedback.overrides,
    "by reviewer": partial(feedback.overrides, by="reviewer"),
    "by blinding": partial(feedback.overrides, by="blinded"),
    "weeks": feedback.override_weeks,
    "confusion": feedback.confusion,
    "pairs": feedback.pairs,
    "reviewers": feedback.reviewers,
    "reviewer weeks": feedback.reviewer_weeks,
    "arrivals": feedback.arrivals,
}


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.fixture
def rolled(contract_database: str) -> Iterator[Programme]:
    """A month of predictions with reviews, some of them superseded, rolled up."""
    with programme(contract_database) as made:
        made.execute("UPDATE prediction_audit SET review_propensity = 0.3")
        made.execute("UPDATE prediction_audit SET review_propensity = NULL WHERE ticket_id ~ '7$'")
        review(made, range(120))
        made.refresh(families=FAMILIES, new_reference=REFERENCE)
        yield made


def review(made: Programme, numbers: range) -> None:
    """Reviews of predictions chosen by their number; every third is reviewed again later."""
    with made.source.connect() as connection:
        found = connection.execute(
            sa.text("SELECT prediction_id, scored_at FROM prediction_audit ORDER BY 1")
        ).all()
    rows = []
    for number in numbers:
        chance = Random(number)
        prediction, scored_at = chance.choice(found)
        for turn in range(2 if number % 3 == 0 else 1):
            rows.append(
                {
                    "feedback_id": number * 2 + turn,
                    "prediction_id": prediction,
                    "reviewer": f"r{chance.randrange(4)}",
                    "reviewed_at": scored_at + timedelta(hours=chance.randrange(-5, 400)),
                    "model_decision": chance.choice(["priority", "standard"]),
                    "correct_decision": chance.choice(["priority", "standard"]),
                    "severity": chance.choice(["minor", "critical", None]),
                    "reason_code": chance.choice(["seen", None]),
                    "review_reason": chance.choice(["random", "dispute", None]),
                    "blinded": chance.random() < 0.5,
                }
            )
    with made.own.begin() as connection:
        connection.execute(sa.insert(ml_feedback), rows)


def answers(made: Programme, found: Scope, *, rolled_up: bool) -> dict[str, list[str]]:
    def ask(question: Any, connection: sa.Connection) -> Answer[Any]:
        return question(connection, found)

    asked = {
        name: read_rolled(made.source, made.own, partial(ask, question))
        if rolled_up
        else read(made.source, partial(ask, question))
        for name, question in QUESTIONS.items()
    }
    if rolled_up:
        assert all("rolled_feedback" in answer.provenance.sql for answer in asked.values())
    return {name: [repr(row) for row in answer.rows] for name, answer in asked.items()}


def test_roll_ups_say_what_the_source_says_and_outlive_it(rolled: Programme) -> None:
    for hours in (24 * 31, 300, 301.5):
        as_of = midnight(FIRST) + timedelta(hours=hours)
        known = Scope(midnight(FIRST), as_of, as_of)
        found = answers(rolled, known, rolled_up=True)
        assert found == answers(rolled, known, rolled_up=False)
        assert all(found.values())

    before = answers(rolled, scope(), rolled_up=True)
    partition = rolled.value("SELECT tableoid::regclass::text FROM prediction_audit LIMIT 1")
    rolled.execute(f"DROP TABLE {partition}")
    rolled.refresh(families=FAMILIES)
    assert answers(rolled, scope(), rolled_up=True) == before


def test_reviews_that_come_after_the_roll_up_are_added(rolled: Programme) -> None:
    rolled.refresh(families=FAMILIES, today=date(2026, 2, 20))
    review(rolled, range(200, 260))
    late = Scope(midnight(FIRST), midnight(TODAY), midnight(TODAY) + timedelta(days=9))
    rolled.execute("DELETE FROM plumbline.rollup_days WHERE day >= '2026-02-20'")
    with_them = answers(rolled, late, rolled_up=False)
    rolled.refresh(families=FAMILIES)
    assert answers(rolled, late, rolled_up=True) == with_them


def test_days_rolled_up_without_this_family_are_read_from_the_source(
    contract_database: str,
) -> None:
    with programme(contract_database) as made:
        review(made, range(30))
        made.refresh(families=(PipelineRollUps(),), new_reference=REFERENCE)
        with made.own.begin() as connection:
            FeedbackRollUps.tables[0].create(connection, checkfirst=True)
        found = read_rolled(made.source, made.own, lambda c: feedback.overrides(c, scope()))
        assert sum(row.n for row in found.rows) > 0


def test_what_counts_is_the_latest_review_and_its_weight(contract_database: str) -> None:
    with by_hand(contract_database) as made:
        one, two, three = made.predict(3, review_propensity=0.25, llm_decision=None)
        made.review(one, "standard")
        made.review(one, "priority", reviewed_at=NOON + timedelta(hours=5), reviewer="r2")
        made.review(two, "standard", severity="major", reason_code="seen", reviewer="r2")
        made.review(three, "standard", reviewed_at=NOON - timedelta(hours=1))
        made.execute("UPDATE prediction_audit SET review_propensity = 0.001 WHERE ticket_id = 't2'")
    with sa.create_engine(contract_database).connect() as connection:
        rows = feedback.overrides(connection, SCOPE).rows
        assert [(r.overturned, r.n, float(r.w), r.capped) for r in rows] == [
            (False, 1, 4.0, 0),
            (True, 1, 100.0, 1),
        ]
        pairs = feedback.pairs(connection, SCOPE).rows
        assert [(p.first_decision, p.second_decision, p.n) for p in pairs] == [
            ("standard", "priority", 1)
        ]
        early = Scope(SCOPE.start, NOON + timedelta(hours=3), NOON + timedelta(hours=3))
        assert (
            sum(row.n for row in feedback.overrides(connection, early).rows if row.overturned) == 2
        )


def test_families_count_only_on_the_same_holdout(contract_database: str) -> None:
    def run(version: str, family: str, digest: str) -> dict[str, Any]:
        return {
            "run_id": f"run-{version}",
            "model_version": version,
            "family": family,
            "started_at": NOON,
            "finished_at": NOON,
            "status": "succeeded",
            "trained_by": "team",
            "metrics": {"auc": 0.8, "brier": 0.1, "n": 500, "holdout_sha256": digest},
        }

    with by_hand(contract_database) as made:
        made.healthy_configuration()
    engine = sa.create_engine(contract_database)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(ml_training_runs),
            [
                run("x2", "xgboost", "a"),
                run("l1", "lightgbm", "a"),
                run("r1", "random_forest", "b"),
            ],
        )
    with engine.connect() as connection:
        (found,) = evidence_feedback.challengers(connection, SCOPE)
    engine.dispose()
    assert (found.metric, found.value) == ("training.challenger_families", 1)
    assert found.measured_at == NOON


def test_an_empty_programme_gives_no_number(contract_database: str) -> None:
    policy = load_policy(None)
    with sa.create_engine(contract_database).connect() as connection:
        found = [
            *evidence_feedback.overrides(connection, SCOPE),
            *evidence_feedback.agreement(connection, SCOPE),
            *evidence_feedback.random_review(connection, SCOPE, policy),
            *evidence_feedback.challengers(connection, SCOPE),
        ]
    assert {item.n for item in found} == {0}
