"""Many tests at once: which of a family stand after so many looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.divergence import Flags, Floats
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Family:
    """Adjusted p-values in the order and shape given, and which are at most ``level``.

    ``size`` is the number of tests in the family.
    """

    method: str
    level: float
    size: int
    adjusted: Floats
    rejected: Flags


def benjamini_hochberg(p_values: ArrayLike, level: float = 0.05) -> Family:
    """Of the tests that stand, at most ``level`` are expected to be false.

    It holds for independent tests and for those that depend positively, as features of the same
    rows mostly do. The adjusted p is the lowest level at which a test would stand.

    Source: Y. Benjamini and Y. Hochberg, JRSS B 57 (1995) 289–300; Y. Benjamini and D. Yekutieli,
    Annals of Statistics 29 (2001) 1165–1188.

    Raises:
        InvalidInputError: a p-value is not within 0 to 1, or the level not between 0 and 1.
    """
    p, order = _sorted(p_values, level)
    ranks = np.arange(1, p.size + 1)
    # From the largest down: no adjusted p exceeds that of a larger p.
    stepped = np.minimum.accumulate((p[order] * p.size / ranks)[::-1])[::-1]
    return _family("benjamini_hochberg", p_values, stepped, order, level)


def holm(p_values: ArrayLike, level: float = 0.05) -> Family:
    """The chance that any test stands falsely is at most ``level``, whatever their dependence.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65–70.

    Raises:
        InvalidInputError: as :func:`benjamini_hochberg`.
    """
    p, order = _sorted(p_values, level)
    stepped = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    return _family("holm", p_values, stepped, order, level)


def _sorted(p_values: ArrayLike, level: float) -> tuple[Floats, np.ndarray]:
    p = np.asarray(p_values, dtype=np.float64).ravel()
    if not ((p >= 0) & (p <= 1)).all():
        raise InvalidInputError("A p-value lies between 0 and 1. Leave out tests that have none.")
    if not 0 < level < 1:
        raise InvalidInputError("The level of a family lies between 0 and 1, such as 0.05.")
    return p, np.argsort(p, kind="stable")


def _family(
    method: str, p_values: ArrayLike, stepped: Floats, order: np.ndarray, level: float
) -> Family:
    adjusted = np.empty(order.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    shaped = adjusted.reshape(np.shape(p_values))
    return Family(method, level, order.size, shaped, shaped <= level)
