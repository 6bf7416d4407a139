"""Is a distance more than days usually differ? A null that moves whole days (METHODS §2).

Rows of one day move together, and weekends differ from workdays. So whole days are exchanged
between the reference and the current window, each only for days of its own stratum (weekday):
the numbers of days stay, and what distances arise without any drift is seen directly. It assumes
that days of one weekday are exchangeable: a trend inside the reference widens the null.

Source: P. Good, Permutation, Parametric, and Bootstrap Tests of Hypotheses, 3rd edition (2005)
ch. 3; p-values after B. Phipson and G. K. Smyth, Statistical Applications in Genetics and
Molecular Biology 9 (2010) article 39.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from components.statistics.divergence import Counts, Flags, Floats, Kernel, checked, measure
from queries.errors import InvalidInputError

QUANTILES = (0.5, 0.95, 0.99)
"""Shares of the null below which :attr:`BlockNull.quantiles` lie."""
_CELLS_AT_ONCE = 400_000
"""Counts worked on together: enough to be fast, few enough to stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class TooFewDays:
    """Why no null can be built, as a sentence; ``distinct`` ways to choose the days exist."""

    reason: str
    distinct: int


@dataclass(frozen=True, slots=True)
class DayBlocks:
    """Ways to choose which days count as current; one may be used for any number of histograms.

    ``chosen`` has one row a way and one column a day, reference days first: 1 for current. The
    rows are drawn at random, or are all ``distinct`` ways (the observed one among them) where
    ``exact``. ``smallest_p`` is the lowest p-value that can come out.
    """

    reference_days: int
    current_days: int
    distinct: int
    exact: bool
    seed: int
    chosen: Floats

    @property
    def permutations(self) -> int:
        """How many ways are looked at."""
        return len(self.chosen)

    @property
    def smallest_p(self) -> float:
        """The lowest p-value that can come out."""
        return 1 / self.distinct if self.exact else 1 / (self.permutations + 1)


@dataclass(frozen=True, slots=True)
class BlockNull:
    """Observed distances, their p-values, and quantiles of the null (:data:`QUANTILES`, last axis).

    Where ``defined`` is False a window was empty: distance 0, p 1. A p-value is never 0.
    ``permutations`` tells how many ways each p-value rests on.
    """

    observed: Floats
    p: Floats
    quantiles: Floats
    defined: Flags
    permutations: NDArray[np.int64]
    distinct: int
    exact: bool
    smallest_p: float
    seed: int


def day_blocks(
    reference_strata: Sequence[int],
    current_strata: Sequence[int],
    *,
    permutations: int = 999,
    seed: int = 0,
) -> DayBlocks | TooFewDays:
    """Ways to exchange days within strata: every one if there are no more than ``permutations``.

    A stratum is the weekday, or any other label of days that may be exchanged.

    Raises:
        InvalidInputError: fewer than 19 permutations, which never reach p = 0.05.
    """
    if permutations < 19:
        raise InvalidInputError("At least 19 permutations are needed to reach p = 0.05.")
    before, after = Counter(reference_strata), Counter(current_strata)
    if not before or not after:
        return TooFewDays("A window has no day.", 0)
    alone = sorted(set(after) - set(before))
    distinct = prod(comb(before[each] + after[each], after[each]) for each in after)
    if alone:
        return TooFewDays(
            f"{len(alone)} of {len(after)} weekdays of the current window do not occur in the "
            "reference, so their days cannot be compared with any other.",
            distinct,
        )
    if distinct < 20:
        return TooFewDays(
            f"The days can be exchanged in {distinct} ways only, so p is never below "
            f"{1 / distinct:.2f}. Choose a longer reference.",
            distinct,
        )
    strata = np.array([*reference_strata, *current_strata])
    exact = distinct <= permutations
    chosen = _every_way(strata, after) if exact else _random_ways(strata, after, permutations, seed)
    return DayBlocks(before.total(), after.total(), distinct, exact, seed, chosen)


def block_null(
    blocks: DayBlocks,
    reference_days: Counts,
    current_days: Counts,
    statistic: Kernel,
    *,
    refined: DayBlocks | None = None,
    refine_below: float = 0.02,
    widened: Floats | None = None,
) -> BlockNull:
    """The null of a distance over counts of shape (days, …, bins).

    ``refined`` holds more ways, drawn with another seed: cells whose p is at most
    ``refine_below`` get their p from these alone, so that a family of many tests can be told
    apart at little cost. The p-value stays valid, since the second draw is independent of the
    first.

    ``widened`` multiplies each cell's null distances: where days resemble the days before, whole
    windows differ more than shuffled days show. The square is the inflation of a window's variance.

    Raises:
        InvalidInputError: days or bins do not fit, a count is negative or not finite, or
            ``refined`` is of other days or the same seed.
    """
    days, observed, defined = _prepared(blocks, reference_days, current_days, statistic)
    shape = observed.shape
    cells = days.reshape(len(days), -1, days.shape[-1])
    flat = observed.ravel()
    wider = np.ones(flat.size) if widened is None else np.asarray(widened).ravel()
    p, quantiles = _judged(blocks, cells, flat, wider, statistic)
    counts = np.full(flat.shape, blocks.permutations)
    if refined is not None:
        _check_refined(blocks, refined)
        again = np.flatnonzero((p <= refine_below) & defined.ravel())
        if again.size and not blocks.exact:
            p[again], _ = _judged(refined, cells[:, again], flat[again], wider[again], statistic)
            counts[again] = refined.permutations
    p[~defined.ravel()] = 1.0
    best = blocks if refined is None or blocks.exact else refined
    return BlockNull(
        observed=observed,
        p=p.reshape(shape),
        quantiles=quantiles.reshape(*shape, len(QUANTILES)),
        defined=defined,
        permutations=counts.reshape(shape),
        distinct=blocks.distinct,
        exact=blocks.exact,
        smallest_p=best.smallest_p,
        seed=blocks.seed,
    )


