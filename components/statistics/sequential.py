"""Evidence that may be looked at every day: an e-process and a confidence sequence.

A dashboard is daily peeking (METHODS §1); what follows is valid at every look at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt

import numpy as np

from components.statistics.arrays import Flags, Floats
from queries.errors import InvalidInputError

E_LIMIT = 20.0


@dataclass(frozen=True, slots=True)
class EProcess:
    """Evidence against "both models win disagreements equally often", as natural logarithms.

    ``log_e`` is the two-sided process of METHODS §4. ``log_e_harm`` bets on the candidate being
    worse only: it is an e-process against "the candidate wins at least half", and up to 2× as
    large. By Ville's inequality each exceeds 20 at any look with a chance of at most 5% while
    its hypothesis holds. ``harmful`` is the block of METHODS §4: two-sided, E ≥ 20, and more
    disagreements lost than won.
    """

    candidate_wins: int
    production_wins: int
    log_e: float
    log_e_harm: float
    harmful: bool

    @property
    def e(self) -> float:
        """Evidence, cut at 1e300 so that it can be printed."""
        return exp(min(self.log_e, log(1e300)))


def e_process(candidate_wins: int, production_wins: int, *, limit: float = E_LIMIT) -> EProcess:
    """The state after so many labelled disagreements, in whatever order they came.

    E = Beta(b + 1, c + 1) · 2^(b + c): the uniform mixture of likelihood ratios against one
    half. It counts labelled disagreements as they are, unweighted: it speaks of those that were
    reviewed, and of all only where every disagreement was as likely to be reviewed.

    Sources: H. Robbins, Annals of Mathematical Statistics 41 (1970) 1397–1409; J. Ville (1939);
    A. Ramdas et al., Statistical Science 38 (2023) 576–601.

    Raises:
        InvalidInputError: a count is below zero, or the limit is not above 1.
    """
    b, c = candidate_wins, production_wins
    if b < 0 or c < 0 or not limit > 1:
        raise InvalidInputError("Counts of disagreements are 0 or more, and a limit is above 1.")
    from scipy.special import betainc, betaln  # slow to import, and few pages need it

    log_e = float(betaln(b + 1, c + 1)) + (b + c) * log(2)
    # The chance, under the mixture's posterior, that the candidate wins less than half.
    worse = float(betainc(b + 1, c + 1, 0.5))
    return EProcess(
        candidate_wins=b,
        production_wins=c,
        log_e=log_e,
        log_e_harm=log_e + log(2 * worse) if worse > 0 else -inf,
        harmful=c > b and log_e >= log(limit),
    )


@dataclass(frozen=True, slots=True)
class DayScores:
    """One day's predictions: how many, and Σ and Σ² of their unbiased scores.

    See :func:`components.statistics.daily_scores.daily_scores`.
    """

    n: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class SequenceLook:
    """One look: the mean so far and an interval that holds at all looks together.

    ``standard_error`` is that of the mean at this look; ``day_effect`` the factor by which
    days vary more than their rows would make them (1 or more, already in the error). None
    before two predictions, or while nothing has varied yet.
    """

    n: int
    mean: float
    standard_error: float | None
    day_effect: float
    low: float | None
    high: float | None


def confidence_sequence(
    days: Sequence[DayScores], *, aim: int, confidence: float = 0.95
) -> tuple[SequenceLook, ...]:
    """An interval for the mean after each day; all of them hold at once with ``confidence``.

    It is the asymptotic confidence sequence mean ± s·√(2(tρ² + 1)/(t²ρ²) · ln(√(tρ² + 1)/α))
    with t predictions, standard deviation s, and ρ chosen so that it is tightest at ``aim``
    predictions: name the sample at which a decision is expected, before the data are seen. There
    it is 1.55 times as wide as an interval for one look. Being asymptotic, it wants the exposure
    of METHODS §4 (14 days, 600 labelled disagreements) before anything is decided by it. It needs
    no bound on a single score, so weights may be large.

    Rows of a day move together: s² is multiplied by the factor by which days vary more than
    their rows explain, drawn towards 1 as by five further days, and never below 1 (our own
    addition; the benchmark measures it).

    Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, Time-uniform
    central limit theory and asymptotic confidence sequences, Annals of Statistics 52 (2024).

    Raises:
        InvalidInputError: the aim is below 1, the confidence is not between 0 and 1, or a day's
            sums are not finite.
    """
    looks = _Looks.after(days, aim, confidence)
    return tuple(looks.at(place) for place in range(len(days)))


def latest_look(
    days: Sequence[DayScores], *, aim: int, confidence: float = 0.95
) -> SequenceLook | None:
    """The last look of :func:`confidence_sequence`; None before the first day.

    Raises:
        InvalidInputError: as there.
    """
    looks = _Looks.after(days, aim, confidence)
    return looks.at(len(days) - 1) if days else None


def half_width(t: Floats, aim: int, confidence: float = 0.95) -> Floats:
    """Half the sequence's width after ``t`` predictions, in standard deviations of one."""
    alpha = 1 - confidence
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / aim
    inner = t * rho2 + 1
    return np.asarray(np.sqrt(2 * inner / (t * t * rho2) * np.log(np.sqrt(inner) / alpha)))


