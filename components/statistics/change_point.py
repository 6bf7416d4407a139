"""Since when: the day at which the level of a daily series moved, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from components.statistics.divergence import Floats
from queries.errors import InvalidInputError

FEWEST_DAYS = 14
"""Two weeks: with fewer days weekdays and a change cannot be told apart."""


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The first day of the new level, and how sure.

    ``earliest`` to ``latest`` holds the true day with a chance of ``confidence`` if there was one
    lasting change. ``before`` and ``after`` are mean levels. ``p`` is the chance of a step as
    large anywhere if days of one weekday could have come in any order, the step thinned as the
    interval is; never 0. It dates a shift that was found otherwise, rather than finding one.
    """

    since: date
    earliest: date
    latest: date
    before: float
    after: float
    p: float
    confidence: float


@dataclass(frozen=True, slots=True)
class NoChangePoint:
    """Why none can be told, as a sentence."""

    reason: str


def change_point(
    days: Sequence[date],
    values: Sequence[float],
    *,
    confidence: float = 0.95,
    fewest: int = 3,
    permutations: int = 499,
    seed: int = 0,
) -> ChangePoint | NoChangePoint:
    """The most likely day of one lasting step in a series with weekday effects.

    Each day is one observation, so rows of a day may depend on each other at will. For every day
    with ``fewest`` days on either side, weekday levels plus a step there are fitted by least
    squares. The interval holds the days of highest posterior chance, all equally likely before,
    with unknown variance; the evidence is thinned for days that resemble the day before (lag-1
    correlation r of the residuals counts as (1 − r)/(1 + r) of the days).

    Source: A. F. M. Smith, Biometrika 62 (1975) 407–416, for the posterior of one change; G. V.
    Bayley and J. M. Hammersley, JRSS Supplement 8 (1946) 184–197, for the effective number.

    Raises:
        InvalidInputError: lengths differ, days do not ascend, or a value is not finite.
    """
    y = _checked(days, values, confidence)
    places = np.arange(fewest, len(days) - fewest + 1)
    if len(days) < FEWEST_DAYS or not places.size:
        return NoChangePoint(
            f"{len(days)} days are too few to date a change: {FEWEST_DAYS} are needed."
        )
    strata = np.array([day.weekday() for day in days])
    steps = (np.arange(len(days))[None, :] >= places[:, None]).astype(np.float64)
    centred, inside = _within(y[None, :], strata)[0], _within(steps, strata)
    spread = (inside**2).sum(1)
    usable = spread > 1e-9
    if not usable.any() or float((centred**2).sum()) <= 1e-18 * max(1.0, float((y**2).sum())):
        return NoChangePoint("The level is the same on every day.")
    places, inside, spread = places[usable], inside[usable], spread[usable]
    gain = (inside @ centred) ** 2 / spread
    best = int(gain.argmax())
    slope = float(inside[best] @ centred) / float(spread[best])
    own = _thinning(centred - slope * inside[best])
    degrees = max(1, y.size - len(set(strata.tolist())) - 1)
    chances = _posterior(float((centred**2).sum()), gain, own * degrees)
    low, high = _highest(chances, confidence)
    split = int(places[best])
    return ChangePoint(
        since=days[split],
        earliest=days[int(places[low])],
        latest=days[int(places[high])],
        before=float(y[:split].mean()),
        after=float(y[split:].mean()),
        p=_p_value(y, strata, inside, spread, own * float(gain[best]), permutations, seed),
        confidence=confidence,
    )


def _within(rows: Floats, strata: np.ndarray) -> Floats:
    """Each row less its mean on days of the same weekday."""
    left = rows.copy()
    for stratum in np.unique(strata):
        of_it = strata == stratum
        left[:, of_it] -= left[:, of_it].mean(1, keepdims=True)
    return left


def _posterior(total: float, gain: Floats, degrees: float) -> Floats:
    """Chance of each place: the residual sum of squares to the power of −degrees/2."""
    residuals = np.maximum(total - gain, 1e-12 * total)
    logarithms = -0.5 * degrees * np.log(residuals / residuals.min())
    weights = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _thinning(rest: Floats) -> float:
    """How much of a day's evidence is its own, 0.05–1."""
    around = float((rest**2).sum())
    if around <= 0:
        return 1.0
    alike = float((rest[1:] * rest[:-1]).sum()) / around
    return float(np.clip((1 - alike) / (1 + alike), 0.05, 1.0))


def _highest(chances: Floats, confidence: float) -> tuple[int, int]:
    """First and last of the likeliest places that together reach the confidence."""
    order = np.argsort(-chances, kind="stable")
    needed = int(np.searchsorted(np.cumsum(chances[order]), confidence)) + 1
    held = order[: min(needed, order.size)]
    return int(held.min()), int(held.max())


def _p_value(
    y: Floats,
    strata: np.ndarray,
    inside: Floats,
    spread: Floats,
    observed: float,
    permutations: int,
    seed: int,
) -> float:
    """Share of orders of days, within weekdays, whose best step gains as much."""
    generator = np.random.default_rng(seed)
    shuffled = np.empty((permutations, y.size))
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        draws = generator.random((permutations, places.size)).argsort(axis=1)
        shuffled[:, places] = y[places][draws]
    gains = ((_within(shuffled, strata) @ inside.T) ** 2 / spread).max(1)
    reached = int((gains >= observed * (1 - 1e-9)).sum())
    return (reached + 1) / (permutations + 1)


def _checked(days: Sequence[date], values: Sequence[float], confidence: float) -> Floats:
    y = np.asarray(values, dtype=np.float64)
    if y.ndim != 1 or y.size != len(days):
        raise InvalidInputError(f"{len(days)} days and {y.size} values do not make a series.")
    if not np.isfinite(y).all():
        raise InvalidInputError("A daily value is not finite. Leave such days out.")
    if any(before >= after for before, after in pairwise(days)):
        raise InvalidInputError("The days of a series ascend, each once.")
    if not 0 < confidence < 1:
        raise InvalidInputError("A confidence level lies between 0 and 1, such as 0.95.")
    return y
