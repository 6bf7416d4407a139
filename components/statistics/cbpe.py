"""Accuracy expected from scores alone, and whether reviews agree with it (METHODS §2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.divergence import Floats
from components.statistics.isotonic import Calibration
from components.statistics.weighting import WeightedMean
from queries.errors import InvalidInputError

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ExpectedAccuracy:
    """The share of right decisions if the scores mean what they meant when they were calibrated.

    ``sampling_error`` is the standard deviation of what ``n`` such decisions realise around it;
    ``calibration_error`` its own standard error, from the finite reference. ``low`` to ``high``
    is the 95% band of both.
    """

    value: float
    n: int
    sampling_error: float
    calibration_error: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Both errors together, as a standard deviation."""
        return float(np.hypot(self.sampling_error, self.calibration_error))


@dataclass(frozen=True, slots=True)
class AccuracyComparison:
    """Realised minus expected accuracy, its standard error, and whether chance explains it.

    ``beyond`` is None where the reviews show no spread: nothing can be said then.
    """

    difference: float
    standard_error: float | None
    beyond: bool | None


def expected_accuracy(
    calibration: Calibration,
    scores: ArrayLike,
    decisions: ArrayLike,
    counts: ArrayLike | None = None,
) -> ExpectedAccuracy | None:
    """Confidence-based performance estimation; None without rows.

    A decision 1 is right with the calibrated chance p of its score, a decision 0 with 1 − p.
    Rows may come one by one, or as bins: mean score, decision, number of rows. It cannot see a
    change of what a score means (concept drift): that is what reviews are compared with it for.

    Source: J. Kivimäki, J. Białek, W. Kuberski and J. K. Nurminen, Performance estimation in
    binary classification using calibrated confidence, arXiv:2505.05295.

    Raises:
        InvalidInputError: lengths differ, a decision is not 0 or 1, or a count is negative.
    """
    x, decided, n = _checked(scores, decisions, counts)
    total = float(n.sum())
    if not total > 0:
        return None
    chance = calibration.chance(x)
    right = np.where(decided == 1, chance, 1 - chance)
    value = float((n * right).sum() / total)
    sampling = float(np.sqrt((n * chance * (1 - chance)).sum()) / total)
    reference = _calibration_error(calibration, x, np.where(decided == 1, n, -n) / total)
    half = Z95 * float(np.hypot(sampling, reference))
    return ExpectedAccuracy(
        value, round(total), sampling, reference, max(0.0, value - half), min(1.0, value + half)
    )


def compare(
    expected: ExpectedAccuracy, realised: WeightedMean, *, z: float = Z95
) -> AccuracyComparison:
    """Whether weighted reviews and scores disagree beyond their common error.

    The sampling error of the expectation belongs to the tickets of the window, of which the
    reviews are a part: counting both errors in full makes a false alarm rarer, never more likely.
    """
    difference = realised.value - expected.value
    if realised.standard_error is None:
        return AccuracyComparison(difference, None, None)
    error = float(np.hypot(expected.error, realised.standard_error))
    return AccuracyComparison(difference, error, abs(difference) > z * error)


def _calibration_error(calibration: Calibration, scores: Floats, pull: Floats) -> float:
    """Binomial errors of the blocks, each by how much of the accuracy hangs on it."""
    pulls = np.bincount(calibration.block(scores), pull, minlength=calibration.block_chances.size)
    # Half an outcome of each kind is added, so that a block of equal outcomes is not exact.
    known = calibration.effective + 1
    p = (calibration.block_chances * calibration.effective + 0.5) / known
    return float(np.sqrt((pulls**2 * p * (1 - p) / known).sum()))


def _checked(
    scores: ArrayLike, decisions: ArrayLike, counts: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    x = np.asarray(scores, dtype=np.float64)
    decided = np.asarray(decisions, dtype=np.float64)
    n = np.ones(x.shape) if counts is None else np.asarray(counts, dtype=np.float64)
    if not x.shape == decided.shape == n.shape:
        raise InvalidInputError("Give one decision and one count for each score.")
    if not ((decided == 0) | (decided == 1)).all():
        raise InvalidInputError("A decision is 1 (priority) or 0 (standard).")
    if not (np.isfinite(n).all() and (n >= 0).all()):
        raise InvalidInputError("A count of rows is finite and not negative.")
    return x.ravel(), decided.ravel(), n.ravel()
