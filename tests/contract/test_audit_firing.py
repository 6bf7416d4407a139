"""When the LLM should run: every fault counted and listed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest

from queries import audit
from queries.audit_rows import After
from tests.contract.audit_programme import (
    AS_OF,
    DAY,
    NOON,
    SCOPE,
    THRESHOLD,
    asking,
    programme,
)

APART = {"rules_score": 0.75, "ml_score": 0.25, "ml_decision": "standard"}
AT_THRESHOLD = {"rules_score": 0.75, "ml_score": 0.75 - THRESHOLD}
FAULTS = (
    "no_trigger",
    "below_threshold",
    "not_escalated",
    "missed_escalation",
    "missed_disagreement",
)


def _pulse(url, scope=SCOPE):
    with asking(url) as connection:
        return audit.pulse(connection, scope).rows


def _listed(url, scope=SCOPE):
    with asking(url) as connection:
        return [
            (row.prediction_id, row.fault) for row in audit.firing_faults(connection, scope).rows
        ]


@pytest.mark.parametrize(
    ("changes", "asked", "fault"),
    [
        ({}, False, None),
        (APART | {"llm_trigger": "disagreement"}, True, None),
        ({"escalated": True, "llm_trigger": "escalation"}, True, None),
        ({"escalated": True, "llm_trigger": "disagreement"}, True, None),
        ({"llm_trigger": None}, True, "no_trigger"),
        (APART | {"llm_trigger": None}, True, "no_trigger"),
        ({"llm_trigger": "disagreement"}, True, "below_threshold"),
        (AT_THRESHOLD | {"llm_trigger": "disagreement"}, True, "below_threshold"),
        ({"llm_trigger": "escalation"}, True, "not_escalated"),
        ({"escalated": True}, False, "missed_escalation"),
        (APART, False, "missed_disagreement"),
        (AT_THRESHOLD, False, None),
        (APART | {"error": "llm_timeout"}, False, None),
        ({"escalated": True, "error": "llm_timeout"}, False, None),
        ({"llm_trigger": None, "error": "late"}, True, "no_trigger"),
    ],
)
def test_each_kind_of_call_is_held_against_the_rule(contract_database, changes, asked, fault):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(asked=asked, **changes)
    (day,) = _pulse(contract_database)
    found = {name: getattr(day, name) for name in FAULTS}
    assert found == {name: int(name == fault) for name in FAULTS}
    assert day.unjudged == 0
    assert [kind for _, kind in _listed(contract_database)] == ([fault] if fault else [])


def test_what_cannot_be_judged_is_counted_and_accused_of_nothing(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.configure("workflow_config", "wf-word", DAY, {"agreement_threshold": "much"})
        made.predict(ml_score=None)
        made.predict(ml_score=nan)
        made.predict(rules_score=inf)
        made.predict(rules_score=1.5)
        made.predict(workflow_config="wf-unknown", **APART)
        made.predict(workflow_config="wf-word", **APART)
        made.predict(workflow_config=None, **APART)
        made.predict(ml_score=None, escalated=True, llm_trigger="escalation", asked=True)
    (day,) = _pulse(contract_database)
    assert day.n == 8
    assert day.unjudged == 7
    assert _listed(contract_database) == []


def test_the_configuration_that_the_row_names_decides(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.configure("workflow_config", "wf-2", NOON, {"agreement_threshold": 0.6})
        made.predict(workflow_config="wf-2", **APART)
        (missed,) = made.predict(workflow_config="wf-1", **APART)
    assert _listed(contract_database) == [(missed, "missed_disagreement")]


def test_counts_fall_on_utc_days_and_add_up(contract_database):
    midnight = DAY + timedelta(days=1)
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(2, scored_at=midnight - timedelta(microseconds=1))
        made.predict(3, scored_at=midnight, asked=True, llm_trigger="escalation", escalated=True)
        made.predict(scored_at=midnight, error="failed", rules_decision=None)
        made.predict(scored_at=midnight, ml_decision="standard")
        made.predict(scored_at=DAY - timedelta(microseconds=1))
        made.predict(scored_at=AS_OF)
    first, second = _pulse(contract_database)
    assert (first.day, first.n, first.comparable, first.agreed) == (DAY.date(), 2, 2, 2)
    assert (second.n, second.comparable, second.agreed, second.errors) == (5, 4, 3, 1)
    assert (second.asked, second.asked_escalation, second.asked_untriggered) == (3, 3, 0)
    assert second.newest == midnight


def test_no_prediction_gives_no_day(contract_database):
    assert _pulse(contract_database) == ()
    assert _listed(contract_database) == []


def test_long_periods_are_counted_by_week(contract_database):
    with programme(contract_database) as made:
        made.predict(scored_at=DAY + timedelta(days=2))
        made.predict(scored_at=DAY + timedelta(days=4))
    (week,) = _pulse(contract_database, replace(SCOPE, start=DAY - timedelta(days=500)))
    assert (week.day, week.n) == (DAY.date(), 2)  # the fifth of October 2026 is a Monday


def test_the_list_is_paged_without_gap_or_repetition(contract_database):
    size = audit.PAGE_SIZE
    with programme(contract_database) as made:
        made.healthy_configuration()
        ids = made.predict(size + 10, escalated=True)
        ids += made.predict(size, escalated=True, scored_at=NOON + timedelta(seconds=1))
    seen, after = [], None
    with asking(contract_database) as connection:
        while True:
            rows = audit.firing_faults(connection, SCOPE, after).rows
            seen += [row.prediction_id for row in rows[:size]]
            if len(rows) <= size:
                break
            after = After(rows[size - 1].scored_at, rows[size - 1].prediction_id)
    assert seen == sorted(ids, key=lambda each: (each > size + 10, each), reverse=True)


@pytest.mark.parametrize("field", ["work_types", "regions", "model_versions"])
def test_a_filter_value_is_a_value_and_never_sql(contract_database, field):
    hostile = "'); DROP TABLE ml_feedback; --"
    column = {"work_types": "work_type", "regions": "region", "model_versions": "ml_version"}
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict()
        made.predict(**{column[field]: hostile})
    (day,) = _pulse(contract_database, replace(SCOPE, **{field: (hostile,)}))
    assert day.n == 1
    assert len(_pulse(contract_database)) == 1
    with asking(contract_database) as connection:
        assert audit.correctness(connection, SCOPE).rows == ()  # the table is still there
