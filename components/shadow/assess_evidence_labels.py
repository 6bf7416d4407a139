"""What reviews, and evidence over time, say to the gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from components.gates.evidence import Evidence
from components.shadow.assess_time import deciding_e
from components.shadow.material import Rules
from components.shadow.types import NamedSlice, ShadowReport
from components.statistics.estimate import Estimate
from components.statistics.fairness import Rate
from components.statistics.slices import SliceState

FULL = "full count"
HAJEK = "Hájek mean over 1/review_propensity, weights capped at 100, linearised interval"
SEQUENCE = "asymptotic confidence sequence of daily AIPW scores"
BETTING = "weighted betting e-process"
PLAIN = "beta-binomial e-process"


def labels(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
    quality = report.quality
    yield Evidence(
        "shadow.labelled_disagreements", quality.disagreements, quality.disagreements, FULL, at
    )
    yield _critical_slice(report, rules, at)
    recall = quality.critical_recall
    n = recall.n if recall else 0
    for metric, estimate in (
        ("shadow.critical_recall_difference", recall.difference if recall else None),
        ("shadow.critical_recall", recall.candidate if recall else None),
    ):
        yield _weighted(report, metric, estimate, n, rules, at)
    cost = report.cost
    relative = None
    if cost is not None and cost.difference.relative is not None:
        paid = cost.difference
        relative = Estimate(paid.relative or 0.0, None, paid.relative_low, paid.relative_high)
    yield _weighted(
        report, "shadow.cost_weighted_loss_change", relative, quality.disagreements, rules, at
    )
    auroc, brier = quality.auroc, quality.brier
    calibrated = quality.candidate_calibration
    area = (
        Estimate(auroc.difference, auroc.standard_error, auroc.low, auroc.high) if auroc else None
    )
    n = quality.reviewed - quality.unknown_propensity
    yield _weighted(report, "shadow.auroc_difference", area, n, rules, at, "DeLong, weighted")
    yield _weighted(
        report, "shadow.brier_difference", brier.difference if brier else None, n, rules, at
    )
    for metric, estimate in (
        ("shadow.calibration_slope_deviation", calibrated.slope if calibrated else None),
        (
            "shadow.observed_expected_deviation",
            calibrated.observed_over_expected if calibrated else None,
        ),
    ):
        yield _weighted(
            report, metric, _deviation(estimate), n, rules, at, "weighted logistic recalibration"
        )


def _critical_slice(report: ShadowReport, rules: Rules, at: datetime | None) -> Evidence:
    """Labelled disagreements of the critical slice that has the fewest.

    Slices that the policy names stand each for itself. Where it names none, every group of some
    size is critical, and those that are judged together are counted together.
    """
    policy, metric = rules.policy, "shadow.labelled_worst_critical_slice"
    every = {one.slice.group: one for one in report.slices}
    if policy.critical_slices:
        wanted = {
            name: every[name].slice.labels if name in every else 0
            for name in policy.critical_slices
        }
    else:
        least = float(policy.slice_share) * report.pairing.rows
        together = covered(report.slices)
        wanted = {
            name: one.slice.labels
            for name, one in every.items()
            if one.predictions >= least and name not in together
        }
    if not wanted:
        return Evidence(metric, None, 0, FULL, at, sentence="there is no critical slice")
    fewest = min(wanted, key=lambda name: (wanted[name], name))
    small = sorted(name for name, labels in wanted.items() if labels < policy.minimum_slice)
    words = (
        f"{fewest}{_of_members(every[fewest]) if fewest in every else ''} has {wanted[fewest]:,}"
    )
    if small:
        words += f"; too few in {', '.join(small)}"
    return Evidence(metric, wanted[fewest], wanted[fewest], FULL, at, sentence=words)


def _weighted(
    report: ShadowReport,
    metric: str,
    estimate: Estimate | None,
    n: int,
    rules: Rules,
    at: datetime | None,
    method: str = HAJEK,
) -> Evidence:
    """A weighted number; without a value where too few reviews stand behind it in effect."""
    accuracy, need = report.quality.accuracy, rules.policy.minimum_effective_reviews
    effective = accuracy.effective_n if accuracy else 0.0
    enough = estimate is not None and effective >= need
    words = f"{effective:,.0f} reviews count in effect"
    return Evidence(
        metric,
        estimate.value if estimate and enough else None,
        n,
        method,
        at,
        low=estimate.low if estimate and enough else None,
        high=estimate.high if estimate and enough else None,
        sentence=words if enough else f"{words}, at least {need:,} are needed",
    )


def _deviation(estimate: Estimate | None) -> Estimate | None:
    """How far a ratio lies from 1, with the range that its interval allows."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    ends = abs(estimate.low - 1), abs(estimate.high - 1)
    nearest = 0.0 if estimate.low <= 1 <= estimate.high else min(ends)
    return Estimate(abs(estimate.value - 1), estimate.standard_error, nearest, max(ends))


