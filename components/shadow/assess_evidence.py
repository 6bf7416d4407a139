"""What a comparison says to the gates: one measured metric each, about the candidate (B3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from components.gates.evidence import Evidence
from components.gates.policy import Bound, Direction, Policy
from components.shadow.assess import GROUP_METRIC
from components.shadow.assess import rules as rules_of
from components.shadow.assess_chances import trusted
from components.shadow.assess_evidence_labels import FULL, fairness, labels, over_time
from components.shadow.types import LoadChange, SegmentCoverage, ShadowReport

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
    GROUP_METRIC,
)
GAP_METRICS = frozenset({"fairness.tpr_gap_change", "fairness.fpr_gap_change"})
METRICS = (*COUNT_METRICS, *LABEL_METRICS)


def evidence(report: ShadowReport, policy: Policy) -> tuple[Evidence, ...]:
    """One evidence for each metric that could be measured; each names candidate and data."""
    rules = rules_of(policy)
    scored, reviewed = report.pairing.last, report.pairing.reviewed_until
    judged = (
        *labels(report, rules, reviewed),
        *over_time(report, rules, reviewed),
        *fairness(report, rules, reviewed),
    )
    made = [*_counts(report, scored), *trusted(judged, report.doubt, rules)]
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
    A gap between groups is noisy even without a bound, and is read in the same way. A group that
    is proven to be served worse has waited long enough.
    """
    if found.metric == GROUP_METRIC and found.high is not None and found.high < 0:
        return False
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


def _counts(report: ShadowReport, at: datetime | None) -> Iterator[Evidence]:
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
    yield from _disturbances(report, at)


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
    digits = 1 if isinstance(change.production, float) else 0
    now, then = (f"{one:,.{digits}f}" for one in (change.production, change.candidate))
    words = f"{now} {change.unit} now, {then} then"
    return Evidence(
        metric,
        change.change,
        change.n,
        FULL,
        at,
        n_unscored=max(0, scored - change.n),
        sentence=words,
    )


def _disturbances(report: ShadowReport, at: datetime | None) -> Iterator[Evidence]:
    named = ", ".join(f"{one.knob} to {one.version} on {one.at:%d %b}" for one in report.changes)
    yield Evidence(
        "shadow.configuration_changes",
        len(report.changes),
        max(1, report.pairing.days),
        FULL,
        at,
        sentence=named or "nothing was switched",
    )
    if report.training:
        yield Evidence("shadow.training_overlap", report.overlap_days, report.training, FULL, at)
