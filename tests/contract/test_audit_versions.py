"""Version snapshots: missing, unknown, out of force, with the boundaries of each switch."""

from __future__ import annotations

from datetime import timedelta

import pytest

from components.pipeline import assess
from queries import audit
from queries.audit_versions import GRACE
from tests.contract.audit_programme import AS_OF, DAY, NOON, SCOPE, asking, programme

TICK = timedelta(microseconds=1)


def _states(url, scope=SCOPE):
    with asking(url) as connection:
        rows = audit.snapshots(connection, scope).rows
    return {(row.rules, row.ml, row.llm, row.config): row.n for row in rows}


def _assessed(url):
    with asking(url) as connection:
        return assess.snapshots(audit.snapshots(connection, SCOPE).rows)


def test_a_healthy_prediction_is_in_force_and_needs_the_llm_only_where_it_ran(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(2)
        made.predict(asked=True)
    assert _states(contract_database) == {
        ("in_force", "in_force", "not_needed", "in_force"): 2,
        ("in_force", "in_force", "in_force", "in_force"): 1,
    }


@pytest.mark.parametrize(
    ("changes", "asked", "states"),
    [
        ({"rules_version": None}, False, ("missing", "in_force", "not_needed", "in_force")),
        ({"ml_version": None}, False, ("in_force", "missing", "not_needed", "in_force")),
        ({"workflow_config": None}, False, ("in_force", "in_force", "not_needed", "missing")),
        ({"llm_version": None}, True, ("in_force", "in_force", "missing", "in_force")),
        ({"rules_version": "x"}, False, ("unknown", "in_force", "not_needed", "in_force")),
        ({"ml_version": "x"}, False, ("in_force", "unknown", "not_needed", "in_force")),
        ({"llm_version": "x"}, True, ("in_force", "in_force", "unknown", "in_force")),
        ({"workflow_config": "x"}, False, ("in_force", "in_force", "not_needed", "unknown")),
        ({"ml_version": "ml-0"}, False, ("in_force", "not_in_force", "not_needed", "in_force")),
    ],
)
def test_each_fault_is_named_and_its_prediction_listed(contract_database, changes, asked, states):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.train("ml-0")
        (faulty,) = made.predict(asked=asked, **changes)
        made.predict(3)
    assert _states(contract_database)[states] == 1
    with asking(contract_database) as connection:
        (row,) = audit.snapshot_faults(connection, SCOPE).rows
    assert row.prediction_id == faulty
    assert (row.rules, row.ml, row.llm, row.config) == states


@pytest.mark.parametrize(
    ("offset", "version", "state"),
    [
        (-GRACE - TICK, "wf-2", "not_in_force"),
        (-GRACE, "wf-2", "in_force"),
        (timedelta(), "wf-2", "in_force"),
        (timedelta(), "wf-1", "in_force"),
        (GRACE - TICK, "wf-1", "in_force"),
        (GRACE, "wf-1", "not_in_force"),
        (timedelta(days=1), "wf-2", "in_force"),
    ],
)
def test_a_switch_has_a_minute_of_grace_on_either_side(contract_database, offset, version, state):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.configure("workflow_config", "wf-2", NOON)
        made.predict(scored_at=NOON + offset, workflow_config=version)
    ((states, n),) = _states(contract_database).items()
    assert (states[3], n) == (state, 1)


def test_a_version_that_comes_back_is_in_force_again(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.configure("workflow_config", "wf-2", NOON)
        made.configure("workflow_config", "wf-1", NOON + timedelta(hours=6))
        made.predict(scored_at=NOON + timedelta(hours=3), workflow_config="wf-1")
        made.predict(scored_at=NOON + timedelta(hours=9), workflow_config="wf-1")
    found = _states(contract_database)
    assert {states[3]: n for states, n in found.items()} == {"not_in_force": 1, "in_force": 1}


def test_what_came_later_than_as_of_is_not_known_yet(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.configure("rules_version", "rules-2", AS_OF)
        made.predict(rules_version="rules-2")
    ((states, _),) = _states(contract_database).items()
    assert states[0] == "unknown"


def test_without_a_history_nobody_can_say(contract_database):
    with programme(contract_database) as made:
        made.train("ml-1")
        made.predict(4)
    found = _assessed(contract_database)
    assert _states(contract_database) == {("unknown", "unjudged", "not_needed", "unknown"): 4}
    assert (found.unjudged, found.in_force.whole, found.in_force.value) == (4, 0, None)
    assert found.known.part == 0


def test_the_sentence_names_the_place_and_the_day(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(2, rules_version=None, region="Harbor", scored_at=DAY)
        made.predict(5, region="Hill")
    found = _assessed(contract_database)
    assert found.where_incomplete == "all in Harbor on 5 Oct 2026"
    assert (found.complete.part, found.complete.whole) == (5, 7)
