"""Quantiles from the counts of a log-spaced histogram: no raw row leaves the database."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, exp, isfinite, log

from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class LogBins:
    """``bins`` bins of equal width in ln(x) on ``[low, high)``, plus one below and one above.

    They number as PostgreSQL's ``width_bucket(ln(x), ln(low), ln(high), bins)``: 0 lies
    below ``low``, ``bins + 1`` at ``high`` and above.
    """

    low: float
    high: float
    bins: int

    def __post_init__(self) -> None:
        if not (0 < self.low < self.high and isfinite(self.high) and self.bins >= 1):
            raise InvalidInputError(
                "Log-spaced bins need 0 < low < high and at least one bin. Correct the edges."
            )

    @property
    def ratio(self) -> float:
        """Upper edge of a bin divided by its lower edge."""
        return exp(log(self.high / self.low) / self.bins)

    @property
    def relative_error(self) -> float:
        """Largest error of a quantile inside the range, as a share of its true value."""
        return self.ratio - 1

    def edge(self, position: float) -> float:
        """The value at a position in bins: 0 is ``low``, ``bins`` is ``high``."""
        return self.low * exp(log(self.high / self.low) * position / self.bins)


@dataclass(frozen=True, slots=True)
class Quantile:
    """An estimated quantile between two values that certainly enclose it.

    ``upper`` is None where the quantile lies beyond the last edge, and ``value`` then is that
    edge: the quantile is at least that.
    """

    value: float
    lower: float
    upper: float | None


def quantile(counts: Sequence[int], bins: LogBins, share: float) -> Quantile | None:
    """The value below which ``share`` of the items lie; None without items.

    ``counts`` holds ``bins.bins + 2`` numbers, the outer two for values outside the range.
    The quantile is the inverse of the empirical distribution, so the item it names lies in the
    bin that is found; inside the bin it is interpolated on the log scale. The error is at
    most one bin: ``bins.relative_error`` of the true value.

    Raises:
        InvalidInputError: the number of counts is wrong, one is negative, or the share is not
            in (0, 1].
    """
    if len(counts) != bins.bins + 2:
        raise InvalidInputError(
            f"{len(counts)} counts do not fit {bins.bins} bins. Give one for each bin and one "
            "for each side."
        )
    if min(counts) < 0:
        raise InvalidInputError("A count is below zero. Correct the histogram.")
    if not 0 < share <= 1:
        raise InvalidInputError("A quantile's share lies between 0 and 1, such as 0.95.")
    total = sum(counts)
    if total == 0:
        return None
    wanted = Fraction(repr(float(share))) * total
    cumulated = list(accumulate(counts))
    index = bisect_left(cumulated, ceil(wanted))
    below = cumulated[index] - counts[index]
    return _inside(index, float((wanted - below) / counts[index]), bins)


def _inside(index: int, part: float, bins: LogBins) -> Quantile:
    """The quantile in one bin; ``part`` is the share of the bin's items up to it."""
    if index == 0:
        return Quantile(value=bins.low, lower=0.0, upper=bins.low)
    if index == bins.bins + 1:
        return Quantile(value=bins.high, lower=bins.high, upper=None)
    lower, upper = bins.edge(index - 1), bins.edge(index)
    return Quantile(value=bins.edge(index - 1 + part), lower=lower, upper=upper)
