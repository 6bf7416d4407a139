"""What an alert rule sees at each weekly look, computed from cumulative daily counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.drift.assess_tests import SEED
from components.gates.policy_drift import AlertRule, DriftPolicy, Watch
from components.statistics.divergence import jensen_shannon_kernel, jensen_shannon_of, psi_of
from components.statistics.permutation import TooFewDays, day_block_null
from queries.drift_rows import FIRST, MISSING, OUTSIDE, Histograms, Layout, Variable, VariableKind

Floats = NDArray[np.float64]
Spans = tuple[NDArray[np.intp], NDArray[np.intp]]

WEEK = 7
TWIN = 364
MISSED = 0.2
"""Share of values that a planted fault of the data removes."""
TURNED = 0.1
"""Share of decisions that a planted shift turns round."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One histogram a day for every calendar day; unknown days are empty."""

    layout: Layout
    days: tuple[date, ...]
    counts: Floats

    @classmethod
    def of(cls, history: Histograms) -> Days:
        """The history with empty days put in where none is known."""
        if not history.days:
            return cls(history.layout, (), np.zeros((0, history.layout.width)))
        first, last = history.days[0], history.days[-1]
        every = tuple(first + timedelta(days=i) for i in range((last - first).days + 1))
        counts = np.zeros((len(every), history.layout.width))
        counts[[(day - first).days for day in history.days]] = history.counts.sum(1)
        return cls(history.layout, every, counts)

    def shuffled(self, generator: np.random.Generator) -> Days:
        """Whole days in another order, each on its own weekday."""
        order = np.arange(len(self.days))
        weekdays = np.array([day.weekday() for day in self.days])
        for weekday in range(WEEK):
            places = np.flatnonzero(weekdays == weekday)
            order[places] = generator.permutation(places)
        return replace(self, counts=self.counts[order])


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Weekly looks: the day after each, and the days of reference, current window and twin."""

    ends: tuple[date, ...]
    reference: Spans
    current: Spans
    twin: Spans
    with_twin: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Median and 99% quantile of the distance on shuffled days, per variable; empty if fixed."""

    plain: dict[str, tuple[float, float]]
    twin: dict[str, tuple[float, float]]


def looks_of(days: Days, policy: DriftPolicy) -> Looks:
    """A look at the end of each week, counted back from the last day."""
    n = len(days.days)
    least = policy.current_days + policy.minimum_reference_days
    ends = np.arange(n, least - 1, -WEEK)[::-1]
    start = ends - policy.current_days
    stop = np.maximum(ends - policy.reference_gap_days, policy.minimum_reference_days)
    stop = np.minimum(stop, start)
    first = np.maximum(stop - policy.reference_days, 0)
    with_twin = start - TWIN >= 0
    return Looks(
        ends=tuple(days.days[0] + timedelta(days=int(end)) for end in ends),
        reference=(first, stop),
        current=(start, ends),
        twin=(np.maximum(start - TWIN, 0), np.maximum(ends - TWIN, 0)),
        with_twin=np.asarray(with_twin),
    )


def watched(rule: AlertRule, layout: Layout) -> list[Variable]:
    """The variables a rule looks at."""
    if rule.watches is Watch.SCORE_PSI:
        return [layout[n] for n in ("score:final",) if n in layout]
    if rule.watches is Watch.DECISION_SHARE:
        return [layout[n] for n in ("decision:final",) if n in layout]
    return list(layout.features)


def calibration(rule: AlertRule, days: Days, looks: Looks, policy: DriftPolicy) -> Calibrated:
    """What shuffled days give for windows of the usual length."""
    if not rule.calibrated or not looks.ends:
        return Calibrated({}, {})
    plain = _nulls(rule, days, looks.reference, looks.current, policy)
    twin = _nulls(rule, days, looks.twin, looks.current, policy) if looks.with_twin[-1] else {}
    return Calibrated(plain, twin)


def _nulls(
    rule: AlertRule, days: Days, first: Spans, then: Spans, policy: DriftPolicy
) -> dict[str, tuple[float, float]]:
    """Median and 99% quantile for the windows of the last look."""
    before = slice(int(first[0][-1]), int(first[1][-1]))
    after = slice(int(then[0][-1]), int(then[1][-1]))
    weekdays = [day.weekday() for day in days.days]
    found = {}
    for variable in watched(rule, days.layout):
        counts = days.counts[:, variable.slice]
        null = day_block_null(
            counts[before],
            counts[after],
            weekdays[before],
            weekdays[after],
            jensen_shannon_kernel,
            permutations=policy.permutations,
            seed=SEED,
        )
        if not isinstance(null, TooFewDays):
            found[variable.name] = float(null.quantiles[0]), float(null.quantiles[2])
    return found


