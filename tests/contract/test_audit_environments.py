"""The same tickets in two environments, and how the layers agree per segment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan

from components.pipeline import assess
from queries import audit
from tests.contract.audit_programme import NOON, SCOPE, asking, programme

DEVELOPMENT = {"environment": "development"}


def _found(url, scope=SCOPE):
    with asking(url) as connection:
        return assess.environments(audit.pairs(connection, scope).rows)


def _listed(url, scope=SCOPE):
    with asking(url) as connection:
        return audit.disagreeing_pairs(connection, scope).rows


def _pair(made, ticket, development=None, production=None):
    made.predict(ticket_id=ticket, **(production or {}))
    made.predict(ticket_id=ticket, **DEVELOPMENT, **(development or {}))


def test_pairs_are_matched_by_ticket_and_versions_kept_apart(contract_database):
    with programme(contract_database) as made:
        _pair(made, "same")
        _pair(made, "other", {"final_decision": "standard", "final_score": 0.25})
        _pair(made, "newer", {"final_decision": "standard", "ml_version": "ml-2"})
        made.predict(ticket_id="alone")
        made.predict(ticket_id="untold", **DEVELOPMENT)
    found = _found(contract_database)
    assert (found.same_versions.part, found.same_versions.whole) == (1, 2)
    assert (found.other_versions.part, found.other_versions.whole) == (0, 1)
    assert found.distance.largest == 0.5
    rows = _listed(contract_database)
    assert [(row.ticket_id, row.same_versions) for row in rows] == [
        ("newer", False),
        ("other", True),
    ]


def test_the_latest_prediction_of_each_side_counts(contract_database):
    with programme(contract_database) as made:
        made.predict(ticket_id="t", final_decision="standard")
        made.predict(ticket_id="t", scored_at=NOON + timedelta(hours=1))
        made.predict(ticket_id="t", **DEVELOPMENT)
    assert _found(contract_database).same_versions.part == 1


def test_an_llm_that_ran_on_one_side_alone_is_behaviour_not_version(contract_database):
    with programme(contract_database) as made:
        made.predict(ticket_id="t", asked=True, llm_trigger="escalation", escalated=True)
        made.predict(ticket_id="t", **DEVELOPMENT, final_decision="standard")
    assert _found(contract_database).same_versions.whole == 1


def test_a_missing_decision_is_no_agreement(contract_database):
    with programme(contract_database) as made:
        _pair(made, "t", {"final_decision": None, "final_score": nan})
    found = _found(contract_database)
    assert (found.same_versions.part, found.undecided, found.distance) == (0, 1, None)
    assert len(_listed(contract_database)) == 1


def test_filters_hold_for_pairs_and_the_chosen_environment_plays_no_part(contract_database):
    with programme(contract_database) as made:
        _pair(made, "a", production={"region": "Hill"}, development={"region": "Hill"})
        _pair(made, "b")
    hill = replace(SCOPE, regions=("Hill",), environment="development")
    assert _found(contract_database, hill).pairs == 1
    assert _found(contract_database).pairs == 2


def test_agreement_per_segment(contract_database):
    with programme(contract_database) as made:
        made.predict(3)
        made.predict(1, ml_decision="standard", region="Hill")
        made.predict(1, region="Hill", work_type=None)
    with asking(contract_database) as connection:
        found = assess.agreement(audit.layer_agreement(connection, SCOPE).rows)
    assert (found.share.part, found.share.whole) == (4, 5)
    assert [(item.segment, item.share.part, item.share.whole) for item in found.by_region] == [
        ("Hill", 1, 2),
        ("Harbor", 3, 3),
    ]
    assert [item.segment for item in found.by_work_type] == ["water", "(none)"]


def test_one_prediction_by_its_id(contract_database):
    with programme(contract_database) as made:
        (wanted,) = made.predict()
    with asking(contract_database) as connection:
        (row,) = audit.prediction(connection, SCOPE, str(wanted)).rows
        before = replace(SCOPE, as_of=NOON, end=NOON)
        assert audit.prediction(connection, before, str(wanted)).rows == ()
    assert row.ticket_id == f"t{wanted}"
