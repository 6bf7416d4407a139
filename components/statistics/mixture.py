"""A shift split exactly: segments in other proportions, or other values inside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from components.statistics.divergence import (
    Counts,
    Flags,
    Floats,
    checked,
    jensen_shannon_bits,
    x_log_x,
)
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class MixtureSplit:
    """Bits of Jensen–Shannon divergence between two windows; leading axes as given.

    ``total`` = ``mix`` + ``within``, and ``within`` is the sum of ``segments``. ``total`` regards
    segment and value together; ``pooled`` is what the values show without regard to segments, at
    most ``total``: where ``pooled`` is much larger than ``within``, the proportions moved, and
    where it is much smaller, opposite moves cancel (Simpson's paradox). Where ``defined`` is
    False a window is empty and all are 0.
    """

    total: Floats
    mix: Floats
    within: Floats
    segments: Floats
    pooled: Floats
    defined: Flags


def mixture_split(reference: Counts, current: Counts) -> MixtureSplit:
    """Split the divergence of counts of shape (…, segments, bins).

    The divergence is the mutual information between the label of the window, both equally
    likely, and what is observed of a row. The chain rule gives
    I(window; segment, value) = I(window; segment) + Σ share(segment) · I(window; value | segment).

    Source: J. Lin, IEEE Transactions on Information Theory 37 (1991) 145–151; T. M. Cover and
    J. A. Thomas, Elements of Information Theory, 2nd edition (2006) §2.5.

    Raises:
        InvalidInputError: shapes differ, or a count is negative or not finite.
    """
    if reference.shape != current.shape or reference.ndim < 2:
        raise InvalidInputError(
            "Both windows need counts of the same segments and bins, in one shape."
        )
    p, q = checked(reference, current)
    n, m = p.sum((-2, -1), keepdims=True), q.sum((-2, -1), keepdims=True)
    defined = (n > 0) & (m > 0)
    cells = p.shape[-2] * p.shape[-1]
    p = np.where(defined, p, 1.0) / np.where(defined, n, cells)
    q = np.where(defined, q, 1.0) / np.where(defined, m, cells)
    segments = _within(p, q)
    mix = jensen_shannon_bits(p.sum(-1), q.sum(-1))
    joined = p.reshape(*p.shape[:-2], -1), q.reshape(*q.shape[:-2], -1)
    return MixtureSplit(
        total=jensen_shannon_bits(*joined),
        mix=mix,
        within=segments.sum(-1),
        segments=segments,
        pooled=jensen_shannon_bits(p.sum(-2), q.sum(-2)),
        defined=defined[..., 0, 0],
    )


def _within(p: Floats, q: Floats) -> Floats:
    """Each segment's share of rows times its own divergence, weighted by its rows in each window.

    In natural units a segment's part is ½ Σ_bins [f(p) + f(q) − f(p + q)] − the same of its sums,
    with f(x) = x ln x.
    """
    sums = p.sum(-1), q.sum(-1)
    inside = (x_log_x(p) + x_log_x(q) - x_log_x(p + q)).sum(-1)
    whole = x_log_x(sums[0]) + x_log_x(sums[1]) - x_log_x(sums[0] + sums[1])
    found: Floats = np.maximum((inside - whole) / (2 * np.log(2)), 0.0)
    return found
