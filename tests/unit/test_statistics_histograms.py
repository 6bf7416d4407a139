"""Histogram quantiles: never further off than one bin from the true quantile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.histograms import LogBins, quantile
from queries.errors import InvalidInputError

BINS = LogBins(low=1.0, high=100_000.0, bins=400)


def counted(values: np.ndarray, bins: LogBins) -> list[int]:
    """As PostgreSQL's width_bucket over ln(x) counts."""
    edges = np.array([bins.edge(k) for k in range(bins.bins + 1)])
    return np.bincount(
        np.searchsorted(edges, values, side="right"), minlength=bins.bins + 2
    ).tolist()


@given(
    values=st.lists(st.floats(1.0, 99_999.0), min_size=1, max_size=300),
    share=st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0]),
)
def test_error_is_at_most_one_bin(values: list[float], share: float) -> None:
    true = float(np.quantile(np.array(values), share, method="inverted_cdf"))
    ours = quantile(counted(np.array(values), BINS), BINS, share)
    assert ours is not None
    assert ours.upper is not None
    assert ours.lower <= true * (1 + 1e-12)
    assert true <= ours.upper * (1 + 1e-12)
    assert abs(ours.value / true - 1) <= BINS.relative_error * (1 + 1e-9)


def test_p95_of_many_latencies_is_close() -> None:
    values = np.random.default_rng(5).lognormal(5, 0.6, 100_000)
    ours = quantile(counted(values, BINS), BINS, 0.95)
    assert ours is not None
    assert ours.value == pytest.approx(np.quantile(values, 0.95), rel=0.005)


def test_known_answer() -> None:
    bins = LogBins(low=1, high=16, bins=4)  # edges 1, 2, 4, 8, 16
    counts = [0, 0, 4, 4, 0, 0]
    ours = quantile(counts, bins, 0.75)
    assert ours is not None
    assert ours.value == pytest.approx(4 * 2**0.5)
    assert (ours.lower, ours.upper) == pytest.approx((4, 8))
    assert bins.relative_error == pytest.approx(1)
    middle = quantile(counts, bins, 0.5)
    assert middle is not None
    assert middle.value == pytest.approx(4)


def test_values_outside_the_range_are_said_to_be() -> None:
    bins = LogBins(low=1, high=16, bins=4)
    above = quantile([0, 1, 0, 0, 0, 9], bins, 0.95)
    assert above is not None
    assert (above.value, above.upper) == (16, None)
    below = quantile([9, 1, 0, 0, 0, 0], bins, 0.5)
    assert below is not None
    assert (below.value, below.lower, below.upper) == (1, 0, 1)


def test_nothing_has_no_quantile() -> None:
    assert quantile([0] * 402, BINS, 0.95) is None


@pytest.mark.parametrize(
    ("counts", "share"),
    [([1], 0.5), ([-1, *[0] * 401], 0.5), ([1] * 402, 0.0), ([1] * 402, 1.5)],
)
def test_unusable_histograms_are_refused(counts: list[int], share: float) -> None:
    with pytest.raises(InvalidInputError):
        quantile(counts, BINS, share)


@pytest.mark.parametrize(("low", "high", "bins"), [(0, 1, 4), (2, 1, 4), (1, 2, 0)])
def test_unusable_bins_are_refused(low: float, high: float, bins: int) -> None:
    with pytest.raises(InvalidInputError):
        LogBins(low=low, high=high, bins=bins)
