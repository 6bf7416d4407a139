"""What a comparison says to the gates: one measured metric each, about the candidate (B3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from components.gates.evidence import Evidence
from components.gates.policy import Bound, Direction, Policy
from components.shadow.assess import overlap_days
from components.shadow.assess import rules as rules_of
from components.shadow.assess_time import deciding_e
from components.shadow.material import Material, Rules
from components.shadow.types import LoadChange, NamedSlice, SegmentCoverage, ShadowReport
from components.statistics.estimate import Estimate
from components.statistics.fairness import Rate
from components.statistics.slices import SliceState

FULL = "full count"
HAJEK = "Hájek mean over 1/review_propensity, weights capped at 100, linearised interval"
SEQUENCE = "asymptotic confidence sequence of daily AIPW scores"
BETTING = "weighted betting e-process"
PLAIN = "beta-binomial e-process"

COUNT_METRICS = (
    "shadow.coverage",
    "shadow.coverage_worst_slice",
    "shadow.missingness_e_value",
    "shadow.exposure_days",
    "shadow.churn",
    "shadow.score_psi",
    "shadow.escalations_change",
    "shadow.llm_calls_change",
    "shadow.review_queue_p95_change",
    "shadow.counterfactual_coverage",
    "shadow.latency_p95_ratio",
    "shadow.error_rate",
    "shadow.configuration_changes",
    "shadow.training_overlap",
    "fairness.selection_ratio",
)
LABEL_METRICS = (
    "shadow.labelled_disagreements",
    "shadow.labelled_worst_critical_slice",
    "shadow.accuracy_difference",
    "shadow.harm_e_value",
    "shadow.critical_recall_difference",
    "shadow.critical_recall",
    "shadow.cost_weighted_loss_change",
    "shadow.auroc_difference",
    "shadow.brier_difference",
    "shadow.calibration_slope_deviation",
    "shadow.observed_expected_deviation",
    "fairness.tpr_gap_change",
    "fairness.fpr_gap_change",
    "fairness.worst_group_difference",
)
GAP_METRICS = frozenset({"fairness.tpr_gap_change", "fairness.fpr_gap_change"})
METRICS = (*COUNT_METRICS, *LABEL_METRICS)


def evidence(report: ShadowReport, material: Material, policy: Policy) -> tuple[Evidence, ...]:
    """One evidence for each metric that could be measured; each names candidate and data."""
    rules = rules_of(policy)
    scored, reviewed = report.pairing.last, report.pairing.reviewed_until
    made = [
        *_counts(report, material, rules, scored),
        *_labels(report, rules, reviewed),
        *_over_time(report, rules, reviewed),
        *_fairness(report, rules, reviewed),
    ]
    pairing = report.pairing
    return tuple(
        replace(
            one,
            candidate=pairing.candidate,
            dataset_digest=pairing.digest,
            running=one.running or still_open(one, policy),
        )
        for one in made
    )


def still_open(found: Evidence, policy: Policy) -> bool:
    """Whether a gate is missed only because its interval is still wide: more labels decide.

    Only where the better end of the interval is over the limit as well has the candidate failed.
    A gap between groups is noisy even without a bound, and is read in the same way.
    """
    gates = [one for one in policy.requirements if one.metric == found.metric]
    for gate in gates:
        wide = gate.bound is not Bound.VALUE or found.metric in GAP_METRICS
        if not wide or found.value is None or found.n < gate.minimum_n:
            continue
        low, high, limit = found.low, found.high, float(gate.threshold)
        if low is None or high is None:
            continue
        value = float(found.value) if gate.bound is Bound.VALUE else None
        if gate.direction is Direction.AT_LEAST:
            return (low if value is None else value) < limit <= high
        return (high if value is None else value) > limit >= low
    return False


def unmeasured(candidate: str, words: str) -> tuple[Evidence, ...]:
    """A candidate without a single score: every metric has no value, and says why."""
    return tuple(
        Evidence(metric, None, 0, FULL, None, candidate=candidate, sentence=words)
        for metric in METRICS
    )


def _counts(
    report: ShadowReport, material: Material, rules: Rules, at: datetime | None
) -> Iterator[Evidence]:
    total, covered = report.coverage.total, report.coverage
    lost = total.predictions - total.scored
    yield Evidence(
        "shadow.coverage",
        total.share,
        total.predictions,
        FULL,
        at,
        sentence=f"{lost:,} of {total.predictions:,} predictions have no usable score",
    )
    yield _worst_slice(covered.segments, at)
    tests = "; ".join(
        f"by {test.against.replace('_', ' ')} {test.e:.3g}"
        for test in covered.tests
        if test.e is not None
    )
    yield Evidence(
        "shadow.missingness_e_value",
        covered.e,
        total.predictions,
        "mean of e-values (Dirichlet-multinomial against hypergeometric)",
        at,
        sentence=f"{lost:,} scores are missing; evidence that it is no chance: {tests}",
    )
    days = report.pairing.days
    yield Evidence("shadow.exposure_days", days, days, FULL, at)
    churned = report.agreement.total
    yield Evidence(
        "shadow.churn",
        churned.churn,
        churned.n,
        FULL,
        at,
        sentence=f"{churned.raised:,} decisions would be raised, {churned.lowered:,} lowered",
    )
    yield Evidence("shadow.score_psi", report.scores.psi, churned.n, "psi 1, tenths", at)
    load = report.induced
    for metric, change in (
        ("shadow.escalations_change", load.escalations),
        ("shadow.llm_calls_change", load.llm_calls),
        ("shadow.review_queue_p95_change", load.review_queue),
    ):
        yield _load(metric, change, total.scored, at)
    known, n = load.counterfactual_known, load.counterfactual_n
    yield Evidence(
        "shadow.counterfactual_coverage",
        known / n if n else None,
        n,
        FULL,
        at,
        sentence=f"{n - known:,} of {n:,} final decisions are unknown: the LLM was not asked",
    )
    ratio = report.latency.ratio
    yield Evidence(
        "shadow.latency_p95_ratio",
        ratio.value if ratio else None,
        report.latency.n,
        "ratio of p95, paired bootstrap",
        at,
        low=ratio.low if ratio else None,
        high=ratio.high if ratio else None,
        n_unscored=total.scored - report.latency.n,
    )
    errors = sum(count for _, count in covered.errors)
    rows = total.scored + covered.unusable
    yield Evidence(
        "shadow.error_rate",
        errors / rows if rows else None,
        rows,
        FULL,
        at,
        sentence=f"{errors:,} of {rows:,} scorings failed",
    )
    yield from _disturbances(report, material, at)


def _worst_slice(segments: tuple[SegmentCoverage, ...], at: datetime | None) -> Evidence:
    """The smallest share of the slices that are large enough; the others are named."""
    judged = [one for one in segments if one.enough]
    worst = judged[0] if judged else None
    small = [one.segment for one in segments if not one.enough]
    words = f"lowest in {worst.segment}" if worst else "no slice is large enough"
    if small:
        words += f"; no data for {', '.join(small)}"
    return Evidence(
        "shadow.coverage_worst_slice",
        worst.share if worst else None,
        worst.predictions if worst else 0,
        FULL,
        at,
        sentence=words,
    )


def _load(metric: str, change: LoadChange, scored: int, at: datetime | None) -> Evidence:
    words = f"{change.production:,.4g} {change.unit} now, {change.candidate:,.4g} then"
    return Evidence(
        metric,
        change.change,
        change.n,
        FULL,
        at,
        n_unscored=max(0, scored - change.n),
        sentence=words,
    )


def _disturbances(
    report: ShadowReport, material: Material, at: datetime | None
) -> Iterator[Evidence]:
    named = ", ".join(f"{one.knob} to {one.version} on {one.at:%d %b}" for one in report.changes)
    yield Evidence(
        "shadow.configuration_changes",
        len(report.changes),
        max(1, report.pairing.days),
        FULL,
        at,
        sentence=named or "nothing was switched",
    )
    windows = [run for run in material.training if run.window_end is not None]
    if windows:
        yield Evidence(
            "shadow.training_overlap", overlap_days(material), len(windows), FULL, at
        )


def _labels(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
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
    yield _weighted(report, "shadow.cost_weighted_loss_change", relative, quality.disagreements, rules, at)
    auroc, brier = quality.auroc, quality.brier
    calibrated = quality.candidate_calibration
    area = Estimate(auroc.difference, auroc.standard_error, auroc.low, auroc.high) if auroc else None
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
    """Labelled disagreements of the critical slice that has the fewest."""
    policy, metric = rules.policy, "shadow.labelled_worst_critical_slice"
    every = {one.slice.group: one for one in report.slices}
    if policy.critical_slices:
        wanted = {name: every[name].slice.labels if name in every else 0 for name in policy.critical_slices}
    else:
        least = float(policy.slice_share) * report.pairing.rows
        wanted = {
            name: one.slice.labels for name, one in every.items() if one.predictions >= least
        }
    if not wanted:
        return Evidence(metric, None, 0, FULL, at, sentence="there is no critical slice")
    fewest = min(wanted, key=lambda name: (wanted[name], name))
    small = sorted(name for name, labels in wanted.items() if labels < policy.minimum_slice)
    words = f"{fewest} has {wanted[fewest]:,}"
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


def _over_time(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
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


def _fairness(report: ShadowReport, rules: Rules, at: datetime | None) -> Iterator[Evidence]:
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
    """The group with proven harm, else the worst; too few labels in any group is no data."""
    worse = [one for one in report.slices if one.slice.state is SliceState.WORSE]
    small = [one for one in report.slices if one.slice.state is SliceState.NO_DATA]
    open_ = [one for one in report.slices if one.slice.state is SliceState.OPEN]
    shown = min(worse or open_ or small or report.slices, key=_mean)
    look = shown.slice.look
    fewest = min(one.slice.labels for one in report.slices)
    words = f"worst in {shown.slice.group}"
    if small:
        names = ", ".join(f"{one.slice.group} ({one.slice.labels})" for one in small)
        words += f"; too few labelled disagreements in {names}"
    return Evidence(
        "fairness.worst_group_difference",
        look.mean if look and look.low is not None and (worse or not small) else None,
        shown.slice.labels if worse else fewest,
        f"{SEQUENCE}, Bonferroni over {len(report.slices)} groups",
        at,
        low=look.low if look else None,
        high=look.high if look else None,
        running=not worse and bool(open_) and not small,
        sentence=words,
    )


def _mean(one: NamedSlice) -> float:
    return one.slice.look.mean if one.slice.look else 0.0
