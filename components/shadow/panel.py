"""The head of the Shadow page: who is compared, its key numbers, and the choice of what to see."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from components.gates.status import Status
from components.layout import numbers, states
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.pipeline.shares import day_text
from components.shadow import panel_words as words
from components.shadow.types import Change, DayEvidence, ShadowReport

QUALITY = "Quality"
TIME = "Evidence over time"
GROUPS = "Groups"
AGREEMENT = "Agreement"
SCORES = "Scores"
COST = "Cost"
LOAD = "Load and latency"
COVERAGE = "Coverage"
QUEUE = "Queue to label"
VIEWS = (QUALITY, TIME, GROUPS, AGREEMENT, SCORES, COST, LOAD, COVERAGE, QUEUE)
VIEW = "view"
_DIGEST_SHOWN = 8
KNOBS = {
    "workflow_config": "the workflow configuration",
    "rules_version": "the rules",
    "ml_version": "the model",
    "llm_version": "the LLM",
}
_VIEW_OF = {
    "shadow.accuracy_difference": TIME,
    "shadow.harm_e_value": TIME,
    "shadow.exposure_days": TIME,
    "shadow.configuration_changes": TIME,
    "shadow.labelled_disagreements": TIME,
    "shadow.labelled_worst_critical_slice": GROUPS,
    "shadow.critical_recall_difference": QUALITY,
    "shadow.critical_recall": QUALITY,
    "shadow.auroc_difference": QUALITY,
    "shadow.brier_difference": QUALITY,
    "shadow.calibration_slope_deviation": QUALITY,
    "shadow.observed_expected_deviation": QUALITY,
    "shadow.cost_weighted_loss_change": COST,
    "shadow.churn": AGREEMENT,
    "shadow.score_psi": SCORES,
    "shadow.escalations_change": LOAD,
    "shadow.llm_calls_change": LOAD,
    "shadow.review_queue_p95_change": LOAD,
    "shadow.counterfactual_coverage": LOAD,
    "shadow.latency_p95_ratio": LOAD,
    "shadow.error_rate": COVERAGE,
    "shadow.coverage": COVERAGE,
    "shadow.coverage_worst_slice": COVERAGE,
    "shadow.missingness_e_value": COVERAGE,
}

Statuses = Mapping[str, Status]
"""The status of each gate, by the metric that it judges."""


def choose_view() -> str:
    """The evidence to look at; it lives in the URL."""
    st.header("Evidence", anchor=False)
    chosen = st.segmented_control(
        "Evidence",
        VIEWS,
        default=QUALITY,
        required=True,
        key=VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or QUALITY


def view_of(metric: str) -> str | None:
    """The view that shows the evidence behind a metric; None where another page does."""
    if metric.startswith("fairness."):
        return GROUPS
    return _VIEW_OF.get(metric, QUALITY if metric.startswith("shadow.") else None)


def compared(report: ShadowReport) -> None:
    """Who is compared with whom, over which days and predictions, and the marks of both."""
    pair = report.pairing
    reviewed = (
        f"reviews until {numbers.moment(pair.reviewed_until)}"
        if pair.reviewed_until
        else "no reviews"
    )
    facts = [
        f"as of {numbers.moment(report.as_of)}",
        f"{words.days(pair.start, pair.end)}, {pair.days:,} days",
        f"{numbers.share(pair.scored, pair.rows)} predictions compared",
        reviewed,
        f"data {pair.digest[:_DIGEST_SHOWN]}" if pair.digest else "",
    ]
    st.container(key="shadow_pair").html(
        '<p class="pl-pair-line">'
        f"{_key('pl-mark-candidate', 'Candidate', pair.candidate)} "
        f"{_key('pl-mark-production', 'Production', pair.production)} "
        f'<span class="pl-quiet">{escape(" · ".join(fact for fact in facts if fact))}</span></p>'
    )


def _key(mark: str, role: str, version: str) -> str:
    return (
        f'<span class="pl-pair-key"><span class="pl-mark {mark}"></span>{role} '
        f"<b>{escape(version)}</b></span>"
    )


def headline(report: ShadowReport, judged: Statuses, needed: int) -> None:
    """Six numbers that decide, each with what it rests on."""
    tiles(
        [
            _accuracy(report, judged),
            _harm(report, judged),
            _labels(report, judged, needed),
            _churn(report, judged),
            _cost(report, judged),
            _latency(report, judged),
        ],
        key="shadow_tiles",
    )


def _last(report: ShadowReport) -> DayEvidence | None:
    days = report.sequential.days if report.sequential else ()
    return next((day for day in reversed(days) if day.mean is not None), None)


def _accuracy(report: ShadowReport, judged: Statuses) -> Tile:
    label, meaning = "Right decisions", help_for("Confidence sequence")
    status = judged.get("shadow.accuracy_difference")
    last = _last(report)
    if last is None or report.sequential is None:
        return Tile(label, numbers.MISSING, "no labels yet", help=meaning, status=status)
    ends = words.points_range(last.low, last.high, 1)
    margin = words.points(report.sequential.margin, 1)
    return Tile(
        label,
        words.points(last.mean),
        note=f"{ends}, margin {margin}" if ends else f"no interval yet, margin {margin}",
        help=meaning,
        status=status,
    )


def _harm(report: ShadowReport, judged: Statuses) -> Tile:
    label, meaning = "Evidence of harm", help_for("E-process")
    status = judged.get("shadow.harm_e_value")
    last = _last(report)
    if last is None or report.sequential is None:
        return Tile(label, numbers.MISSING, "no labels yet", help=meaning, status=status)
    return Tile(
        label,
        words.e_value(last.e_harm),
        note=f"e-value; the limit is {report.sequential.e_limit:.0f}",
        help=meaning,
        status=status,
    )


def _labels(report: ShadowReport, judged: Statuses, needed: int) -> Tile:
    days = report.sequential.days if report.sequential else ()
    return Tile(
        "Labels that decide",
        numbers.count(days[-1].labels if days else report.quality.disagreements),
        note=f"of {needed:,} labelled disagreements",
        help=help_for("Labelled disagreement"),
        status=judged.get("shadow.labelled_disagreements"),
    )


def _churn(report: ShadowReport, judged: Statuses) -> Tile:
    total = report.agreement.total
    changed = total.raised + total.lowered
    return Tile(
        "Churn",
        numbers.percentage(changed, total.n),
        note=f"{total.raised:,} raised, {total.lowered:,} lowered",
        help=help_for("Churn"),
        status=judged.get("shadow.churn"),
    )


def _cost(report: ShadowReport, judged: Statuses) -> Tile:
    label, status = "Cost of 1,000", judged.get("shadow.cost_weighted_loss_change")
    if report.cost is None:
        return Tile(label, numbers.MISSING, "too few reviews", status=status)
    found = report.cost.difference
    low, high = (words.signed_money(words.per_thousand(end)) for end in (found.low, found.high))
    return Tile(
        label,
        words.signed_money(words.per_thousand(found.difference)),
        note=f"tickets: {low} to {high}",
        help=help_for("Cost-weighted loss"),
        status=status,
    )


def _latency(report: ShadowReport, judged: Statuses) -> Tile:
    found = report.latency
    ratio = found.ratio
    return Tile(
        "Response, p95",
        numbers.MISSING if ratio is None else f"{ratio.value:.2f}×",
        note=f"{numbers.milliseconds(found.candidate_p95)} against "
        f"{numbers.milliseconds(found.production_p95)}",
        help=help_for("p95"),
        status=judged.get("shadow.latency_p95_ratio"),
    )


def caveats(report: ShadowReport) -> None:
    """What limits this comparison, said before it is read."""
    for caveat in report.caveats:
        states.notice(caveat)


def switches(found: tuple[Change, ...]) -> None:
    """Whatever was switched in the middle of the window: it blocks a promotion."""
    if not found:
        return
    said = words.listed([_switch(one) for one in found])
    states.notice(f"Switched in the middle of the window: {said}. It is marked in the charts.")


def _switch(one: Change) -> str:
    return f"{KNOBS.get(one.knob, one.knob)} to {one.version} on {day_text(one.at.date())}"


def no_candidate() -> None:
    """The state without any candidate in the shadow."""
    states.empty(
        "No candidate is in the shadow: there are no rows in ml_shadow_scores by this day.",
        "Start a shadow run with the runbook for promotion, or choose a later as-of day.",
    )
