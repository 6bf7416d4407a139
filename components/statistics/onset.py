"""Evidence of harm that may have begun in any week: many e-processes, one of them per week.

A model that was good for months and then goes bad has earned evidence for itself, which hides
the harm from a process that began with the model. Here one process begins every week, each with
a share of the trust fixed in advance.
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import floats, same_length, sums_by
from components.statistics.off_policy import known_propensity
from components.statistics.weighted_evidence import STAKES
from queries.errors import InvalidInputError


def onset_evidence(
    week: ArrayLike,
    value: ArrayLike,
    propensity: ArrayLike,
    *,
    weeks: int,
    cap: float,
    first: int = 0,
) -> float:
    """ln of the evidence, after ``weeks`` weeks, that ``value`` became negative in some week.

    Each reviewed prediction has the position of its week (from 0), a value from −1 to 1 (our
    decision right minus the other's right) and its review propensity. The process that begins in
    week j is that of :func:`components.statistics.weighted_evidence.weighted_evidence` over the
    weeks from j on, and is worth 1/((j + 1)(j + 2)) of the whole: these shares add up to one, so
    that the whole starts at 1 and, while no week is harmful, ever exceeds 20 with a chance of at
    most 5%, however often somebody looks. Processes that begin before week ``first`` are given
    up, which can only lower it: reviews from before that week are not needed.

    Sources: J. Ville (1939); I. Waudby-Smith and A. Ramdas, JRSS B 86 (2024) 1–27; mixtures over
    the time of a change as in J. Shin, A. Ramdas and A. Rinaldo, E-detectors, NEJSDS 2 (2023).

    Raises:
        InvalidInputError: as there; or a week lies outside ``first`` to ``weeks``.
    """
    d, chance = floats(value, "values"), floats(propensity, "review propensities")
    place = np.asarray(week, dtype=np.int64)
    same_length(d, chance, place)
    known_propensity(chance, cap)
    if (
        (np.abs(d) > 1).any()
        or not 0 <= first < weeks
        or ((place < first) | (place >= weeks)).any()
    ):
        raise InvalidInputError(
            "Values lie from -1 to 1, and weeks between the first and the last."
        )
    from scipy.special import logsumexp  # slow to import, and few pages need it

    lost = -np.minimum(1 / chance, cap) * d / cap
    own = weeks - first
    gains = np.array([sums_by(place - first, np.log1p(stake * lost), own) for stake in STAKES])
    begun_in = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1]
    wealth = logsumexp(begun_in, axis=0) - log(STAKES.size)
    start = np.arange(first, weeks)
    trust = -np.log((start + 1.0) * (start + 2.0))
    still_to_begin = -log(weeks + 1)
    return float(logsumexp(np.append(wealth + trust, still_to_begin)))
