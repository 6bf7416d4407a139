"""The day-block null: exact cases, uniform p-values, what it refuses."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import false_discovery_control, kstest

from components.statistics.divergence import jensen_shannon_kernel, psi_kernel
from components.statistics.multiplicity import benjamini_hochberg, holm
from components.statistics.permutation import (
    BlockNull,
    TooFewDays,
    block_null,
    day_block_null,
    day_blocks,
)
from queries.errors import InvalidInputError

WEEKS = [day % 7 for day in range(70)]


def days_of(rng: np.random.Generator, days: int, cells: int, shift: float = 0.0) -> np.ndarray:
    """Histograms of days whose levels differ by 0.08 sd and by 0.3 sd on weekends."""
    weekend = np.array([0.3 * (day % 7 >= 5) for day in range(days)])[:, None]
    level = rng.normal(0, 0.08, (days, cells)) + weekend + shift
    values = rng.normal(level[..., None], 1, (days, cells, 300))
    edges = np.linspace(-1.5, 1.5, 8)
    places = np.searchsorted(edges, values)
    return np.stack([(places == each).sum(-1) for each in range(9)], -1)


def null(found: BlockNull | TooFewDays) -> BlockNull:
    assert isinstance(found, BlockNull)
    return found


def test_every_way_is_looked_at_where_there_are_few() -> None:
    rng = np.random.default_rng(1)
    days = rng.integers(0, 40, (7, 3))
    found = null(day_block_null(days[:5], days[5:], [0] * 5, [0] * 2, psi_kernel))
    total = days.sum(0)
    all_ways = [
        psi_kernel(total - days[list(way)].sum(0), days[list(way)].sum(0))
        for way in combinations(range(7), 2)
    ]
    reached = sum(value >= found.observed - 1e-12 for value in all_ways)
    assert found.exact
    assert found.distinct == 21
    assert float(found.p) == pytest.approx(reached / 21)
    assert found.smallest_p == pytest.approx(1 / 21)


def test_p_is_uniform_when_days_are_exchangeable_and_never_0() -> None:
    rng = np.random.default_rng(2)
    days = days_of(rng, 70, 400)
    found = null(
        day_block_null(days[:63], days[63:], WEEKS[:63], WEEKS[63:], jensen_shannon_kernel)
    )
    assert found.p.min() > 0
    assert kstest(found.p, "uniform").pvalue > 0.001
    assert np.mean(found.p <= 0.05) < 0.09


def test_a_shift_of_a_fifth_of_a_standard_deviation_is_found() -> None:
    rng = np.random.default_rng(3)
    before, after = days_of(rng, 63, 40), days_of(rng, 7, 40, shift=0.25)
    found = null(day_block_null(before, after, WEEKS[:63], WEEKS[63:], jensen_shannon_kernel))
    assert np.mean(found.p <= 0.01) > 0.95


def test_weekends_are_no_drift_though_they_differ() -> None:
    rng = np.random.default_rng(4)
    days = days_of(rng, 70, 100)
    weekend = [day for day in range(70) if day % 7 >= 5]
    found = null(
        day_block_null(
            days[: weekend[-2]],
            days[weekend[-2:]],
            WEEKS[: weekend[-2]],
            [5, 6],
            jensen_shannon_kernel,
        )
    )
    assert np.mean(found.p <= 0.05) < 0.15


def test_the_same_seed_gives_the_same_p() -> None:
    days = days_of(np.random.default_rng(5), 70, 5)
    args = days[:63], days[63:], WEEKS[:63], WEEKS[63:], psi_kernel
    first, again = null(day_block_null(*args, seed=9)), null(day_block_null(*args, seed=9))
    assert (first.p == again.p).all()
    assert first.seed == 9


def test_refining_gives_more_digits_where_they_matter() -> None:
    rng = np.random.default_rng(6)
    days = np.concatenate([days_of(rng, 63, 4), days_of(rng, 7, 4)])
    days[63:, 0] = days_of(rng, 7, 1, shift=1.0)[:, 0]
    blocks = day_blocks(WEEKS[:63], WEEKS[63:], permutations=199, seed=1)
    refined = day_blocks(WEEKS[:63], WEEKS[63:], permutations=4_999, seed=2)
    assert not isinstance(blocks, TooFewDays)
    assert not isinstance(refined, TooFewDays)
    plain = block_null(blocks, days[:63], days[63:], psi_kernel)
    found = block_null(blocks, days[:63], days[63:], psi_kernel, refined=refined)
    assert plain.p[0] == pytest.approx(1 / 200)
    assert found.p[0] == pytest.approx(1 / 5_000)
    rest = plain.p > 0.02
    assert (found.p[rest] == plain.p[rest]).all()
    with pytest.raises(InvalidInputError, match="another seed"):
        block_null(blocks, days[:63], days[63:], psi_kernel, refined=blocks)


def test_too_few_days_are_said_so() -> None:
    days = np.ones((9, 4))
    lonely = day_block_null(days[:7], days[7:], [0] * 7, [5, 6], psi_kernel)
    assert isinstance(lonely, TooFewDays)
    assert "2 of 2 weekdays" in lonely.reason
    few = day_block_null(days[:7], days[7:8], list(range(7)), [3], psi_kernel)
    assert isinstance(few, TooFewDays)
    assert few.distinct == 2
    assert isinstance(day_blocks([], [1]), TooFewDays)


def test_a_segment_without_rows_has_no_distance_and_does_not_alarm() -> None:
    days = days_of(np.random.default_rng(7), 70, 2)
    days[63:, 1] = 0
    found = null(day_block_null(days[:63], days[63:], WEEKS[:63], WEEKS[63:], psi_kernel))
    assert found.defined.tolist() == [True, False]
    assert found.p[1] == 1
    assert np.isfinite(found.quantiles).all()


def test_families_are_adjusted_as_published() -> None:
    rng = np.random.default_rng(8)
    for size in (1, 2, 7, 60):
        p = rng.random((size, 2)) ** 2
        family = benjamini_hochberg(p)
        expected = false_discovery_control(p.ravel(), method="bh")
        assert family.adjusted.ravel() == pytest.approx(expected, abs=1e-12)
        assert family.size == 2 * size
    # S. Holm's procedure on four tests at 5%: 0.01 · 4, 0.013 · 3 → 0.04, 0.03 · 2, 0.04 → 0.06.
    assert holm([0.03, 0.01, 0.04, 0.013]).adjusted == pytest.approx([0.06, 0.04, 0.06, 0.04])
    assert holm([0.03, 0.01, 0.04, 0.013]).rejected.tolist() == [False, True, False, True]
    assert benjamini_hochberg([]).size == 0
    with pytest.raises(InvalidInputError, match="p-value"):
        benjamini_hochberg([0.1, np.nan])
