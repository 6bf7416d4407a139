"""Whether a score means what it says: recalibration, observed over expected, reliability.

No expected calibration error: a perfectly calibrated model shows 0.078 at n = 200 (METHODS §4).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.statistics.arrays import (
    Z95,
    Floats,
    flags,
    positive_weights,
    same_length,
    scores,
    sums_by,
)
from components.statistics.estimate import Estimate, weighted_estimate
from components.statistics.intervals import Interval
from queries.errors import InvalidInputError

_CLIP = 1e-6
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic recalibration of a score.

    ``slope`` and ``intercept`` are of logit P(y) = intercept + slope · logit(score): 1 and 0
    where the score is right; a slope below 1 means scores that are too extreme. ``in_the_large``
    is the intercept with the slope held at 1. ``observed_over_expected`` is above 1 where the
    score promises too little. ``clipped`` scores lay at 0 or 1 and were moved by 1e-6.
    """

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate
    observed_over_expected: Estimate
    n: int
    clipped: int


def calibration(
    labels: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None
) -> Calibration | None:
    """Slope, intercept and observed over expected, with 95% intervals.

    None with fewer than two items of either class, with one score only, or where labels can be
    separated by score so that no finite slope exists. Fitted by Newton's method on the weighted
    likelihood; standard errors are of the sandwich form, so weights need not be counts. The
    interval of observed over expected is normal on the log scale.

    Sources: D. R. Cox, Biometrika 45 (1958) 562–565; B. Van Calster et al., BMC Medicine 17:230
    (2019); sandwich: P. J. Huber (1967).

    Raises:
        InvalidInputError: lengths differ, a label is neither 0 nor 1, a score lies outside 0 to
            1, or a weight is not above 0.
    """
    label = flags(labels, "labels").astype(np.float64)
    risk = scores(score)
    weight = positive_weights(weights, label.size)
    same_length(label, risk, weight)
    inside = np.clip(risk, _CLIP, 1 - _CLIP)
    if min(label.sum(), (1 - label).sum()) < 2 or np.ptp(inside) == 0:
        return None
    logit = np.log(inside / (1 - inside))
    ones = np.ones_like(logit)
    both = _fit(np.column_stack((ones, logit)), np.zeros_like(logit), label, weight)
    large = _fit(ones[:, np.newaxis], logit, label, weight)
    if both is None or large is None:
        return None
    return Calibration(
        slope=both[1],
        intercept=both[0],
        in_the_large=large[0],
        observed_over_expected=_observed_over_expected(label, risk, weight),
        n=label.size,
        clipped=int((inside != risk).sum()),
    )


def _fit(
    design: NDArray[np.float64], offset: Floats, label: Floats, weight: Floats
) -> list[Estimate] | None:
    """Coefficients with sandwich errors, or None where Newton's method does not settle."""
    from scipy.special import expit  # slow to import, and few pages need it

    share = weight / weight.mean()
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = expit(offset + design @ beta)
        gradient = design.T @ (share * (label - chance))
        hessian = design.T @ (design * (share * chance * (1 - chance))[:, np.newaxis])
        if not np.isfinite(hessian).all() or np.linalg.cond(hessian) > 1e12:
            return None
        step = np.linalg.solve(hessian, gradient)
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            scored = design * (share * (label - chance))[:, np.newaxis]
            bread = np.linalg.inv(hessian)
            covariance = bread @ (scored.T @ scored) @ bread
            return [
                Estimate.of(float(b), float(v))
                for b, v in zip(beta, np.diag(covariance), strict=True)
            ]
    return None


def _observed_over_expected(label: Floats, risk: Floats, weight: Floats) -> Estimate:
    """A ratio of weighted sums, by the delta method on its logarithm."""
    share = weight / weight.sum()
    observed, expected = float(share @ label), float(share @ risk)
    influence = share * (label / observed - risk / expected)
    error = sqrt(float(influence @ influence) * label.size / (label.size - 1))
    ratio = observed / expected
    return Estimate(ratio, ratio * error, ratio * exp(-Z95 * error), ratio * exp(Z95 * error))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Items with similar scores: their mean score, and how many were positive, with Wilson's
    interval at the effective sample size."""

    mean_score: float
    observed: float
    interval: Interval
    n: int
    effective_n: float


def reliability(
    labels: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over bins of equal weight; equal scores stay together.

    Source: A. H. Murphy and R. L. Winkler, Applied Statistics 26 (1977) 41–47; Wilson's interval
    with L. Kish's effective sample size.

    Raises:
        InvalidInputError: as :func:`calibration`, or fewer than two bins are wanted.
    """
    label = flags(labels, "labels").astype(np.float64)
    risk = scores(score)
    weight = positive_weights(weights, label.size)
    if bins < 2:
        raise InvalidInputError("A reliability curve has two bins or more.")
    if same_length(label, risk, weight) == 0:
        return ()
    values, place = np.unique(risk, return_inverse=True)
    reached = np.cumsum(sums_by(place, weight, values.size))
    middle = reached - sums_by(place, weight, values.size) / 2
    bin_of = np.minimum((middle / reached[-1] * bins).astype(np.int64), bins - 1)[place]
    return tuple(
        _reliability_bin(label[mine], risk[mine], weight[mine])
        for mine in (bin_of == number for number in range(bins))
        if mine.any()
    )


def _reliability_bin(label: Floats, risk: Floats, weight: Floats) -> ReliabilityBin:
    observed = weighted_estimate(label, weight).value
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    return ReliabilityBin(
        mean_score=weighted_estimate(risk, weight).value,
        observed=observed,
        interval=_wilson(observed, effective),
        n=label.size,
        effective_n=effective,
    )


def _wilson(share: float, n: float) -> Interval:
    """Wilson's interval where n need not be whole."""
    z2 = Z95 * Z95 / n
    centre, half = share + z2 / 2, Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n))
    return Interval(
        max(0.0, (centre - half) / (1 + z2)), min(1.0, max(share, (centre + half) / (1 + z2)))
    )