def day_block_null(
    reference_days: Counts,
    current_days: Counts,
    reference_weekdays: Sequence[int],
    current_weekdays: Sequence[int],
    statistic: Kernel,
    *,
    permutations: int = 999,
    seed: int = 0,
) -> BlockNull | TooFewDays:
    """:func:`day_blocks` and :func:`block_null` in one, for a single set of histograms."""
    blocks = day_blocks(reference_weekdays, current_weekdays, permutations=permutations, seed=seed)
    if isinstance(blocks, TooFewDays):
        return blocks
    return block_null(blocks, reference_days, current_days, statistic)


def _prepared(
    blocks: DayBlocks, reference_days: Counts, current_days: Counts, statistic: Kernel
) -> tuple[Floats, Floats, Flags]:
    before, after = checked(reference_days, current_days)
    if (
        len(before) != blocks.reference_days
        or len(after) != blocks.current_days
        or before.shape[1:] != after.shape[1:]
    ):
        raise InvalidInputError(
            f"{len(before)} and {len(after)} days do not fit blocks of {blocks.reference_days} "
            f"and {blocks.current_days}, or their histograms differ in shape."
        )
    days = np.concatenate([before, after])
    observed, defined = measure(statistic, before.sum(0), after.sum(0))
    return days, observed, defined


def _judged(
    blocks: DayBlocks, cells: Floats, observed: Floats, wider: Floats, statistic: Kernel
) -> tuple[Floats, Floats]:
    """p and null quantiles of each cell; ``cells`` is (days, cells, bins)."""
    bins = cells.shape[-1]
    at_once = max(1, _CELLS_AT_ONCE // (blocks.permutations * bins))
    p = np.empty(observed.size)
    quantiles = np.empty((observed.size, len(QUANTILES)))
    for first in range(0, observed.size, at_once):
        part = slice(first, first + at_once)
        counts = cells[:, part].reshape(len(cells), -1)
        current = (blocks.chosen @ counts).reshape(blocks.permutations, -1, bins)
        reference = cells[:, part].sum(0) - current
        null, defined = _distances(reference, current, statistic)
        null = null * wider[part]
        # Equal distances may differ in their last digits, and count as reached.
        reached = (null >= observed[part] * (1 - 1e-9) - 1e-12) | ~defined
        p[part] = _phipson_smyth(reached.sum(0), blocks)
        quantiles[part] = _quantiles(null)
    return p, quantiles


def _distances(reference: Floats, current: Floats, statistic: Kernel) -> tuple[Floats, Flags]:
    """As :func:`measure`, without checking again what was checked before days were added up."""
    defined = np.asarray((reference > 0).any(-1) & (current > 0).any(-1))
    if not defined.all():
        reference = np.where(defined[..., None], reference, 1.0)
        current = np.where(defined[..., None], current, 1.0)
    return statistic(reference, current), defined


def _quantiles(null: Floats) -> Floats:
    """:data:`QUANTILES` of each column, between neighbours in a straight line."""
    ordered = np.sort(np.ascontiguousarray(null.T), axis=1)
    places = np.array(QUANTILES) * (len(null) - 1)
    low = places.astype(np.int64)
    high = np.minimum(low + 1, len(null) - 1)
    found: Floats = ordered[:, low] + (ordered[:, high] - ordered[:, low]) * (places - low)
    return found


def _phipson_smyth(reached: NDArray[np.int64], blocks: DayBlocks) -> Floats:
    """The observed way counts as one that reaches the distance; among all ways it already does."""
    if blocks.exact:
        return np.asarray(reached / blocks.distinct, dtype=np.float64)
    return np.asarray((reached + 1) / (blocks.permutations + 1), dtype=np.float64)


def _random_ways(
    strata: NDArray[np.int64], after: Counter[int], permutations: int, seed: int
) -> Floats:
    """Independent draws, each giving a stratum's current days equal chances."""
    generator = np.random.default_rng(seed)
    chosen = np.zeros((permutations, strata.size))
    ways = np.arange(permutations)[:, None]
    for stratum in sorted(after):
        places = np.flatnonzero(strata == stratum)
        draws = generator.random((permutations, places.size)).argsort(axis=1)
        chosen[ways, places[draws[:, : after[stratum]]]] = 1.0
    return chosen


def _every_way(strata: NDArray[np.int64], after: Counter[int]) -> Floats:
    within = [
        tuple(combinations(np.flatnonzero(strata == stratum), n))
        for stratum, n in sorted(after.items())
    ]
    ways = [np.concatenate(way) for way in product(*within)]
    chosen = np.zeros((len(ways), strata.size))
    chosen[np.arange(len(ways))[:, None], np.array(ways, dtype=np.int64)] = 1.0
    return chosen


def _check_refined(blocks: DayBlocks, refined: DayBlocks) -> None:
    same_days = (blocks.reference_days, blocks.current_days, blocks.distinct) == (
        refined.reference_days,
        refined.current_days,
        refined.distinct,
    )
    if not same_days or (refined.seed == blocks.seed and not refined.exact):
        raise InvalidInputError("More ways are of the same days, and drawn with another seed.")
