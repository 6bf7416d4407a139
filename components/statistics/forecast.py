"""How long until the confidence sequence decides: simulated from what has been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from components.statistics.arrays import Flags, Floats, Integers
from components.statistics.sequential import (
    E_LIMIT,
    DayScores,
    half_width,
    latest_look,
)
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides: the sequence's lower end above ``margin`` (promote) or its upper end below
    0 with evidence E at its limit against the candidate (block), not before so many days and
    labelled disagreements. Differences are candidate minus production; ``aim`` and ``confidence``
    as for the sequence."""

    aim: int
    margin: float = -0.01
    minimum_days: int = 14
    minimum_labels: int = 600
    confidence: float = 0.95
    e_limit: float = E_LIMIT


@dataclass(frozen=True, slots=True)
class Remaining:
    """A median and a central 80% interval; None where it lies beyond the horizon."""

    median: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days and further labelled disagreements to a decision, and how it is likely to go.

    Shares of simulated courses: ``promotes`` and ``blocks`` within the horizon, ``open`` not.
    """

    days: Remaining
    labels: Remaining
    promotes: float
    blocks: float
    open: float
    horizon_days: int
    simulations: int
    seed: int


def forecast(
    days: Sequence[DayScores],
    wins: Sequence[int],
    losses: Sequence[int],
    rule: Rule,
    *,
    horizon_days: int = 365,
    simulations: int = 2_000,
    seed: int = 0,
) -> Forecast | None:
    """Courses drawn from the posterior predictive; None while nothing can be foreseen.

    ``wins`` and ``losses`` are each day's labelled disagreements in which the candidate, or
    production, was right. Each course draws its true difference from a normal around the mean so
    far, its rate of labels from a gamma, and then day after day goes on as the days so far; it
    ends where ``rule`` decides, promotion first. A decision reached already is 0 days away.

    It supposes that traffic, review and both models stay as they are, and that a day which is
    good for the weighted mean is as good for the plain count of wins.

    Raises:
        InvalidInputError: the numbers of days differ, or the horizon or the number of
            simulations is below 1.
    """
    if not len(days) == len(wins) == len(losses) or horizon_days < 1 or simulations < 1:
        raise InvalidInputError("A forecast needs wins and losses of every day, and a horizon.")
    last = latest_look(days, aim=rule.aim, confidence=rule.confidence)
    if last is None or last.standard_error is None or len(days) < 2:
        return None
    so_far = _SoFar(last.n, last.mean, last.standard_error, len(days), sum(wins), sum(losses))
    rng = np.random.default_rng(seed)
    paths = _Paths.draw(rng, so_far, (simulations, horizon_days))
    half = so_far.deviation * half_width(paths.t, rule.aim, rule.confidence)
    elapsed = len(days) + np.arange(horizon_days + 1)
    ready = (elapsed >= rule.minimum_days) & (paths.wins + paths.losses >= rule.minimum_labels)
    promotes = ready & (paths.mean - half > rule.margin)
    blocks = ready & (paths.mean + half < 0) & paths.harmful(rule.e_limit) & ~promotes
    ended = promotes | blocks
    done = np.asarray(ended.any(axis=1), dtype=np.bool_)
    first = ended.argmax(axis=1)
    line = np.arange(simulations)
    labels = np.rint(paths.wins + paths.losses)[line, first] - so_far.wins - so_far.losses
    return Forecast(
        days=_remaining(first, done),
        labels=_remaining(labels.astype(np.int64), done),
        promotes=float((done & promotes[line, first]).mean()),
        blocks=float((done & blocks[line, first]).mean()),
        open=float((~done).mean()),
        horizon_days=horizon_days,
        simulations=simulations,
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class _SoFar:
    """Predictions, their mean score and its error, days, and labelled disagreements."""

    n: int
    mean: float
    error: float
    days: int
    wins: int
    losses: int

    @property
    def deviation(self) -> float:
        """Of one prediction's score."""
        return self.error * sqrt(self.n)


@dataclass(frozen=True, slots=True)
class _Paths:
    """After each day to come (0: today): predictions, and on each course mean, wins, losses."""

    t: Floats
    mean: Floats
    wins: Floats
    losses: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, so_far: _SoFar, shape: tuple[int, int]) -> _Paths:
        n, daily = so_far.n, so_far.n / so_far.days
        truth = rng.normal(size=shape[0])
        steps = rng.normal(size=shape)
        later = np.arange(1, shape[1] + 1) * daily
        drift = so_far.mean + so_far.error * truth
        noise = so_far.deviation * sqrt(daily) * steps.cumsum(axis=1)
        t = n + np.concatenate(([0.0], later))
        mean = _from_start(n * so_far.mean, drift[:, np.newaxis] * later + noise) / t
        # The same draws move the plain count of wins.
        seen = so_far.wins + so_far.losses
        share = (so_far.wins + 1) / (seen + 2)
        error = sqrt(share * (1 - share) / (seen + 3))
        chance = np.clip(share + error * truth, 0.001, 0.999)[:, np.newaxis]
        rate = rng.gamma(seen + 0.5, 1 / so_far.days, shape[0])[:, np.newaxis]
        arriving = rng.poisson(rate, shape).astype(np.float64)
        gained = arriving * chance + np.sqrt(arriving * chance * (1 - chance)) * steps
        won = _from_start(so_far.wins, np.clip(gained, 0, arriving).cumsum(axis=1))
        return cls(t, mean, won, _from_start(seen, arriving.cumsum(axis=1)) - won)

    def harmful(self, limit: float) -> Flags:
        """Where the e-process has reached its limit against the candidate."""
        from scipy.special import betaln  # slow to import, and few pages need it

        log_e = betaln(self.wins + 1, self.losses + 1) + (self.wins + self.losses) * log(2)
        return np.asarray((self.losses > self.wins) & (log_e >= log(limit)), dtype=np.bool_)


def _from_start(start: float, later: Floats) -> Floats:
    """Each course beginning at what is known today."""
    now = np.full((later.shape[0], 1), float(start))
    return np.concatenate((now, start + later), axis=1)


def _remaining(values: Integers, done: Flags) -> Remaining:
    """Quantiles over all courses; those that never end count as beyond the horizon."""
    reached = np.sort(np.where(done, values, np.iinfo(np.int64).max))
    found = [int(reached[min(reached.size - 1, int(q * reached.size))]) for q in (0.5, 0.1, 0.9)]
    median, low, high = (None if x == np.iinfo(np.int64).max else x for x in found)
    return Remaining(median, low, high)
