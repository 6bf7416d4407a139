"""Rates of each group under one model, and the gap between the best and the worst off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Z95, Flags, Floats, flags, positive_weights, same_length
from components.statistics.estimate import Estimate, weighted_estimate
from components.statistics.intervals import wilson
from queries.errors import InvalidInputError

MINIMUM_ITEMS = 100


class Rate(StrEnum):
    """What is compared between groups."""

    TRUE_POSITIVE = "true positive rate"
    FALSE_POSITIVE = "false positive rate"
    SELECTION = "selection rate"


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One rate in one group, from ``n`` items; ``estimate`` is None under the minimum."""

    group: str
    rate: Rate
    n: int
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Gap:
    """The distance between the highest and the lowest group's rate.

    Interval and error are of the difference between these two groups; as they were picked by
    their rates, the gap is on average somewhat too large. ``ratio`` is lowest over highest.
    ``unjudged`` groups were too small: a gate on the gap has NO DATA for them, by name. All None
    with fewer than two groups.
    """

    rate: Rate
    highest: str | None
    lowest: str | None
    difference: Estimate | None
    ratio: float | None
    unjudged: tuple[str, ...]


def error_rates(
    labels: ArrayLike,
    decisions: ArrayLike,
    group: ArrayLike,
    names: Sequence[str],
    *,
    weights: ArrayLike | None = None,
    minimum_items: int = MINIMUM_ITEMS,
) -> tuple[GroupRate, ...]:
    """True and false positive rate of every group from reviewed items, weighted.

    ``group`` is the position of each item's group in ``names``, which name all groups, also
    those without an item. The minimum is for the items that bear on a rate: positives for the
    true positive rate.

    Raises:
        InvalidInputError: lengths differ, something is neither 0 nor 1, a group has no name, or
            a weight is not above 0.
    """
    truth, decided = flags(labels, "labels"), flags(decisions, "decisions")
    weight = positive_weights(weights, truth.size)
    place = np.asarray(group, dtype=np.int64)
    same_length(truth, decided, weight, place)
    if ((place < 0) | (place >= len(names))).any():
        raise InvalidInputError("An item lies in a group without a name. Name every group.")
    rates = []
    for number, name in sorted(enumerate(names), key=lambda item: item[1]):
        mine = place == number
        for rate, bears in (
            (Rate.TRUE_POSITIVE, mine & truth),
            (Rate.FALSE_POSITIVE, mine & ~truth),
        ):
            estimate = _share(decided[bears], weight[bears], minimum_items)
            rates.append(GroupRate(name, rate, int(bears.sum()), estimate))
    return tuple(rates)


def selection_rates(
    selected: Mapping[str, tuple[int, int]], *, minimum_items: int = MINIMUM_ITEMS
) -> tuple[GroupRate, ...]:
    """The share decided priority of every group, from counts (selected, all) of predictions.

    It needs no label. The interval is Wilson's.

    Raises:
        InvalidInputError: more are selected than there are.
    """
    rates = []
    for group, (part, n) in sorted(selected.items()):
        estimate = None
        if n >= max(1, minimum_items):
            inside, share = wilson(part, n), part / n
            error = sqrt(share * (1 - share) / n)
            estimate = Estimate(share, error, inside.low, inside.high)
        elif not 0 <= part <= n:
            raise InvalidInputError("More predictions are selected than there are in a group.")
        rates.append(GroupRate(group, Rate.SELECTION, n, estimate))
    return tuple(rates)


def gap(rates: Sequence[GroupRate], rate: Rate) -> Gap:
    """The gap in one rate over the groups that are large enough."""
    mine = [item for item in rates if item.rate is rate]
    unjudged = tuple(item.group for item in mine if item.estimate is None)
    judged = [(item.estimate, item.group) for item in mine if item.estimate is not None]
    if len(judged) < 2:
        return Gap(rate, None, None, None, None, unjudged)
    top, highest = max(judged, key=lambda item: (item[0].value, item[1]))
    bottom, lowest = min(judged, key=lambda item: (item[0].value, item[1]))
    variance = (top.standard_error or 0.0) ** 2 + (bottom.standard_error or 0.0) ** 2
    return Gap(
        rate=rate,
        highest=highest,
        lowest=lowest,
        difference=Estimate.of(top.value - bottom.value, variance),
        ratio=bottom.value / top.value if top.value > 0 else None,
        unjudged=unjudged,
    )


def _share(decided: Flags, weight: Floats, minimum: int) -> Estimate | None:
    """A weighted share; at 0 and 1, where a normal interval has no width, Wilson's is taken."""
    if decided.size < max(2, minimum):
        return None
    made = weighted_estimate(decided.astype(np.float64), weight)
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    z2 = Z95 * Z95 / effective
    centre = (made.value + z2 / 2) / (1 + z2)
    half = Z95 * sqrt(made.value * (1 - made.value) / effective + z2 / (4 * effective)) / (1 + z2)
    if made.value in {0.0, 1.0}:
        low = 0.0 if made.value == 0 else centre - half
        high = 1.0 if made.value == 1 else centre + half
        return Estimate(made.value, half / Z95, low, high)
    low, high = made.low or 0.0, made.high or 0.0
    return Estimate(made.value, made.standard_error, max(0.0, low), min(1.0, high))
