"""Control charts, against the papers' formulas worked with fifty decimal digits.

Frozen orange juice cans, 30 samples of 50: D. C. Montgomery, Introduction to Statistical Quality
Control, table 7.1 (p̄ 0.2313; p-chart limits 0.0524 and 0.4102 are Laney's with σz = 1).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.control_charts import ewma, laney_p_prime
from queries.errors import InvalidInputError

CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
CANS += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
FIFTY = [50] * 30
FAILED = [118, 131, 160, 90, 240, 75, 142, 110]
LOADED = [100_000, 120_000, 90_000, 80_000, 150_000, 60_000, 110_000, 95_000]

batches = st.lists(
    st.integers(1, 1_000_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=40,
)


def test_laney_on_equal_sizes() -> None:
    chart = laney_p_prime(CANS, FIFTY)
    assert chart.centre == pytest.approx(0.23133333333333334, rel=1e-12)
    assert chart.sigma_z == pytest.approx(1.6608667197432382, rel=1e-12)
    assert chart.points[0].low == 0
    assert chart.points[0].high == pytest.approx(0.52847199804353143, rel=1e-12)
    assert chart.signals == ()


def test_a_single_batch_has_the_limits_of_a_p_chart() -> None:
    chart = laney_p_prime([347], [1500])
    p_chart = 3 * math.sqrt(0.23133333 * 0.76866667 / 1500)
    assert chart.sigma_z == 1
    assert chart.points[0].high - chart.centre == pytest.approx(p_chart, rel=1e-6)
    assert chart.signals == ()


def test_laney_on_sizes_that_vary() -> None:
    chart = laney_p_prime(FAILED, LOADED)
    assert chart.centre == pytest.approx(0.0013242236024844721, rel=1e-12)
    assert chart.sigma_z == pytest.approx(2.7146226837814693, rel=1e-12)
    assert chart.points[5].low == pytest.approx(0.00011516312913849251, rel=1e-9)
    assert chart.points[5].high == pytest.approx(0.0025332840758304516, rel=1e-12)


def test_ewma_has_the_closed_limits_where_sizes_are_equal() -> None:
    chart = ewma([count / 50 for count in CANS], FIFTY)
    first, largest, last = chart.points[0], chart.points[22], chart.points[29]
    assert first.average == pytest.approx(0.23306666666666667, rel=1e-12)
    assert first.high == pytest.approx(0.29076106627537295, rel=1e-12)
    assert largest.average == pytest.approx(0.31618853295273390, rel=1e-12)
    assert largest.high == pytest.approx(0.33037782925981198, rel=1e-12)
    assert last.low == pytest.approx(0.13228718765724283, rel=1e-12)
    assert chart.signals == ()


def test_large_batches_do_not_alarm_because_they_are_large() -> None:
    """A p-chart would call half of these out of control: they scatter by a tenth of the rate."""
    random = np.random.default_rng(3)
    rates = 0.01 * (1 + 0.1 * random.uniform(-1, 1, 24))
    sizes = [1_000_000] * 24
    chart = laney_p_prime([round(rate * 1_000_000) for rate in rates], sizes)
    beyond_binomial = 3 * math.sqrt(chart.centre * (1 - chart.centre) / 1_000_000)
    assert sum(abs(p.rate - chart.centre) > beyond_binomial for p in chart.points) > 12
    assert chart.signals == ()


def test_a_batch_that_stands_out_is_a_signal() -> None:
    counts = [30, 28, 33, 31, 29, 300, 27, 32, 30, 31]
    chart = laney_p_prime(counts, [10_000] * 10)
    assert chart.enough
    assert chart.signals == (5,)
    assert chart.points[5].above


def test_a_slow_shift_is_seen_by_the_moving_average() -> None:
    counts = [100, 104, 97, 101, 99, 103, 96, 100, 118, 121, 117, 120, 119, 122, 118, 121]
    sizes = [10_000] * len(counts)
    rates = [count / 10_000 for count in counts]
    assert not laney_p_prime(counts, sizes).signals
    assert ewma(rates, sizes).signals


def test_among_six_batches_a_single_one_cannot_stand_out() -> None:
    chart = laney_p_prime([3, 2, 118, 4, 2, 3], [4_000] * 6)
    assert not chart.enough
    assert chart.signals == ()


def test_eight_batches_are_the_fewest_among_which_a_single_one_stands_out() -> None:
    for batches, found in ((7, ()), (8, (3,))):
        counts = [0] * batches
        counts[3] = 400
        assert laney_p_prime(counts, [4_000_000] * batches).signals == found


def test_few_failures_do_not_alarm_by_the_shape_of_the_binomial_distribution() -> None:
    """Two of 3,000 where 0.17 are expected: far outside the limits, and not that unlikely."""
    chart = laney_p_prime([0] * 11 + [2], [3_000] * 12)
    assert chart.points[11].rate > 2 * chart.points[11].high
    assert chart.signals == ()


def test_clean_batches_rarely_alarm() -> None:
    random = np.random.default_rng(20261120)
    alarms = 0
    for _ in range(400):
        sizes = random.integers(1_500, 6_000, 12)
        counts = random.binomial(sizes, 0.002)
        alarms += bool(laney_p_prime(counts.tolist(), sizes.tolist()).signals)
    assert alarms <= 0.01 * 400


@pytest.mark.parametrize("count", [0, 50])
def test_batches_without_or_with_nothing_but_failures(count: int) -> None:
    chart = laney_p_prime([count] * 9, [50] * 9)
    averages = ewma([count / 50] * 9, [50] * 9)
    assert {point.low for point in chart.points} == {chart.centre}
    assert not chart.signals
    assert not averages.signals


@given(batches)
def test_everything_is_finite_and_in_range(found: list[tuple[int, int]]) -> None:
    counts, sizes = [count for count, _ in found], [size for _, size in found]
    chart = laney_p_prime(counts, sizes)
    averages = ewma([count / size for count, size in found], sizes)
    assert math.isfinite(chart.sigma_z)
    assert chart.sigma_z >= 0
    for point in (*chart.points, *averages.points):
        assert 0 <= point.low <= chart.centre + 1e-12
        assert chart.centre - 1e-12 <= point.high <= 1


@given(batches, st.integers(2, 5))
def test_equal_rates_are_never_a_signal(found: list[tuple[int, int]], times: int) -> None:
    count, size = found[0]
    sizes = [size * (1 + place % times) for place in range(12)]
    counts = [count * (1 + place % times) for place in range(12)]
    assert laney_p_prime(counts, sizes).signals == ()
    assert ewma([count / size] * 12, sizes).signals == ()


@pytest.mark.parametrize(
    ("counts", "sizes"), [([], []), ([1], [1, 2]), ([0], [0]), ([3], [2]), ([-1], [2])]
)
def test_batches_that_make_no_rate_are_refused(counts: list[int], sizes: list[int]) -> None:
    with pytest.raises(InvalidInputError):
        laney_p_prime(counts, sizes)


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.1, 1.1])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInputError):
        ewma([0.5, rate], [10, 10])


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_widths_and_weights_are_checked(number: float) -> None:
    with pytest.raises(InvalidInputError):
        laney_p_prime([1], [2], width=number)
    with pytest.raises(InvalidInputError):
        ewma([0.5], [2], width=number)
    with pytest.raises(InvalidInputError):
        ewma([0.5], [2], weight=number)
