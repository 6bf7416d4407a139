"""Bounds for a sample drawn without replacement from a population of known size."""

from __future__ import annotations

from collections.abc import Callable

from components.statistics.intervals import Interval, clopper_pearson
from queries.errors import InvalidInputError

EXACT_UP_TO = 1_000_000
"""Larger populations are taken as endless: the bound is then wider, never narrower."""


def sampled_share(successes: int, n: int, population: int, *, confidence: float = 0.95) -> Interval:
    """The exact two-sided interval for the share in a population of which ``n`` were drawn.

    All numbers of successes in the population are kept that the hypergeometric distribution
    does not make rarer than half of 1 − ``confidence`` on either side. A population drawn
    completely has no sampling error; one above :data:`EXACT_UP_TO` gets Clopper and Pearson's
    binomial interval.

    Source: W. G. Cochran, Sampling Techniques, 3rd edition (1977) §3.6.

    Raises:
        InvalidInputError: the counts contradict each other, n is 0, or the confidence is not
            between 0 and 1.
    """
    if not 0 <= successes <= n <= population or n < 1:
        raise InvalidInputError(
            f"{successes} of {n} drawn from {population} is not a sample. At least one item is "
            "drawn, and no more than there are."
        )
    if population > EXACT_UP_TO:
        return clopper_pearson(successes, n, confidence=confidence)
    if not 0 < confidence < 1:
        raise InvalidInputError("A confidence level lies between 0 and 1, such as 0.95.")
    tail = (1 - confidence) / 2
    from scipy.stats import hypergeom  # slow to import, and few pages need it

    # In a population with k successes: fewest k for which so many drawn are credible, and most.
    low = _first(
        lambda k: float(hypergeom.sf(successes - 1, population, k, n)) > tail,
        successes,
        population - (n - successes),
    )
    beyond = _first(
        lambda k: float(hypergeom.cdf(successes, population, k, n)) <= tail,
        successes,
        population - (n - successes) + 1,
    )
    return Interval(low / population, (beyond - 1) / population)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number from ``low`` for which it holds, ``high`` if for none below it."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
