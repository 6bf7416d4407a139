"""What reviewed tickets say about all tickets, when review was by chance with known odds.

Three answers side by side (METHODS §3): the naive mean of what was reviewed, the Hájek mean
with inverse-propensity weights, and the doubly robust AIPW mean, which also uses what is known
of the predictions that nobody reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.statistics.arrays import Floats, Integers, floats, same_length, sums_by
from components.statistics.estimate import Estimate, weighted_estimate
from components.statistics.weighting import WEIGHT_CAP
from queries.errors import InvalidInputError

MINIMUM_EFFECTIVE_N = 1_000
# Reviews that the overall mean counts for in the mean of one cell.
_PRIOR_REVIEWS = 5.0


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """The three means, and how far the weighted ones may be trusted.

    ``reviewed`` items had a label, ``unknown`` of them no propensity: those are in ``naive``
    only. ``capped`` counts weights that were cut. ``usable`` says that the effective sample
    size reaches the minimum and that no propensity is unknown; otherwise the weighted means are
    NO DATA for a gate, though still drawn. ``differs`` says that naive and Hájek mean lie more
    than two standard errors of their difference apart: the banner.
    """

    naive: Estimate
    hajek: Estimate | None
    aipw: Estimate | None
    differs: bool
    reviewed: int
    unknown: int
    effective_n: float
    capped: int
    usable: bool

    @property
    def best(self) -> Estimate | None:
        """AIPW where there is one, else Hájek."""
        return self.aipw or self.hajek


def off_policy(
    values: ArrayLike,
    propensities: ArrayLike,
    *,
    cells: ArrayLike | None = None,
    population: Mapping[int, int] | None = None,
    cap: float = WEIGHT_CAP,
    minimum_effective_n: float = MINIMUM_EFFECTIVE_N,
) -> OffPolicy | None:
    """The mean of ``values`` over all predictions, from the reviewed ones; None without items.

    A value is anything paired: right (1) or wrong (0); candidate right minus production right
    (−1, 0, 1); a difference of squared errors or of costs. A propensity of NaN is unknown.
    Weights are ``min(1/propensity, cap)``.

    AIPW needs ``cells``, a small integer for each reviewed item (such as score bin × pair of
    decisions), and ``population``, the number of predictions, reviewed or not, in each cell. Its
    outcome model is the weighted mean of the cell, drawn towards the overall mean where reviews
    are few, and left-one-out for the reviewed item itself, so that it is exactly unbiased
    whatever the model, as long as no weight is capped.

    Sources: J. Hájek (1971); J. M. Robins, A. Rotnitzky and L. P. Zhao, JASA 89 (1994) 846–866;
    V. Chernozhukov et al., Econometrics Journal 21 (2018) C1–C68 for leaving out. Intervals
    are from influence functions: items are independent, propensities known. They speak of
    predictions like these; for exactly these, of which a part is known, they are a little wide.

    Raises:
        InvalidInputError: lengths differ, a value is not finite, a known propensity lies
            outside (0, 1], the cap is below 1, or a cell is not in the population or holds
            fewer predictions than reviews.
    """
    value = floats(values, "values")
    chance = np.asarray(propensities, dtype=np.float64)
    same_length(value, chance)
    known = known_propensity(chance, cap)
    if value.size == 0:
        return None
    y, weight = value[known], np.minimum(1 / chance[known], cap)
    naive = weighted_estimate(value, np.ones(value.size))
    hajek = weighted_estimate(y, weight) if y.size else None
    aipw = None
    if y.size and cells is not None and population is not None:
        cell = np.asarray(cells, dtype=np.int64)
        same_length(value, cell)
        aipw = _aipw(y, weight, cell[known], population)
    effective = float(weight.sum() ** 2 / (weight**2).sum()) if y.size else 0.0
    unknown = int(value.size - y.size)
    return OffPolicy(
        naive=naive,
        hajek=hajek,
        aipw=aipw,
        differs=_differs(y, weight),
        reviewed=int(value.size),
        unknown=unknown,
        effective_n=effective,
        capped=int((1 / chance[known] > cap).sum()),
        usable=unknown == 0 and effective >= minimum_effective_n,
    )


def known_propensity(chance: Floats, cap: float) -> NDArray[np.bool_]:
    """Which propensities are known.

    Raises:
        InvalidInputError: a known one lies outside (0, 1], or the cap is below 1.
    """
    if not cap >= 1:
        raise InvalidInputError("A weight cap below 1 would count a review for less than itself.")
    known = ~np.isnan(chance)
    if not ((chance[known] > 0) & (chance[known] <= 1)).all():
        raise InvalidInputError(
            "A review propensity lies outside 0 to 1. Correct it, or give it as unknown (NaN)."
        )
    return known


def _differs(y: Floats, weight: Floats) -> bool:
    """Whether the weighted and the plain mean of the same items lie two errors apart."""
    if y.size < 2:
        return False
    share, plain = weight / weight.sum(), 1 / y.size
    weighted_mean, mean = float(share @ y), float(y.mean())
    influence = share * (y - weighted_mean) - plain * (y - mean)
    error = sqrt(float(influence @ influence) * y.size / (y.size - 1))
    return abs(weighted_mean - mean) > 2 * error + 1e-12


def _aipw(y: Floats, weight: Floats, cell: Integers, population: Mapping[int, int]) -> Estimate:
    names = np.array(sorted(population), dtype=np.int64)
    size = np.array([population[int(name)] for name in names], dtype=np.float64)
    place = np.minimum(np.searchsorted(names, cell), max(names.size - 1, 0))
    reviews = np.bincount(place, minlength=names.size).astype(np.float64)
    if names.size == 0 or (names[place] != cell).any() or (reviews > size).any():
        raise InvalidInputError(
            "A cell holds more reviews than predictions. Count every prediction, reviewed or not, "
            "in the same cells as the reviews."
        )
    model = CellModel.fit(y, weight, place, names.size)
    expected = model.without_one(y, weight, place)
    reviewed = expected + weight * (y - expected)
    rest = size - reviews
    n = float(size.sum())
    value = float(rest @ model.means + reviewed.sum()) / n
    squares = float(rest @ (model.means - value) ** 2 + ((reviewed - value) ** 2).sum())
    return Estimate.of(value, squares / n / (n - 1) if n > 1 else None)


@dataclass(frozen=True, slots=True)
class CellModel:
    """Weighted sums of each cell: an outcome model that is a mean."""

    total: Floats
    weight: Floats
    reviews: int

    @classmethod
    def fit(cls, y: Floats, weight: Floats, place: Integers, cells: int) -> CellModel:
        """The sums of the items in each of ``cells`` cells."""
        total = sums_by(place, weight * y, cells)
        return cls(total, sums_by(place, weight, cells), int(y.size))

    @property
    def means(self) -> Floats:
        """The expected value in each cell."""
        whole = float(self.weight.sum())
        prior, overall = _PRIOR_REVIEWS * whole / self.reviews, float(self.total.sum()) / whole
        return np.asarray((self.total + prior * overall) / (self.weight + prior))

    def without_one(self, y: Floats, weight: Floats, place: Integers) -> Floats:
        """For each item the mean of its cell had the item not been reviewed."""
        if y.size == 1:
            return np.zeros(1)
        whole = np.maximum(self.weight.sum() - weight, weight.min())
        overall = (self.total.sum() - weight * y) / whole
        prior = _PRIOR_REVIEWS * whole / (y.size - 1)
        mine = self.total[place] - weight * y + prior * overall
        others = np.maximum(self.weight[place] - weight, 0.0)
        return np.asarray(mine / (others + prior))
