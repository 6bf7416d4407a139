"""Scores, latency and load: what can be said without a single label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from components.shadow.material import Material
from components.shadow.types import (
    DayDifference,
    DifferenceBin,
    Induced,
    Latency,
    LoadChange,
    Scores,
)
from components.statistics.arrays import Flags, Floats
from components.statistics.bootstrap import quantile_ratio
from components.statistics.divergence import psi
from components.statistics.histograms import LogBins, quantile
from queries.shadow_rows import (
    CHANCE_UNIT,
    DIFFERENCE_BINS,
    LATENCY_BINS,
    LATENCY_HIGH_MS,
    LATENCY_LOW_MS,
    LATENCY_STRIDE,
    PRIORITY,
    SCORE_UNIT,
    TENTHS,
    UNKNOWN,
    UNUSABLE,
    Kind,
    Tallies,
    day_of,
)

BINS = LogBins(LATENCY_LOW_MS, LATENCY_HIGH_MS, LATENCY_BINS)
_WIDTH = 2 / DIFFERENCE_BINS
_RESAMPLES = 300
_LOAD = (2, 2, 3, 3, 3, 2)


def scores(material: Material) -> Scores:
    """How scores differ: over all, by day, and as two histograms."""
    found, cells = material.tallies(Kind.DIFFERENCE), material.tallies(Kind.CELL)
    bins = np.bincount(found.keys, found.counts, DIFFERENCE_BINS).astype(np.int64)
    _, decision, theirs, mine = cells.digits(3, 4, TENTHS, TENTHS)
    scored = decision < UNUSABLE
    production, candidate = (
        np.bincount(tenth[scored], cells.counts[scored], TENTHS)[: TENTHS - 1].astype(np.int64)
        for tenth in (theirs, mine)
    )
    n = found.n
    return Scores(
        bins=tuple(
            DifferenceBin(place * _WIDTH - 1, (place + 1) * _WIDTH - 1, count)
            for place, count in enumerate(bins.tolist())
        ),
        by_day=tuple(_day(found, day) for day in np.unique(found.days).tolist()),
        mean=int(found.totals.sum()) / SCORE_UNIT / n if n else None,
        psi=psi(production, candidate).value if n else None,
        production_tenths=tuple(production.tolist()),
        candidate_tenths=tuple(candidate.tolist()),
    )


def _day(found: Tallies, day: int) -> DayDifference:
    own = found.take(found.days == day)
    bins = np.bincount(own.keys, own.counts, DIFFERENCE_BINS).astype(np.float64)
    p10, median, p90 = (_point(bins, share) for share in (0.1, 0.5, 0.9))
    mean = int(own.totals.sum()) / SCORE_UNIT / own.n
    return DayDifference(day_of(day), own.n, mean, p10, median, p90)


def _point(bins: Floats, share: float) -> float:
    """A quantile of the difference, interpolated within its bin."""
    reached = np.cumsum(bins)
    wanted = share * reached[-1]
    place = int(np.argmax(reached >= wanted))
    inside = 1 - (reached[place] - wanted) / bins[place]
    return float((place + inside) * _WIDTH - 1)


def latency(material: Material) -> Latency:
    """Both models' own latency, and the ratio of their 95th percentiles."""
    found = material.tallies(Kind.LATENCY)
    mine, theirs = found.digits(LATENCY_STRIDE, LATENCY_STRIDE)
    joint = np.bincount(
        mine * LATENCY_STRIDE + theirs, found.counts, LATENCY_STRIDE * LATENCY_STRIDE
    ).astype(np.int64)
    table = joint.reshape(LATENCY_STRIDE, LATENCY_STRIDE)
    candidate, production = table.sum(axis=1), table.sum(axis=0)
    return Latency(
        candidate_p95=_p95(candidate),
        production_p95=_p95(production),
        ratio=quantile_ratio(table, BINS, resamples=_RESAMPLES) if found.n else None,
        n=found.n,
        edges=tuple(BINS.edge(place) for place in range(LATENCY_BINS + 1)),
        candidate=tuple(candidate.tolist()),
        production=tuple(production.tolist()),
    )


def _p95(counts: NDArray[np.int64]) -> float | None:
    found = quantile(counts.tolist(), BINS, 0.95)
    return found.value if found is not None and found.upper is not None else None


def induced(material: Material) -> Induced:
    """What promotion would do to escalations, LLM calls, reviews and final decisions.

    An escalation is a ticket that the model holds for priority. A call is judged where it is
    known whether the candidate would ask. Reviews are expected at the rate that production's
    logged propensities show for tickets that escalate or not, ask the LLM or not.
    """
    found = material.tallies(Kind.LOAD)
    _, asked, would, final, then, _ = found.digits(*_LOAD)
    judged, decided = would < UNKNOWN, then < UNKNOWN

    def n(*conditions: Flags) -> int:
        chosen = np.logical_and.reduce(conditions) if conditions else np.ones_like(judged)
        return int(found.counts[chosen].sum())

    cells = material.tallies(Kind.PAIR)
    theirs, mine = cells.digits(3, 4)
    scored = mine < UNUSABLE
    priority = [int(cells.counts[scored & (one == PRIORITY)].sum()) for one in (theirs, mine)]
    queue, per_prediction = _reviews(material, found)
    return Induced(
        escalations=LoadChange("Escalations", priority[0], priority[1], "priority decisions", n()),
        llm_calls=LoadChange(
            "LLM calls", n(judged, asked == 1), n(judged, would == 1), "calls", n(judged)
        ),
        review_queue=queue,
        counterfactual_known=n(decided),
        counterfactual_n=n(),
        newly_called=n(would == 1, asked == 0),
        spared=n(would == 0, asked == 1),
        final_changed=n(decided, final < UNKNOWN, final != then),
        reviews_per_prediction=per_prediction,
    )


def _reviews(material: Material, found: Tallies) -> tuple[LoadChange, tuple[float, float]]:
    """The 95th percentile over days of the reviews to be expected on a day, and their mean."""
    escalated, asked, would, _, _, known = found.digits(*_LOAD)
    now, told = escalated * 2 + asked, known == 1
    chance = np.bincount(now[told], found.totals[told], 4) / CHANCE_UNIT
    seen = np.bincount(now[told], found.counts[told], 4)
    rate = np.divide(chance, seen, out=np.zeros(4), where=seen > 0)
    usable = would < UNKNOWN
    place, counts = (found.days - material.first_day)[usable], found.counts[usable]
    then = (escalated * 2 + would)[usable]
    daily = [np.bincount(place, rate[kind] * counts, material.days) for kind in (now[usable], then)]
    n, active = int(counts.sum()), np.bincount(place, counts, material.days) > 0
    p95 = [float(np.quantile(one[active], 0.95)) if n else 0.0 for one in daily]
    mean = [float(one.sum()) / n if n else 0.0 for one in daily]
    name = "Review queue (95th percentile of days)"
    return LoadChange(name, p95[0], p95[1], "reviews a day", n), (mean[0], mean[1])
