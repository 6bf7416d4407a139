"""Brier score and calibration: scikit-learn's answers, and models known to be right or wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from components.statistics.brier import paired_brier, squared_error_difference
from components.statistics.calibration import Calibration, calibration, reliability
from queries.errors import InvalidInputError

rows = st.lists(
    st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 50)),
    min_size=2,
    max_size=50,
)


def sample(n: int = 4_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, the right risks, and weights."""
    rng = np.random.default_rng(seed)
    risk = expit(rng.normal(-0.5, 1.2, n))
    return (rng.random(n) < risk).astype(float), risk, rng.uniform(1, 40, n)


def fitted(labels: np.ndarray, risk: np.ndarray, weights: np.ndarray | None = None) -> Calibration:
    made = calibration(labels, risk, weights=weights)
    assert made is not None
    return made


@given(found=rows)
def test_brier_equals_scikit_learns(found: list[tuple[bool, float, float, float]]) -> None:
    label, one, other, weight = map(np.array, zip(*found, strict=True))
    made = paired_brier(label, one, other, weights=weight)
    assert made is not None
    theirs = [brier_score_loss(label, x, sample_weight=weight, labels=[0, 1]) for x in (one, other)]
    assert made.candidate.value == pytest.approx(theirs[0], abs=1e-12)
    assert made.production.value == pytest.approx(theirs[1], abs=1e-12)
    assert made.difference.value == pytest.approx(theirs[0] - theirs[1], abs=1e-12)
    paired = squared_error_difference(label, one, other)
    assert np.average(paired, weights=weight) == pytest.approx(made.difference.value, abs=1e-12)
    assert made.difference.low is not None
    assert made.difference.high is not None
    assert made.difference.low <= made.difference.value <= made.difference.high


def test_a_score_outside_its_range_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="outside 0 to 1"):
        paired_brier([0, 1], [0.2, 1.2], [0.2, 0.3])


def test_coefficients_equal_scikit_learns() -> None:
    label, risk, weight = sample()
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1_000, solver="newton-cholesky")
    model.fit(logit(risk)[:, np.newaxis], label, sample_weight=weight)
    made = fitted(label, risk, weight)
    assert made.slope.value == pytest.approx(model.coef_[0, 0], abs=1e-6)
    assert made.intercept.value == pytest.approx(model.intercept_[0], abs=1e-6)
    assert made.observed_over_expected.value == pytest.approx(
        np.average(label, weights=weight) / np.average(risk, weights=weight)
    )


def test_right_and_wrong_models_are_told_apart() -> None:
    label, risk, _ = sample(40_000)
    right = fitted(label, risk)
    extreme = fitted(label, expit(2 * logit(risk)))
    low = fitted(label, expit(logit(risk) - 1))
    for estimate, truth in ((right.slope, 1), (right.in_the_large, 0), (extreme.slope, 0.5)):
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= truth <= estimate.high
    assert low.in_the_large.value == pytest.approx(1, abs=0.05)
    assert low.observed_over_expected.low is not None
    assert low.observed_over_expected.low > 1


def test_standard_errors_are_the_spread_of_repetitions() -> None:
    made = [fitted(*sample(1_000, seed)[:2]) for seed in range(200)]
    spread = np.std([one.slope.value for one in made])
    told = np.mean([one.slope.standard_error or 0 for one in made])
    assert told == pytest.approx(spread, rel=0.15)


def test_what_cannot_be_fitted_is_none() -> None:
    assert calibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]) is None  # separated
    assert calibration([0, 1, 0, 1], [0.5] * 4) is None  # one score
    assert calibration([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]) is None  # one class
    made = calibration([0, 0, 1, 1, 0, 1], [0, 0.2, 0.1, 1, 0.7, 0.6])
    assert made is not None
    assert made.clipped == 2


@given(found=rows)
def test_reliability_bins_hold_every_item_once(
    found: list[tuple[bool, float, float, float]],
) -> None:
    label, score, _, weight = map(np.array, zip(*found, strict=True))
    made = reliability(label, score, weights=weight, bins=5)
    assert sum(one.n for one in made) == len(found)
    assert all(one.interval.low <= one.observed + 1e-12 for one in made)
    assert all(one.observed - 1e-12 <= one.interval.high for one in made)
    means = [one.mean_score for one in made]
    assert means == sorted(means)
