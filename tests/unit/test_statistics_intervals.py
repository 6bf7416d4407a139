"""Intervals for shares, against scipy and printed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from components.statistics.intervals import clopper_pearson, wilson, zero_failures_bound
from queries.errors import InvalidInputError

counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99, 0.999])


@given(count=counts, level=levels)
def test_wilson_equals_scipy(count: tuple[int, int], level: float) -> None:
    ours = wilson(*count, confidence=level)
    theirs = binomtest(*count).proportion_ci(level, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


@given(count=counts, level=levels)
def test_clopper_pearson_equals_scipy(count: tuple[int, int], level: float) -> None:
    ours = clopper_pearson(*count, confidence=level)
    theirs = binomtest(*count).proportion_ci(level, method="exact")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


@given(count=counts)
def test_intervals_hold_the_share_and_stay_in_range(count: tuple[int, int]) -> None:
    share = count[0] / count[1]
    for interval in (wilson(*count), clopper_pearson(*count)):
        assert 0 <= interval.low <= share <= interval.high <= 1


def test_known_answers() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263).low == pytest.approx(0.2553, abs=5e-5)
    assert wilson(81, 263).high == pytest.approx(0.3662, abs=5e-5)
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=5e-5)
    assert clopper_pearson(81, 263).low == pytest.approx(0.2527, abs=5e-5)
    assert clopper_pearson(81, 263).high == pytest.approx(0.3676, abs=5e-5)


@pytest.mark.parametrize(("n", "limit"), [(59, 0.05), (299, 0.01), (2_995, 0.001)])
def test_the_smallest_n_without_failure_that_bounds_a_rate(n: int, limit: float) -> None:
    assert zero_failures_bound(n) <= limit < zero_failures_bound(n - 1)


@given(n=st.integers(1, 100_000))
def test_zero_failures_is_the_one_sided_exact_bound(n: int) -> None:
    exact = binomtest(0, n, alternative="less").proportion_ci(0.95, method="exact").high
    assert zero_failures_bound(n) == pytest.approx(exact, rel=1e-9)
    assert zero_failures_bound(n) < 3 / n


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_counts_that_contradict_each_other_are_refused(successes: int, n: int) -> None:
    for interval in (wilson, clopper_pearson):
        with pytest.raises(InvalidInputError):
            interval(successes, n)


@pytest.mark.parametrize("level", [0, 1, -0.5, float("nan")])
def test_a_confidence_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(InvalidInputError):
        wilson(1, 2, confidence=level)
    with pytest.raises(InvalidInputError):
        zero_failures_bound(10, confidence=level)
