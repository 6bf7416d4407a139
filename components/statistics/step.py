"""Did a daily series change at once? Growth and season are smooth, and a step is not.

Weekday levels, a line on either side of a day and the step between the lines are fitted by least
squares. Days that resemble the
day before count for less: with lag-1 correlation r of the residuals the variance of the step is
(1 + r)/(1 − r) times that of independent days.

Source: J. Hahn, P. Todd and W. van der Klaauw, Econometrica 69 (2001) 201–209, for the step
between two local lines; G. V. Bayley and J. M. Hammersley, JRSS Supplement 8 (1946) 184–197, for
the effective number of days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """``size`` in the units of the series, and its two-sided p had the day been named before.

    ``share`` is the part of the change between the means before and after that the step is, 0–1;
    the lines explain the rest.
    """

    size: float
    p: float
    share: float


def step_between_lines(values: Sequence[float], first: int, strata: Sequence[int]) -> Step | None:
    """The step at place ``first``; None where days are too few to tell it from the lines."""
    y = np.asarray(values, dtype=np.float64)
    labels = np.asarray(strata)
    at = np.arange(y.size)
    levels = [(labels == each).astype(np.float64) for each in np.unique(labels)]
    bend = np.maximum(at - (first - 0.5), 0)
    columns = np.column_stack([*levels, at - at.mean(), bend, at >= first]).astype(np.float64)
    degrees = y.size - columns.shape[1]
    if degrees < 1 or not 0 < first < y.size or np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None
    inverse = np.linalg.inv(columns.T @ columns)
    fitted = inverse @ columns.T @ y
    rest = y - columns @ fitted
    size = float(fitted[-1])
    around = float((rest**2).sum())
    alike = float((rest[1:] * rest[:-1]).sum()) / around if around > 0 else 0.0
    alike = min(max(alike, 0.0), 0.95)
    thinned = (1 - alike) / (1 + alike)
    error = sqrt(around / degrees * float(inverse[-1, -1]) / thinned)
    ratio = size / error if error > 0 else (inf if size else 0.0)
    change = float(y[first:].mean() - y[:first].mean())
    return Step(
        size=size,
        p=_two_sided(ratio, max(1.0, degrees * thinned)),
        share=float(np.clip(size / change, 0.0, 1.0)) if change else 0.0,
    )


def _two_sided(ratio: float, degrees: float) -> float:
    """p of Student's t."""
    from scipy.special import stdtr  # slow to import, and one view needs it

    found: Any = 2 * stdtr(degrees, -abs(ratio))
    return float(found)
