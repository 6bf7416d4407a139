"""A mean with its spread, as every comparison of promotion gives it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from components.statistics.arrays import Z95, Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, its standard error and its 95% interval; None for the spread of a single item."""

    value: float
    standard_error: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, value: float, variance: float | None) -> Estimate:
        """The normal interval; ``variance`` is the squared standard error."""
        if variance is None:
            return cls(value, None, None, None)
        error = sqrt(max(0.0, variance))
        return cls(value, error, value - Z95 * error, value + Z95 * error)


def weighted_estimate(values: Floats, weights: Floats) -> Estimate:
    """The Hájek mean Σwy/Σw of at least one value, with its linearised variance.

    Source: as :func:`components.statistics.weighting.hajek_mean`; weights are above 0.
    """
    share = weights / weights.sum()
    # Rounding may carry a mean of ones past 1.
    value = min(max(float(share @ values), float(values.min())), float(values.max()))
    if values.size < 2:
        return Estimate.of(value, None)
    influence = share * (values - value)
    return Estimate.of(value, float(influence @ influence) * values.size / (values.size - 1))
