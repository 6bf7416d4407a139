"""Faults of the data itself, counted exactly: empty, unusable, unseen, out of range, gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from components.drift import words
from components.drift.assess_since import since_of
from components.drift.grid import Counts, Grid
from components.drift.material import Material
from components.drift.types import Concentration, SanityFinding, SanityKind
from components.gates.policy_drift import DriftPolicy
from queries.drift_facts import KeyRow
from queries.drift_rows import MISSING, OUTSIDE, UNUSABLE, Variable, VariableKind

CARRIES = 0.8
"""A segment is named if it holds this share of the additional faults."""
MOST_DAYS = 0.5
"""Values outside the range are a fault of the data if they come on this share of days."""

_WORDS = {
    SanityKind.NULL_RATE: "arrives empty",
    SanityKind.TYPE: "holds values of another type",
    SanityKind.NEW_CATEGORY: "holds values that the reference never had",
    SanityKind.RANGE: "lies outside the range of the reference",
    SanityKind.VANISHED: "has vanished",
    SanityKind.APPEARED: "has appeared",
}


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: SanityKind
    places: tuple[int, ...]
    limit: float


def sanity(grid: Grid, material: Material, policy: DriftPolicy) -> tuple[SanityFinding, ...]:
    """Every fault of every feature, most additional faulty rows first."""
    found = [
        finding
        for variable in grid.layout.features
        for finding in _of(variable, grid, material, policy)
    ]
    return tuple(sorted(found, key=lambda f: (-f.faults, f.variable)))


def _of(
    variable: Variable, grid: Grid, material: Material, policy: DriftPolicy
) -> list[SanityFinding]:
    before, after = (side.of(variable).sum(0) for side in (grid.reference, grid.current))
    rows = before[0].sum(), after[0].sum()
    if not rows[0] or not rows[1]:
        return []
    empty = before[0, MISSING] == rows[0], after[0, MISSING] == rows[1]
    if empty == (True, True):
        return []
    if empty[1]:
        return [_finding(SanityKind.VANISHED, (MISSING,), variable, grid, material)]
    if empty[0]:
        held = tuple(range(UNUSABLE, variable.width))
        return [_finding(SanityKind.APPEARED, held, variable, grid, material)]
    return [
        _finding(fault.kind, fault.places, variable, grid, material)
        for fault in _faults(variable, policy)
        if _is_fault(variable, fault, grid, policy)
    ]


def _faults(variable: Variable, policy: DriftPolicy) -> list[_Fault]:
    found = [
        _Fault(SanityKind.NULL_RATE, (MISSING,), float(policy.missing_rise)),
        _Fault(SanityKind.TYPE, (UNUSABLE,), float(policy.unusable_share)),
    ]
    if variable.kind is VariableKind.CATEGORY:
        found.append(_Fault(SanityKind.NEW_CATEGORY, (OUTSIDE,), float(policy.unseen_share)))
    else:
        ends = (OUTSIDE, variable.width - 1)
        found.append(_Fault(SanityKind.RANGE, ends, float(policy.outside_share)))
    return found


def _is_fault(variable: Variable, fault: _Fault, grid: Grid, policy: DriftPolicy) -> bool:
    """Risen by more than the limit from the reference, and from the twin where there is one."""
    chosen, after = list(fault.places), grid.current.of(variable).sum(0)
    before = grid.reference.of(variable).sum(0)
    if rise(grid, before, after, chosen) < fault.limit:
        return False
    if fault.kind is SanityKind.RANGE and not _lasting(grid, variable, chosen):
        return False
    if grid.twin is None:
        return True
    twin = grid.twin.of(variable).sum(0)
    known = twin[0].sum() >= policy.minimum_rows
    return not known or rise(grid, twin, after, chosen) >= fault.limit / 2


def rise(grid: Grid, before: Counts, after: Counts, chosen: list[int]) -> float:
    """By how much the share of faulty rows rose, at the current window's mix of segments.

    Street lights have an age and graffiti have none: more graffiti are no fault of the data.
    """
    places = held_fixed(grid, before, after, chosen)
    shares = [c[places][:, chosen].sum(-1) / c[places].sum(-1) for c in (before, after)]
    return float(np.average(shares[1] - shares[0], weights=after[places].sum(-1)))


def held_fixed(grid: Grid, before: Counts, after: Counts, chosen: list[int]) -> list[int]:
    """The segments of the dimension in which the share of faulty rows differed most."""
    rows = before.sum(-1), after.sum(-1)
    share = before[:, chosen].sum(-1) / np.maximum(rows[0], 1)
    places, told = [0], -1.0
    for dimension in grid.dimensions:
        held = [i for i in grid.places(dimension) if rows[0][i] and rows[1][i]]
        if held:
            spread = float(np.average((share[held] - share[0]) ** 2, weights=rows[0][held]))
            if spread > told:
                places, told = held, spread
    return places


def _lasting(grid: Grid, variable: Variable, chosen: list[int]) -> bool:
    """Whether most days have such rows: a storm of two days is no fault of the data."""
    daily = grid.current.of(variable)[:, 0][:, chosen].sum(-1)
    return bool((daily > 0).mean() >= MOST_DAYS)


def _finding(
    kind: SanityKind, faulty: tuple[int, ...], variable: Variable, grid: Grid, material: Material
) -> SanityFinding:
    chosen = list(faulty)
    before, after = (side.of(variable).sum(0) for side in (grid.reference, grid.current))
    faults = after[:, chosen].sum(-1)
    expected = before[:, chosen].sum(-1) * after.sum(-1) / np.maximum(before.sum(-1), 1)
    cell = _segment(grid, np.asarray(faults - expected))
    dimension = None if cell == 0 else grid.cells[cell].dimension
    segment = None if cell == 0 else grid.cells[cell].segment
    places = [cell] if cell else held_fixed(grid, before, after, chosen)
    when = since_of(material, [grid.cells[i] for i in places], variable, chosen)
    made = SanityFinding(
        kind=kind,
        variable=variable.name,
        label=variable.short_name,
        dimension=dimension,
        segment=segment,
        faults=int(faults[cell]),
        rows=int(after[cell].sum()),
        faults_before=int(before[cell, chosen].sum()),
        rows_before=int(before[cell].sum()),
        rise=rise(grid, before, after, chosen),
        since=when,
        examples=(),
        place=None,
        sentence="",
    )
    return replace(made, sentence=_sentence(made, variable.source_type))


def _segment(grid: Grid, additional: np.ndarray) -> int:
    """The cell of a segment with nearly all additional faults; 0 where there is none."""
    if additional[0] <= 0 or len(additional) == 1:
        return 0
    inside = [i for i, cell in enumerate(grid.cells) if not cell.whole]
    largest = max(inside, key=lambda i: additional[i])
    return largest if additional[largest] >= CARRIES * additional[0] else 0


def placed(found: SanityFinding, place: Concentration) -> SanityFinding:
    """The finding with the category in which its faults concentrate."""
    made = replace(found, place=place)
    return replace(made, sentence=_sentence(made))


def appeared(row: KeyRow) -> SanityFinding:
    """A feature that the reference does not know at all."""
    made = SanityFinding(
        kind=SanityKind.APPEARED,
        variable=f"feature:{row.feature}",
        label=row.feature,
        dimension=None,
        segment=None,
        faults=row.rows,
        rows=row.all_rows,
        faults_before=0,
        rows_before=0,
        rise=row.rows / row.all_rows,
        since=None,
        examples=(),
        place=None,
        sentence="",
    )
    return replace(
        made,
        sentence=(
            f"{row.feature} {_WORDS[made.kind]}: {row.rows:,} of {row.all_rows:,} predictions "
            f"({made.rise:.1%}) hold it, and none of the reference did."
        ),
    )


def _sentence(found: SanityFinding, source_type: str = "") -> str:
    text = f"{found.label} {_WORDS[found.kind]}"
    if found.kind is SanityKind.TYPE and source_type:
        text += f" than the reference's {source_type}"
    if found.segment is not None:
        text += f" in {found.segment}"
    if found.since is not None:
        text += f" {words.since_text(found.since)}"
    text += f": {found.faults:,} of {found.rows:,} predictions ({found.faults / found.rows:.1%})"
    text += f", {found.faults_before:,} of {found.rows_before:,} in the reference"
    if found.kind is SanityKind.NULL_RATE:
        text += f" (+{100 * found.rise:.1f} points at the same mix)"
    if found.place is not None:
        place = found.place
        text += (
            f"; {place.feature} “{place.value}” has {place.faults:,} of the "
            f"{place.all_faults:,} ({place.faults / place.rows:.0%} of its rows)"
        )
    return f"{text}."
