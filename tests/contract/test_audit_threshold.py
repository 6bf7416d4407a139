"""Another agreement threshold: what is known is counted, what was never seen is said."""

from __future__ import annotations

from decimal import Decimal
from math import nan

import pytest
import sqlalchemy as sa

from components.pipeline import assess
from queries import audit
from queries.audit_parts import steps
from tests.contract.audit_programme import DAY, SCOPE, asking, programme

HALF_APART = {"rules_score": 0.25, "ml_score": 0.75, "rules_decision": "standard"}


def _effect(url):
    with asking(url) as connection:
        setting = assess.setting(audit.configurations(connection, SCOPE).rows)
        return assess.effect(audit.gap_histogram(connection, SCOPE).rows, setting)


@pytest.mark.parametrize("place", range(0, 201, 7))
def test_a_threshold_parts_the_bins_exactly(server_url, place):
    """``bin > k`` is the same as ``value > k/200`` for every value near the edge."""
    edge = place / 200
    near = [edge, edge - 2**-54, edge + 2**-50, edge + 1e-9]
    values = [value for value in near if 0 <= value <= 1]
    engine = sa.create_engine(sa.make_url(server_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        for value in values:
            bin_ = connection.scalar(sa.select(steps(sa.literal(value, sa.Double))))
            assert (bin_ > place) == (value > edge)
    engine.dispose()


def test_calls_and_changes_for_each_threshold(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        prices = {"rules_usd": "0.00001", "ml_usd": "0.0002", "llm_usd": "0.012"}
        made.configure("unit_cost", "cost-1", DAY, prices)
        told = {"asked": True, "llm_trigger": "disagreement", **HALF_APART}
        right, wrong, _ = made.predict(
            3, **told, final_decision="standard", llm_decision="standard"
        )
        made.predict(2, **told, final_decision="priority")
        made.predict(4, rules_score=0.5, ml_score=0.625)
        made.predict(asked=True, escalated=True, llm_trigger="escalation")
        made.review(right, "standard")
        made.review(wrong, "priority")
    found = _effect(contract_database)
    in_force = found.in_force
    assert (in_force.threshold, in_force.calls, in_force.changed) == (0.25, 6, 0)
    assert (in_force.cost, in_force.unobserved, in_force.coverage) == (Decimal("0.072"), 0, 1.0)
    higher = found.at(0.5)
    assert (higher.calls, higher.no_longer_asked, higher.changed) == (1, 5, 3)
    assert (higher.reviewed, higher.recorded_right, higher.mean_right) == (2, 1, 1)
    lower = found.at(0.12)
    assert (lower.calls, lower.unobserved, lower.changed) == (10, 4, 0)
    assert lower.coverage == 0.6
    assert found.at(0.125).calls == 6  # a distance equal to the threshold is no disagreement
    assert (found.actual_calls, found.rule_checked, found.rule_differs) == (6, 4, 0)


def test_unusable_scores_stay_as_they_were_recorded(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(ml_score=nan)
        made.predict(ml_score=None, asked=True, llm_trigger="disagreement")
    found = _effect(contract_database)
    assert found.unusable == 2
    assert {step.calls for step in found.steps} == {1}
    assert {step.changed for step in found.steps} == {0}


def test_a_mean_exactly_at_the_decision_threshold_is_priority(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        made.predict(rules_score=0.375, ml_score=0.625, final_decision="priority")
        made.predict(rules_score=0.375, ml_score=0.5, final_decision="priority")
    found = _effect(contract_database)
    assert (found.rule_checked, found.rule_differs) == (2, 1)


def test_without_configuration_nothing_is_guessed(contract_database):
    with programme(contract_database) as made:
        made.predict(asked=True, llm_trigger="disagreement", **HALF_APART)
    found = _effect(contract_database)
    assert found.in_force is None
    assert found.at(1.0).cost is None
    assert (found.at(1.0).no_longer_asked, found.at(1.0).not_comparable) == (1, 1)
