"""The standard error of an AUC of which only the counts are known."""

from __future__ import annotations

from math import sqrt

from queries.errors import InvalidInputError


def hanley_mcneil(auc: float, positives: int, negatives: int) -> float:
    """The standard error of an area under the ROC curve from the numbers of cases.

    Source: J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29–36.

    Raises:
        InvalidInputError: the area is not within 0 to 1, or a count is below 1.
    """
    if not 0 <= auc <= 1 or positives < 1 or negatives < 1:
        raise InvalidInputError("An AUC lies between 0 and 1, over at least one case of each kind.")
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    square = auc * auc
    variance = auc * (1 - auc) + (positives - 1) * (q1 - square) + (negatives - 1) * (q2 - square)
    return sqrt(max(0.0, variance) / (positives * negatives))
