"""What the numbers say, in sentences."""

from __future__ import annotations

from components.feedback.types import Arrival, Overrides, RandomReview, ReviewerAgreement, Reviewers
from components.layout import numbers
from components.pipeline.shares import day_text
from components.statistics.binary_weighting import TwoShares

GOOD_KAPPA, FAIR_KAPPA = 0.8, 0.6


def weighted(share: TwoShares) -> str:
    """The share over all tickets, with what its error supports."""
    mean = share.weighted
    return (
        numbers.MISSING
        if mean is None
        else numbers.proportion_text(mean.value, mean.standard_error)
    )


def plain(share: TwoShares) -> str:
    """The share as counted."""
    return numbers.percentage(share.part, share.whole) if share.whole else numbers.MISSING


def answer(
    found: Overrides, random: RandomReview, reviewers: Reviewers, agreed: ReviewerAgreement
) -> str:
    """The one sentence that answers the page."""
    overall = found.overall
    if overall.weighted is None:
        lead = f"Reviewers changed {plain(overall)} of the decisions they saw"
    else:
        bounds = numbers.interval(overall.weighted.low, overall.weighted.high)
        lead = f"Reviewers would change {weighted(overall)} of all decisions ({bounds})"
    faults = [*_reviewer_faults(reviewers), *_random_faults(random), *_agreement_faults(agreed)]
    if not faults:
        return f"{lead}, and nothing speaks against trusting them."
    return f"{lead}; but {', and '.join(faults)}."


def _reviewer_faults(found: Reviewers) -> list[str]:
    n = len(found.outliers)
    if not n:
        return []
    return ["one reviewer has left the others" if n == 1 else f"{n} reviewers have left the others"]


def _random_faults(found: RandomReview) -> list[str]:
    low = found.lowest
    if low is None or not low.missed:
        return []
    when = day_text(low.start)
    return [f"in the fortnight from {when} chance chose almost no ticket for review"]


def _agreement_faults(found: ReviewerAgreement) -> list[str]:
    bounds = found.kappa_interval
    return (
        ["reviewers do not agree among themselves"] if bounds and bounds.high < FAIR_KAPPA else []
    )


def agreement(found: ReviewerAgreement) -> str:
    """How far reviewers agree."""
    if found.plain is None:
        return "No ticket was reviewed by two people."
    kappa, bounds = found.plain.kappa, found.kappa_interval
    if kappa is None:
        return "Both reviewers always gave one and the same answer."
    if bounds is not None and bounds.low >= GOOD_KAPPA:
        word = "closely"
    elif bounds is not None and bounds.low >= FAIR_KAPPA:
        word = "well"
    elif bounds is not None and bounds.high < FAIR_KAPPA:
        word = "poorly"
    else:
        word = "somewhat; there are too few tickets to be sure"
    return f"Two people on the same ticket agree {word}."


def reviewers(found: Reviewers, *, named: bool) -> str:
    """Whether anybody has left the others; names only for those who may see them."""
    k = len(found.differences)
    if k < 2:
        return "There are too few reviewers to compare."
    if not found.outliers:
        return f"None of {k} reviewers has left the others."
    if not named:
        n = len(found.outliers)
        return f"{n} of {k} reviewers {'has' if n == 1 else 'have'} left the others."
    parts = []
    for item in found.outliers:
        side = "more" if item.difference > 0 else "less"
        size = f"{abs(100 * item.difference):.0f} points"
        since = " than before" if item.drifted and not item.unlike else ""
        parts.append(f"{item.rater} overturns {size} {side} than others on like tickets{since}")
    return f"{'; '.join(parts)}.".replace(" tickets than before", " tickets, and has changed")


def arrival(found: Arrival) -> str:
    """How long labels take."""
    if found.half_hours is None or found.mature_hours is None:
        return "Too few reviews have come to tell how long they take."
    share = f"{found.mature_share:.0%}"
    return (
        f"Half of the reviews arrive within {duration(found.half_hours)}, "
        f"{share} within {duration(found.mature_hours)}."
    )


def duration(hours: float) -> str:
    """Hours below two days, else days."""
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def random_review(found: RandomReview) -> str:
    """Whether chance chose enough."""
    floor = numbers.proportion_text(found.floor, found.floor)
    if found.lowest is None:
        return "There is no whole fortnight whose reviews have arrived."
    low = found.lowest
    counts = numbers.share(low.drawn, low.predictions)
    lead = f"Lowest fortnight: from {day_text(low.start)}, {counts}"
    return f"{lead}, {'under' if low.share < found.floor else 'above'} the floor of {floor}."
