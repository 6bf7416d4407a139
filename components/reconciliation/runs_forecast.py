"""In which run will a limit be met, if things go on as they have? Honest about not knowing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

FEWEST_RUNS = 3
FURTHEST = 20
"""How many runs ahead a forecast may reach: beyond, it says “later”."""
_CONFIDENCE = 0.95


class Outlook(StrEnum):
    """What can be said about a limit."""

    MET = "met"
    FORECAST = "forecast"
    TOO_FEW = "fewer than three runs"
    NO_TREND = "no trend that chance does not explain"
    RISING = "it is rising"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The run (its number) in which a limit will be met, and the runs it lies between.

    ``expected`` is the first run whose forecast is within the limit; ``earliest`` and ``latest``
    are the first whose lower and whose upper 95% prediction limit is. None says later than
    :data:`FURTHEST` runs ahead, or that there is no forecast.
    """

    outlook: Outlook
    expected: int | None = None
    earliest: int | None = None
    latest: int | None = None


def forecast(runs: Sequence[int], values: Sequence[float], limit: float) -> Forecast:
    """Fit log(value) = a + b · run and find where it meets the limit.

    Values and limit are above 0: a count is given half a unit up (see :mod:`.runs`). There is
    no forecast from fewer than three runs, nor where the 95% interval of b reaches 0: then the
    upper prediction limit never comes down, and no run could be named as the latest.

    Source: least squares with the prediction interval of one more observation,
    a + b·x ± t · s · √(1 + 1/n + (x − x̄)²/Sxx), as in Draper and Smith, Applied Regression
    Analysis, 3rd edition (1998) §3.1.
    """
    if not values:
        return Forecast(Outlook.TOO_FEW)
    if values[-1] <= limit:
        return Forecast(Outlook.MET, expected=runs[-1])
    if len(values) < FEWEST_RUNS:
        return Forecast(Outlook.TOO_FEW)
    line = _fit(runs, [math.log(value) for value in values])
    if line.slope - line.reach * line.slope_error > 0:
        return Forecast(Outlook.RISING)
    if line.slope + line.reach * line.slope_error >= 0:
        return Forecast(Outlook.NO_TREND)
    goal = math.log(limit)
    ahead = range(runs[-1] + 1, runs[-1] + FURTHEST + 1)
    first = [
        next((run for run in ahead if line.at(run) + side * line.half(run) <= goal), None)
        for side in (0, -1, 1)
    ]
    return Forecast(Outlook.FORECAST, *first)


@dataclass(frozen=True, slots=True)
class _Line:
    intercept: float
    slope: float
    slope_error: float
    scatter: float
    reach: float
    n: int
    centre: float
    breadth: float

    def at(self, run: int) -> float:
        return self.intercept + self.slope * run

    def half(self, run: int) -> float:
        """Half the prediction interval."""
        distance = (run - self.centre) ** 2 / self.breadth
        return self.reach * self.scatter * math.sqrt(1 + 1 / self.n + distance)


def _fit(runs: Sequence[int], logs: Sequence[float]) -> _Line:
    from scipy.stats import t  # slow to import, and few pages need it

    n, centre, mean = len(runs), fmean(runs), fmean(logs)
    breadth = sum((run - centre) ** 2 for run in runs)
    pairs = list(zip(runs, logs, strict=True))
    slope = sum((run - centre) * (value - mean) for run, value in pairs) / breadth
    intercept = mean - slope * centre
    left = sum((value - intercept - slope * run) ** 2 for run, value in pairs)
    scatter = math.sqrt(left / (n - 2))
    reach = float(t.ppf((1 + _CONFIDENCE) / 2, n - 2))
    return _Line(intercept, slope, scatter / math.sqrt(breadth), scatter, reach, n, centre, breadth)
