"""Gwet's AC1: agreement beyond chance that stays sensible where one answer is rare.

With 95% of tickets of one kind, raters who agree on 94% may have a κ near 0; AC1 is then near
the agreement itself. Both are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from components.statistics.agreement import cohen_kappa
from components.statistics.arrays import Z95
from components.statistics.intervals import Interval


@dataclass(frozen=True, slots=True)
class GwetAgreement:
    """Observed agreement and AC1 with its 95% interval (None from a single item)."""

    n: int
    share: float
    ac1: float
    interval: Interval | None


def gwet_ac1(matrix: Sequence[Sequence[int]]) -> GwetAgreement | None:
    """AC1 of two raters from a square confusion matrix of counts; None without items.

    Chance agreement is Σπ(1 − π)/(K − 1) over K answers, π being the mean of both raters' shares;
    computed in exact fractions. The variance is that of a sample from many items.

    Source: K. L. Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008)
    29–48; the variance by linearising AC1 in each item.

    Raises:
        InvalidInputError: the matrix is not square, or a count is below zero.
    """
    observed = cohen_kappa(matrix)  # also checks the matrix
    if observed is None or len(matrix) < 2:
        return None
    n, answers = observed.n, range(len(matrix))
    rows = [sum(matrix[k]) for k in answers]
    columns = [sum(line[k] for line in matrix) for k in answers]
    prevalence = [Fraction(rows[k] + columns[k], 2 * n) for k in answers]
    chance = sum((p * (1 - p) for p in prevalence), Fraction(0)) / (len(matrix) - 1)
    agreed = Fraction(observed.agreed, n)
    ac1 = (agreed - chance) / (1 - chance)
    if n == 1:
        return GwetAgreement(n, observed.share, float(ac1), None)
    # One item's influence on AC1, through agreement and through chance.
    squares = Fraction(0)
    for i in answers:
        for j in answers:
            expected = (1 - prevalence[i] + 1 - prevalence[j]) / (2 * (len(matrix) - 1))
            part = (int(i == j) - chance) / (1 - chance)
            moved = part - 2 * (1 - ac1) * (expected - chance) / (1 - chance)
            squares += Fraction(matrix[i][j], n) * (moved - ac1) ** 2
    half = Z95 * sqrt(squares / (n - 1))
    low, high = max(-1.0, float(ac1) - half), min(1.0, float(ac1) + half)
    return GwetAgreement(n, observed.share, float(ac1), Interval(low, high))
