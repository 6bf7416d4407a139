"""Area under the ROC curve, two models on the same items: DeLong's paired comparison.

Every item enters by itself: 87,000 labelled items take some 0.2 s, so nothing is binned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import (
    Z95,
    Flags,
    Floats,
    flags,
    floats,
    positive_weights,
    same_length,
)


@dataclass(frozen=True, slots=True)
class Auroc:
    """An area, its standard error and its 95% interval, clipped to 0 to 1."""

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedAuroc:
    """Two areas on the same items; ``difference`` is candidate minus production.

    ``z`` and the two-sided ``p`` are None where the difference has no spread, as between equal
    scores: ``low`` and ``high`` then are the difference itself.
    """

    candidate: Auroc
    production: Auroc
    difference: float
    standard_error: float
    low: float
    high: float
    z: float | None
    p: float | None
    positives: int
    negatives: int


def paired_auroc(
    labels: ArrayLike,
    candidate: ArrayLike,
    production: ArrayLike,
    *,
    weights: ArrayLike | None = None,
) -> PairedAuroc | None:
    """Both areas and their difference; None with fewer than two items of either class.

    ``labels`` are 0 and 1; scores may be on any scale, and equal scores count half. With
    ``weights`` (inverse review propensities) areas are those of all predictions, and the
    variance is the linearised one of a weighted mean; with equal weights it is DeLong's.

    Sources: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837–845;
    placements by sorting as in X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014)
    1389–1393. Items are independent; propensities are known.

    Raises:
        InvalidInputError: lengths differ, a label is neither 0 nor 1, a score or a weight is
            not finite, or a weight is not above 0.
    """
    positive = flags(labels, "labels")
    first, second = floats(candidate, "candidate scores"), floats(production, "production scores")
    weight = positive_weights(weights, positive.size)
    same_length(positive, first, second, weight)
    positives = int(positive.sum())
    negatives = positive.size - positives
    if min(positives, negatives) < 2:
        return None
    one, other = _Placements.of(positive, first, weight), _Placements.of(positive, second, weight)
    difference, error = one.area - other.area, one.minus(other).standard_error()
    z = difference / error if error > 0 else None
    return PairedAuroc(
        candidate=one.result(),
        production=other.result(),
        difference=difference,
        standard_error=error,
        low=difference - Z95 * error,
        high=difference + Z95 * error,
        z=z,
        p=None if z is None else erfc(abs(z) / sqrt(2)),
        positives=positives,
        negatives=negatives,
    )


@dataclass(frozen=True, slots=True)
class _Placements:
    """For each positive the share of negatives below it, and for each negative the share of
    positives above it; ``w1`` and ``w0`` are the weights of each class, adding up to 1."""

    above: Floats
    below: Floats
    w1: Floats
    w0: Floats

    @classmethod
    def of(cls, positive: Flags, score: Floats, weight: Floats) -> _Placements:
        x, y = score[positive], score[~positive]
        w1, w0 = weight[positive], weight[~positive]
        w1, w0 = w1 / w1.sum(), w0 / w0.sum()
        return cls(_share_below(x, y, w0), 1 - _share_below(y, x, w1), w1, w0)

    @property
    def area(self) -> float:
        return float(self.w1 @ self.above)

    def minus(self, other: _Placements) -> _Placements:
        return _Placements(self.above - other.above, self.below - other.below, self.w1, self.w0)

    def standard_error(self) -> float:
        return sqrt(_spread(self.above, self.w1) + _spread(self.below, self.w0))

    def result(self) -> Auroc:
        area, error = self.area, self.standard_error()
        return Auroc(area, error, max(0.0, area - Z95 * error), min(1.0, area + Z95 * error))


def _share_below(x: Floats, others: Floats, weight: Floats) -> Floats:
    """The weighted share of ``others`` below each x, ties counted half."""
    order = np.argsort(others, kind="stable")
    ranked = others[order]
    reached = np.concatenate(([0.0], np.cumsum(weight[order])))
    low, high = np.searchsorted(ranked, x, "left"), np.searchsorted(ranked, x, "right")
    return np.asarray((reached[low] + reached[high]) / 2, dtype=np.float64)


def _spread(values: Floats, weight: Floats) -> float:
    """The linearised variance of a weighted mean; weights add up to 1."""
    centred = values - weight @ values
    return float(np.sum((weight * centred) ** 2) * values.size / (values.size - 1))
