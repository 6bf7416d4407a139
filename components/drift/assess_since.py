"""Since when a variable differs, and whether it changed at once or little by little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from components.drift.assess_tests import SEED
from components.drift.assess_verdict import band
from components.drift.grid import Cell, Counts, Grid
from components.drift.material import Material
from components.drift.types import Since
from components.gates.policy_drift import DriftPolicy
from components.statistics.change_point import NoChangePoint, change_point
from components.statistics.divergence import SMOOTHING, jensen_shannon_kernel
from components.statistics.step import step_between_lines
from queries.drift_rows import Histograms, Variable

Floats = NDArray[np.float64]

CONFIDENCE = 0.90
LONGEST_SERIES = timedelta(days=400)
AROUND = timedelta(days=28)
"""Days on either side of a change that are compared to see whether it came at once."""
AT_ONCE = timedelta(days=10)
"""A change whose interval is longer came little by little."""


def daily(material: Material, cell: Cell, variable: Variable) -> tuple[tuple[date, ...], Counts]:
    """The days with any row from the start of the reference to the end of the current window."""
    windows = material.windows
    end = max(windows.reference[1], windows.current[1])
    start = max(min(windows.reference[0], windows.current[0]), end - LONGEST_SERIES)
    found, place = _source(material, cell)
    part = found.window(start, end)
    counts = part.of(variable.name)[:, place]
    held = counts.sum(-1) > 0
    return tuple(day for day, kept in zip(part.days, held, strict=True) if kept), counts[held]


def _source(material: Material, cell: Cell) -> tuple[Histograms, int]:
    for dimension, found in material.segments:
        if dimension == cell.dimension:
            return found, found.segments.index(cell.segment)
    return material.history, 0


def since(grid: Grid, material: Material, variable: Variable, place: int) -> Since | None:
    """The day on which the histogram turned from the reference's towards the current one's.

    Each day is weighed by its mean log-likelihood ratio of current against reference: the
    projection that tells the two windows apart best (J. Neyman and E. S. Pearson, 1933).
    """
    days, series, _ = _projected(grid, material, variable, place)
    return _since(days, series.tolist()) if days else None


def _projected(
    grid: Grid, material: Material, variable: Variable, place: int
) -> tuple[tuple[date, ...], Floats, Counts]:
    """The days with their projection and their counts."""
    before = grid.reference.of(variable)[:, place].sum(0) + SMOOTHING
    after = grid.current.of(variable)[:, place].sum(0) + SMOOTHING
    weight = np.log(after / after.sum()) - np.log(before / before.sum())
    days, counts = daily(material, grid.cells[place], variable)
    return days, np.asarray(counts @ weight / np.maximum(counts.sum(-1), 1)), counts


def since_of(
    material: Material, cells: Sequence[Cell], variable: Variable, places: list[int]
) -> Since | None:
    """The day on which the share of some places of a variable changed.

    Over several segments it is the share at their mix of the whole period, so that a changing
    mix does not count; a day without rows in a segment has that segment's mean share.
    """
    series: dict[date, float] = defaultdict(float)
    seen = [daily(material, cell, variable) for cell in cells]
    weights = [float(counts.sum()) for _, counts in seen]
    every = sorted({day for days, _ in seen for day in days})
    for (days, counts), weight in zip(seen, weights, strict=True):
        if not weight:
            continue
        shares = counts[:, places].sum(-1) / counts.sum(-1)
        of_day = dict(zip(days, shares.tolist(), strict=True))
        usual = float(counts[:, places].sum() / weight)
        for day in every:
            series[day] += weight / sum(weights) * of_day.get(day, usual)
    return _since(tuple(every), [series[day] for day in every]) if every else None


def _since(days: tuple[date, ...], series: list[float]) -> Since | None:
    found = change_point(days, series, confidence=CONFIDENCE, seed=SEED)
    if isinstance(found, NoChangePoint):
        return None
    return Since(found.since, found.earliest, found.latest, found.p)


def abrupt(
    grid: Grid,
    material: Material,
    variable: Variable,
    place: int,
    when: Since,
    policy: DriftPolicy,
) -> bool:
    """Whether it changed at once by what matters in practice, beyond a steady growth.

    Lines through the four weeks before and after take up growth and season; what the step between
    them is of the change must matter. The day was chosen among all days of the series, so the
    step's p counts for so many.
    """
    if (when.high - when.low).days > AT_ONCE.days:
        return False
    days, series, counts = _projected(grid, material, variable, place)
    near = [i for i, day in enumerate(days) if when.day - AROUND <= day < when.day + AROUND]
    first = [i for i in near if days[i] < when.day]
    then = near[len(first) :]
    if min(len(first), len(then)) < policy.minimum_current_days:
        return False
    found = step_between_lines(series[near].tolist(), len(first), [days[i].weekday() for i in near])
    if found is None or found.p * len(days) > float(policy.false_discovery_rate):
        return False
    distance = jensen_shannon_kernel(
        counts[first].sum(0, dtype=np.float64), counts[then].sum(0, dtype=np.float64)
    )
    return float(distance) * found.share >= band(grid.cells[place], policy)