def over_time(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
    found = report.sequential
    if found is None:
        return
    last = [day for day in found.days if not day.immature][-1]
    within = last.low is not None and last.low > rules.margin
    e = deciding_e(found.days, random_only=found.random_only)
    harmful = e is not None and e >= rules.e_limit
    accuracy, need = report.quality.accuracy, rules.policy.minimum_effective_reviews
    enough = accuracy is not None and accuracy.effective_n >= need
    blocked = last.high is not None and last.high < 0 and harmful
    yield Evidence(
        "shadow.accuracy_difference",
        last.mean if enough or blocked else None,
        last.labels,
        SEQUENCE,
        at,
        low=last.low,
        high=last.high,
        n_unscored=found.left_out,
        running=not within and not blocked and last.labels >= rules.minimum_labels,
        sentence=found.sentence,
    )
    if e is None:
        return
    words = f"E = {e:,.3g} against the candidate, plain E = {last.e_plain:,.3g}"
    if harmful and within:
        words += "; it is proven worse, but by less than the margin"
    yield Evidence(
        "shadow.harm_e_value",
        min(e, rules.e_limit) if within else e,
        max(1, last.labels),
        PLAIN if found.random_only else BETTING,
        at,
        sentence=words,
    )


def fairness(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
    for metric, rate in (
        ("fairness.tpr_gap_change", Rate.TRUE_POSITIVE),
        ("fairness.fpr_gap_change", Rate.FALSE_POSITIVE),
    ):
        changes = [
            (one.dimension, change)
            for one in report.fairness
            for change in one.changes
            if change.rate is rate
        ]
        if not changes:
            continue
        worst = max(changes, key=lambda item: item[1].change.value if item[1].change else -1.0)
        smallest = min(change.smallest for _, change in changes)
        small = sorted({name for one in report.fairness for name in one.unjudged})
        made = _weighted(report, metric, worst[1].change, smallest, rules, at)
        if small:
            made = replace(made, sentence=f"{made.sentence}; no data for {', '.join(small)}")
        yield made
    yield from _selection(report)
    if report.slices:
        yield _worst_group(report, at)


def _selection(report: ShadowReport) -> Iterator[Evidence]:
    found = []
    for one in report.fairness:
        gap = next(each for each in one.candidate_gaps if each.rate is Rate.SELECTION)
        now = next(each for each in one.production_gaps if each.rate is Rate.SELECTION)
        n = min(rate.n for rate in one.candidate if rate.rate is Rate.SELECTION)
        found.append((gap.ratio if gap.ratio is not None else 1.0, gap, now, n))
    if not found:
        return
    _, gap, now, n = min(found, key=lambda item: item[0])
    words = f"lowest in {gap.lowest}, highest in {gap.highest}"
    if now.ratio is not None:
        words += f"; production's ratio is {now.ratio:.2f}"
    if gap.unjudged:
        words += f"; no data for {', '.join(gap.unjudged)}"
    yield Evidence(
        "fairness.selection_ratio", gap.ratio, n, FULL, report.pairing.last, sentence=words
    )


def _worst_group(report: ShadowReport, at: datetime | None) -> Evidence:
    """The group with proven harm, else the worst that can be judged, remainders included.

    Groups too small alone are named. One that no remainder takes in leaves the gate without data.
    ``n`` is the fewest labelled disagreements of a group; proven harm needs no least number.
    """
    worse = [one for one in report.slices if one.slice.state is SliceState.WORSE]
    small = [one for one in report.slices if one.slice.state is SliceState.NO_DATA]
    open_ = [one for one in report.slices if one.slice.state is SliceState.OPEN]
    alone = [one for one in small if one.slice.group not in covered(report.slices)]
    judged = [one for one in report.slices if one not in small]
    shown = min(worse or alone or open_ or judged, key=_mean)
    look = shown.slice.look
    words = f"worst in {shown.slice.group}{_of_members(shown)}"
    if small:
        names = ", ".join(f"{one.slice.group} ({one.slice.labels})" for one in small)
        words += f"; too few labelled disagreements in {names}"
        if not alone:
            words += ", which are judged together"
    proven = look is not None and look.high is not None and look.high < 0
    return Evidence(
        "fairness.worst_group_difference",
        look.mean if look and look.low is not None and (worse or not alone) else None,
        report.quality.disagreements if worse else min(one.slice.labels for one in alone or judged),
        f"{SEQUENCE}, Bonferroni over {len(report.slices)} groups",
        at,
        low=look.low if look else None,
        high=look.high if look and (proven or not worse) else None,
        running=not worse and bool(open_) and not alone,
        sentence=words,
    )


def covered(slices: Sequence[NamedSlice]) -> frozenset[str]:
    """Groups that are judged together with others."""
    judged = (one for one in slices if one.slice.state is not SliceState.NO_DATA)
    return frozenset(name for one in judged for name in one.members)


def _of_members(one: NamedSlice) -> str:
    return f" ({', '.join(one.members)})" if one.members else ""


def _mean(one: NamedSlice) -> float:
    return one.slice.look.mean if one.slice.look else 0.0
