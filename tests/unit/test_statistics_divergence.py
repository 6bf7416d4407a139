"""Distances between histograms: against scipy, by their own laws, and on awkward data."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon

from components.statistics import divergence as d
from components.statistics.two_sample import chi_square, chi_square_of, g_test
from components.statistics.wasserstein import wasserstein, wasserstein_of
from queries.errors import InvalidInputError

counts = arrays(np.int64, 8, elements=st.integers(0, 5_000))
pairs = st.tuples(counts, counts).filter(lambda pair: all(side.sum() > 0 for side in pair))
DISTANCES = (d.psi, d.jensen_shannon, d.kolmogorov_smirnov, d.l_infinity)


@given(pair=pairs)
def test_jensen_shannon_is_scipys_and_symmetric(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = pair
    ours = d.jensen_shannon(p, q).value
    assert ours == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)
    assert ours == pytest.approx(d.jensen_shannon(q, p).value, abs=1e-12)
    assert 0 <= ours <= 1


def test_jensen_shannon_keeps_the_digits_of_a_small_distance() -> None:
    p, q = np.array([10**9, 10**9]), np.array([10**9 + 1, 10**9 - 1])
    # To leading order δ²/8 nats for a relative move of δ = 1e-9.
    assert d.jensen_shannon(p, q).value == pytest.approx(1e-9 / np.sqrt(8 * np.log(2)), rel=1e-6)


@given(pair=pairs)
def test_psi_is_the_smoothed_formula_over_bins_in_use(pair: tuple[np.ndarray, np.ndarray]) -> None:
    used = pair[0] + pair[1] > 0
    p, q = ((side[used] + 0.5) / (side[used] + 0.5).sum() for side in pair)
    ours = d.psi(*pair).value
    assert ours == pytest.approx(((q - p) * np.log(q / p)).sum(), abs=1e-9)
    assert ours >= 0
    assert ours == pytest.approx(d.psi(*reversed(pair)).value, abs=1e-12)


@given(pair=pairs)
def test_kolmogorov_smirnov_is_that_of_rows_at_the_bins(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    rows = [np.repeat(np.arange(8), side) for side in pair]
    expected = stats.ks_2samp(*rows, method="asymp").statistic
    assert d.kolmogorov_smirnov(*pair).value == pytest.approx(expected, abs=1e-9)


@given(pair=pairs)
def test_chi_square_and_g_are_scipys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    table = np.array(pair)[:, pair[0] + pair[1] > 0]
    for ours, option in ((chi_square, "pearson"), (g_test, "log-likelihood")):
        found = ours(*pair)
        expected = stats.chi2_contingency(table, correction=False, lambda_=option)
        assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-8)
        assert found.degrees == expected.dof
        assert found.p_if_rows_independent == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    effect = stats.contingency.association(table) if table.shape[1] > 1 else 0.0
    assert chi_square(*pair).effect == pytest.approx(effect, abs=1e-9)


@given(pair=pairs, sd=st.floats(0.1, 10))
def test_wasserstein_is_the_area_between_the_curves(
    pair: tuple[np.ndarray, np.ndarray], sd: float
) -> None:
    # Nothing in the outermost bins: between the others both curves are straight.
    before, after = (np.pad(side[2:-2], (3, 3)) for side in pair)
    if not (before.sum() and after.sum()):
        return
    edges = np.array([-1.0, -0.5, 0.0, 1.5, 4.0, 4.0, 7.0, 8.0, 9.0])
    ours = wasserstein(before, after, tuple(edges), sd).value
    gap = np.cumsum(after)[:-1] / after.sum() - np.cumsum(before)[:-1] / before.sum()
    x = np.unique(edges)
    y = gap[[0, 1, 2, 3, 5, 6, 7, 8]]
    found = 0.0
    for k, (low, high) in enumerate(pairwise(x)):
        ends = (gap[5] if low == 4 else y[k], gap[4] if high == 4 else y[k + 1])
        line = partial(np.interp, xp=(low, high), fp=ends)
        points = _zero(low, high, *ends)
        found += integrate.quad(lambda at, line=line: abs(line(at)), low, high, points=points)[0]
    assert ours == pytest.approx(found / sd, rel=1e-8, abs=1e-8)


def _zero(low: float, high: float, a: float, b: float) -> list[float] | None:
    return [low + (high - low) * a / (a - b)] if a * b < 0 else None


@pytest.mark.parametrize(
    ("draw", "shift", "tolerance"),
    [("normal", 0.3, 0.1), ("gamma", 0.3, 0.1), ("lognormal", 0.5, 0.2)],
)
def test_wasserstein_comes_close_to_that_of_the_rows(
    draw: str, shift: float, tolerance: float
) -> None:
    rng = np.random.default_rng(1)
    shape = {"normal": (0, 1), "gamma": (2, 1), "lognormal": (0, 1)}[draw]
    x, y = getattr(rng, draw)(*shape, 40_000), getattr(rng, draw)(*shape, 9_000) + shift
    edges = np.quantile(x, np.linspace(0, 1, 21))
    bins = [-np.inf, *edges, np.inf]
    before, after = (np.histogram(side, bins)[0] for side in (x, y))
    found = wasserstein(before, after, tuple(edges), x.std())
    true = stats.wasserstein_distance(x, y) / x.std()
    assert found.outside < 0.001
    assert abs(found.value - true) < found.error + 0.01
    assert found.value == pytest.approx(true, rel=tolerance)


rows = st.lists(st.floats(0, 9.99), min_size=1, max_size=40)


@given(x=rows, y=rows)
def test_wasserstein_is_off_by_no_more_than_its_error(x: list[float], y: list[float]) -> None:
    edges = (0.0, 0.5, 2.0, 2.2, 6.0, 10.0)
    before, after = (np.histogram(side, [-np.inf, *edges, np.inf])[0] for side in (x, y))
    found = wasserstein(before, after, edges, 1.0)
    assert abs(found.value - stats.wasserstein_distance(x, y)) <= found.error + 1e-9


def test_an_empty_side_has_no_distance() -> None:
    nothing, something = np.zeros(4, np.int64), np.array([1, 2, 3, 4])
    for distance in DISTANCES:
        assert distance(nothing, something).value is None
        assert distance(something, nothing).value is None
    assert chi_square(nothing, something).statistic is None
    assert wasserstein(nothing, something, (0, 1, 2), 1.0).value is None


def test_arrays_give_what_single_pairs_give() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.integers(0, 50, (2, 3, 6, 9))
    p[1, 2] = 0
    for one, many in (
        (d.psi, d.psi_of),
        (d.jensen_shannon, d.jensen_shannon_of),
        (d.kolmogorov_smirnov, d.kolmogorov_smirnov_of),
        (d.l_infinity, d.l_infinity_of),
    ):
        found = many(p, q)
        assert np.isfinite(found.values).all()
        assert found.defined.sum() == 17
        assert found.values[0, 3] == pytest.approx(one(p[0, 3], q[0, 3]).value)
    tests = chi_square_of(p, q)
    assert tests.statistics[2, 5] == pytest.approx(chi_square(p[2, 5], q[2, 5]).statistic)
    assert tests.p_if_rows_independent[1, 2] == 1
    areas = wasserstein_of(p, q, tuple(range(8)), 2.0)
    assert areas.values[2, 5] == pytest.approx(wasserstein(p[2, 5], q[2, 5], range(8), 2.0).value)


def test_one_outlier_hardly_changes_psi() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(0, 1, 20_000), rng.normal(0.5, 1, 5_000)
    edges = np.quantile(x, np.linspace(0, 1, 11))
    bins = [-np.inf, *edges, np.inf]
    reference = np.histogram(x, bins)[0]
    plain, odd = (np.histogram(side, bins)[0] for side in (y, np.append(y, 1e9)))
    before, after = d.psi(reference, plain).value, d.psi(reference, odd).value
    assert before > 0.2
    assert abs(after / before - 1) < 0.01


def test_sixty_per_cent_missing_stand_out_in_every_distance() -> None:
    reference = np.array([0, 0, 0, *[1_000] * 10, 0])
    current = np.array([6_000, 0, 0, *[400] * 10, 0])
    assert d.psi(reference, current).value > 5
    assert d.jensen_shannon(reference, current).value > 0.5
    for distance in (d.kolmogorov_smirnov, d.l_infinity):
        assert distance(reference, current).value == pytest.approx(0.6)


def test_a_column_that_is_missing_on_both_sides_has_not_moved() -> None:
    reference, current = np.array([90_000, 0, 0, 0]), np.array([7_000, 0, 0, 0])
    for distance in DISTANCES:
        assert distance(reference, current).value == pytest.approx(0, abs=1e-12)
    found = chi_square(reference, current)
    assert (found.statistic, found.p_if_rows_independent) == (pytest.approx(0), 1)


@pytest.mark.parametrize(
    ("reference", "current"),
    [([1, 2], [1, 2, 3]), ([1, -1], [1, 2]), ([1, np.nan], [1, 2]), ([1, np.inf], [1, 2])],
)
def test_counts_that_are_none_are_refused(reference: list[float], current: list[float]) -> None:
    with pytest.raises(InvalidInputError):
        d.psi(np.array(reference), np.array(current))


def test_a_constant_reference_has_no_unit_for_wasserstein() -> None:
    with pytest.raises(InvalidInputError, match="constant reference"):
        wasserstein(np.array([0, 5, 0]), np.array([0, 5, 0]), (1.0, 2.0), 0.0)
