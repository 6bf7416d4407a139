"""One rater against all others: the same mix of cases, and how far raters differ anyway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from components.statistics.arrays import Z95
from components.statistics.multiplicity import holm

LEVEL = 0.01
"""Nobody is named on one chance in twenty."""
FEWEST_OTHERS = 4
"""Others from whom a spread between raters can be told at all."""


@dataclass(frozen=True, slots=True)
class RaterCount:
    """Cases of one rater in one stratum, and how many of them were positive."""

    rater: str
    stratum: str
    n: int
    positive: int


@dataclass(frozen=True, slots=True)
class RaterDifference:
    """One rater: observed, expected by what others do on like cases, and what that means.

    ``difference`` is (observed − expected)/n over the cases that others saw too, ``compared`` of
    ``n``, with its 95% interval. ``usual_low`` and ``usual_high`` bound where another rater like
    the others would lie in 95 of 100 cases; ``change`` is the difference less the rater's own
    before. ``p`` values are Holm's over raters, None where there is nothing to compare with.
    """

    rater: str
    n: int
    positive: int
    compared: int
    expected: float
    difference: float
    low: float
    high: float
    usual_low: float | None
    usual_high: float | None
    p_unlike: float | None
    change: float | None
    p_changed: float | None

    @property
    def unlike(self) -> bool:
        """Whether the spread of the others does not explain where this rater lies."""
        return self.p_unlike is not None and self.p_unlike <= LEVEL

    @property
    def drifted(self) -> bool:
        """Whether this rater has moved away from where the rater lay before."""
        return self.p_changed is not None and self.p_changed <= LEVEL

    @property
    def stands_out(self) -> bool:
        """Either of the two."""
        return self.unlike or self.drifted


@dataclass(frozen=True, slots=True)
class _Raw:
    rater: str
    n: int
    positive: int
    compared: int
    expected: float
    difference: float
    error: float


def rater_differences(
    now: Iterable[RaterCount], before: Iterable[RaterCount] = ()
) -> tuple[RaterDifference, ...]:
    """Each rater's adjusted difference from the others, the furthest first.

    Within a stratum the expected number is the rater's cases times the others' rate (as in
    N. Mantel and W. Haenszel, JNCI 22 (1959) 719–748). Two tests follow. Raters differ a little
    by nature: one is *unlike* where the difference leaves the prediction interval from all other
    raters' differences, with between-rater variance by DerSimonian and Laird (Controlled
    Clinical Trials 7 (1986) 177–188) and t on k − 2 degrees of freedom (J. P. T. Higgins et al.,
    JRSS A 172 (2009) 137–159). One has *drifted* where the difference has changed from the
    rater's own ``before``, by a normal test: what a rater is by nature cancels. Holm over raters.
    """
    raw = [item for item in _adjusted(list(now)) if item.compared and item.error > 0]
    past = {item.rater: item for item in _adjusted(list(before)) if item.error > 0}
    bounds = {item.rater: _against([o for o in raw if o is not item], item) for item in raw}
    unlike = _holm({name: _p(bound) for name, bound in bounds.items() if bound is not None})
    changed = _holm(
        {item.rater: _p_changed(item, past[item.rater]) for item in raw if item.rater in past}
    )
    found = [
        RaterDifference(
            rater=item.rater,
            n=item.n,
            positive=item.positive,
            compared=item.compared,
            expected=item.expected,
            difference=item.difference,
            low=item.difference - Z95 * item.error,
            high=item.difference + Z95 * item.error,
            usual_low=None if bound is None else bound[0],
            usual_high=None if bound is None else bound[1],
            p_unlike=unlike.get(item.rater),
            change=None if was is None else item.difference - was.difference,
            p_changed=changed.get(item.rater),
        )
        for item in raw
        for bound, was in [(bounds[item.rater], past.get(item.rater))]
    ]
    return tuple(sorted(found, key=lambda item: (-abs(item.difference), item.rater)))


def _holm(p_values: Mapping[str, float]) -> dict[str, float]:
    if not p_values:
        return {}
    adjusted = holm(list(p_values.values()), LEVEL).adjusted.tolist()
    return dict(zip(p_values, adjusted, strict=True))


def _p_changed(now: _Raw, before: _Raw) -> float:
    spread = sqrt(now.error**2 + before.error**2)
    return erfc(abs(now.difference - before.difference) / spread / sqrt(2))


def _adjusted(counts: Sequence[RaterCount]) -> list[_Raw]:
    total: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    mine: defaultdict[str, list[RaterCount]] = defaultdict(list)
    for row in counts:
        total[row.stratum][0] += row.n
        total[row.stratum][1] += row.positive
        mine[row.rater].append(row)
    return [_one(rater, rows, total) for rater, rows in sorted(mine.items())]


def _one(rater: str, rows: Sequence[RaterCount], total: dict[str, list[int]]) -> _Raw:
    compared, observed, expected, variance = 0, 0, 0.0, 0.0
    for row in rows:
        everyone, positive = total[row.stratum]
        others = everyone - row.n
        if others < 1:
            continue
        compared += row.n
        observed += row.positive
        expected += row.n * (positive - row.positive) / others
        rate = positive / everyone
        # Own cases against others': n(1 + n/others) times the pooled variance of a case.
        variance += row.n * (1 + row.n / others) * rate * (1 - rate)
    size = max(compared, 1)
    return _Raw(
        rater=rater,
        n=sum(row.n for row in rows),
        positive=sum(row.positive for row in rows),
        compared=compared,
        expected=expected,
        difference=(observed - expected) / size,
        error=sqrt(variance) / size,
    )


def _against(others: Sequence[_Raw], item: _Raw) -> tuple[float, float, float, int] | None:
    """The usual range, the standardised distance and its degrees of freedom."""
    from scipy.stats import t  # slow to import, and few pages need it

    if len(others) < FEWEST_OTHERS:
        return None
    value = np.array([other.difference for other in others])
    variance = np.array([other.error for other in others]) ** 2
    weight = 1 / variance
    mean = float(weight @ value / weight.sum())
    q = float(weight @ (value - mean) ** 2)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (q - (len(others) - 1)) / scale) if scale > 0 else 0.0
    weight = 1 / (variance + between)
    mean = float(weight @ value / weight.sum())
    spread = sqrt(between + 1 / float(weight.sum()) + item.error**2)
    free = len(others) - 2
    half = float(t.ppf(0.975, free)) * spread
    return mean - half, mean + half, (item.difference - mean) / spread, free


def _p(found: tuple[float, float, float, int]) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(found[2]), found[3]))