# Days on which rows explain all variation, counted beside the days seen.
_PRIOR_DAYS = 5


@dataclass(frozen=True, slots=True)
class _Looks:
    """Every look at once, from running sums; ``told`` is where there is an interval."""

    n: Floats
    mean: Floats
    deviation: Floats
    day_effect: Floats
    half: Floats
    told: Flags

    @classmethod
    def after(cls, days: Sequence[DayScores], aim: int, confidence: float) -> _Looks:
        if aim < 1 or not 0 < confidence < 1:
            raise InvalidInputError("A confidence sequence aims at one prediction or more.")
        table = np.array([(day.n, day.total, day.squares) for day in days], dtype=np.float64)
        n, total, squares = table.reshape(-1, 3).T
        if not (np.isfinite(table).all() and (n >= 0).all()):
            raise InvalidInputError("A day's sums are not finite. Leave the day out, and name it.")
        count = np.cumsum(n)
        divisor = np.maximum(count, 1.0)
        mean = np.where(count > 0, np.cumsum(total) / divisor, 0.0)
        variance = np.where(count > 1, np.cumsum(squares) / divisor - mean * mean, 0.0)
        told = variance > 1e-15
        variance = np.where(told, variance, 1.0)
        effect = np.where(told, _day_effect(n, total, mean, variance), 1.0)
        deviation = np.sqrt(variance * effect)
        half = deviation * half_width(divisor, aim, confidence)
        return cls(count, mean, deviation, effect, half, told)

    def at(self, place: int) -> SequenceLook:
        """The look after one day."""
        n, mean = int(self.n[place]), float(self.mean[place])
        if not self.told[place]:
            return SequenceLook(n, mean, None, 1.0, None, None)
        error, half = float(self.deviation[place]) / sqrt(n), float(self.half[place])
        return SequenceLook(n, mean, error, float(self.day_effect[place]), mean - half, mean + half)


def _day_effect(n: Floats, total: Floats, mean: Floats, variance: Floats) -> Floats:
    """After each day: Σ (total − n·mean)² / (n·variance) over the days so far, by its degrees."""
    used = n > 0
    own = np.where(used, total, 0.0)
    squares = np.cumsum(np.divide(own * own, n, out=np.zeros_like(n), where=used))
    z2 = squares - 2 * mean * np.cumsum(own) + mean * mean * np.cumsum(n)
    degrees = np.cumsum(used) - 1
    return np.asarray(np.maximum(1.0, (z2 / variance + _PRIOR_DAYS) / (degrees + _PRIOR_DAYS)))
