"""The exact split, calibration, expected accuracy, dating a change, and the seasonal twin."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import IsotonicRegression

from components.statistics.cbpe import compare, expected_accuracy
from components.statistics.change_point import ChangePoint, NoChangePoint, change_point
from components.statistics.divergence import jensen_shannon
from components.statistics.isotonic import calibrate
from components.statistics.mixture import mixture_split
from components.statistics.seasonal_twin import seasonal_twin
from components.statistics.weighting import hajek_mean
from queries.errors import InvalidInputError

tables = arrays(np.int64, (3, 4), elements=st.integers(0, 2_000))


@given(p=tables, q=tables)
def test_the_parts_add_up_to_the_whole(p: np.ndarray, q: np.ndarray) -> None:
    split = mixture_split(p, q)
    if not (p.sum() and q.sum()):
        assert not split.defined
        assert split.total == split.mix == split.within == 0
        return
    assert split.total == pytest.approx(split.mix + split.within, abs=1e-12)
    assert split.within == pytest.approx(split.segments.sum(), abs=1e-12)
    assert split.total == pytest.approx(jensen_shannon(p.ravel(), q.ravel()).value ** 2, abs=1e-12)
    assert split.pooled <= split.total + 1e-12


def test_other_proportions_are_all_mix_and_other_values_all_within() -> None:
    inside = np.array([[0.1, 0.9], [0.7, 0.3]])
    before = inside * [[1_000], [1_000]]
    moved = mixture_split(before, inside * [[1_500], [500]])
    assert moved.within == pytest.approx(0, abs=1e-12)
    assert moved.mix == pytest.approx(moved.total)
    other = mixture_split(before, np.array([[300, 700], [700, 300]]))
    assert other.mix == pytest.approx(0, abs=1e-12)
    assert other.segments == pytest.approx([other.total, 0], abs=1e-12)


def test_opposite_moves_hide_in_the_pooled_values() -> None:
    split = mixture_split(np.array([[800, 200], [200, 800]]), np.array([[200, 800], [800, 200]]))
    assert split.pooled == pytest.approx(0, abs=1e-12)
    assert split.within > 0.2


def test_leading_axes_are_kept() -> None:
    p, q = np.random.default_rng(1).integers(0, 50, (2, 5, 3, 4))
    p[2] = 0
    many = mixture_split(p, q)
    assert many.defined.tolist() == [True, True, False, True, True]
    assert many.total[3] == pytest.approx(float(mixture_split(p[3], q[3]).total))
    assert many.total[2] == 0


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 20), st.booleans(), st.floats(0.5, 50)), min_size=1, max_size=80
    )
)
def test_calibration_is_scikit_learns_isotonic_regression(
    rows: list[tuple[int, bool, float]],
) -> None:
    scores, outcomes, weights = (np.array(each, float) for each in zip(*rows, strict=True))
    ours = calibrate(scores / 20, outcomes, weights)
    peer = IsotonicRegression(out_of_bounds="clip").fit(scores / 20, outcomes, weights)
    wanted = np.linspace(-0.1, 1.1, 57)
    assert ours is not None
    assert ours.chance(wanted) == pytest.approx(peer.predict(wanted), abs=1e-9)


def test_bins_calibrate_as_their_rows_do() -> None:
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 20, 3_000) / 20
    outcomes = (rng.random(3_000) < scores**2).astype(float)
    seen, place = np.unique(scores, return_inverse=True)
    n = np.bincount(place)
    rows, bins = calibrate(scores, outcomes), calibrate(seen, np.bincount(place, outcomes) / n, n)
    assert rows is not None
    assert bins is not None
    assert bins.chance(seen) == pytest.approx(rows.chance(seen))


def test_expected_accuracy_covers_what_calibrated_scores_realise() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        x, y = rng.random(3_000), rng.random(2_000)
        fitted = calibrate(x, rng.random(3_000) < x)
        assert fitted is not None
        found = expected_accuracy(fitted, y, y > 0.5)
        assert found is not None
        realised = np.mean((rng.random(2_000) < y) == (y > 0.5))
        inside += found.low <= realised <= found.high
    assert 0.92 <= inside / 200 <= 0.995


def test_binned_rows_give_the_same_expectation() -> None:
    x = np.random.default_rng(4).integers(0, 10, 500) / 10
    fitted = calibrate(x, x > 0.45)
    assert fitted is not None
    seen, n = np.unique(x, return_counts=True)
    rows, bins = (
        expected_accuracy(fitted, x, x > 0.5),
        expected_accuracy(fitted, seen, seen > 0.5, n),
    )
    assert rows is not None
    assert bins is not None
    assert (bins.value, bins.n) == (pytest.approx(rows.value), 500)
    assert (bins.low, bins.high) == (pytest.approx(rows.low), pytest.approx(rows.high))
    assert expected_accuracy(fitted, [], []) is None
    assert calibrate([], []) is None


def test_reviews_that_disagree_with_the_scores_are_named() -> None:
    rng = np.random.default_rng(5)
    x = rng.random(8_000)
    fitted = calibrate(x, rng.random(8_000) < x)
    assert fitted is not None
    expected = expected_accuracy(fitted, x, x > 0.5)
    truth = (rng.random(8_000) < x) == (x > 0.5)
    turned = np.where(rng.random(8_000) < 0.2, ~truth, truth)
    assert expected is not None
    for outcomes, beyond in ((truth, False), (turned, True)):
        realised = hajek_mean(list(outcomes.astype(float)), [0.1] * 8_000)
        assert realised is not None
        assert compare(expected, realised).beyond is beyond
    one = hajek_mean([1.0], [1.0])
    assert one is not None
    assert compare(expected, one).beyond is None


DAYS = [date(2026, 5, 1) + timedelta(days=place) for place in range(60)]
WEEKEND = np.array([0.3 * (day.weekday() > 4) for day in DAYS])


def test_a_planted_date_is_found() -> None:
    rng = np.random.default_rng(6)
    near = covered = 0
    for _ in range(100):
        values = rng.normal(0, 0.07, 60) + WEEKEND
        values[40:] += 0.2
        found = change_point(DAYS, list(values))
        assert isinstance(found, ChangePoint)
        assert found.p <= 0.01
        near += abs((found.since - DAYS[40]).days) <= 1
        covered += found.earliest <= DAYS[40] <= found.latest
    assert near >= 88
    assert covered >= 92


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_without_a_change_none_is_claimed_too_often(alike: float) -> None:
    rng = np.random.default_rng(7)
    claimed = 0
    for _ in range(200):
        noise = rng.normal(0, 1, 60)
        for place in range(1, 60):
            noise[place] = alike * noise[place - 1] + (1 - alike**2) ** 0.5 * noise[place]
        found = change_point(DAYS, list(0.07 * noise + WEEKEND), permutations=199)
        assert isinstance(found, ChangePoint)
        claimed += found.p <= 0.05
    assert claimed <= 20


def test_a_weekend_is_no_change_and_a_constant_has_none() -> None:
    assert isinstance(change_point(DAYS, [0.25] * 60), NoChangePoint)
    assert isinstance(change_point(DAYS, list(WEEKEND)), NoChangePoint)
    assert isinstance(change_point(DAYS[:10], [0.0] * 5 + [1.0] * 5), NoChangePoint)
    with pytest.raises(InvalidInputError, match="finite"):
        change_point(DAYS, [np.nan] * 60)


@given(start=st.dates(date(2000, 1, 1), date(2099, 1, 1)), days=st.integers(0, 363))
def test_the_twin_has_the_same_weekdays_and_week(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    twin = seasonal_twin(start, end)
    assert twin.start.weekday() == start.weekday()
    assert twin.end - twin.start == end - start
    assert twin.days_earlier in (364, 371)
    if start.isocalendar().week < 53:
        assert twin.start.isocalendar().week == start.isocalendar().week
    assert abs(timedelta(days=365.25) - (start - twin.start)) < timedelta(days=7)


def test_known_twins() -> None:
    assert seasonal_twin(date(2026, 11, 16), date(2026, 11, 22)).start == date(2025, 11, 17)
    assert seasonal_twin(date(2021, 3, 8), date(2021, 3, 14)).start == date(2020, 3, 2)
    assert seasonal_twin(date(2020, 12, 28), date(2021, 1, 3)).start == date(2019, 12, 30)
    with pytest.raises(InvalidInputError, match="overlaps"):
        seasonal_twin(date(2025, 1, 1), date(2026, 3, 1))
