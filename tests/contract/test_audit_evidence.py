"""Gathering evidence: one snapshot, and one failing collector leaves the others alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from components.gates.evidence import OUT_OF_TIME, Evidence
from components.gates.policy import load_policy
from dashboard.collectors import COLLECTORS, Collector
from dashboard.evidence import gather
from queries.database import source_engine
from queries.errors import DatabaseDownError, InvalidInputError
from tests.contract.audit_programme import AS_OF, NOON, programme


def _good(connection, scope):
    return (Evidence("good.metric", 1, 1, "test", scope.as_of),)


GOOD = Collector("good", ("good.metric",), _good)


def _gather(url, *collectors):
    engine = source_engine(url)
    try:
        return gather(engine, load_policy(None), AS_OF, collectors or COLLECTORS)
    finally:
        engine.dispose()


def test_an_empty_contract_gives_no_value_and_no_error(contract_database):
    evidence = _gather(contract_database)
    assert {item.error for item in evidence} == {None}
    assert not [item.metric for item in evidence if item.value is not None and item.n == 0]


def test_a_missing_table_silences_its_metrics_alone(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(3)
        made.execute("DROP TABLE ml_feedback")
    metrics = {item.metric for item in _gather(contract_database)}
    assert "llm.correctness" not in metrics
    assert {"llm.missed", "audit.known_versions"} <= metrics


@pytest.mark.parametrize(
    "failure", [InvalidInputError("no"), ValueError("x"), ZeroDivisionError(), KeyError("x")]
)
def test_any_other_failure_is_an_error_of_each_of_its_metrics(contract_database, failure):
    def fail(connection, scope):
        raise failure

    first, second, third = _gather(
        contract_database, Collector("bad", ("bad.one", "bad.two"), fail), GOOD
    )
    assert (first.metric, second.metric, third.value) == ("bad.one", "bad.two", 1)
    assert first.error
    assert second.error
    assert third.error is None


def test_a_statement_that_fails_does_not_end_the_snapshot(contract_database):
    def divide(connection, scope):
        connection.execute(sa.text("SELECT 1 / 0"))

    def isolation(connection, scope):
        level = connection.scalar(sa.text("SHOW transaction_isolation"))
        return (Evidence("level", int(level == "repeatable read"), 1, "test", NOON),)

    bad, level = _gather(
        contract_database,
        Collector("bad", ("bad",), divide),
        Collector("level", ("level",), isolation),
    )
    assert bad.error
    assert level.value == 1


def test_out_of_time_is_no_data_with_the_reason_and_never_a_pass(contract_database):
    """Slow collectors come last, and what they did not finish in time has no value."""

    def sleep(connection, scope):
        connection.execute(sa.text("SELECT pg_sleep(60)"))

    slow = Collector("slow", ("slow.metric",), sleep, slow=True)
    late = Collector("late", ("late.metric",), _good, slow=True)
    computed = replace(GOOD, name="computed", in_time=lambda connection, scope: ())
    engine = source_engine(contract_database)
    try:
        found = gather(
            engine,
            load_policy(None),
            AS_OF,
            (slow, late, computed, GOOD),
            within=timedelta(milliseconds=300),
        )
    finally:
        engine.dispose()
    assert [(item.metric, item.value, item.error) for item in found] == [
        ("good.metric", 1, None),
        ("slow.metric", None, None),
        ("late.metric", None, None),
    ]
    assert {item.sentence for item in found[1:]} == {OUT_OF_TIME}


def test_without_a_database_there_is_no_evidence_to_judge(contract_database):
    url = sa.make_url(contract_database).set(database="not_there")
    with pytest.raises(DatabaseDownError):
        _gather(url.render_as_string(hide_password=False))
