"""Distances between two histograms with the same bins: reference against current (METHODS §2).

Every distance counts all bins of the vectors it is given, so missing, unusable, unseen and
out-of-range rows take part where the caller's vectors hold them; only Wasserstein leaves out rows
that have no place on the number line, and says how many. The ``…_of`` forms work on arrays of
shape (…, bins) at once. An empty side has no distance: None, or ``defined`` False in arrays.
Nothing here returns NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from queries.errors import InvalidInputError

Counts = NDArray[np.number[Any]]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SMOOTHING = 0.5
"""Rows added to each bin by PSI, so that a bin that is empty on one side stays finite."""
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Method:
    """What a number was computed with: the same id and version always mean the same formula."""

    id: str
    version: int
    title: str


PSI = Method("psi", 1, "Population stability index, 0.5 rows added to each bin")
JENSEN_SHANNON = Method("jensen_shannon", 1, "Jensen–Shannon distance, base 2")
KOLMOGOROV_SMIRNOV = Method("kolmogorov_smirnov", 1, "Kolmogorov–Smirnov distance at bin edges")
L_INFINITY = Method("l_infinity", 1, "Largest difference of a bin's share")
CHI_SQUARE = Method("chi_square", 1, "Pearson's chi-square, two samples")
G_TEST = Method("g_test", 1, "G (likelihood ratio), two samples")


@dataclass(frozen=True, slots=True)
class Divergence:
    """One distance, and the rows of each side; ``value`` is None where a side is empty."""

    method: Method
    value: float | None
    reference_rows: int
    current_rows: int


@dataclass(frozen=True, slots=True)
class Divergences:
    """Distances of many pairs; where ``defined`` is False a side was empty and the value is 0."""

    method: Method
    values: Floats
    defined: Flags


Kernel = Callable[[Counts, Counts], Floats]
"""Distances along the last axis of two broadcastable arrays of counts, neither side empty."""


def psi(reference: Counts, current: Counts) -> Divergence:
    """Population stability index Σ (q − p) · ln(q / p), not negative, in nats.

    0.5 rows are added to each bin that either side fills; a bin that is empty on both sides says
    nothing and is left out, so that a long list of categories does not raise the value.

    Source: S. Kullback and R. A. Leibler's symmetric divergence J, Annals of Mathematical
    Statistics 22 (1951) 79–86; smoothing after I. J. Good's and H. Jeffreys's prior of ½.
    """
    return _one(PSI, psi_kernel, reference, current)


def jensen_shannon(reference: Counts, current: Counts) -> Divergence:
    """Jensen–Shannon distance in base 2, 0–1: the root of the divergence, which is a metric.

    Source: D. M. Endres and J. E. Schindelin, IEEE Transactions on Information Theory 49 (2003)
    1858–1860.
    """
    return _one(JENSEN_SHANNON, jensen_shannon_kernel, reference, current)


def kolmogorov_smirnov(reference: Counts, current: Counts) -> Divergence:
    """Largest difference of the cumulative shares, 0–1, in the order of the bins.

    It is the distance of the raw values if these lie on bin edges, and else a lower bound that
    misses at most the larger share of the bin where the greatest difference lies. Bins for
    missing and unusable rows come first in the vectors and count as the lowest values.
    """
    return _one(KOLMOGOROV_SMIRNOV, kolmogorov_smirnov_kernel, reference, current)


def l_infinity(reference: Counts, current: Counts) -> Divergence:
    """Largest absolute difference of one bin's share, 0–1."""
    return _one(L_INFINITY, l_infinity_kernel, reference, current)


def psi_of(reference: Counts, current: Counts) -> Divergences:
    """:func:`psi` along the last axis."""
    return _many(PSI, psi_kernel, reference, current)


def jensen_shannon_of(reference: Counts, current: Counts) -> Divergences:
    """:func:`jensen_shannon` along the last axis."""
    return _many(JENSEN_SHANNON, jensen_shannon_kernel, reference, current)


def kolmogorov_smirnov_of(reference: Counts, current: Counts) -> Divergences:
    """:func:`kolmogorov_smirnov` along the last axis."""
    return _many(KOLMOGOROV_SMIRNOV, kolmogorov_smirnov_kernel, reference, current)


def l_infinity_of(reference: Counts, current: Counts) -> Divergences:
    """:func:`l_infinity` along the last axis."""
    return _many(L_INFINITY, l_infinity_kernel, reference, current)


