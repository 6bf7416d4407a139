"""Prediction drift: the scores and decisions of rules, ML, LLM and of all layers together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.drift.assess_bins import mean
from components.drift.grid import Grid
from components.drift.types import DecisionRate, Finding, LayerDrift
from queries.drift_rows import OUTSIDE, Variable

VERSION = "version:"
MOSTLY = 0.5
LAYERS = ("rules", "ml", "llm", "final")


def prediction_variables(grid: Grid) -> tuple[Variable, ...]:
    """The layout's scores and decisions, layer by layer."""
    names = [f"{family}:{layer}" for layer in LAYERS for family in ("score", "decision")]
    return tuple(grid.layout[name] for name in names if name in grid.layout)


def same_versions(grid: Grid) -> bool:
    """Whether the twin was mostly scored by the versions of the current window.

    Under others its scores cannot tell a season from a deployment.
    """
    if grid.twin is None:
        return False
    for variable in grid.layout.variables:
        if variable.name.startswith(VERSION):
            counts = [s.of(variable)[:, 0].sum(0)[OUTSIDE:] for s in (grid.twin, grid.current)]
            if all(c.sum() for c in counts):
                shares = [c / c.sum() for c in counts]
                if np.minimum(*shares).sum() < MOSTLY:
                    return False
    return True


def layers(grid: Grid, found: Sequence[Finding]) -> tuple[LayerDrift, ...]:
    """Each layer that the layout knows."""
    of = {finding.variable: finding for finding in found}
    return tuple(
        _layer(grid, layer, of.get(f"score:{layer}"), of.get(f"decision:{layer}"))
        for layer in LAYERS
        if f"score:{layer}" in grid.layout
    )


def _layer(grid: Grid, layer: str, score: Finding | None, decision: Finding | None) -> LayerDrift:
    variable = grid.layout[f"score:{layer}"]
    before, after = (side.of(variable)[:, 0].sum(0) for side in (grid.reference, grid.current))
    return LayerDrift(
        layer=layer,
        score=score,
        reference_mean=mean(variable, before),
        current_mean=mean(variable, after),
        decisions=_decisions(grid, layer),
        decision=decision,
        ran_reference=int(before[OUTSIDE:].sum()),
        ran_current=int(after[OUTSIDE:].sum()),
    )


def _decisions(grid: Grid, layer: str) -> tuple[DecisionRate, ...]:
    name = f"decision:{layer}"
    if name not in grid.layout:
        return ()
    variable = grid.layout[name]
    before, after = (
        side.of(variable)[:, 0].sum(0)[OUTSIDE:] for side in (grid.reference, grid.current)
    )
    wholes = int(before.sum()), int(after.sum())
    return tuple(
        DecisionRate(category, int(before[1 + i]), wholes[0], int(after[1 + i]), wholes[1])
        for i, category in enumerate(variable.categories)
    )