def values(
    rule: AlertRule, days: Days, looks: Looks, found: Calibrated
) -> list[tuple[float | None, str]]:
    """The largest value at each look and the variable it belongs to."""
    if not looks.ends:
        return []
    columns, names = [], []
    for variable in watched(rule, days.layout):
        columns.append(_one(rule, variable, days, looks, found))
        names.append(variable.name)
    if not columns:
        return [(None, "")] * len(looks.ends)
    table = np.array(columns)
    largest = table.argmax(0)
    judged = looks.with_twin if rule.calibrated else np.ones(len(looks.ends), dtype=np.bool_)
    return [
        (float(table[largest[i], i]), names[largest[i]]) if judged[i] else (None, "")
        for i in range(len(looks.ends))
    ]


def _one(
    rule: AlertRule, variable: Variable, days: Days, looks: Looks, found: Calibrated
) -> Floats:
    counts = days.counts[:, variable.slice]
    added = np.concatenate([np.zeros((1, variable.width)), np.cumsum(counts, axis=0)])
    current, reference, twin = (
        added[span[1]] - added[span[0]] for span in (looks.current, looks.reference, looks.twin)
    )
    plain = _value(rule, variable, reference, current, found.plain)
    if not rule.calibrated or rule.watches is Watch.SCORE_PSI:
        return plain
    of_twin = _value(rule, variable, twin, current, found.twin)
    # A season changes what arrives empty: a year before tells better than the weeks before.
    return of_twin if rule.watches is Watch.MISSING_SHARE else np.minimum(plain, of_twin)


def _value(
    rule: AlertRule,
    variable: Variable,
    before: Floats,
    after: Floats,
    nulls: dict[str, tuple[float, float]],
) -> Floats:
    """What the rule watches; 0 where shuffled days explain the distance."""
    distance = jensen_shannon_of(before, after).values
    usual, high = nulls.get(variable.name, (0.0, 0.0))
    beyond = distance >= high
    if rule.watches is Watch.FEATURE_DISTANCE:
        return np.where(beyond, np.sqrt(np.maximum(distance**2 - usual**2, 0.0)), 0.0)
    if rule.watches is Watch.SCORE_PSI:
        return np.where(beyond, psi_of(before, after).values, 0.0)
    shares = [c / np.maximum(c.sum(-1, keepdims=True), 1.0) for c in (before, after)]
    change = shares[1] - shares[0]
    if rule.watches is Watch.MISSING_SHARE:
        return np.where(beyond, np.maximum(change[:, MISSING], 0.0), 0.0)
    inside = np.abs(change[:, FIRST:]) if variable.bins else np.zeros((len(change), 1))
    return np.where(beyond, inside.max(-1), 0.0)


def planted_days(
    rule: AlertRule, days: Days, looks: Looks, size: float, place: int
) -> tuple[Days, date] | None:
    """The days with a shift planted after the first looks that are judged; and its first day."""
    judged = np.flatnonzero(looks.with_twin) if rule.calibrated else np.arange(len(looks.ends))
    known = [v for v in watched(rule, days.layout) if _shiftable(rule, v)]
    if not judged.size or not known:
        return None
    variable = known[place % len(known)]
    first = int(looks.current[1][judged[0]])
    counts = days.counts.copy()
    part = counts[first:, variable.slice]
    counts[first:, variable.slice] = _shifted(rule, variable, part, size)
    if first >= len(days.days):
        return None
    return replace(days, counts=counts), days.days[first]


def _shiftable(rule: AlertRule, variable: Variable) -> bool:
    if rule.watches in (Watch.MISSING_SHARE, Watch.DECISION_SHARE):
        return variable.bins > 1 or rule.watches is Watch.MISSING_SHARE
    return variable.kind is VariableKind.NUMBER and bool(variable.sd) and variable.bins > 1


def _shifted(rule: AlertRule, variable: Variable, counts: Floats, size: float) -> Floats:
    if rule.watches is Watch.MISSING_SHARE:
        found = counts * (1 - MISSED)
        found[:, MISSING] = counts[:, MISSING] + MISSED * counts[:, MISSING + 1 :].sum(-1)
        return found
    if rule.watches is Watch.DECISION_SHARE:
        found = counts.copy()
        moved = TURNED * counts[:, FIRST]
        found[:, FIRST] -= moved
        found[:, FIRST + 1] += moved
        return found
    return _moved_up(variable, counts, size)


def _moved_up(variable: Variable, counts: Floats, size: float) -> Floats:
    """Numbers moved up by some standard deviations, spread evenly within their bins."""
    edges = np.asarray(variable.edges)
    by = size * float(variable.sd or 0.0)
    held = counts[:, OUTSIDE:]
    upto = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(held, axis=1)], axis=1)
    found = counts.copy()
    # Cumulative counts at the edges move to the right; what passes the last lies above.
    at = np.array([np.interp(edges - by, edges, row[1:-1], left=0.0) for row in upto])
    whole = held.sum(1)
    found[:, OUTSIDE] = at[:, 0]
    found[:, FIRST:-1] = np.diff(at, axis=1)
    found[:, -1] = whole - at[:, -1]
    return found


def poisson_upper(events: int) -> float:
    """The upper end of the 95% interval of a Poisson mean (F. Garwood, Biometrika 28, 1936)."""
    from scipy.special import chdtri  # slow to import, and one view needs it

    chi: Any = chdtri(2 * (events + 1), 0.025)
    return float(chi) / 2
