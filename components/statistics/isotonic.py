"""What a score is worth: the chance of the outcome, never falling as the score rises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.divergence import Floats
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated chances at ascending scores, and the items behind them.

    ``block_of`` numbers the blocks of equal chance; ``effective`` is Kish's effective number of
    items in each block, and tells how well its chance is known.
    """

    scores: Floats
    chances: Floats
    block_of: np.ndarray
    block_chances: Floats
    effective: Floats

    def chance(self, scores: ArrayLike) -> Floats:
        """Chance of the outcome at each score: on a straight line between the scores that were
        seen, and level beyond them."""
        wanted = np.asarray(scores, dtype=np.float64)
        if not np.isfinite(wanted).all():
            raise InvalidInputError("A score is not finite. Leave such items out, and count them.")
        return np.asarray(np.interp(wanted, self.scores, self.chances), dtype=np.float64)

    def block(self, scores: ArrayLike) -> np.ndarray:
        """The block of the nearest score at or below each one."""
        places = np.searchsorted(self.scores, np.asarray(scores, dtype=np.float64), side="right")
        found: np.ndarray = self.block_of[np.maximum(places - 1, 0)]
        return found


def calibrate(
    scores: ArrayLike, outcomes: ArrayLike, weights: ArrayLike | None = None
) -> Calibration | None:
    """The rising step function nearest to the outcomes, in weighted squares; None without items.

    An item is a reviewed ticket (outcome 0 or 1), or a bin of them: its mean score, the share of
    outcomes and the weight of its tickets. Items of one score are pooled first. Weights are
    those for review selection; items of weight 0 are left out.

    Source: R. E. Barlow, D. J. Bartholomew, J. M. Bremner and H. D. Brunk, Statistical Inference
    under Order Restrictions (1972) ch. 1, by adjacent violators.

    Raises:
        InvalidInputError: lengths differ, a number is not finite, an outcome is not within 0 to
            1, or a weight is negative.
    """
    x, y, w = _checked(scores, outcomes, weights)
    if not x.size:
        return None
    from scipy.optimize import isotonic_regression  # slow to import, and few pages need it

    seen, place = np.unique(x, return_inverse=True)
    total = np.bincount(place, w)
    means = np.clip(np.bincount(place, w * y) / total, 0.0, 1.0)
    fitted = isotonic_regression(means, weights=total)
    starts = np.asarray(fitted.blocks, dtype=np.int64)[:-1]
    block_of = np.repeat(np.arange(starts.size), np.diff([*starts, seen.size]))
    of_item = block_of[place]
    effective = np.bincount(of_item, w) ** 2 / np.bincount(of_item, _squares(w))
    chances = np.clip(np.asarray(fitted.x, dtype=np.float64), 0.0, 1.0)
    return Calibration(seen, chances, block_of, chances[starts], effective)


def _squares(weights: Floats) -> Floats:
    return np.asarray(weights**2, dtype=np.float64)


def _checked(
    scores: ArrayLike, outcomes: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    x = np.asarray(scores, dtype=np.float64)
    y = np.asarray(outcomes, dtype=np.float64)
    w = np.ones(x.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (x.ndim == 1 and x.shape == y.shape == w.shape):
        raise InvalidInputError("Give one outcome and one weight for each score.")
    if not (np.isfinite(x).all() and ((y >= 0) & (y <= 1)).all()):
        raise InvalidInputError("Scores are finite, and outcomes lie between 0 and 1.")
    if not (np.isfinite(w).all() and (w >= 0).all()):
        raise InvalidInputError("A weight is finite and not negative.")
    used = w > 0
    return x[used], y[used], w[used]
