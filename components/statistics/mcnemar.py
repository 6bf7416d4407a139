"""Two classifiers on the same items: McNemar's test on the items where just one is right."""

from __future__ import annotations

from dataclasses import dataclass

from components.statistics.intervals import Interval, clopper_pearson
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class McNemar:
    """The exact and the mid-p two-sided p-value, and the candidate's share of the wins.

    Both are for one look at a fixed number of items: no status that people watch daily may be
    driven by them (METHODS §1); :mod:`components.statistics.sequential` is for that.
    """

    candidate_only_right: int
    production_only_right: int
    exact_p: float
    mid_p: float
    candidate_share: float
    interval: Interval


def mcnemar(candidate_only_right: int, production_only_right: int) -> McNemar | None:
    """The test from the two discordant counts; None where there are none.

    Sources: Q. McNemar, Psychometrika 12 (1947) 153–157, in its exact binomial form; mid-p as
    in M. W. Fagerland, S. Lydersen and P. Laake, BMC Medical Research Methodology 13:91 (2013).
    The interval of the share is Clopper and Pearson's.

    Raises:
        InvalidInputError: a count is below zero.
    """
    b, c = candidate_only_right, production_only_right
    if b < 0 or c < 0:
        raise InvalidInputError("A count of disagreements is below zero. Correct the counts.")
    n = b + c
    if n == 0:
        return None
    from scipy.stats import binom  # slow to import, and few pages need it

    fewer = min(b, c)
    tail = 2 * float(binom.cdf(fewer, n, 0.5))
    return McNemar(
        candidate_only_right=b,
        production_only_right=c,
        exact_p=min(1.0, tail),
        mid_p=min(1.0, tail - float(binom.pmf(fewer, n, 0.5))),
        candidate_share=b / n,
        interval=clopper_pearson(b, n),
    )
