"""Squared error of scores, two models on the same items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Floats, flags, positive_weights, same_length, scores
from components.statistics.estimate import Estimate, weighted_estimate


@dataclass(frozen=True, slots=True)
class PairedBrier:
    """Brier scores (0 is best, 1 worst); ``difference`` is candidate minus production, so that
    more than 0 is worse."""

    candidate: Estimate
    production: Estimate
    difference: Estimate
    n: int


def paired_brier(
    labels: ArrayLike,
    candidate: ArrayLike,
    production: ArrayLike,
    *,
    weights: ArrayLike | None = None,
) -> PairedBrier | None:
    """Both scores and their paired difference; None without items.

    Weighted (inverse review propensities) it is a Hájek mean; for AIPW give
    :func:`squared_error_difference` to :func:`components.statistics.off_policy.off_policy`.

    Source: G. W. Brier, Monthly Weather Review 78 (1950) 1–3.

    Raises:
        InvalidInputError: lengths differ, a label is neither 0 nor 1, a score lies outside 0 to
            1, or a weight is not above 0.
    """
    label = flags(labels, "labels").astype(np.float64)
    first, second = scores(candidate, "candidate scores"), scores(production, "production scores")
    weight = positive_weights(weights, label.size)
    if same_length(label, first, second, weight) == 0:
        return None
    mine, theirs = (first - label) ** 2, (second - label) ** 2
    return PairedBrier(
        candidate=weighted_estimate(mine, weight),
        production=weighted_estimate(theirs, weight),
        difference=weighted_estimate(mine - theirs, weight),
        n=label.size,
    )


def squared_error_difference(
    labels: ArrayLike, candidate: ArrayLike, production: ArrayLike
) -> Floats:
    """For each item the candidate's squared error minus production's.

    Raises:
        InvalidInputError: as :func:`paired_brier`.
    """
    label = flags(labels, "labels").astype(np.float64)
    first, second = scores(candidate, "candidate scores"), scores(production, "production scores")
    same_length(label, first, second)
    return np.asarray((first - label) ** 2 - (second - label) ** 2, dtype=np.float64)
