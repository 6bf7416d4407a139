"""The windows' counts side by side: one cell for all predictions, and one for each segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from components.drift.material import Material, Span
from components.drift.types import ALL_SEGMENTS, Window
from queries.drift_rows import Histograms, Layout, Variable

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """All predictions (dimension ``all``), or one segment of a dimension."""

    dimension: str
    segment: str

    @property
    def whole(self) -> bool:
        """Whether it holds all predictions."""
        return self.dimension == ALL_SEGMENTS


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One window: rows (days, cells) and counts (days, cells, width of the layout)."""

    span: Span
    days: tuple[date, ...]
    rows: Counts
    counts: Counts

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Monday is 0."""
        return tuple(day.weekday() for day in self.days)

    @property
    def window(self) -> Window:
        """Its days and rows, for people."""
        return Window(*self.span, days=len(self.days), rows=int(self.rows[:, 0].sum()))

    def of(self, variable: Variable) -> Counts:
        """One variable's counts: (days, cells, its width)."""
        return self.counts[:, :, variable.slice]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Reference, current and twin over the same cells; the first cell holds everything."""

    layout: Layout
    cells: tuple[Cell, ...]
    reference: Side
    current: Side
    twin: Side | None

    def places(self, dimension: str) -> list[int]:
        """Where the segments of a dimension stand among the cells."""
        return [i for i, cell in enumerate(self.cells) if cell.dimension == dimension]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that predictions are split by."""
        return tuple(dict.fromkeys(c.dimension for c in self.cells if not c.whole))


def grid(material: Material) -> Grid:
    """The material's windows over all its segments."""
    windows = material.windows
    cells = [Cell(ALL_SEGMENTS, ALL_SEGMENTS)]
    for dimension, found in material.segments:
        cells += [Cell(dimension, segment) for segment in found.segments]
    return Grid(
        layout=material.layout,
        cells=tuple(cells),
        reference=_side(material, windows.reference),
        current=_side(material, windows.current),
        twin=None if windows.twin is None else _side(material, windows.twin),
    )


def _side(material: Material, span: Span) -> Side:
    whole = material.history.window(*span)
    parts = [whole, *(found.window(*span) for _, found in material.segments)]
    days = tuple(day for day in whole.days if all(day in part.days for part in parts))
    return Side(
        span=span,
        days=days,
        rows=np.concatenate([_of_days(part, days, part.rows) for part in parts], axis=1),
        counts=np.concatenate([_of_days(part, days, part.counts) for part in parts], axis=1),
    )


def _of_days(found: Histograms, days: tuple[date, ...], values: Counts) -> Counts:
    if found.days == days:
        return values
    place = {day: i for i, day in enumerate(found.days)}
    return np.asarray(values[[place[day] for day in days]])
