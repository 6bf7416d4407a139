"""How sure: every variable in every cell against shuffled days, judged as one family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.drift.grid import Grid, Side
from components.drift.resemblance import inflation
from components.drift.types import Evidence, TestFamily
from components.gates.policy_drift import DriftPolicy
from components.statistics.divergence import jensen_shannon_kernel, jensen_shannon_of
from components.statistics.multiplicity import benjamini_hochberg
from components.statistics.permutation import (
    BlockNull,
    DayBlocks,
    TooFewDays,
    block_null,
    day_blocks,
)
from queries.drift_rows import Variable

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEED = 20_260_101
"""The draws are the same at each look, so that a number does not change by looking again."""
METHOD = "day_block_permutation 1, Jensen–Shannon; Benjamini–Hochberg"


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One variable in two windows over all cells; ``judged`` is False with too little data.

    ``excess`` is the distance beyond the median of shuffled days, √(d² − median²): few rows and
    restless days give a distance of their own, which is no shift. Where days resemble the days
    before, shuffling them shows too little: its distances are widened by that much, for p as well.
    """

    distance: Floats
    excess: Floats
    p: Floats
    adjusted: Floats
    null_95: Floats
    permutations: NDArray[np.int64]
    judged: Flags
    rejected: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One variable against the reference, and where it left that also against the twin."""

    variable: Variable
    plain: Compared
    twin: Compared | None
    twin_asked: bool

    def evidence(self, cell: int) -> Evidence | None:
        """What the test against the reference says of one cell."""
        found = self.plain
        if not found.judged[cell]:
            return None
        return Evidence(
            p=float(found.p[cell]),
            p_adjusted=float(found.adjusted[cell]),
            null_95=float(found.null_95[cell]),
            permutations=int(found.permutations[cell]),
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """Ways to exchange the days of two windows: few for all, many for those that stand out."""

    few: DayBlocks | None
    many: DayBlocks | None
    reason: str

    @classmethod
    def of(cls, before: Side, after: Side, policy: DriftPolicy) -> Blocks:
        """The ways of two windows, or why there are none."""
        strata = (before.weekdays, after.weekdays)
        few = day_blocks(*strata, permutations=policy.permutations, seed=SEED)
        if isinstance(few, TooFewDays):
            return cls(None, None, few.reason)
        many = day_blocks(*strata, permutations=policy.tail_permutations, seed=SEED + 1)
        return cls(few, None if isinstance(many, TooFewDays) else many, "")


def tested(
    grid: Grid, variables: Sequence[Variable], policy: DriftPolicy, *, with_twin: bool
) -> tuple[tuple[Tested, ...], TestFamily, str]:
    """Each variable tested in each cell, the family, and a caveat where nothing could be tested.

    A variable that is constant in both windows (such as a column without any value) has no
    distance and takes no place in the family. The twin is asked only in cells that left the
    reference; these are a family of their own.
    """
    blocks = Blocks.of(grid.reference, grid.current, policy)
    alike = [
        inflation(
            grid.reference.of(v),
            grid.current.of(v),
            (grid.reference.weekdays, grid.current.weekdays),
        )
        for v in variables
    ]
    plain = _compared(variables, grid.reference, grid.current, blocks, policy, alike, None)
    twins: list[Compared | None] = [None] * len(variables)
    if with_twin and grid.twin is not None:
        others = Blocks.of(grid.twin, grid.current, policy)
        if others.few is not None:
            asked = [one.rejected for one in plain]
            twins = [*_compared(variables, grid.twin, grid.current, others, policy, alike, asked)]
    summary = TestFamily(
        tests=sum(int(one.judged.sum()) for one in plain),
        rejected=sum(int(one.rejected.sum()) for one in plain),
        level=float(policy.false_discovery_rate),
        permutations=policy.permutations,
        variables=len(variables),
        segments=len(grid.cells),
        method=METHOD,
    )
    found = tuple(
        Tested(v, one, twin, with_twin)
        for v, one, twin in zip(variables, plain, twins, strict=True)
    )
    return found, summary, blocks.reason


def _compared(
    variables: Sequence[Variable],
    before: Side,
    after: Side,
    blocks: Blocks,
    policy: DriftPolicy,
    alike: list[Floats],
    asked: list[Flags] | None,
) -> list[Compared]:
    """Two windows compared in the asked cells (all by default), judged as one family."""
    enough = [_enough(variable, before, after, policy) for variable in variables]
    wanted = [flags if asked is None else flags & asked[i] for i, flags in enumerate(enough)]
    nulls = [
        _null(v, before, after, blocks, np.flatnonzero(flags), more)
        for v, flags, more in zip(variables, wanted, alike, strict=True)
    ]
    level = float(policy.false_discovery_rate)
    family = benjamini_hochberg(
        np.concatenate([np.zeros(0), *(null.p for null in nulls if null is not None)]), level
    )
    found: list[Compared] = []
    first = 0
    for variable, flags, null in zip(variables, enough, nulls, strict=True):
        cells = np.zeros(0, np.intp) if null is None else np.flatnonzero(wanted[len(found)])
        adjusted = family.adjusted[first : first + cells.size]
        first += cells.size
        judged = flags if blocks.few is not None else flags & False
        found.append(_one(variable, before, after, judged, cells, null, adjusted, level))
    return found


def _one(
    variable: Variable,
    before: Side,
    after: Side,
    judged: Flags,
    cells: NDArray[np.intp],
    null: BlockNull | None,
    adjusted: Floats,
    level: float,
) -> Compared:
    distance = jensen_shannon_of(before.of(variable).sum(0), after.of(variable).sum(0)).values
    n = len(distance)
    all_p, all_adjusted, median, null_95 = np.ones(n), np.ones(n), np.zeros(n), np.zeros(n)
    permutations = np.zeros(n, dtype=np.int64)
    if null is not None:
        all_p[cells], all_adjusted[cells] = null.p, adjusted
        median[cells], null_95[cells] = null.quantiles[:, 0], null.quantiles[:, 1]
        permutations[cells] = null.permutations
    return Compared(
        distance=distance,
        excess=np.sqrt(np.maximum(distance**2 - median**2, 0.0)),
        p=all_p,
        adjusted=all_adjusted,
        null_95=null_95,
        permutations=permutations,
        judged=judged,
        rejected=(permutations > 0) & (all_adjusted <= level),
    )


def _null(
    variable: Variable,
    before: Side,
    after: Side,
    blocks: Blocks,
    cells: NDArray[np.intp],
    alike: Floats,
) -> BlockNull | None:
    if blocks.few is None or not cells.size:
        return None
    return block_null(
        blocks.few,
        before.of(variable)[:, cells],
        after.of(variable)[:, cells],
        jensen_shannon_kernel,
        refined=None if blocks.few.exact else blocks.many,
        widened=np.sqrt(alike[cells]),
    )


def _enough(variable: Variable, before: Side, after: Side, policy: DriftPolicy) -> Flags:
    """Cells with enough days and rows in both windows, and more than one bin in use."""
    counts = [side.of(variable).sum(0) for side in (before, after)]
    rows = np.minimum(counts[0].sum(-1), counts[1].sum(-1))
    varied = ((counts[0] + counts[1]) > 0).sum(-1) > 1
    days = min(len(before.days), len(after.days)) >= policy.minimum_current_days
    return np.asarray((rows >= policy.minimum_rows) & varied & days)
