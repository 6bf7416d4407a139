"""How much days resemble the days before: what a test that shuffles days must allow for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.drift.grid import Counts
from components.statistics.divergence import SMOOTHING

FEWEST = 21


def inflation(
    reference: Counts, current: Counts, weekdays: tuple[Sequence[int], Sequence[int]]
) -> NDArray[np.float64]:
    """By how much the variance of a window's mean exceeds that of independent days, per cell.

    ``reference`` and ``current`` are (days, cells, bins). Each day of the reference, or of the
    current window where the reference is shorter than three weeks, is projected on the direction
    of the change; its autocorrelations r add up to 1 + 2 Σ r, as far as sums of two
    neighbouring ones stay positive (the initial positive sequence), and to 1 at least. Fewer than
    three weeks give 1.

    Source: G. V. Bayley and J. M. Hammersley, JRSS Supplement 8 (1946) 184–197; where to stop, C.
    J. Geyer, Statistical Science 7 (1992) 473–483.
    """
    cells = reference.shape[1]
    known, of_known = reference, weekdays[0]
    if len(reference) < FEWEST < len(current):
        known, of_known = current, weekdays[1]
    if len(known) < FEWEST:
        return np.ones(cells)
    before, after = (c.sum(0) + SMOOTHING for c in (reference, current))
    weight = np.log(after / after.sum(-1, keepdims=True)) - np.log(
        before / before.sum(-1, keepdims=True)
    )
    n = known.sum(-1)
    series = (known * weight).sum(-1) / np.maximum(n, 1)
    mean = (series * n).sum(0) / np.maximum(n.sum(0), 1)
    series = np.where(n > 0, series, mean)
    days = np.asarray(of_known)
    for weekday in np.unique(days):
        series[days == weekday] -= series[days == weekday].mean(0)
    variance = np.maximum((series**2).sum(0), 1e-300)
    found, going = -np.ones(cells), np.ones(cells, dtype=np.bool_)
    for lag in range(0, len(series) // 2, 2):
        pair = sum(_alike(series, each) for each in (lag, lag + 1)) / variance
        going &= pair > 0
        found += 2 * np.where(going, pair, 0.0)
    return np.maximum(found, 1.0)


def _alike(series: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """Sum of products of days so many days apart, per cell."""
    return np.asarray((series[lag:] * series[: len(series) - lag]).sum(0))
