"""One unbiased score for each prediction, added up by day: what a confidence sequence reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Floats, Integers, floats, same_length, sums_by
from components.statistics.off_policy import known_propensity
from components.statistics.sequential import DayScores
from components.statistics.weighting import WEIGHT_CAP
from queries.errors import InvalidInputError

# Reviews that "no difference" counts for in the mean of one cell.
_PRIOR_REVIEWS = 20.0


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The reviewed predictions: day and cell by position, value and review propensity."""

    day: Integers
    cell: Integers
    value: Floats
    propensity: Floats

    @classmethod
    def of(
        cls, day: ArrayLike, cell: ArrayLike, value: ArrayLike, propensity: ArrayLike
    ) -> Reviewed:
        """Checked arrays.

        Raises:
            InvalidInputError: lengths differ, a value is not finite, or a propensity is unknown
                or outside (0, 1]: such reviews are left out, and counted, before.
        """
        made = cls(
            np.asarray(day, dtype=np.int64),
            np.asarray(cell, dtype=np.int64),
            floats(value, "values"),
            floats(propensity, "review propensities"),
        )
        same_length(made.day, made.cell, made.value, made.propensity)
        known_propensity(made.propensity, 1.0)
        return made


def daily_scores(
    population: ArrayLike, reviewed: Reviewed, *, cap: float = WEIGHT_CAP
) -> tuple[DayScores, ...]:
    """Sums of the scores of each day, in the order of days.

    ``population`` holds the predictions of each day (row) in each cell (column), reviewed or
    not; ``reviewed`` names days and cells by their position in it. A prediction's score is its
    cell's expected value, and where it was reviewed also weight × (value − expected). What is
    expected comes from earlier days only, so that scores are unbiased for the mean of
    all predictions whatever is expected, and a day once scored never changes but for late
    labels: leave out days whose labels are still coming in. Cells in which both models decide
    alike have the value 0 throughout and cost nothing.

    Source: AIPW with a predictable outcome model, as in I. Waudby-Smith, L. Wu, A. Ramdas,
    N. Karampatziakis and P. Mineiro, Anytime-valid off-policy inference for contextual bandits
    (2022), §2.

    Raises:
        InvalidInputError: the population is not a table of counts, a review is outside it, or a
            cell holds more reviews than predictions.
    """
    size = np.asarray(population, dtype=np.float64)
    if size.ndim != 2 or not (size >= 0).all():
        raise InvalidInputError("The population is a table of counts: days by cells.")
    days, cells = size.shape
    inside = (reviewed.day >= 0) & (reviewed.day < days)
    inside &= (reviewed.cell >= 0) & (reviewed.cell < cells)
    if not inside.all():
        raise InvalidInputError("A review lies outside the days or cells of the population.")
    weight = np.minimum(1 / reviewed.propensity, cap)
    spot = reviewed.day * cells + reviewed.cell
    sums = _Sums(spot, (days, cells))
    reviews = sums.of(np.ones(weight.size))
    if (reviews > size).any():
        raise InvalidInputError("A cell holds more reviews than predictions on a day.")
    expected = _expected(sums.of(weight * reviewed.value), sums.of(weight), reviews)
    mine = expected.ravel()[spot]
    score = mine + weight * (reviewed.value - mine)
    rest = size - reviews
    total = (rest * expected + sums.of(score)).sum(axis=1)
    squares = (rest * expected**2 + sums.of(score**2)).sum(axis=1)
    return tuple(
        DayScores(int(n), float(sum_), float(square))
        for n, sum_, square in zip(size.sum(axis=1), total, squares, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Adds up by day and cell."""

    spot: Integers
    shape: tuple[int, int]

    def of(self, values: Floats) -> Floats:
        days, cells = self.shape
        return sums_by(self.spot, values, days * cells).reshape(days, cells)


def _expected(total: Floats, weight: Floats, reviews: Floats) -> Floats:
    """The mean of each cell over the days before, drawn towards 0 where reviews are few."""
    seen, counted = _before(weight), _before(reviews).sum(axis=1)
    typical = np.divide(seen.sum(axis=1), counted, out=np.ones_like(counted), where=counted > 0)
    return np.asarray(_before(total) / (seen + _PRIOR_REVIEWS * typical[:, np.newaxis]))


def _before(table: Floats) -> Floats:
    """Sums over the days before each day."""
    sums = np.zeros_like(table)
    sums[1:] = np.cumsum(table, axis=0)[:-1]
    return sums
