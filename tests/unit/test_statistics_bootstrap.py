"""The bootstrap from counts: seeded, equal to theory where there is one, honest beyond edges."""

from __future__ import annotations

import numpy as np
import pytest

from components.statistics.bootstrap import bootstrap_mean, quantile_ratio
from components.statistics.estimate import weighted_estimate
from components.statistics.histograms import LogBins
from queries.errors import InvalidInputError

BINS = LogBins(1, 1_000, 120)


def joint(candidate: np.ndarray, production: np.ndarray) -> np.ndarray:
    """Counts by the bins of both."""
    table = np.zeros((BINS.bins + 2, BINS.bins + 2), dtype=np.int64)
    places = [
        np.clip((np.log(x) / np.log(1_000) * BINS.bins).astype(int) + 1, 0, BINS.bins + 1)
        for x in (candidate, production)
    ]
    np.add.at(table, tuple(places), 1)
    return table


def test_spread_equals_the_linearised_one() -> None:
    rng = np.random.default_rng(1)
    values = rng.choice([-1.0, 0.0, 1.0], 5_000, p=[0.03, 0.95, 0.02])
    weights = rng.choice([1.0, 5.0, 40.0], 5_000)
    made = bootstrap_mean(values, weights=weights, seed=3)
    theory = weighted_estimate(values, weights)
    assert made is not None
    assert made.value == pytest.approx(theory.value)
    assert made.standard_error == pytest.approx(theory.standard_error, rel=0.06)
    assert made.low is not None
    assert made.high is not None
    assert made.low < made.value < made.high
    assert made == bootstrap_mean(values, weights=weights, seed=3)
    assert made != bootstrap_mean(values, weights=weights, seed=4)
    assert made.low == pytest.approx(
        getattr(bootstrap_mean(values, weights=weights * 9, seed=3), "low", None)
    )


def test_ratio_of_p95_and_its_interval() -> None:
    rng = np.random.default_rng(2)
    production = rng.lognormal(3, 0.4, 20_000)
    candidate = 1.2 * production * rng.lognormal(0, 0.1, 20_000)
    truth = np.quantile(candidate, 0.95) / np.quantile(production, 0.95)
    made = quantile_ratio(joint(candidate, production), BINS, seed=1)
    assert made is not None
    assert made.value == pytest.approx(truth, rel=0.03)
    assert made.low is not None
    assert made.high is not None
    assert made.low <= made.value <= made.high
    assert made.high - made.low < 0.1


def test_equal_latencies_have_the_ratio_one_exactly() -> None:
    table = np.diag(np.r_[0, np.arange(BINS.bins), 0])
    made = quantile_ratio(table, BINS, resamples=200)
    assert made is not None
    assert (made.value, made.low, made.high) == (1, 1, 1)


def test_beyond_the_last_edge_there_is_no_ratio() -> None:
    table = np.zeros((BINS.bins + 2, BINS.bins + 2), dtype=int)
    assert quantile_ratio(table, BINS) is None
    table[BINS.bins + 1, 4] = 100
    assert quantile_ratio(table, BINS) is None
    # The 95th percentile lies just inside: about half of all resamples have none.
    table[:] = 0
    table[4, 4], table[BINS.bins + 1, 4] = 951, 49
    made = quantile_ratio(table, BINS, resamples=400)
    assert made is not None
    assert made.undefined > 40
    assert (made.low, made.high) == (None, None)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="100 resamples"):
        bootstrap_mean([1, 2, 3], resamples=10)
    with pytest.raises(InvalidInputError, match="does not fit"):
        quantile_ratio([[1, 2], [3, 4]], BINS)
    assert bootstrap_mean([]) is None
