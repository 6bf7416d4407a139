"""How much days resemble the days before: what a test that shuffles days must allow for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.drift.grid import Counts
from components.statistics.divergence import SMOOTHING

LAGS = 6
"""A week of history inside a feature, such as “the last seven days”, reaches back six days."""
FEWEST = 21


def inflation(reference: Counts, current: Counts, weekdays: Sequence[int]) -> NDArray[np.float64]:
    """By how much the variance of a window's mean exceeds that of independent days, per cell.

    ``reference`` and ``current`` are (days, cells, bins). Each reference day is projected on the
    direction of the change; its autocorrelations r up to six days give 1 + 2 Σ (1 − k/7) r, with
    negative ones taken as 0. Fewer than three weeks give 1.

    Source: G. V. Bayley and J. M. Hammersley, JRSS Supplement 8 (1946) 184–197; weights after
    M. S. Bartlett, Biometrika 37 (1950) 1–16.
    """
    cells = reference.shape[1]
    if len(reference) < FEWEST:
        return np.ones(cells)
    before, after = (c.sum(0) + SMOOTHING for c in (reference, current))
    weight = np.log(after / after.sum(-1, keepdims=True)) - np.log(
        before / before.sum(-1, keepdims=True)
    )
    n = reference.sum(-1)
    series = (reference * weight).sum(-1) / np.maximum(n, 1)
    mean = (series * n).sum(0) / np.maximum(n.sum(0), 1)
    series = np.where(n > 0, series, mean)
    days = np.asarray(weekdays)
    for weekday in np.unique(days):
        series[days == weekday] -= series[days == weekday].mean(0)
    variance = np.maximum((series**2).sum(0), 1e-300)
    found = np.ones(cells)
    for lag in range(1, LAGS + 1):
        alike = (series[lag:] * series[:-lag]).sum(0) / variance
        found += 2 * (1 - lag / (LAGS + 1)) * np.maximum(alike, 0.0)
    return found
