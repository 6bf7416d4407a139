"""Agreement between two raters, beyond what chance alone would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Agreement:
    """Observed agreement and Cohen's κ.

    ``kappa`` is None where both raters always give one and the same answer: agreement is then
    complete, and chance would have given it too.
    """

    n: int
    agreed: int
    share: float
    kappa: float | None


def cohen_kappa(matrix: Sequence[Sequence[int]]) -> Agreement | None:
    """Agreement from a square confusion matrix of counts; None without items.

    Computed in exact fractions.

    Source: J. Cohen, Educational and Psychological Measurement 20 (1960) 37–46.

    Raises:
        InvalidInputError: the matrix is not square, or a count is below zero.
    """
    size = len(matrix)
    if any(len(row) != size for row in matrix) or any(n < 0 for row in matrix for n in row):
        raise InvalidInputError(
            "A confusion matrix is square and holds counts: one row and one column for each answer."
        )
    rows = [sum(row) for row in matrix]
    columns = [sum(row[index] for row in matrix) for index in range(size)]
    n = sum(rows)
    if n == 0:
        return None
    agreed = sum(matrix[index][index] for index in range(size))
    observed = Fraction(agreed, n)
    chance = Fraction(sum(map(int.__mul__, rows, columns)), n * n)
    kappa = float((observed - chance) / (1 - chance)) if chance != 1 else None
    return Agreement(n=n, agreed=agreed, share=float(observed), kappa=kappa)
