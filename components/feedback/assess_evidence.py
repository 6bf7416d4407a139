"""What feedback hands to judgement: one measured metric each, with its n and its time."""

from __future__ import annotations

from components.feedback.types import Families, Overrides, RandomReview, ReviewerAgreement
from components.gates.evidence import Evidence
from components.statistics.weight_total import adds_up, contradiction

OVERRIDE_METRICS = ("feedback.override_rate", "feedback.effective_sample_size")
KAPPA_METRICS = ("feedback.reviewer_kappa",)
RANDOM_METRICS = ("feedback.random_review_share",)
FAMILY_METRICS = ("training.challenger_families",)

HAJEK = "Hájek mean over 1/review_propensity, weights capped at 100, linearised interval"
KISH = "Kish's effective sample size of 1/review_propensity, weights capped at 100"
KAPPA = "Cohen's kappa, Fleiss–Cohen–Everitt interval"
FORTNIGHT = "lowest fortnight, Clopper–Pearson interval"
COUNTED = "full count"


def override_evidence(found: Overrides, days: int, tickets: int) -> tuple[Evidence, ...]:
    """The weighted share of decisions that reviewers change, and what it rests on.

    There is no number where the weights do not add up to the ``tickets`` that were scored.
    """
    rate, effective = OVERRIDE_METRICS
    overall = found.overall
    mean = overall.weighted
    if mean is not None and not adds_up(found.weight, tickets):
        words = contradiction(found.weight, tickets)
        return tuple(
            Evidence(metric, None, overall.whole, HAJEK, found.newest_review, sentence=words)
            for metric in OVERRIDE_METRICS
        )
    unknown = f"; {overall.unknown:,} more have no known propensity" if overall.unknown else ""
    return (
        Evidence(
            metric=rate,
            value=mean.value if mean else None,
            n=overall.whole,
            n_unscored=overall.unknown,
            low=mean.low if mean else None,
            high=mean.high if mean else None,
            method=HAJEK,
            measured_at=found.newest_review,
            sentence=(
                f"Reviewers changed {overall.part:,} of {overall.whole:,} decisions of the last "
                f"{days} days{unknown}."
            ),
        ),
        Evidence(
            metric=effective,
            value=int(overall.effective_n) if overall.whole else None,
            n=overall.whole,
            n_unscored=overall.unknown,
            method=KISH,
            measured_at=found.newest_review,
            sentence=(
                f"{overall.whole:,} reviews of the last {days} days are worth "
                f"{overall.effective_n:,.0f} independent ones."
            ),
        ),
    )


def kappa_evidence(found: ReviewerAgreement, days: int) -> tuple[Evidence, ...]:
    """κ of the tickets that two people reviewed; AC1 is named beside it."""
    plain, bounds, gwet = found.plain, found.kappa_interval, found.gwet
    also = f"; Gwet's AC1 is {gwet.ac1:.2f}" if gwet else ""
    agreed = f"they agreed on {plain.agreed:,}" if plain else "there is nothing to compare"
    return (
        Evidence(
            metric=KAPPA_METRICS[0],
            value=plain.kappa if plain else None,
            n=plain.n if plain else 0,
            low=bounds.low if bounds else None,
            high=bounds.high if bounds else None,
            method=KAPPA,
            measured_at=found.newest_review,
            sentence=(
                f"Two people reviewed {plain.n if plain else 0:,} tickets of the last {days} "
                f"days; {agreed}{also}."
            ),
        ),
    )


def random_evidence(found: RandomReview) -> tuple[Evidence, ...]:
    """The fortnight with the smallest random share: an estimate is as good as its worst part."""
    lowest = found.lowest
    if lowest is None:
        return ()
    return (
        Evidence(
            metric=RANDOM_METRICS[0],
            value=lowest.share,
            n=lowest.predictions,
            low=lowest.interval.low,
            high=lowest.interval.high,
            method=FORTNIGHT,
            measured_at=found.newest,
            sentence=(
                f"In the fortnight from {lowest.start:%d %b %Y} chance chose {lowest.drawn:,} of "
                f"{lowest.predictions:,} tickets for review."
            ),
        ),
    )


def family_evidence(found: Families | None) -> tuple[Evidence, ...]:
    """How many other families were measured on the same holdout as the newest comparison."""
    if found is None:
        return ()
    others = found.other_families
    return (
        Evidence(
            metric=FAMILY_METRICS[0],
            value=len(others),
            n=len(found.challengers),
            method=COUNTED,
            measured_at=found.measured_at,
            dataset_digest=None,
            sentence=f"Measured on one holdout: {', '.join(others) or 'no other family'}.",
        ),
    )
