"""How far outcomes left what the same model's scores meant before (METHODS §2, §3).

Scores are compared within a model's version alone: a retrained model gives another meaning to the
same score, and that is a deployment, not a change of the world. Reviews are weighted by the
inverse of their chance, so that a new way to choose them moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from components.drift.labels import Labels
from components.statistics import isotonic

FEWEST_OF_MODEL = 100
"""Effective reviews from which it is known what a model's scores mean."""
_LEAST_CHANCE = 0.005
"""No outcome is taken to be more certain than this, however few reviews say otherwise."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Gap:
    """Outcomes less chances after, less the same before: ``value`` in shares of tickets.

    ``p`` is two-sided. ``effective_n`` is Kish's, of the reviews after.
    """

    value: float
    low: float
    high: float
    p: float
    effective_n: float


def with_meanings(found: Labels, before: Labels) -> Labels:
    """Each review with the chance of priority that its model's score had before.

    NaN where fewer than :data:`FEWEST_OF_MODEL` effective reviews tell what the scores of that
    model meant.
    """
    chance = np.full(len(found.day), np.nan)
    for version in set(before.version.tolist()):
        known = before.of_version(version)
        if effective(known) < FEWEST_OF_MODEL:
            continue
        fitted = isotonic.calibrate(known.score, known.needed, known.weight)
        if fitted is not None:
            rows = found.version == version
            chance[rows] = fitted.chance(found.score[rows])
    return replace(found, chance=chance)


def comparable(before: Labels, after: Labels, least: float) -> tuple[Labels, Labels]:
    """The reviews of models that have enough of them before: ``least``, effective."""
    known = before.take(~np.isnan(before.chance))
    enough = [v for v in set(known.version.tolist()) if effective(known.of_version(v)) >= least]
    sides = (known, after.take(~np.isnan(after.chance)))
    first, second = (side.take(np.isin(side.version, enough)) for side in sides)
    return first.take(np.isin(first.version, list(set(second.version.tolist())))), second


def gap(before: Labels, after: Labels) -> Gap | None:
    """Mean of outcome less chance after, less that before in the same models as often as after.

    Both are Hájek means. Each variance is the larger of the observed one and the one of outcomes
    with these chances: where priority is rare, a few reviews without any show no
    spread at all (Wilson's argument for a score test, JASA 22 (1927) 209–212). None without
    reviews on a side. Every version after must be there before (see :func:`comparable`).
    """
    if not len(after.day) or not len(before.day):
        return None
    total = float(after.weight.sum())
    expected = after.chance.copy()
    variance = 0.0
    for version in set(after.version.tolist()):
        known, rows = before.of_version(version), after.version == version
        offset = _excess(known, known.chance)
        expected[rows] += offset
        share = float(after.weight[rows].sum()) / total
        variance += share**2 * _variance(known, known.chance + offset)
    value = _excess(after, expected)
    error = float(np.sqrt(variance + _variance(after, expected)))
    half = _NORMAL.inv_cdf(0.975) * error
    p = 2 * _NORMAL.cdf(-abs(value) / error)
    return Gap(value, value - half, value + half, p, effective(after))


def effective(found: Labels) -> float:
    """Kish's effective number of reviews."""
    weight = found.weight
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.size else 0.0


def _excess(found: Labels, expected: NDArray[np.float64]) -> float:
    """Weighted mean of outcome less what was expected."""
    return float(found.weight @ (found.needed - expected) / found.weight.sum())


def _variance(found: Labels, expected: NDArray[np.float64]) -> float:
    """Of that mean: as observed, or as outcomes of these chances would have, if that is more."""
    weight = found.weight / found.weight.sum()
    excess = found.needed - expected
    likely = np.clip(expected, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    by_chance = float(weight**2 @ (likely * (1 - likely)))
    n = len(weight)
    observed = float(weight**2 @ (excess - weight @ excess) ** 2) * n / max(1, n - 1)
    return max(by_chance, observed)
