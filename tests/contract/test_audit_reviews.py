"""Who was right: sums that the database adds up, against the same sums made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan

import pytest

from components.pipeline import assess
from components.statistics.weighting import hajek_mean
from queries import audit
from queries.audit_rows import Layer
from tests.contract.audit_programme import AS_OF, NOON, SCOPE, asking, programme


def _found(url, scope=SCOPE):
    with asking(url) as connection:
        return assess.correctness(audit.correctness(connection, scope).rows)


def _of(layers, layer):
    return next(item for item in layers if item.layer is layer)


def test_naive_and_weighted_agree_with_the_reference(contract_database):
    plan = [
        (0.5, "priority"),
        (0.5, "standard"),
        (0.1, "priority"),
        (0.9, "standard"),
        (0.2, "priority"),
    ]
    with programme(contract_database) as made:
        made.healthy_configuration()
        for propensity, correct in plan:
            (each,) = made.predict(
                asked=True, llm_trigger="escalation", escalated=True, review_propensity=propensity
            )
            made.review(each, correct)
    llm = _found(contract_database).llm
    expected = hajek_mean(
        [float(correct == "priority") for _, correct in plan],
        [propensity for propensity, _ in plan],
        within=(0.0, 1.0),
    )
    assert (llm.naive.part, llm.naive.whole) == (3, 5)
    for field in ("value", "standard_error", "low", "high", "effective_n"):
        assert getattr(llm.weighted, field) == pytest.approx(getattr(expected, field), abs=1e-12)


@pytest.mark.parametrize("propensity", [None, 0.0, -0.1, 1.5, nan])
def test_an_unusable_propensity_has_no_weight(contract_database, propensity):
    with programme(contract_database) as made:
        made.healthy_configuration()
        (each,) = made.predict(review_propensity=propensity)
        made.review(each, "priority")
    rules = _of(_found(contract_database).overall, Layer.RULES)
    assert (rules.naive.whole, rules.unknown_propensity, rules.weighted) == (1, 1, None)


def test_weights_are_capped_at_a_hundred(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        for propensity, correct in ((0.000001, "priority"), (0.01, "standard")):
            (each,) = made.predict(review_propensity=propensity)
            made.review(each, correct)
    rules = _of(_found(contract_database).overall, Layer.RULES)
    assert rules.weighted.value == pytest.approx(0.5)
    assert rules.weighted.capped == 1


def test_the_latest_review_before_as_of_counts_alone(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        (each,) = made.predict()
        made.review(each, "priority", reviewed_at=NOON)
        made.review(each, "standard", reviewed_at=NOON + timedelta(hours=1))
        made.review(each, "priority", reviewed_at=AS_OF)
    rules = _of(_found(contract_database).overall, Layer.RULES)
    assert (rules.naive.part, rules.naive.whole) == (0, 1)
    later = replace(SCOPE, as_of=AS_OF + timedelta(days=1))
    assert _of(_found(contract_database, later).overall, Layer.RULES).naive.part == 1


def test_each_layer_is_judged_where_it_decided(contract_database):
    with programme(contract_database) as made:
        made.healthy_configuration()
        (each,) = made.predict(
            asked=True,
            llm_trigger="disagreement",
            rules_decision="standard",
            ml_decision=None,
            final_decision="priority",
        )
        made.review(each, "priority")
        (silent,) = made.predict()
        made.review(silent, "standard")
    found = _found(contract_database)
    assert {item.layer: (item.naive.part, item.naive.whole) for item in found.where_asked} == {
        Layer.RULES: (0, 1),
        Layer.LLM: (1, 1),
        Layer.FINAL: (1, 1),
    }
    assert {item.layer: item.naive.whole for item in found.overall} == {
        Layer.RULES: 2,
        Layer.ML: 1,
        Layer.FINAL: 2,
    }


def test_no_reviews_is_an_answer(contract_database):
    with programme(contract_database) as made:
        made.predict()
    found = _found(contract_database)
    assert (found.llm, found.overall, found.newest_review) == (None, (), None)
