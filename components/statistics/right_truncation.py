"""How long things take to arrive, when only what has arrived is seen.

A review that has not come yet is not in the table, so young tickets show only their fast
reviews: the plain quantile of the delays seen is too short. Counted backwards in time, what was
seen by a moment is a risk set as in survival analysis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, sqrt

from components.statistics.arrays import Z95
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Arrived:
    """Of all that arrive in the end, the share that has by ``delay``; its 95% interval."""

    delay: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Delays:
    """The distribution of delays, conditional on arriving by the longest that can be seen."""

    points: tuple[Arrived, ...]
    n: int

    def quantile(self, share: float) -> float | None:
        """The delay by which this share has arrived, between two points on a straight line."""
        before = (0.0, 0.0)
        for point in self.points:
            if point.share >= share:
                rise = point.share - before[1]
                part = 1.0 if rise <= 0 else (share - before[1]) / rise
                return before[0] + part * (point.delay - before[0])
            before = (point.delay, point.share)
        return None

    def by(self, delay: float) -> float:
        """The share that has arrived by a delay, on the safe side of the steps."""
        return max((p.share for p in self.points if p.delay <= delay), default=0.0)


def right_truncated(observed: Iterable[tuple[float, float, int]]) -> Delays | None:
    """The distribution of delays from ``(delay, longest delay that could be seen, count)``.

    Observations longer than what could be seen are left out. None without any. Each factor is
    ``1 − d/Y``, with ``d`` the arrivals at a delay and ``Y`` those not longer, among the items
    for which that delay could be seen; the interval is Greenwood's on the logarithm.

    Source: S. W. Lagakos, L. M. Barraj and V. De Gruttola, Biometrika 75 (1988) 515–523.

    Raises:
        InvalidInputError: a count is below zero.
    """
    counts: Counter[tuple[float, float]] = Counter()
    for delay, longest, count in observed:
        if count < 0:
            raise InvalidInputError("A count of arrivals is below zero. Give whole counts.")
        if count and delay <= longest:
            counts[delay, longest] += count
    if not counts:
        return None
    arrivals, ends = _by_end(counts, 0), _by_end(counts, 1)
    steps = sorted(arrivals)
    # An item is at risk at a step if it came by then, less those that could not be seen so long.
    came = dict(zip(steps, accumulate(arrivals[step] for step in steps), strict=True))
    share, variance = 1.0, 0.0
    points: list[Arrived] = []
    for step in reversed(steps):
        spread = Z95 * sqrt(variance) if share > 0 else 0.0
        points.append(
            Arrived(
                step,
                share,
                exp(log(share) - spread) if share > 0 else 0.0,
                min(1.0, exp(log(share) + spread)) if share > 0 else 0.0,
            )
        )
        arrived = arrivals[step]
        at_risk = came[step] - sum(n for longest, n in ends.items() if longest < step)
        share *= 1 - arrived / at_risk
        if at_risk > arrived:
            variance += arrived / (at_risk * (at_risk - arrived))
    return Delays(tuple(reversed(points)), sum(counts.values()))


def _by_end(counts: Counter[tuple[float, float]], place: int) -> Counter[float]:
    """Counts by the delay (0), or by the longest that could be seen (1)."""
    found: Counter[float] = Counter()
    for key, n in counts.items():
        found[key[place]] += n
    return found
