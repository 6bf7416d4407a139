"""The interval of Cohen's κ."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from components.statistics.agreement import cohen_kappa
from components.statistics.arrays import Z95
from components.statistics.intervals import Interval


def kappa_interval(matrix: Sequence[Sequence[int]]) -> Interval | None:
    """The 95% interval of κ; None where there is no κ, or a single item.

    Source: J. L. Fleiss, J. Cohen and B. S. Everitt, Psychological Bulletin 72 (1969) 323–327,
    written as the mean square of each item's influence on κ.

    Raises:
        InvalidInputError: the matrix is not square, or a count is below zero.
    """
    found = cohen_kappa(matrix)
    if found is None or found.kappa is None or found.n < 2:
        return None
    n, answers = found.n, range(len(matrix))
    rows = [sum(matrix[k]) / n for k in answers]
    columns = [sum(line[k] for line in matrix) / n for k in answers]
    observed = found.share
    chance = sum(rows[k] * columns[k] for k in answers)
    squares = 0.0
    for i in answers:
        for j in answers:
            moved = columns[i] + rows[j] - 2 * chance
            influence = (int(i == j) - observed) / (1 - chance)
            influence -= (1 - observed) / (1 - chance) ** 2 * moved
            squares += matrix[i][j] / n * influence**2
    half = Z95 * sqrt(squares / n)
    return Interval(max(-1.0, found.kappa - half), min(1.0, found.kappa + half))
