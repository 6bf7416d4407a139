"""Latency, cost and errors from the rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import inf, nan

import numpy as np

from components.pipeline import assess
from components.pipeline.assess_latency import BINS
from queries import audit
from queries.audit_rows import Path
from tests.contract.audit_programme import DAY, NOON, SCOPE, asking, programme


def _latency(url):
    with asking(url) as connection:
        return assess.latency(audit.latency(connection, SCOPE).rows)


def _costs(url):
    with asking(url) as connection:
        return assess.costs(audit.calls(connection, SCOPE).rows)


INSTANT = {"rules_latency_ms": 0.0, "ml_latency_ms": 0.0}


def test_quantiles_are_within_the_stated_error(contract_database):
    values = np.random.default_rng(3).lognormal(3.0, 1.0, 2_000)
    with programme(contract_database) as made:
        for value in values:
            made.predict(total_latency_ms=float(value), **INSTANT)
    fast = _latency(contract_database).of(Path.FAST_PATH)
    for share, found in ((0.5, fast.p50), (0.95, fast.p95), (0.99, fast.p99)):
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert found.lower <= exact <= found.upper
        assert abs(found.value - exact) <= BINS.relative_error * exact


def test_paths_and_days_are_kept_apart(contract_database):
    with programme(contract_database) as made:
        made.predict(3, total_latency_ms=10.0)
        made.predict(2, asked=True, total_latency_ms=1000.0, scored_at=NOON + timedelta(days=1))
    found = _latency(contract_database)
    assert [(item.path, item.n) for item in found.paths] == [
        (Path.RULES, 5),
        (Path.ML, 5),
        (Path.LLM, 2),
        (Path.FAST_PATH, 3),
        (Path.LLM_PATH, 2),
    ]
    days = [(day.path, day.day, day.n) for day in found.days if day.path is Path.LLM_PATH]
    assert days == [(Path.LLM_PATH, (DAY + timedelta(days=1)).date(), 2)]


def test_what_is_no_latency_is_left_out(contract_database):
    with programme(contract_database) as made:
        for value in (None, nan, inf, -1.0):
            made.predict(rules_latency_ms=value, ml_latency_ms=value, total_latency_ms=value)
    assert _latency(contract_database).paths == ()


def test_a_request_that_is_faster_than_one_of_its_layers_is_left_out(contract_database):
    with programme(contract_database) as made:
        made.predict(asked=True, llm_latency_ms=60_000.0, total_latency_ms=1.0)
        made.predict(asked=True, llm_latency_ms=nan, total_latency_ms=40.0)
        made.predict(ml_latency_ms=10.4, total_latency_ms=10.0)
    found = _latency(contract_database)
    assert (found.of(Path.LLM_PATH).n, found.of(Path.FAST_PATH).n) == (1, 1)


def test_extreme_latencies_are_counted_at_the_ends(contract_database):
    with programme(contract_database) as made:
        made.predict(total_latency_ms=0.0, **INSTANT)
        made.predict(total_latency_ms=1e7)
    fast = _latency(contract_database).of(Path.FAST_PATH)
    assert fast.n == 2
    assert fast.p50.upper == BINS.low
    assert (fast.p99.value, fast.p99.upper) == (BINS.high, None)


def test_calls_are_priced_when_they_were_made_and_exactly(contract_database):
    def prices(llm: str) -> dict[str, str]:
        return {"rules_usd": "0.00001", "ml_usd": "0.0002", "llm_usd": llm}

    with programme(contract_database) as made:
        made.configure("unit_cost", "cost-1", NOON, prices("0.012"))
        made.configure("unit_cost", "cost-2", NOON + timedelta(days=2), prices("0.1"))
        made.predict(7, asked=True, scored_at=NOON - timedelta(seconds=1))
        made.predict(3, asked=True, scored_at=NOON)
        made.predict(2, asked=True, scored_at=NOON + timedelta(days=2))
        made.predict(rules_score=None, rules_decision=None, scored_at=NOON)
    rules, model, llm = _costs(contract_database).layers
    assert (llm.calls, llm.unpriced, llm.cost) == (12, 7, Decimal("0.236"))
    assert (rules.calls, rules.cost) == (12, Decimal("0.00005"))
    assert (model.calls, model.cost) == (13, Decimal("0.0012"))


def test_a_price_that_is_no_number_is_no_price(contract_database):
    with programme(contract_database) as made:
        made.configure("unit_cost", "cost-1", DAY, {"llm_usd": "NaN", "ml_usd": "-1"})
        made.predict(2, asked=True)
    costs = _costs(contract_database)
    assert [(layer.cost, layer.unpriced) for layer in costs.layers] == [(Decimal(0), 2)] * 3


def test_errors_by_code(contract_database):
    with programme(contract_database) as made:
        made.predict(6)
        made.predict(3, error="llm_timeout")
        made.predict(1, error="feature_store")
    costs = _costs(contract_database)
    assert [(item.code, item.share.part) for item in costs.codes] == [
        ("llm_timeout", 3),
        ("feature_store", 1),
    ]
    assert (costs.errors.part, costs.errors.whole) == (4, 10)


def test_only_errors(contract_database):
    nothing = dict.fromkeys(
        (
            "rules_score",
            "rules_decision",
            "ml_score",
            "ml_decision",
            "final_score",
            "final_decision",
            "total_latency_ms",
            "rules_latency_ms",
            "ml_latency_ms",
        )
    )
    with programme(contract_database) as made:
        made.predict(5, error="down", **nothing)
    costs = _costs(contract_database)
    assert (costs.errors.value, costs.layers[0].calls) == (1.0, 0)
    with asking(contract_database) as connection:
        agreement = assess.agreement(audit.layer_agreement(connection, SCOPE).rows)
    assert (agreement.share.value, agreement.undecided, agreement.kappa) == (None, 5, None)
