"""Moved, seasonal, small or steady: evidence and practical importance, judged apart."""

from __future__ import annotations

from components.drift.assess_tests import Tested
from components.drift.grid import Cell, Counts, Grid
from components.drift.types import MixtureSplit, SegmentShift, Verdict
from components.gates.policy_drift import DriftPolicy
from components.statistics.mixture import mixture_split

STANDS_OUT = 0.5
"""A segment carries a drift if it holds at least this share of the divergence within segments."""

_WORST = (
    Verdict.MOVED,
    Verdict.UNCONFIRMED,
    Verdict.SEASONAL,
    Verdict.SMALL,
    Verdict.STEADY,
    Verdict.TOO_LITTLE,
)


def rank(verdict: Verdict) -> int:
    """0 for the worst."""
    return _WORST.index(verdict)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several."""
    return min(verdicts, key=rank)


def band(cell: Cell, policy: DriftPolicy) -> float:
    """The Jensen–Shannon distance from which a change matters in this cell."""
    limit = policy.minimum_distance if cell.whole else policy.minimum_segment_distance
    return float(limit)


def judge(
    tested: Tested,
    place: int,
    cell: Cell,
    policy: DriftPolicy,
    *,
    points: float | None,
    abrupt: bool,
) -> Verdict:
    """One variable in one cell.

    Without a twin a season cannot be told from a drift, unless the change came at once:
    ``abrupt`` says whether the days right before and after it differ.
    """
    plain, twin = tested.plain, tested.twin
    if not plain.judged[place]:
        return Verdict.TOO_LITTLE
    if not plain.rejected[place]:
        return Verdict.STEADY
    limit = band(cell, policy)
    far = bool(plain.excess[place] >= limit)
    costly = cell.whole and points is not None and abs(points) >= float(policy.minimum_points)
    if not far and not costly:
        return Verdict.SMALL
    if twin is None or not twin.judged[place]:
        return Verdict.MOVED if abrupt else Verdict.UNCONFIRMED
    confirmed = twin.rejected[place] and (twin.excess[place] >= limit or not far)
    return Verdict.MOVED if confirmed else Verdict.SEASONAL


def splits(grid: Grid, tested: Tested) -> tuple[MixtureSplit, ...]:
    """The divergence of each dimension by mix and within segments; they add up exactly."""
    found = []
    for dimension in grid.dimensions:
        places = grid.places(dimension)
        whole = mixture_split(
            grid.reference.of(tested.variable)[:, places].sum(0),
            grid.current.of(tested.variable)[:, places].sum(0),
        )
        if whole.defined:
            found.append(
                MixtureSplit(dimension, float(whole.total), float(whole.mix), float(whole.within))
            )
    return tuple(found)


def segments(
    grid: Grid, tested: Tested, policy: DriftPolicy, *, abrupt: bool
) -> tuple[SegmentShift, ...]:
    """The variable in every segment, with what each carries of the divergence within segments.

    What chance alone would give (the null's median) is taken off first, so that many quiet
    segments do not hide the one that moved.
    """
    before = grid.reference.of(tested.variable).sum((0, 2))
    after = grid.current.of(tested.variable).sum((0, 2))
    found = []
    for dimension in grid.dimensions:
        places = grid.places(dimension)
        excess = {i: _excess(tested, i, before, after) for i in places}
        whole = sum(excess.values())
        for i in places:
            cell = grid.cells[i]
            found.append(
                SegmentShift(
                    dimension=dimension,
                    segment=cell.segment,
                    n_reference=int(before[i]),
                    n_current=int(after[i]),
                    jensen_shannon=float(tested.plain.distance[i]),
                    evidence=tested.evidence(i),
                    verdict=judge(tested, i, cell, policy, points=None, abrupt=abrupt),
                    carries=excess[i] / whole if whole > 0 else 0.0,
                )
            )
    return tuple(found)


def _excess(tested: Tested, place: int, before: Counts, after: Counts) -> float:
    if not before[0] or not after[0] or not tested.plain.judged[place]:
        return 0.0
    share = (before[place] / before[0] + after[place] / after[0]) / 2
    return float(tested.plain.excess[place] ** 2 * share)


def carrier(shifts: tuple[SegmentShift, ...]) -> SegmentShift | None:
    """The segment that carries the drift: it moved itself, and holds most of it."""
    moved = [s for s in shifts if s.verdict is Verdict.MOVED and s.carries >= STANDS_OUT]
    return max(moved, key=lambda s: s.carries, default=None)
