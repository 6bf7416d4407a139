"""The paired difference in every group, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Flags, Floats, floats, positive_weights, same_length
from components.statistics.estimate import Estimate, weighted_estimate
from components.statistics.multiplicity import holm
from queries.errors import InvalidInputError

MINIMUM_ITEMS = 100
MINIMUM_DISAGREEMENTS = 10


class SliceState(StrEnum):
    """What may be said of a group; NO_DATA groups are named, never dropped."""

    WORSE = "worse"
    HOLDS = "holds"
    OPEN = "open"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """One group. ``difference`` is candidate minus production, more is better.

    ``adjusted_p`` is Holm's one-sided p over all judged groups against "not worse at all";
    ``family_low`` the lower bound that holds for all judged groups at once (Bonferroni, 95%).
    WORSE: adjusted p at most 0.05. HOLDS: family_low above the margin. Both None on NO_DATA.
    """

    group: str
    state: SliceState
    reviewed: int
    disagreements: int
    effective_n: float
    difference: Estimate | None
    adjusted_p: float | None
    family_low: float | None


def slice_differences(
    values: ArrayLike,
    groups: Sequence[str],
    *,
    expected: Sequence[str] = (),
    weights: ArrayLike | None = None,
    margin: float = -0.02,
    minimum_items: int = MINIMUM_ITEMS,
    minimum_disagreements: int = MINIMUM_DISAGREEMENTS,
) -> tuple[SliceResult, ...]:
    """Every group's weighted difference, worst first; groups too small come last, by name.

    ``values`` are candidate right minus production right (−1, 0, 1), or any paired difference in
    which more is better. ``expected`` names groups that must appear though nothing of them was
    reviewed. A group needs both minimums, since without disagreements a difference has no spread
    and says nothing. For one look, as in a report: the family is adjusted for groups, not for days.
    What people watch daily goes by :func:`components.statistics.slice_watch.watch_slices`.

    Raises:
        InvalidInputError: lengths differ, a value is not finite, a weight is not above 0, or
            the margin is not below 0.
    """
    value = floats(values, "values")
    weight = positive_weights(weights, value.size)
    name = np.asarray(groups, dtype=np.str_)
    same_length(value, weight, name)
    if not margin < 0:
        raise InvalidInputError("A margin of non-inferiority lies below 0, such as -0.02.")
    found = [
        _Group.of(group, value, weight, name == group)
        for group in sorted({*map(str, name), *expected})
    ]
    judged = [g for g in found if g.enough(minimum_items, minimum_disagreements)]
    results = [group.no_data() for group in found if group not in judged]
    if not judged:
        return tuple(results)
    adjusted = holm([group.p_worse for group in judged]).adjusted
    z = NormalDist().inv_cdf(1 - 0.05 / len(judged))
    made = [group.result(float(p), z, margin) for group, p in zip(judged, adjusted, strict=True)]
    worst_first = sorted(
        made, key=lambda result: result.difference.value if result.difference else 0
    )
    return (*worst_first, *results)


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    reviewed: int
    disagreements: int
    effective_n: float
    difference: Estimate | None

    @classmethod
    def of(cls, name: str, value: Floats, weight: Floats, mine: Flags) -> _Group:
        y, w = value[mine], weight[mine]
        if not y.size:
            return cls(name, 0, 0, 0.0, None)
        effective = float(w.sum() ** 2 / (w**2).sum())
        unlike = int(np.count_nonzero(y))
        return cls(name, y.size, unlike, effective, weighted_estimate(y, w))

    def enough(self, items: int, disagreements: int) -> bool:
        error = self.difference.standard_error if self.difference else None
        counted = self.reviewed >= items and self.disagreements >= disagreements
        return counted and error is not None and error > 0

    @property
    def p_worse(self) -> float:
        difference, error = self._known()
        return NormalDist().cdf(difference / error)

    def _known(self) -> tuple[float, float]:
        assert self.difference is not None
        assert self.difference.standard_error is not None
        return self.difference.value, self.difference.standard_error

    def result(self, p: float, z: float, margin: float) -> SliceResult:
        difference, error = self._known()
        low = difference - z * error
        state = SliceState.HOLDS if low > margin else SliceState.OPEN
        if p <= 0.05:
            state = SliceState.WORSE
        return self._made(state, p, low)

    def no_data(self) -> SliceResult:
        return self._made(SliceState.NO_DATA, None, None)

    def _made(self, state: SliceState, p: float | None, low: float | None) -> SliceResult:
        return SliceResult(
            group=self.name,
            state=state,
            reviewed=self.reviewed,
            disagreements=self.disagreements,
            effective_n=self.effective_n,
            difference=self.difference,
            adjusted_p=p,
            family_low=low,
        )
