"""One finding a variable: verdict, impact, since when, which segment carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.drift import words
from components.drift.assess_bins import Attributions, bins, distances, impact, mean_shift
from components.drift.assess_since import abrupt, since
from components.drift.assess_tests import Tested
from components.drift.assess_verdict import carrier, judge, rank, segments, splits, worst
from components.drift.assess_weeks import Weeks, week_points
from components.drift.grid import Grid
from components.drift.material import Material
from components.drift.types import Family, Finding, SegmentShift, Since, Verdict
from components.gates.policy_drift import DriftPolicy
from queries.drift_rows import Variable, VariableKind


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What every finding is made from."""

    material: Material
    grid: Grid
    weeks: Weeks
    policy: DriftPolicy
    attributions: Attributions | None


def findings(context: Context, tests: Sequence[Tested]) -> tuple[Finding, ...]:
    """All findings, moved first, then by impact in score points, then by distance."""
    found = [finding(context, one) for one in tests]
    return tuple(sorted(found, key=_order))


def _order(found: Finding) -> tuple[int, float, float, str]:
    points = abs(found.impact.points) if found.impact else 0.0
    distance = found.distances.jensen_shannon if found.distances else 0.0
    return rank(found.verdict), -points, -distance, found.variable


def finding(context: Context, tested: Tested) -> Finding:
    """One variable over all cells."""
    variable, grid, policy = tested.variable, context.grid, context.policy
    before, after = (side.of(variable)[:, 0].sum(0) for side in (grid.reference, grid.current))
    twin = None if grid.twin is None else grid.twin.of(variable)[:, 0].sum(0)
    effect, by_bin = impact(variable, before, after, context.attributions)
    points = effect.points if effect else None
    place = _place(tested, policy)
    when = None if place is None else since(grid, context.material, variable, place)
    sudden = _sudden(context, variable, place, when)
    shifts = segments(grid, tested, policy, abrupt=sudden)
    whole = judge(tested, 0, grid.cells[0], policy, points=points, abrupt=sudden)
    verdict = _over_all(whole, shifts)
    bearer = carrier(shifts) if verdict is Verdict.MOVED else None
    measured = distances(variable, before, after)
    shown = when if verdict in (Verdict.MOVED, Verdict.UNCONFIRMED, Verdict.SEASONAL) else None
    return Finding(
        variable=variable.name,
        label=variable.short_name,
        family=Family(variable.name.partition(":")[0]),
        is_number=variable.kind is VariableKind.NUMBER,
        verdict=verdict,
        n_reference=int(before.sum()),
        n_current=int(after.sum()),
        distances=measured,
        evidence=tested.evidence(0),
        twin_distance=None if tested.twin is None else float(tested.twin.distance[0]),
        twin_p=_twin_p(tested),
        impact=effect,
        mean_shift=mean_shift(variable, before, after),
        since=shown,
        carrier=bearer,
        segments=shifts,
        splits=splits(grid, tested),
        bins=bins(variable, before, after, twin, by_bin),
        weeks=week_points(context.weeks, variable, before, policy),
        incident=None,
        sentence=words.finding(
            variable.short_name,
            verdict,
            measured,
            tested.evidence(0),
            effect,
            shown,
            bearer,
            other_versions=grid.twin is not None and not tested.twin_asked,
        ),
    )


def _sudden(context: Context, variable: Variable, place: int | None, when: Since | None) -> bool:
    if place is None or when is None:
        return False
    return abrupt(context.grid, context.material, variable, place, when, context.policy)


def _twin_p(tested: Tested) -> float | None:
    if tested.twin is None or not tested.twin.permutations[0]:
        return None
    return float(tested.twin.adjusted[0])


def _place(tested: Tested, policy: DriftPolicy) -> int | None:
    """The cell whose days tell best when it began: the rejected one that moved furthest.

    All predictions together have the most rows a day: they are preferred unless a segment moved
    more than twice as far.
    """
    found = tested.plain
    places = np.flatnonzero(found.rejected)
    if not places.size:
        return None
    furthest = int(places[int(found.excess[places].argmax())])
    whole = found.rejected[0] and found.excess[0] >= float(policy.minimum_distance)
    return 0 if whole and found.excess[0] >= found.excess[furthest] / 2 else furthest


def _over_all(whole: Verdict, shifts: tuple[SegmentShift, ...]) -> Verdict:
    """A variable has moved if it moved over all, or in one of the segments."""
    inside = [s.verdict for s in shifts if s.verdict is Verdict.MOVED]
    return worst([whole, *inside])


def dated(found: Sequence[Finding]) -> list[tuple[Finding, Since]]:
    """Those that moved and say since when."""
    return [(f, f.since) for f in found if f.verdict is Verdict.MOVED and f.since is not None]
