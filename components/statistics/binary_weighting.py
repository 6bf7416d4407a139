"""A share as counted beside the same share weighted to all tickets (METHODS §3)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from components.statistics.intervals import Interval, wilson
from components.statistics.weighting import WeightedMean, WeightedSums, weighted_sums_mean

APART = 2.0
"""Standard errors of their difference from which the two are said to differ."""


@dataclass(frozen=True, slots=True)
class BinarySums:
    """Counts and sums of capped weights of items with (or without) a property.

    ``n`` counts every item, ``known`` those with a weight; ``w`` and ``ww`` are Σw and Σw².
    """

    n: int = 0
    known: int = 0
    w: float = 0.0
    ww: float = 0.0
    capped: int = 0

    def __add__(self, other: BinarySums) -> BinarySums:
        return BinarySums(
            self.n + other.n,
            self.known + other.known,
            self.w + other.w,
            self.ww + other.ww,
            self.capped + other.capped,
        )


@dataclass(frozen=True, slots=True)
class TwoShares:
    """``part`` of ``whole`` with Wilson's interval, and the Hájek mean over all tickets.

    ``unknown`` items have no weight and are in the naive share only. ``differs`` says that the
    two lie more than two standard errors of their difference apart.
    """

    part: int
    whole: int
    naive: float | None
    interval: Interval | None
    weighted: WeightedMean | None
    unknown: int
    differs: bool

    @property
    def effective_n(self) -> float:
        """How many independent reviews the weighted share is worth."""
        return 0.0 if self.weighted is None else self.weighted.effective_n


def two_shares(having: BinarySums, lacking: BinarySums) -> TwoShares:
    """The share of items that have a property, naive and weighted, from sums."""
    both = having + lacking
    weighted = weighted_sums_mean(
        WeightedSums(both.known, both.w, having.w, both.ww, having.ww, having.ww, both.capped),
        within=(0.0, 1.0),
    )
    return TwoShares(
        part=having.n,
        whole=both.n,
        naive=having.n / both.n if both.n else None,
        interval=wilson(having.n, both.n) if both.n else None,
        weighted=weighted,
        unknown=both.n - both.known,
        differs=_differs(having, lacking),
    )


def _differs(having: BinarySums, lacking: BinarySums) -> bool:
    """As :func:`components.statistics.off_policy.off_policy` judges it, from sums."""
    n, w = having.known + lacking.known, having.w + lacking.w
    if n < 2 or not w > 0:
        return False
    mean, plain = having.w / w, having.known / n
    squares = 0.0
    for part, y in ((having, 1.0), (lacking, 0.0)):
        a, b = (y - mean) / w, (y - plain) / n
        squares += a * a * part.ww - 2 * a * b * part.w + b * b * part.known
    error = sqrt(max(0.0, squares) * n / (n - 1))
    return abs(mean - plain) > APART * error + 1e-12
