"""What mistakes and calls cost for each prediction, candidate beside production.

Money comes in as Decimal. What mistakes cost is an estimate from reviewed tickets, so that
results are estimates too: Decimal, rounded to a millionth, with intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from components.statistics.arrays import Z95, flags, positive_weights, same_length
from queries.errors import InvalidInputError

_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Money for one missed priority ticket, one false alarm, one LLM call, one review."""

    false_negative: Decimal
    false_positive: Decimal
    llm_call: Decimal
    review: Decimal


@dataclass(frozen=True, slots=True)
class Load:
    """LLM calls and reviews for each prediction, counted (or simulated) over all of them."""

    llm_calls: float
    reviews: float


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Weighted shares of all predictions: candidate's missed and false alarms, then
    production's, with their covariance. Any costs can be put to them afterwards."""

    shares: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n: int


@dataclass(frozen=True, slots=True)
class CostDifference:
    """Money for each prediction; ``difference`` is candidate minus production.

    ``relative`` is the difference as a share of production's loss, with an interval of its own
    (delta method); None where production costs nothing.
    """

    candidate: Decimal
    production: Decimal
    difference: Decimal
    low: Decimal
    high: Decimal
    relative: float | None
    relative_low: float | None
    relative_high: float | None


class Pays(StrEnum):
    """Whether promoting pays at some costs: surely, surely not, or still open."""

    YES = "pays"
    NO = "costs more"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One point of the map: how many false alarms a missed ticket is worth, what an LLM call
    costs, and the difference there."""

    miss_ratio: Decimal
    llm_call: Decimal
    cost: CostDifference
    pays: Pays


def paired_errors(
    labels: ArrayLike,
    candidate: ArrayLike,
    production: ArrayLike,
    *,
    weights: ArrayLike | None = None,
) -> Errors | None:
    """Missed and false alarms of both models on the same items; None with fewer than two.

    Labels and decisions are 1 for priority. Shares are Hájek means, their covariance the
    linearised one.

    Raises:
        InvalidInputError: lengths differ, something is neither 0 nor 1, or a weight is not
            above 0.
    """
    truth, mine = flags(labels, "labels"), flags(candidate, "candidate decisions")
    theirs = flags(production, "production decisions")
    weight = positive_weights(weights, truth.size)
    if same_length(truth, mine, theirs, weight) < 2:
        return None
    kinds = (truth & ~mine, ~truth & mine, truth & ~theirs, ~truth & theirs)
    table = np.column_stack(kinds).astype(np.float64)
    share = weight / weight.sum()
    shares = share @ table
    influence = share[:, np.newaxis] * (table - shares)
    covariance = influence.T @ influence * truth.size / (truth.size - 1)
    return Errors(shares=shares, covariance=covariance, n=truth.size)


def cost_difference(
    errors: Errors, costs: UnitCosts, candidate: Load, production: Load
) -> CostDifference:
    """(C_FN·FN + C_FP·FP + C_LLM·calls + C_rev·reviews) / N of both, and their difference.

    Calls and reviews are counted over all predictions, and so have no sampling error.

    Raises:
        InvalidInputError: a cost is below zero or not finite.
    """
    miss, alarm, call, review = (_money(cost) for cost in _listed(costs))
    mine = call * candidate.llm_calls + review * candidate.reviews
    theirs = call * production.llm_calls + review * production.reviews
    loss = np.array([0.0, 0.0, miss, alarm])
    paired = np.array([miss, alarm, -miss, -alarm])
    base = float(loss @ errors.shares) + theirs
    value = float(paired @ errors.shares) + mine - theirs
    half = Z95 * _error(errors, paired)
    relative = spread = None
    if base > 0:
        relative = value / base
        spread = Z95 * _error(errors, (paired - relative * loss) / base)
    return CostDifference(
        candidate=_decimal(base + value),
        production=_decimal(base),
        difference=_decimal(value),
        low=_decimal(value - half),
        high=_decimal(value + half),
        relative=relative,
        relative_low=None if relative is None or spread is None else relative - spread,
        relative_high=None if relative is None or spread is None else relative + spread,
    )


def cost_map(
    errors: Errors,
    costs: UnitCosts,
    candidate: Load,
    production: Load,
    *,
    miss_ratios: Sequence[Decimal],
    llm_calls: Sequence[Decimal],
) -> tuple[MapPoint, ...]:
    """Where promoting pays: costs of a missed ticket as multiples of a false alarm's, by the
    cost of an LLM call; the other costs are as given. Each point has a 95% interval of its own:
    the map shows sensitivity, it decides nothing.

    Raises:
        InvalidInputError: as :func:`cost_difference`.
    """
    points = []
    for ratio in miss_ratios:
        for call in llm_calls:
            here = UnitCosts(costs.false_positive * ratio, costs.false_positive, call, costs.review)
            cost = cost_difference(errors, here, candidate, production)
            points.append(MapPoint(ratio, call, cost, _pays(cost)))
    return tuple(points)


def _pays(cost: CostDifference) -> Pays:
    if cost.high < 0:
        return Pays.YES
    return Pays.NO if cost.low > 0 else Pays.OPEN


def _error(errors: Errors, direction: NDArray[np.float64]) -> float:
    return sqrt(max(0.0, float(direction @ errors.covariance @ direction)))


def _listed(costs: UnitCosts) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return costs.false_negative, costs.false_positive, costs.llm_call, costs.review


def _money(cost: Decimal) -> float:
    if not (cost.is_finite() and cost >= 0):
        raise InvalidInputError("A unit cost is below zero or not finite. Correct unit_cost.")
    return float(cost)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_PLACES)
