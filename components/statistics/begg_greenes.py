"""Sensitivity and specificity of a yes/no test when only some items were verified."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

from components.statistics.arrays import Z95
from components.statistics.intervals import Interval
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Verification:
    """Counts: T is the test's answer, D what verification found."""

    positive_diseased: int
    positive_healthy: int
    negative_diseased: int
    negative_healthy: int
    positive_unverified: int
    negative_unverified: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """A rate, its value on verified items only, and its interval (None at 0 and 1)."""

    value: float
    naive: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class BeggGreenes:
    """The corrected rates; each is None where nothing bears on it."""

    sensitivity: Corrected | None
    specificity: Corrected | None


def begg_greenes(counts: Verification) -> BeggGreenes | None:
    """Corrected rates; None unless some positives and some negatives were verified.

    It holds if verification depends on nothing but the test's answer. The 95% intervals are
    normal on the logit scale, by the delta method.

    Source: C. B. Begg and R. A. Greenes, Biometrics 39 (1983) 207–215.

    Raises:
        InvalidInputError: a count is below zero.
    """
    a, b = counts.positive_diseased, counts.positive_healthy
    c, d = counts.negative_diseased, counts.negative_healthy
    if min(a, b, c, d, counts.positive_unverified, counts.negative_unverified) < 0:
        raise InvalidInputError("A count of verified or unverified items is below zero.")
    if a + b == 0 or c + d == 0:
        return None
    positives = a + b + counts.positive_unverified
    negatives = c + d + counts.negative_unverified
    return BeggGreenes(
        sensitivity=_rate(_Arm(positives, a, a + b), _Arm(negatives, c, c + d)),
        specificity=_rate(_Arm(negatives, d, c + d), _Arm(positives, b, a + b)),
    )


@dataclass(frozen=True, slots=True)
class _Arm:
    """Items with one answer: all, and ``hits`` among the verified."""

    items: int
    hits: int
    verified: int

    @property
    def expected(self) -> float:
        return self.items * self.hits / self.verified

    @property
    def log_variance(self) -> float:
        """Of the share's logarithm."""
        return (self.verified - self.hits) / (self.verified * self.hits)


def _rate(right: _Arm, wrong: _Arm) -> Corrected | None:
    """Expected hits in the arm that answers rightly, as a share of all hits."""
    whole = right.expected + wrong.expected
    if whole == 0:
        return None
    value, naive = right.expected / whole, right.hits / (right.hits + wrong.hits)
    if right.hits == 0 or wrong.hits == 0:
        return Corrected(value, naive, None)
    arms = 1 / right.items + 1 / wrong.items
    half = Z95 * sqrt(arms + right.log_variance + wrong.log_variance)
    centre = log(right.expected / wrong.expected)
    return Corrected(value, naive, Interval(_logistic(centre - half), _logistic(centre + half)))


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x))
