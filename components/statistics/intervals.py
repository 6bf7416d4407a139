"""Intervals for a share: what a count of successes says about the rate behind it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval, both ends included."""

    low: float
    high: float


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a share: close to its nominal coverage at any n and rate.

    Source: E. B. Wilson, JASA 22 (1927) 209–212.

    Raises:
        InvalidInputError: the counts contradict each other, n is 0, or the confidence is not
            between 0 and 1.
    """
    _check(successes, n, confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if successes == 0 else max(0.0, centre - half),
        1.0 if successes == n else min(1.0, centre + half),
    )


def clopper_pearson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The exact binomial interval: never below its nominal coverage, hence somewhat wide.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404–413, as quantiles of the
    beta distribution.

    Raises:
        InvalidInputError: as :func:`wilson`.
    """
    _check(successes, n, confidence)
    from scipy.special import betaincinv  # slow to import, and few pages need it

    tail, misses = (1 - confidence) / 2, n - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, misses + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, misses, 1 - tail))
    return Interval(low, high)


def zero_failures_bound(n: int, *, confidence: float = 0.95) -> float:
    """The highest failure rate that is still credible after n trials without a failure.

    Exactly ``1 - (1 - confidence) ** (1 / n)``; the rule of three, 3/n, approximates it.
    59 trials bound the rate at 5%, 299 at 1%, 2,995 at 0.1%.

    Source: J. A. Hanley and A. Lippman-Hand, JAMA 249 (1983) 1743–1745.

    Raises:
        InvalidInputError: n is 0, or the confidence is not between 0 and 1.
    """
    _check(0, n, confidence)
    return float(1 - (1 - confidence) ** (1 / n))


def _check(successes: int, n: int, confidence: float) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise InvalidInputError(
            f"{successes} of {n} is not a share. At least one item and no more successes than "
            "items are needed."
        )
    if not 0 < confidence < 1:
        raise InvalidInputError("A confidence level lies between 0 and 1, such as 0.95.")
