"""Is a stored explanation what the model says? Element by element, and as a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from components.explanations.types import BIAS, Element, Mismatch

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

METHOD = "recomputed-elementwise/1"
ELEMENT_TOLERANCE = 1e-5
"""Largest difference of one attribution, in log-odds; relative where it exceeds 1.

Recomputing is bit-exact on one build of a library, so what has to be allowed for is rounding:
a single-precision value is off by up to 6e-8 of itself, one written with six decimals by 5e-7,
and 300 trees added up in another order by some 1e-6. Ten times that is still a thousandth of
the last digit a reader sees, and two values swapped that lie closer say the same thing.
"""
SUM_TOLERANCE = 1e-4
"""Largest difference of base value plus attributions from the model's output, in log-odds."""
LEADING, SHARED = 3, 2
NEAR = 0.05
"""Mean difference over all features, in usual ranges, up to which tickets are near-identical."""
MOST_PAIRED = 400
"""Rows of one batch that are looked at for pairs: the cost grows with their square."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One explanation as it is stored; ``values`` is whatever the document holds."""

    prediction_id: Any
    scored_at: datetime
    base_value: float
    values: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """How many explanations hold, those that do not, and the largest gap among those that do."""

    verified: int
    mismatches: tuple[Mismatch, ...]
    largest_gap: float | None


def vectors(names: Sequence[str], stored: Sequence[Stored]) -> Floats:
    """Attributions in the model's order, the base value last; NaN for what is no number."""
    rows = [[*_values(names, one.values), _number(one.base_value)] for one in stored]
    return np.array(rows, dtype=np.float64).reshape(len(stored), len(names) + 1)


def _values(names: Sequence[str], document: Any) -> list[float]:
    values = document if isinstance(document, Mapping) else {}
    return [_number(values.get(name)) for name in names]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value)


def compare(
    names: Sequence[str], stored: Sequence[Stored], recomputed: Floats, output: Floats
) -> Compared:
    """Compare explanations with what the model gives for the same rows.

    ``recomputed`` holds attributions and base value (rows × features + 1), ``output`` the
    model's own output of each row, both in log-odds.
    """
    found = vectors(names, stored)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(found - recomputed)
        held = gaps <= ELEMENT_TOLERANCE * np.maximum(1.0, np.abs(recomputed))
        sums = found.sum(axis=1) - output
        whole = np.abs(sums) <= SUM_TOLERANCE
    surplus = [_surplus(names, one.values) for one in stored]
    sound = held.all(axis=1) & whole & np.array([not each for each in surplus], dtype=np.bool_)
    mismatches = [
        Mismatch(
            stored[row].prediction_id,
            stored[row].scored_at,
            _elements(names, found[row], recomputed[row], held[row], surplus[row]),
            float(sums[row]) if isfinite(sums[row]) else None,
        )
        for row in np.flatnonzero(~sound).tolist()
    ]
    largest = float(gaps[sound].max()) if sound.any() else None
    return Compared(int(sound.sum()), tuple(mismatches), largest)


def _surplus(names: Sequence[str], document: Any) -> dict[str, Any]:
    """Stored names that the model does not know."""
    if not isinstance(document, Mapping):
        return {}
    known = set(names)
    return {str(name): value for name, value in document.items() if name not in known}


def _elements(
    names: Sequence[str], stored: Floats, recomputed: Floats, held: Flags, more: Mapping[str, Any]
) -> tuple[Element, ...]:
    words = (*names, BIAS)
    found = [
        Element(words[place], _finite(stored[place]), float(recomputed[place]))
        for place in np.flatnonzero(~held)
    ]
    found += [Element(name, _finite(_number(value)), None) for name, value in more.items()]
    return tuple(found)


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def magnitudes(names: Sequence[str], stored: Floats) -> dict[str, int]:
    """Sums of |attribution| by feature, in millionths; values that are no number add nothing."""
    parts = np.abs(stored[:, : len(names)])
    micro = np.where(np.isfinite(parts), np.rint(parts * 1e6), 0.0)
    return {name: int(total) for name, total in zip(names, micro.sum(axis=0), strict=True)}


def alike(matrix: Floats, categories: Flags, stored: Floats) -> tuple[int, int]:
    """Near-identical tickets, and how many of those pairs have the same reasons.

    Each of the first rows is paired with the one most like it, if that lies within ``NEAR`` and
    no category or flag differs. The reasons agree if two of the three leading features do.
    ``categories`` says which columns hold codes or flags, whose values are equal or not.
    """
    rows = min(len(matrix), MOST_PAIRED)
    if rows < 2:
        return 0, 0
    far = distances(matrix[:rows], matrix[:rows], categories, spread(matrix))
    np.fill_diagonal(far, np.inf)
    nearest = far.argmin(axis=1)
    close = far[np.arange(rows), nearest] <= NEAR
    close &= (matrix[:rows, categories] == matrix[nearest][:, categories]).all(axis=1)
    order = np.argsort(-np.abs(stored[:rows, :-1]), axis=1, kind="stable")[:, :LEADING]
    both = order[:, :, None] == order[nearest][:, None, :]
    same = both.any(axis=2).sum(axis=1) >= SHARED
    return int(close.sum()), int((close & same).sum())


def spread(matrix: Floats) -> Floats:
    """Usual range of each column: from its 5th to its 95th percentile; 1 where that is nothing."""
    usual = usual_range(matrix)
    width = usual[1] - usual[0]
    return np.where(np.isfinite(width) & (width > 0), width, 1.0)


def usual_range(matrix: Floats) -> Floats:
    """The 5th and the 95th percentile of each column without its missing values: (2, columns)."""
    found = np.full((2, matrix.shape[1]), np.nan)
    for place in range(matrix.shape[1]):
        column = matrix[:, place]
        known = column[np.isfinite(column)]
        if known.size:
            found[:, place] = np.quantile(known, (0.05, 0.95))
    return found


def distances(one: Floats, other: Floats, categories: Flags, width: Floats) -> Floats:
    """Gower's distance of each row of ``one`` from each of ``other``: 0 is equal, 1 opposite.

    Source: J. C. Gower, Biometrics 27 (1971) 857–871. A missing value equals only a missing one.
    """
    total = np.zeros((len(one), len(other)))
    for place in range(one.shape[1]):
        left, right = one[:, place, None], other[None, :, place]
        gap = np.abs(left - right)
        part = (gap > 0).astype(float) if categories[place] else np.minimum(gap / width[place], 1)
        missing = np.isnan(left) | np.isnan(right)
        total += np.where(missing, (np.isnan(left) != np.isnan(right)).astype(float), part)
    return np.asarray(total / max(1, one.shape[1]), dtype=np.float64)
