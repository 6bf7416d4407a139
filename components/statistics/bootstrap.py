"""Paired bootstrap from counts: items that are alike are drawn together.

A resample of n items is a multinomial draw over the distinct ones, so that a million items in
a few hundred cells cost no more than a few hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from components.statistics.arrays import Floats, Integers, floats, positive_weights, same_length
from components.statistics.histograms import LogBins
from queries.errors import InvalidInputError

RESAMPLES = 2_000
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """A statistic, its bootstrap standard error, and its 95% percentile interval.

    ``undefined`` resamples gave no value and are left out; the spread is None where fewer than
    nine in ten gave one.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    resamples: int
    undefined: int
    seed: int


def bootstrap_mean(
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Bootstrapped | None:
    """The weighted mean of paired differences; None without items.

    Source: B. Efron, Annals of Statistics 7 (1979) 1–26; percentile interval. Items are
    independent; a weight is drawn along with its item.

    Raises:
        InvalidInputError: lengths differ, a value is not finite, a weight is not above 0, or
            fewer than 100 resamples are wanted.
    """
    value = floats(values, "values")
    weight = positive_weights(weights, value.size)
    if same_length(value, weight) == 0:
        return None
    points, point_of = np.unique(value, return_inverse=True)
    kinds, weight_of = np.unique(weight, return_inverse=True)
    spots, counts = np.unique(point_of * kinds.size + weight_of, return_counts=True)
    total = kinds[spots % kinds.size]
    product = points[spots // kinds.size] * total
    drawn = [
        (sample @ product) / (sample @ total) for sample in _resampled(counts, resamples, seed)
    ]
    observed = float(counts @ product) / float(counts @ total)
    return _summary(observed, np.concatenate(drawn), seed)


def quantile_ratio(
    joint: ArrayLike,
    bins: LogBins,
    *,
    share: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Bootstrapped | None:
    """A quantile of the candidate divided by production's, such as p95 latency; None without it.

    ``joint`` counts predictions by candidate's bin (row) and production's bin (column), both
    numbered as :class:`LogBins` with one below and one above, so that the pairing is kept.
    Quantiles are interpolated on the log scale: their error is at most one bin. A quantile
    beyond the last edge has no value.

    Raises:
        InvalidInputError: the table does not fit the bins, a count is below zero, the share is
            not in (0, 1], or fewer than 100 resamples are wanted.
    """
    table = np.asarray(joint, dtype=np.int64)
    if table.shape != (bins.bins + 2, bins.bins + 2) or (table < 0).any():
        raise InvalidInputError("The table of latencies does not fit its bins.")
    if not 0 < share <= 1:
        raise InvalidInputError("A quantile's share lies between 0 and 1, such as 0.95.")
    rows, columns = np.nonzero(table)
    if rows.size == 0:
        return None
    counts = table[rows, columns]
    one_hot = np.eye(bins.bins + 2)
    by_row, by_column = one_hot[rows], one_hot[columns]

    def ratios(sample: Floats) -> Floats:
        return np.asarray(
            np.exp(
                _log_quantiles(sample @ by_row, bins, share)
                - _log_quantiles(sample @ by_column, bins, share)
            )
        )

    observed = float(ratios(counts[np.newaxis, :].astype(np.float64))[0])
    if not np.isfinite(observed):
        return None
    drawn = [ratios(sample) for sample in _resampled(counts, resamples, seed)]
    return _summary(observed, np.concatenate(drawn), seed)


def _resampled(counts: Integers, resamples: int, seed: int) -> Iterator[Floats]:
    """Tables of resampled counts, a chunk of resamples at a time."""
    if resamples < 100:
        raise InvalidInputError("A bootstrap needs 100 resamples or more.")
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // counts.size)
    n, chances = int(counts.sum()), counts / counts.sum()
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        yield rng.multinomial(n, chances, size=size).astype(np.float64)


def _log_quantiles(counts: Floats, bins: LogBins, share: float) -> Floats:
    """ln of the quantile of each row of counts; NaN beyond the last edge."""
    reached = np.cumsum(counts, axis=1)
    wanted = share * reached[:, -1]
    index = np.argmax(reached >= wanted[:, np.newaxis], axis=1)
    line = np.arange(counts.shape[0])
    inside = 1 - (reached[line, index] - wanted) / counts[line, index]
    position = np.where(index == 0, 0.0, index - 1 + inside)
    width = np.log(bins.high / bins.low) / bins.bins
    result = np.log(bins.low) + width * position
    return np.asarray(np.where(index == bins.bins + 1, np.nan, result))


def _summary(value: float, drawn: Floats, seed: int) -> Bootstrapped:
    defined = drawn[np.isfinite(drawn)]
    undefined = int(drawn.size - defined.size)
    if undefined > drawn.size / 10:
        return Bootstrapped(value, None, None, None, int(drawn.size), undefined, seed)
    low, high = np.quantile(defined, (0.025, 0.975))
    spread = float(defined.std(ddof=1))
    return Bootstrapped(value, spread, float(low), float(high), int(drawn.size), undefined, seed)
