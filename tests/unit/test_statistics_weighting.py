"""The weighted mean: against least squares, by its own invariants, and by coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from components.statistics.weighting import WeightedSums, hajek_mean, weighted_sums_mean
from queries.errors import InvalidInputError

items = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.001, 1)), min_size=2, max_size=60)


@given(items=items)
def test_mean_and_error_equal_the_formula(items: list[tuple[float, float]]) -> None:
    y, chance = map(np.array, zip(*items, strict=True))
    w = np.minimum(1 / chance, 100)
    mean = np.average(y, weights=w)
    n = len(y)
    error = np.sqrt(n / (n - 1) * np.sum((w * (y - mean)) ** 2)) / w.sum()
    ours = hajek_mean(list(y), list(chance))
    assert ours is not None
    assert ours.value == pytest.approx(mean, rel=1e-9, abs=1e-9)
    assert ours.standard_error == pytest.approx(error, rel=1e-9, abs=1e-6)
    assert ours.high == pytest.approx(mean + norm.ppf(0.975) * error, rel=1e-9, abs=1e-6)
    assert ours.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-9)
    assert ours.capped == int((1 / chance > 100).sum())


def test_known_answer() -> None:
    # Four reviews: two chosen surely (right, wrong), two by one chance in four (right, right).
    ours = hajek_mean([1, 0, 1, 1], [1, 1, 0.25, 0.25])
    assert ours is not None
    assert ours.value == pytest.approx(0.9)
    assert ours.effective_n == pytest.approx(100 / 34)
    # Σw²(y-m)² = 0.01 + 0.81 + 16·0.01 + 16·0.01 = 1.14
    assert ours.standard_error == pytest.approx((1.14 * 4 / 3) ** 0.5 / 10)


def test_equal_weights_give_the_plain_mean_and_its_standard_error() -> None:
    y = np.random.default_rng(1).normal(size=200)
    ours = hajek_mean(list(y), [0.1] * 200)
    assert ours is not None
    assert ours.value == pytest.approx(y.mean(), rel=1e-12)
    assert ours.standard_error == pytest.approx(y.std(ddof=1) / 200**0.5, rel=1e-12)
    assert ours.effective_n == pytest.approx(200)


def test_sums_added_up_in_groups_give_the_same() -> None:
    rng = np.random.default_rng(2)
    y, w = rng.integers(0, 2, 500).astype(float), rng.uniform(1, 80, 500)
    whole = weighted_sums_mean(WeightedSums.of(y, w), within=(0, 1))
    direct = hajek_mean(list(y), list(1 / w), within=(0, 1))
    assert whole is not None
    assert direct is not None
    for name in ("value", "standard_error", "low", "high", "effective_n"):
        assert getattr(whole, name) == pytest.approx(getattr(direct, name), rel=1e-9)


def test_the_interval_covers_the_truth_where_reviews_are_chosen_by_uncertainty() -> None:
    rng = np.random.default_rng(3)
    hits, naive_hits, rounds, truth = 0, 0, 400, 0.8
    for _ in range(rounds):
        score = rng.uniform(size=20_000)
        right = rng.uniform(size=20_000) < 0.6 + 0.4 * score
        chance = np.where(score < 0.3, 0.3, 0.05)
        seen = rng.uniform(size=20_000) < chance
        ours = hajek_mean(list(right[seen].astype(float)), list(chance[seen]), within=(0, 1))
        assert ours is not None
        assert ours.low is not None
        assert ours.high is not None
        hits += ours.low <= truth <= ours.high
        naive_hits += abs(right[seen].mean() - truth) < 0.01
    assert 0.92 * rounds <= hits <= 0.98 * rounds
    assert naive_hits == 0


def test_nothing_and_one_item() -> None:
    assert hajek_mean([], []) is None
    one = hajek_mean([1.0], [0.5])
    assert one is not None
    assert (one.value, one.standard_error, one.low) == (1.0, None, None)


@pytest.mark.parametrize(
    ("values", "chances"),
    [
        ([1.0], [0.0]),
        ([1.0], [-0.1]),
        ([1.0], [1.1]),
        ([1.0], [float("nan")]),
        ([float("nan")], [0.5]),
        ([float("inf")], [0.5]),
        ([1.0, 0.0], [0.5]),
    ],
)
def test_unusable_items_are_refused(values: list[float], chances: list[float]) -> None:
    with pytest.raises(InvalidInputError):
        hajek_mean(values, chances)


def test_a_cap_below_one_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="cap"):
        hajek_mean([1.0], [0.5], cap=0.5)
