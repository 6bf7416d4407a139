"""One count of the recount beside the pipeline's, and whether the two can both be right.

The recount compares all records, so its numbers have no sampling error. The pipeline may have
compared a sample: it disagrees where a sample of its size, drawn from what the recount found,
would hardly ever show what it reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

UNLIKELY = 0.05
"""A sample that deviates this rarely by chance, in both directions together, is a disagreement."""


class Measure(StrEnum):
    """What both sides count."""

    MISSING = "records missing"
    SURPLUS = "records too many"
    VALUES = "values that differ"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One count of the recount beside the pipeline's.

    ``reported`` is what the pipeline found in ``looked_at`` of ``population`` items; None where
    it reports nothing about them. ``batch`` is None where the recount knows no batches.
    """

    table: str
    batch: str | None
    measure: Measure
    field: str | None
    counted: int
    reported: int | None
    looked_at: int | None
    population: int | None

    @property
    def sampled(self) -> bool:
        """Whether the pipeline looked at a part only."""
        return self.looked_at is not None and self.looked_at != self.population


def agreeing(comparisons: Sequence[Comparison]) -> list[bool]:
    """Which of them agree: equal counts, or a sample that could show what it reports.

    Samples are judged together, by the exact hypergeometric tails: such a sample is drawn without
    replacement from ``population`` values of which ``counted`` differ.
    """
    verdicts = [_equal(each) for each in comparisons]
    doubtful = [place for place, each in enumerate(comparisons) if _could_be(each)]
    if not doubtful:
        return verdicts
    import numpy as np
    from scipy.stats import hypergeom  # slow to import, and few pages need it

    columns = ("reported", "population", "counted", "looked_at")
    drawn = [comparisons[place] for place in doubtful]
    reported, *draw = (np.array([getattr(each, name) for each in drawn]) for name in columns)
    at_most = np.asarray(hypergeom.cdf(reported, *draw))
    at_least = np.asarray(hypergeom.sf(reported - 1, *draw))
    for place, credible in zip(doubtful, np.minimum(at_most, at_least) > UNLIKELY / 2, strict=True):
        verdicts[place] = bool(credible)
    return verdicts


def _equal(each: Comparison) -> bool:
    if each.reported is None:
        return each.counted == 0
    return not each.sampled and each.reported == each.counted


def _could_be(each: Comparison) -> bool:
    """Whether it is a sample that may show so many: no more than differ, nor than are equal."""
    if not each.sampled or each.reported is None:
        return False
    if each.looked_at is None or each.population is None:
        return False
    if not each.reported <= each.looked_at <= each.population >= each.counted:
        return False
    equal = each.looked_at - each.reported
    return 0 <= each.reported <= each.counted and equal <= each.population - each.counted
