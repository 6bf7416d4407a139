"""Rates by group under both models, and how the gaps between groups would change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.gates.policy_shadow import ShadowPolicy
from components.shadow.material import Judged, Material
from components.shadow.types import Fairness, GapChange
from components.statistics.arrays import Flags, Floats, Integers
from components.statistics.estimate import Estimate
from components.statistics.fairness import Gap, GroupRate, Rate, error_rates, gap, selection_rates
from components.statistics.weighting import WEIGHT_CAP
from queries.shadow_rows import PRIORITY, UNUSABLE, Tallies


def fairness(material: Material, judged: Judged, policy: ShadowPolicy) -> tuple[Fairness, ...]:
    """One assessment for each dimension of the policy."""
    return tuple(
        _dimension(dimension, material, judged.weighted, policy.minimum_slice)
        for dimension in policy.groups
        if material.segments.get(dimension)
    )


def _dimension(dimension: str, material: Material, known: Judged, minimum: int) -> Fairness:
    segments = material.segments[dimension]
    names = tuple(sorted({*segments, *known.labels.names[dimension]}))
    group = known.labels.places(dimension, names)
    weight = known.weights(WEIGHT_CAP)
    rates = [
        (
            *error_rates(
                known.truth,
                decided,
                group,
                names,
                weights=weight if weight.size else None,
                minimum_items=minimum,
            ),
            *selection_rates(
                {name: _selected(own, place) for name, own in segments.items()},
                minimum_items=minimum,
            ),
        )
        for place, decided in ((1, known.candidate), (0, known.production))
    ]
    gaps = [tuple(gap(own, rate) for rate in Rate) for own in rates]
    changes = tuple(
        _change(rate, gaps[0][place], gaps[1][place], rates[0], known, (names, group), weight)
        for place, rate in enumerate((Rate.TRUE_POSITIVE, Rate.FALSE_POSITIVE))
    )
    unjudged = sorted({name for one in gaps[0] for name in one.unjudged})
    return Fairness(dimension, rates[0], rates[1], gaps[0], gaps[1], changes, tuple(unjudged))


def _selected(found: Tallies, place: int) -> tuple[int, int]:
    decisions = found.digits(3, 4)
    scored = decisions[1] < UNUSABLE
    chosen = scored & (decisions[place] == PRIORITY)
    return int(found.counts[chosen].sum()), int(found.counts[scored].sum())


@dataclass(frozen=True, slots=True)
class _Part:
    """One group's rate under one model with a sign, as influences of the reviewed items."""

    sign: float
    decided: Flags
    group: str | None


def _change(
    rate: Rate,
    candidate: Gap,
    production: Gap,
    rates: tuple[GroupRate, ...],
    known: Judged,
    groups: tuple[tuple[str, ...], Integers],
    weight: Floats,
) -> GapChange:
    """Candidate's gap minus production's, with a linearised error that keeps the pairing."""
    smallest = min((one.n for one in rates if one.rate is rate), default=0)
    if candidate.difference is None or production.difference is None:
        return GapChange(rate, None, smallest)
    bears = known.truth if rate is Rate.TRUE_POSITIVE else ~known.truth
    influence, (names, group) = np.zeros(weight.size), groups
    for part in (
        _Part(1.0, known.candidate, candidate.highest),
        _Part(-1.0, known.candidate, candidate.lowest),
        _Part(-1.0, known.production, production.highest),
        _Part(1.0, known.production, production.lowest),
    ):
        mine = bears & (group == names.index(part.group))
        share = weight[mine] / weight[mine].sum()
        decided = part.decided[mine].astype(np.float64)
        influence[mine] += part.sign * share * (decided - share @ decided)
    value = candidate.difference.value - production.difference.value
    return GapChange(rate, Estimate.of(value, float(influence @ influence)), smallest)