def psi_kernel(reference: Counts, current: Counts) -> Floats:
    """:data:`PSI` of counts of which neither side is empty."""
    used = SMOOTHING * ((reference + current) > 0).sum(-1)
    # A bin that is empty on both sides adds nothing to either sum: its logarithm is 0.
    logarithms = np.log((current + SMOOTHING) / (reference + SMOOTHING))
    n, m = reference.sum(-1) + used, current.sum(-1) + used
    after = ((current + SMOOTHING) * logarithms).sum(-1) / m
    before = ((reference + SMOOTHING) * logarithms).sum(-1) / n
    # The shares of both sides add up to 1, so the logarithm of the totals drops out.
    found: Floats = np.maximum(after - before, 0.0)
    return found


def jensen_shannon_kernel(reference: Counts, current: Counts) -> Floats:
    """:data:`JENSEN_SHANNON` of counts of which neither side is empty."""
    return np.sqrt(jensen_shannon_bits(reference, current))


def jensen_shannon_bits(reference: Counts, current: Counts) -> Floats:
    """The divergence itself, 0–1 bits: what an equal draw tells about which side it came from.

    With m = (p + q)/2 and d = (p − q)/(p + q) it is ½ Σ m · ((1 + d) ln(1 + d) + (1 − d) ln(1 − d))
    / ln 2: no term is negative, so small distances keep their digits.
    """
    p, q = _shares(reference), _shares(current)
    both = p + q
    # Near 1 the logarithm's factor 1 − |d| is 0 before the logarithm is too low to count.
    d = np.minimum(np.abs(p - q) / np.maximum(both, _TINY), 1.0 - 2.0**-53)
    parts = both * ((1 + d) * np.log1p(d) + (1 - d) * np.log1p(-d))
    bits: Floats = np.clip(parts.sum(-1) / (4 * np.log(2)), 0.0, 1.0)
    return bits


def kolmogorov_smirnov_kernel(reference: Counts, current: Counts) -> Floats:
    """:data:`KOLMOGOROV_SMIRNOV` of counts of which neither side is empty."""
    found: Floats = np.abs(cumulative_gap(reference, current)).max(-1)
    return found


def l_infinity_kernel(reference: Counts, current: Counts) -> Floats:
    """:data:`L_INFINITY` of counts of which neither side is empty."""
    found: Floats = np.abs(_shares(current) - _shares(reference)).max(-1)
    return found


def cumulative_gap(reference: Counts, current: Counts) -> Floats:
    """Cumulative share of the current side minus that of the reference, at each bin's end."""
    p = np.cumsum(reference, axis=-1)
    q = np.cumsum(current, axis=-1)
    return np.asarray(q / q[..., -1:] - p / p[..., -1:], dtype=np.float64)


def x_log_x(x: Floats) -> Floats:
    """x · ln x, continued by 0 at 0."""
    found: Floats = x * np.log(np.maximum(x, _TINY))
    return found


def checked(reference: Counts, current: Counts) -> tuple[Floats, Floats]:
    """Both sides as floats.

    Raises:
        InvalidInputError: the bins differ, there is none, or a count is negative or not finite.
    """
    sides = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if any(side.ndim == 0 or side.shape[-1] == 0 for side in sides):
        raise InvalidInputError("A histogram needs at least one bin.")
    if sides[0].shape[-1] != sides[1].shape[-1]:
        raise InvalidInputError(
            f"{sides[0].shape[-1]} bins and {sides[1].shape[-1]} bins cannot be compared. "
            "Use histograms that share one set of edges."
        )
    if not all(np.isfinite(side).all() and (side >= 0).all() for side in sides):
        raise InvalidInputError("A count of rows is finite and not negative.")
    return sides


def measure(kernel: Kernel, reference: Counts, current: Counts) -> tuple[Floats, Flags]:
    """Values of a kernel along the last axis, 0 where a side is empty, and where none is."""
    first, second = np.broadcast_arrays(*checked(reference, current))
    defined = np.asarray((first.sum(-1) > 0) & (second.sum(-1) > 0))
    filled = defined[..., None]
    values = kernel(np.where(filled, first, 1.0), np.where(filled, second, 1.0))
    return np.where(defined, values, 0.0), defined


def _many(method: Method, kernel: Kernel, reference: Counts, current: Counts) -> Divergences:
    return Divergences(method, *measure(kernel, reference, current))


def _one(method: Method, kernel: Kernel, reference: Counts, current: Counts) -> Divergence:
    values, defined = measure(kernel, reference, current)
    if values.ndim:
        raise InvalidInputError("One pair of histograms is compared here. Use the form for arrays.")
    value = float(values) if defined else None
    return Divergence(method, value, round(float(np.sum(reference))), round(float(np.sum(current))))


def _shares(counts: Counts) -> Floats:
    return np.asarray(counts / counts.sum(-1, keepdims=True), dtype=np.float64)
