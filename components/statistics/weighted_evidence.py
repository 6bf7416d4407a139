"""Evidence of harm that allows for who was reviewed: a betting e-process with weights.

The plain e-process counts reviewed disagreements as they are. Where review prefers some tickets
and the candidate does better or worse just there, it speaks of those tickets; this one speaks
of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Floats, floats, same_length, sums_by
from components.statistics.off_policy import known_propensity
from components.statistics.sequential import E_LIMIT
from components.statistics.weighting import WEIGHT_CAP
from queries.errors import InvalidInputError

# Stakes as parts of the largest that can never lose everything.
STAKES = np.array([0.9, 0.45, 0.225, 0.1125, 0.05625, 0.028125])


@dataclass(frozen=True, slots=True)
class WeightedEvidence:
    """After one day, as natural logarithms: evidence that the candidate is worse, and better,
    over all predictions. ``harmful`` and ``beneficial``: it has reached the limit by now."""

    log_e_harm: float
    log_e_benefit: float
    harmful: bool
    beneficial: bool


def weighted_evidence(
    day: ArrayLike,
    value: ArrayLike,
    propensity: ArrayLike,
    *,
    days: int,
    cap: float = WEIGHT_CAP,
    limit: float = E_LIMIT,
) -> tuple[WeightedEvidence, ...]:
    """The state after each of ``days`` days; day is the position of each reviewed prediction's.

    A gambler stakes λ on each prediction: her wealth is multiplied by 1 − λ·w·d where it was
    reviewed (weight w, candidate right minus production right d, −1 to 1) and by 1 where not.
    While the candidate is at least as good over all predictions, wealth never grows in
    expectation, so that it ever exceeds 20 with a chance of at most 5%, in any sample however
    small. The mean over six stakes is taken. Weights that are capped spoil this: raise the cap.

    Source: I. Waudby-Smith and A. Ramdas, Estimating means of bounded random variables by
    betting, JRSS B 86 (2024) 1–27.

    Raises:
        InvalidInputError: lengths differ, a value is not from −1 to 1, a propensity is unknown
            or outside (0, 1], a day is outside the days, or the limit is not above 1.
    """
    d, chance = floats(value, "values"), floats(propensity, "review propensities")
    place = np.asarray(day, dtype=np.int64)
    same_length(d, chance, place)
    known_propensity(chance, cap)
    if (np.abs(d) > 1).any() or ((place < 0) | (place >= days)).any() or not limit > 1:
        raise InvalidInputError(
            "Values lie from -1 to 1, days are positions from 0, and a limit is above 1."
        )
    won = np.minimum(1 / chance, cap) * d / cap
    harm, benefit = (_wealth(sign * won, place, days) for sign in (-1.0, 1.0))
    reached = [np.maximum.accumulate(one) >= log(limit) for one in (harm, benefit)]
    return tuple(
        WeightedEvidence(float(h), float(b), bool(harmful), bool(beneficial))
        for h, b, harmful, beneficial in zip(harm, benefit, *reached, strict=True)
    )


def _wealth(won: Floats, place: np.ndarray, days: int) -> Floats:
    """ln of the wealth after each day, the mean over all stakes."""
    from scipy.special import logsumexp  # slow to import, and few pages need it

    grown = [np.cumsum(sums_by(place, np.log1p(stake * won), days)) for stake in STAKES]
    return np.asarray(logsumexp(np.array(grown), axis=0) - log(STAKES.size))
