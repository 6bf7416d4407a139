"""Week by week: each week's distance from the reference, for small charts and the heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from components.drift.grid import Counts
from components.drift.types import HeatMap, WeekPoint
from components.gates.policy_drift import DriftPolicy
from components.statistics.divergence import jensen_shannon_of, psi_of
from queries.drift_rows import MISSING, Histograms, Variable


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """All predictions added up to weeks that end with the last day: rows, and counts by place."""

    starts: tuple[date, ...]
    days: NDArray[np.int64]
    rows: Counts
    counts: Counts

    def of(self, variable: Variable) -> Counts:
        """One variable: (weeks, its width)."""
        return self.counts[:, variable.slice]


def weeks(history: Histograms) -> Weeks:
    """Whole weeks counted back from the last day, so that the newest is complete."""
    if not history.days:
        empty = np.zeros((0, history.layout.width), dtype=np.int64)
        return Weeks((), np.zeros(0, np.int64), np.zeros(0, np.int64), empty)
    last = history.days[-1]
    back = np.array([(last - day).days // 7 for day in history.days])
    labels, place = np.unique(-back, return_inverse=True)
    rows = np.zeros(len(labels), dtype=np.int64)
    counts = np.zeros((len(labels), history.layout.width), dtype=np.int64)
    np.add.at(rows, place, history.rows.sum(1))
    np.add.at(counts, place, history.counts.sum(1))
    starts = tuple(last - timedelta(days=6 - 7 * int(label)) for label in labels)
    return Weeks(starts, np.bincount(place).astype(np.int64), rows, counts)


def week_points(
    found: Weeks, variable: Variable, reference: Counts, policy: DriftPolicy
) -> tuple[WeekPoint, ...]:
    """Each week against the reference; a week counts as in alarm beyond the practical band."""
    counts = found.of(variable)
    n = counts.sum(-1)
    shannon, index = jensen_shannon_of(reference, counts), psi_of(reference, counts)
    enough = shannon.defined & (n >= policy.minimum_rows)
    limit = float(policy.minimum_distance)
    return tuple(
        WeekPoint(
            week=start,
            rows=int(found.rows[i]),
            jensen_shannon=float(shannon.values[i]) if enough[i] else None,
            psi=float(index.values[i]) if enough[i] else None,
            missing=float(counts[i, MISSING] / n[i]) if n[i] else None,
            in_alarm=bool(enough[i] and shannon.values[i] >= limit),
        )
        for i, start in enumerate(found.starts)
    )


def heat_map(
    found: Weeks,
    ranked: Sequence[tuple[str, tuple[WeekPoint, ...], float | None]],
) -> HeatMap:
    """Features in their order on the page by weeks; with what shuffled days exceed in 5%."""
    return HeatMap(
        variables=tuple(name for name, _, _ in ranked),
        weeks=found.starts,
        distances=tuple(tuple(p.jensen_shannon for p in points) for _, points, _ in ranked),
        null_95=tuple(limit for _, _, limit in ranked),
    )
