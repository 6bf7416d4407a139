"""What histograms look like when they are read: variables, frozen layouts, integer counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from math import inf, nextafter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

By = Literal["all", "work_type", "region", "ml_version"]
Counts = NDArray[np.int64]

ALL = "all"
NO_VALUE = "(none)"
"""Segment of the rows whose segment column is null."""

MISSING, UNUSABLE, OUTSIDE, FIRST = 0, 1, 2, 3
"""Places within a variable. OUTSIDE is *below* for a number and *unseen* for a category."""

FEATURE = "feature:"


class VariableKind(StrEnum):
    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Variable:
    """One histogram inside the vector.

    Bins of a number: missing, unusable (wrong type, NaN, infinite), below, k bins, above.
    Bin i holds ``edges[i - 1] <= x < edges[i]``; there are k + 1 edges. The last edge lies just
    over the largest value of the reference, so that *above* means larger than anything seen in
    it. A value with much of the mass has the bin ``[v, next number above v)`` to itself.

    Bins of a category: missing, unusable (wrong type), unseen, k categories by frequency in the
    reference. Beyond the most frequent ones, rare categories of the reference count as unseen.
    """

    name: str
    kind: VariableKind
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    offset: int
    mean: float | None = None
    sd: float | None = None
    source_type: str = ""
    """JSON type in the reference: number, string, boolean, null, object, array; "" for a column."""
    whole: bool = False
    """Every number of the reference was whole."""

    @property
    def bins(self) -> int:
        """Bins inside the reference's range, or categories: k."""
        return len(self.categories) if self.kind is VariableKind.CATEGORY else len(self.edges) - 1

    @property
    def width(self) -> int:
        """Places in the vector."""
        return FIRST + self.bins + (1 if self.kind is VariableKind.NUMBER else 0)

    @property
    def slice(self) -> slice:
        """Where its counts stand in the vector."""
        return slice(self.offset, self.offset + self.width)

    @property
    def is_feature(self) -> bool:
        return self.name.startswith(FEATURE)

    @property
    def short_name(self) -> str:
        """The name without what kind of variable it is: ``asset_age_years``."""
        return self.name.partition(":")[2]

    def bin_labels(self) -> tuple[str, ...]:
        """One label a place, in the order of the vector."""
        if self.kind is VariableKind.CATEGORY:
            return ("missing", "unusable", "unseen", *self.categories)
        bins = [self._bin_label(low, high) for low, high in pairwise(self.edges)]
        low = _figure(self.edges[0])
        return ("missing", "unusable", f"below {low}", *bins, f"above {self._largest()}")

    def _bin_label(self, low: float, high: float) -> str:
        if self.whole:
            return _figure(low) if high - low <= 1 else f"{_figure(low)} to {_figure(high - 1)}"
        if high == nextafter(low, inf):
            return _figure(low)
        return f"{_figure(low)} to {_figure(high)}"

    def _largest(self) -> str:
        last = self.edges[-1]
        return _figure(last - 1 if self.whole else nextafter(last, -inf))


@dataclass(frozen=True, slots=True)
class Layout:
    """Every variable's bins, as the reference window had them: frozen, named by its content."""

    edges_id: str
    created_at: datetime
    reference_start: datetime
    reference_end: datetime
    reference_rows: int
    variables: tuple[Variable, ...]

    @property
    def width(self) -> int:
        """Places of the whole vector."""
        return sum(variable.width for variable in self.variables)

    @property
    def features(self) -> tuple[Variable, ...]:
        """The model's inputs; they stand first in the vector."""
        return tuple(variable for variable in self.variables if variable.is_feature)

    @property
    def feature_width(self) -> int:
        return sum(variable.width for variable in self.features)

    def __getitem__(self, name: str) -> Variable:
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(variable.name == name for variable in self.variables)


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """Predictions per UTC day, segment and bin; all integers, so that windows add exactly.

    ``days`` are the covered ones of the period, in order; a covered day without predictions
    holds zeros. A day that nobody rolled up is not there. Where a window was read as a whole
    (``window_histograms``), ``days`` is the window's first day alone.
    """

    layout: Layout
    days: tuple[date, ...]
    segments: tuple[str, ...]
    rows: Counts
    counts: Counts

    def window(self, start: date, end: date) -> Histograms:
        """The days in ``[start, end)``."""
        kept = _between(self.days, start, end)
        return replace(
            self,
            days=tuple(self.days[place] for place in kept),
            rows=self.rows[kept],
            counts=self.counts[kept],
        )

    def total(self) -> Counts:
        """All days together: (segments, width)."""
        return np.asarray(self.counts.sum(axis=0, dtype=np.int64))

    def of(self, name: str) -> Counts:
        """One variable's counts: (days, segments, its width)."""
        return self.counts[:, :, self.layout[name].slice]


@dataclass(frozen=True, slots=True, eq=False)
class ShapMass:
    """Explained predictions and the sum of SHAP values per feature bin.

    ``total_micro`` holds sums of SHAP × 1e6, each value rounded before it is added, in the
    output space of the stored explanations (such as log odds). Places are those of the layout;
    only features have any.
    """

    layout: Layout
    days: tuple[date, ...]
    segments: tuple[str, ...]
    explained: Counts
    total_micro: Counts

    def window(self, start: date, end: date) -> ShapMass:
        """The days in ``[start, end)``."""
        kept = _between(self.days, start, end)
        return replace(
            self,
            days=tuple(self.days[place] for place in kept),
            explained=self.explained[kept],
            total_micro=self.total_micro[kept],
        )


class DayState(StrEnum):
    """What is known about the source's rows of a day that was rolled up."""

    BUILT = "built"
    PURGED = "purged"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """One rolled-up UTC day; ``source_rows`` is what it held when it was last built."""

    day: date
    edges_id: str
    source_rows: int
    state: DayState
    refreshed_at: datetime
    rows_left: int | None
    """Rows that the source still held when it was last looked at; null while built."""


def _between(days: tuple[date, ...], start: date, end: date) -> NDArray[np.intp]:
    return np.array([i for i, day in enumerate(days) if start <= day < end], dtype=np.intp)


def _figure(value: float) -> str:
    return f"{value:.6g}"
