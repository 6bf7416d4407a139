"""Chi-square and G for two histograms: tests that take every row as independent of the others.

Rows of one day are not (METHODS §2), so these p-values are shown for comparison with other tools
and never decide; :mod:`components.statistics.permutation` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.statistics.divergence import (
    CHI_SQUARE,
    G_TEST,
    Counts,
    Flags,
    Floats,
    Kernel,
    Method,
    measure,
)
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class TwoSampleTest:
    """A statistic, its degrees of freedom (bins in use − 1), and p if rows were independent.

    ``effect`` is Cramér's V, 0–1, which does not grow with the number of rows. All are None
    where a side is empty; with a single bin in use the statistic is 0 and p is 1.
    """

    method: Method
    statistic: float | None
    degrees: int | None
    p_if_rows_independent: float | None
    effect: float | None


@dataclass(frozen=True, slots=True)
class TwoSampleTests:
    """The same for many pairs; where ``defined`` is False a side was empty (0, p 1)."""

    method: Method
    statistics: Floats
    degrees: Floats
    p_if_rows_independent: Floats
    effects: Floats
    defined: Flags


def chi_square(reference: Counts, current: Counts) -> TwoSampleTest:
    """Pearson's chi-square for the table of two rows, without a continuity correction."""
    return _one(chi_square_of(reference, current))


def g_test(reference: Counts, current: Counts) -> TwoSampleTest:
    """Twice the log-likelihood ratio of the same table.

    Source: R. R. Sokal and F. J. Rohlf, Biometry, 3rd edition (1995) §17.2.
    """
    return _one(g_test_of(reference, current))


def chi_square_of(reference: Counts, current: Counts) -> TwoSampleTests:
    """:func:`chi_square` along the last axis."""
    return _many(CHI_SQUARE, chi_square_kernel, reference, current)


def g_test_of(reference: Counts, current: Counts) -> TwoSampleTests:
    """:func:`g_test` along the last axis."""
    return _many(G_TEST, g_kernel, reference, current)


def chi_square_kernel(reference: Counts, current: Counts) -> Floats:
    """Pearson's statistic of counts of which neither side is empty."""
    n, m = reference.sum(-1, keepdims=True), current.sum(-1, keepdims=True)
    both = reference + current
    gap = reference * np.sqrt(m / n) - current * np.sqrt(n / m)
    found: Floats = (gap**2 / np.where(both > 0, both, 1.0)).sum(-1)
    return found


def g_kernel(reference: Counts, current: Counts) -> Floats:
    """The G statistic of counts of which neither side is empty.

    Each count is set beside its expectation by their exact difference, so that proportional
    counts give exactly 0 and not what rounding leaves of large logarithms.
    """
    p, q = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    n, m = p.sum(-1, keepdims=True), q.sum(-1, keepdims=True)
    both = np.where(p + q > 0, p + q, 1.0)
    apart = p * m - q * n
    first = p * np.log1p(np.where(p > 0, apart / (both * n), 0.0))
    second = q * np.log1p(np.where(q > 0, -apart / (both * m), 0.0))
    found: Floats = np.maximum(2 * (first + second).sum(-1), 0.0)
    return found


def _many(method: Method, kernel: Kernel, reference: Counts, current: Counts) -> TwoSampleTests:
    from scipy.special import chdtrc  # slow to import, and few pages need it

    statistics, defined = measure(kernel, reference, current)
    both = np.asarray(reference + current, dtype=np.float64)
    degrees = np.where(defined, np.maximum((both > 0).sum(-1) - 1, 0), 0).astype(np.float64)
    tested = degrees > 0
    p = np.where(tested, chdtrc(np.where(tested, degrees, 1.0), statistics), 1.0)
    effects = np.minimum(np.sqrt(statistics / np.where(defined, both.sum(-1), 1.0)), 1.0)
    return TwoSampleTests(method, statistics, degrees, p, effects, defined)


def _one(found: TwoSampleTests) -> TwoSampleTest:
    if found.statistics.ndim:
        raise InvalidInputError("One pair of histograms is tested here. Use the form for arrays.")
    if not found.defined:
        return TwoSampleTest(found.method, None, None, None, None)
    return TwoSampleTest(
        found.method,
        float(found.statistics),
        int(found.degrees),
        float(found.p_if_rows_independent),
        float(found.effects),
    )
