"""A mean over all tickets from the few that were reviewed (METHODS §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from queries.errors import InvalidInputError

WEIGHT_CAP = 100.0
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """A Hájek mean, its linearised standard error and 95% interval.

    ``effective_n`` is Kish's effective sample size; ``capped`` counts weights that were cut.
    ``standard_error`` is None for a single item, which shows no spread.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    n: int
    effective_n: float
    capped: int


def hajek_mean(
    values: Sequence[float],
    propensities: Sequence[float],
    *,
    cap: float = WEIGHT_CAP,
    within: tuple[float, float] | None = None,
) -> WeightedMean | None:
    """Inverse-propensity mean with weights ``min(1/propensity, cap)``; None without items.

    The interval is the normal one, clipped to ``within`` (such as 0 to 1 for a share). It
    treats items as independent and the propensities as known.

    Sources: J. Hájek (1971), ratio estimator Σwy/Σw; its linearised variance
    Σw²(y − mean)²/(Σw)² · n/(n − 1) as in Särndal, Swensson and Wretman, Model Assisted
    Survey Sampling (1992) §5; L. Kish (1965), (Σw)²/Σw².

    Raises:
        InvalidInputError: lengths differ, a value is not finite, a propensity lies outside
            (0, 1], or the cap is below 1.
    """
    y = np.asarray(values, dtype=np.float64)
    chance = np.asarray(propensities, dtype=np.float64)
    _check(y, chance, cap)
    if y.size == 0:
        return None
    inverse = 1.0 / chance
    weight = np.minimum(inverse, cap)
    centre = float(y.mean())  # sums of centred values lose no digits
    sums = WeightedSums.of(y - centre, weight, capped=int((inverse > cap).sum()))
    return weighted_sums_mean(sums, centre=centre, within=within)


@dataclass(frozen=True, slots=True)
class WeightedSums:
    """The sums behind a Hájek mean: a database can add them up, group by group.

    ``w``, ``wy`` are Σw and Σwy; ``w2``, ``w2y``, ``w2y2`` are Σw², Σw²y and Σw²y².
    """

    n: int
    w: float
    wy: float
    w2: float
    w2y: float
    w2y2: float
    capped: int = 0

    @classmethod
    def of(
        cls, y: np.ndarray[tuple[int], np.dtype[np.float64]], w: np.ndarray, *, capped: int = 0
    ) -> WeightedSums:
        """The sums of values ``y`` and weights ``w``."""
        square = w * w
        return cls(
            n=int(y.size),
            w=float(w.sum()),
            wy=float((w * y).sum()),
            w2=float(square.sum()),
            w2y=float((square * y).sum()),
            w2y2=float((square * y * y).sum()),
            capped=capped,
        )


def weighted_sums_mean(
    sums: WeightedSums, *, centre: float = 0.0, within: tuple[float, float] | None = None
) -> WeightedMean | None:
    """The Hájek mean from its sums; see :func:`hajek_mean`. None without items or weight.

    ``centre`` was subtracted from each value before adding up; values of 0 to 1 need none.
    """
    if sums.n == 0 or not sums.w > 0:
        return None
    mean = sums.wy / sums.w
    spread = max(0.0, sums.w2y2 - 2 * mean * sums.w2y + mean * mean * sums.w2)
    error = low = high = None
    if sums.n > 1:
        error = (spread * sums.n / (sums.n - 1)) ** 0.5 / sums.w
        low, high = centre + mean - _Z95 * error, centre + mean + _Z95 * error
        if within is not None:
            low, high = max(low, within[0]), min(high, within[1])
    value = centre + mean
    if within is not None:
        value = min(max(value, within[0]), within[1])
    return WeightedMean(
        value=value,
        standard_error=error,
        low=low,
        high=high,
        n=sums.n,
        effective_n=sums.w * sums.w / sums.w2,
        capped=sums.capped,
    )


def _check(y: np.ndarray, chance: np.ndarray, cap: float) -> None:
    if y.shape != chance.shape or y.ndim != 1:
        raise InvalidInputError(
            f"{y.size} values and {chance.size} propensities do not belong together. "
            "Give one propensity for each value."
        )
    if not np.isfinite(y).all():
        raise InvalidInputError("A value is not finite. Leave such items out, and count them.")
    if not ((chance > 0) & (chance <= 1)).all():
        raise InvalidInputError(
            "A review propensity lies outside 0 to 1, or is unknown. Such items cannot be "
            "weighted: leave them out, and count them."
        )
    if not cap >= 1:
        raise InvalidInputError("A weight cap below 1 would count a review for less than itself.")
