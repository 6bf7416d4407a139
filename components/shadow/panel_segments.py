"""Segments: who would be decided otherwise, where the candidate is worse, and what it scored."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.gates.status import Status
from components.layout import badge, numbers, states, table
from components.layout.chart import chart
from components.shadow import figures_groups, figures_scores, figures_segments
from components.shadow import panel_words as words
from components.shadow.types import (
    Agreement,
    Change,
    Coverage,
    Fairness,
    MissingnessTest,
    NamedSlice,
    Scores,
)
from components.statistics.slices import SliceState

E_LIMIT = 20
_NAMED = 8
_AGAINST = {"work_type": "kind of work", "region": "region", "outcome": "outcome of the review"}


def agreement(
    found: Agreement, limits: Sequence[tuple[float, str]], switches: Sequence[Change]
) -> None:
    """Churn in all, by segment and by day."""
    if not found.total.n:
        states.empty("No prediction was decided by both models.", "Choose a later as-of day.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        drawn = figures_segments.churn(found, limits)
        chart(
            drawn.figure,
            title="Decisions that would differ, by segment",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_churn",
            note="Share of predictions; every prediction is counted. Kappa is in the table, "
            "for information: no gate uses it.",
        )
    with right:
        drawn = figures_segments.by_day(
            found.by_day,
            what="Decisions that differ",
            limit=limits[0] if limits else None,
            switches=switches,
        )
        chart(
            drawn.figure,
            title="Day by day",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_churn_days",
            note="Band: 95% (Wilson).",
        )


def groups(found: Sequence[NamedSlice], fairness: Sequence[Fairness], margin: float) -> None:
    """Where the candidate is worse: the worst group first, small groups by name."""
    if not found:
        states.empty(
            "No group has labels yet.", "Work on the queue to label, or choose a later as-of day."
        )
        return
    judged = [one for one in found if one.slice.state is not SliceState.NO_DATA]
    if judged:
        st.markdown(figures_groups.slice_words(found))
        drawn = figures_groups.slices(found, margin)
        chart(
            drawn.figure,
            title="Right decisions by group, worst first",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_slices",
            note="95% confidence sequences that hold for all groups and all looks together.",
        )
    _too_small(found)
    table.small(figures_groups.slice_table(found), key="shadow_slice_rows", title="Groups")
    _fairness(fairness)


def _too_small(found: Sequence[NamedSlice]) -> None:
    small = [one for one in found if one.slice.state is SliceState.NO_DATA]
    if not small:
        return
    if len(small) > _NAMED:
        named = f"{len(small)} of {len(found)} groups, named in the table"
    else:
        named = words.listed(
            [f"{figures_groups.slice_name(one)} ({one.slice.labels:,})" for one in small]
        )
    st.html(
        f'<p class="pl-verdict">{badge.status_html(Status.NO_DATA, small=True)} '
        f"<span>Too few labelled disagreements to judge: {escape(named)}.</span></p>"
    )


def _fairness(found: Sequence[Fairness]) -> None:
    if not found:
        return
    st.header("Errors and selection by group", anchor=False)
    names = {words.DIMENSIONS.get(one.dimension, one.dimension): one for one in found}
    first = next(iter(names))
    chosen: str | None = first
    if len(names) > 1:
        chosen = st.segmented_control(
            "By", list(names), default=first, required=True, key="fairness_by", bind="query-params"
        )
    one = names.get(chosen or first, names[first])
    rates = [rate for rate in figures_groups.RATES if any(r.rate is rate for r in one.candidate)]
    for column, rate in zip(st.columns(max(1, len(rates)), gap="medium"), rates, strict=False):
        drawn = figures_groups.fairness(one, rate)
        with column:
            chart(
                drawn.figure,
                title=figures_groups.RATES[rate],
                alt=drawn.alt,
                table=drawn.table,
                key=f"shadow_{rate.name.lower()}",
                note=drawn.alt.partition("; ")[2].capitalize(),
            )
    if one.unjudged:
        st.html(
            f'<p class="pl-verdict">{badge.status_html(Status.NO_DATA, small=True)} <span>Too few '
            f"reviews to judge: {escape(words.listed(one.unjudged))}.</span></p>"
        )


def scores(found: Scores, switches: Sequence[Change]) -> None:
    """How far the candidate's scores lie from production's."""
    if not any(one.n for one in found.bins):
        states.empty("No prediction has a score of both models.", "Choose a later as-of day.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        drawn = figures_scores.differences(found)
        mean = words.signed(None if found.mean is None else 100 * found.mean, 2)
        chart(
            drawn.figure,
            title="Score differences",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_differences",
            note=f"Candidate minus production on the same prediction; mean {mean} points.",
        )
    with right:
        drawn = figures_scores.over_time(found.by_day, switches)
        chart(
            drawn.figure,
            title="Score differences over time",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_difference_days",
            note="Median of each day; the band holds the middle 80% of predictions.",
        )
    drawn = figures_scores.tenths(found)
    psi = "unknown" if found.psi is None else f"{found.psi:.3f}"
    chart(
        drawn.figure,
        title="Both models' scores",
        alt=drawn.alt,
        table=drawn.table,
        key="shadow_tenths",
        note=f"PSI {psi}, production as the reference (+0.5 a bin).",
    )


def coverage(found: Coverage, limit: float | None) -> None:
    """What the candidate scored, and whether its gaps favour anybody."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        drawn = figures_segments.coverage(found, limit)
        chart(
            drawn.figure,
            title="Scored by the candidate, by segment",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_coverage",
            note="Usable scores and decisions of production's predictions; bars: 95% (Wilson).",
        )
    with right:
        drawn = figures_segments.by_day(
            found.by_day,
            what="Scored",
            limit=(limit, f"at least {limit:.0%}") if limit is not None else None,
        )
        chart(
            drawn.figure,
            title="Day by day",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_coverage_days",
            note="Band: 95% (Wilson).",
        )
    small = [one for one in found.segments if not one.enough]
    if small:
        named = words.listed(
            [f"{words.segment(one.dimension, one.segment)} ({one.predictions:,})" for one in small]
        )
        st.html(
            f'<p class="pl-verdict">{badge.status_html(Status.NO_DATA, small=True)} '
            f"<span>Too few predictions to judge: {escape(named)}.</span></p>"
        )
    _bias(found)


def _bias(found: Coverage) -> None:
    st.header("Do the gaps favour anybody?", anchor=False)
    e = found.e
    sentence = (
        f"Evidence that scores are missing more often somewhere: e-value {words.e_value(e)}, "
        f"limit {E_LIMIT}."
        if e is not None
        else "No score is missing, or there is nothing to compare: the gaps favour nobody."
    )
    st.markdown(sentence)
    table.small(_bias_table(found.tests), key="shadow_missing", title="Missing scores by group")
    if found.errors:
        said = "; ".join(f"{code} {n:,}" for code, n in found.errors)
        st.caption(f"Errors of the candidate: {said}. Unusable in all: {found.unusable:,}.")


def _bias_table(tests: Sequence[MissingnessTest]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Against": [_AGAINST.get(one.against, one.against) for one in tests],
            "E-value": [words.e_value(one.e) for one in tests],
            "Missing": [numbers.share(one.missing, one.n) for one in tests],
            "Most often in": [one.worst or numbers.MISSING for one in tests],
            "There": [numbers.proportion_text(one.worst_share) for one in tests],
        }
    )
