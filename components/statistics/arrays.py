"""Checked arrays: what paired statistics read, item by item."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from queries.errors import InvalidInputError

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

Z95 = 1.959963984540054


def floats(values: ArrayLike, what: str) -> Floats:
    """One number for each item, every one finite.

    Raises:
        InvalidInputError: not one-dimensional, or a value is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InvalidInputError(f"The {what} are not a plain list. Give one number for each item.")
    if not np.isfinite(array).all():
        raise InvalidInputError(
            f"Some {what} are missing or not finite. Leave such items out, and count them."
        )
    return array


def scores(values: ArrayLike, what: str = "scores") -> Floats:
    """Risks from 0 to 1.

    Raises:
        InvalidInputError: as :func:`floats`, or a score lies outside 0 to 1.
    """
    array = floats(values, what)
    if not ((array >= 0) & (array <= 1)).all():
        raise InvalidInputError(f"Some {what} lie outside 0 to 1. Correct or leave them out.")
    return array


def flags(values: ArrayLike, what: str) -> Flags:
    """Yes or no for each item, given as booleans or as 0 and 1.

    Raises:
        InvalidInputError: as :func:`floats`, or a value is neither 0 nor 1.
    """
    array = floats(values, what)
    if not ((array == 0) | (array == 1)).all():
        raise InvalidInputError(f"The {what} are neither 0 nor 1. Give one yes or no each.")
    return np.equal(array, 1)


def positive_weights(values: ArrayLike | None, n: int) -> Floats:
    """One weight above 0 for each of ``n`` items; ones where none are given.

    Raises:
        InvalidInputError: as :func:`floats`, the number is wrong, or a weight is not above 0.
    """
    if values is None:
        return np.ones(n)
    array = floats(values, "weights")
    if array.size != n or not (array > 0).all():
        raise InvalidInputError("Weights are above 0, one for each item. Correct the weights.")
    return array


def same_length(*arrays: NDArray[np.generic]) -> int:
    """The number of items that all arrays describe.

    Raises:
        InvalidInputError: the lengths differ.
    """
    sizes = {array.size for array in arrays}
    if len(sizes) != 1:
        raise InvalidInputError(
            "Labels, scores and weights do not belong together: their lengths differ. Give one of "
            "each for each item."
        )
    return sizes.pop()


def sums_by(place: Integers, values: Floats, places: int) -> Floats:
    """The sum of the values at each place from 0 to ``places`` − 1."""
    return np.bincount(place, values, places).astype(np.float64)
