"""One variable's two histograms in full: distances, bins, and its impact on the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.drift.grid import Grid
from components.drift.types import Bin, Distances, Impact
from components.statistics import divergence
from components.statistics.two_sample import chi_square
from components.statistics.wasserstein import WASSERSTEIN, wasserstein
from queries.drift_rows import FIRST, ShapMass, Variable, VariableKind

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

MICRO = 1e6
POINTS = 100.0
"""Score points in a score of one."""


def distances(variable: Variable, reference: Counts, current: Counts) -> Distances | None:
    """Every distance of one pair of histograms; None where a window is empty."""
    shannon = divergence.jensen_shannon(reference, current)
    index = divergence.psi(reference, current)
    test = chi_square(reference, current)
    if shannon.value is None or index.value is None or test.statistic is None:
        return None
    number = variable.kind is VariableKind.NUMBER
    largest = divergence.l_infinity(reference, current)
    cumulative = divergence.kolmogorov_smirnov(reference, current) if number else None
    moved = _wasserstein(variable, reference, current) if number else None
    used = [shannon.method, index.method, test.method, largest.method]
    used += [cumulative.method] if cumulative else []
    used += [WASSERSTEIN] if moved is not None else []
    return Distances(
        jensen_shannon=shannon.value,
        psi=index.value,
        chi_square=test.statistic,
        chi_square_p=test.p_if_rows_independent if test.p_if_rows_independent is not None else 1.0,
        kolmogorov_smirnov=cumulative.value if cumulative else None,
        wasserstein=moved,
        l_infinity=largest.value,
        methods=tuple(f"{method.id} {method.version}" for method in used),
    )


def _wasserstein(variable: Variable, reference: Counts, current: Counts) -> float | None:
    if not variable.sd or variable.bins < 1:
        return None
    on_line = slice(FIRST - 1, None)
    return wasserstein(reference[on_line], current[on_line], variable.edges, variable.sd).value


def bin_values(variable: Variable) -> Floats:
    """A value to stand for each place: the middle of a bin, NaN where there is none."""
    values = np.full(variable.width, np.nan)
    edges = np.asarray(variable.edges)
    values[FIRST - 1] = edges[0]
    values[-1] = edges[-1]
    if variable.whole:
        values[FIRST:-1] = (edges[:-1] + edges[1:] - 1) / 2
    else:
        values[FIRST:-1] = (edges[:-1] + edges[1:]) / 2
    return values


def mean(variable: Variable, counts: Counts) -> float | None:
    """The mean of a number from its bins, exact to the width of a bin; None without numbers."""
    if variable.kind is not VariableKind.NUMBER or variable.bins < 1:
        return None
    values = bin_values(variable)
    known = ~np.isnan(values)
    n = int(counts[known].sum())
    return float(counts[known] @ values[known]) / n if n else None


def mean_shift(variable: Variable, reference: Counts, current: Counts) -> float | None:
    """Change of the mean in standard deviations of the reference."""
    before, after = mean(variable, reference), mean(variable, current)
    if before is None or after is None or not variable.sd:
        return None
    return (after - before) / variable.sd


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """Mean SHAP value of each place of the layout over all explained predictions.

    ``slope`` turns log-odds into score: the mean of s(1 − s) over the current ML scores, which
    is the derivative of the score and so an approximation for small shifts.
    """

    mean: Floats
    explained: Counts
    slope: float

    @classmethod
    def of(cls, shap: ShapMass | None, grid: Grid) -> Attributions | None:
        """The attributions, or None where nothing is explained or there is no ML score."""
        if shap is None or "score:ml" not in grid.layout:
            return None
        explained = shap.explained.sum((0, 1))
        if not explained.any():
            return None
        total = shap.total_micro.sum((0, 1))
        means = np.divide(total / MICRO, explained, out=np.zeros(len(total)), where=explained > 0)
        score = grid.layout["score:ml"]
        counts = grid.current.of(score)[:, 0].sum(0)
        values = bin_values(score)
        known = ~np.isnan(values)
        if not counts[known].any():
            return None
        slope = float(np.average((values * (1 - values))[known], weights=counts[known]))
        return cls(means, explained, slope)


def impact(
    variable: Variable, reference: Counts, current: Counts, found: Attributions | None
) -> tuple[Impact | None, tuple[float | None, ...]]:
    """How much a feature moved the ML score, in all and by bin."""
    nothing: tuple[float | None, ...] = (None,) * variable.width
    if found is None or not variable.is_feature or not reference.sum() or not current.sum():
        return None, nothing
    change = current / current.sum() - reference / reference.sum()
    explained = found.explained[variable.slice]
    part = found.mean[variable.slice] * change
    points = POINTS * found.slope * part
    known = explained > 0
    whole = Impact(
        points=float(points.sum()),
        log_odds=float(part.sum()),
        slope=found.slope,
        explained=float(current[known].sum() / current.sum()),
    )
    return whole, tuple(float(p) if k else None for p, k in zip(points, known, strict=True))


def bins(
    variable: Variable,
    reference: Counts,
    current: Counts,
    twin: Counts | None,
    impacts: tuple[float | None, ...],
) -> tuple[Bin, ...]:
    """Every place of the variable, side by side."""
    last = variable.width - 1
    number = variable.kind is VariableKind.NUMBER
    return tuple(
        Bin(
            label=label,
            reference=int(reference[place]),
            current=int(current[place]),
            twin=None if twin is None else int(twin[place]),
            impact=impacts[place],
            is_special=place < FIRST or (number and place == last),
        )
        for place, label in enumerate(variable.bin_labels())
    )
