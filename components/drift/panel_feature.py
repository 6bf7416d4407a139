"""One variable in full: its bins, its weeks, its segments, and every number behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.drift import figures, figures_series
from components.drift import panel_words as words
from components.drift.types import DriftReport, Finding, MixtureSplit, SegmentShift
from components.layout import numbers, table
from components.layout.chart import chart
from components.layout.glossary import help_for
from components.pipeline.figures import Drawn

Narrow = Callable[[str, str], None]


def detail(finding: Finding, report: DriftReport) -> None:
    """Its sentence, then its histogram beside its weeks."""
    with st.container(key="drift_detail"):
        st.header(finding.label, anchor=False)
        st.html(
            f'<p class="pl-drift-sentence">{words.VERDICTS[finding.verdict].html} '
            f"{escape(finding.sentence)}</p>"
        )
        psi = st.toggle(
            "PSI with its customary lines", key="psi", bind="query-params", help=help_for("PSI")
        )
        left, right = st.columns(2, gap="medium")
        with left:
            _draw(
                figures.histogram(finding),
                "Reference against current",
                "Hatched: missing, unusable, unseen or out of range. Below: score points by bin.",
                "drift_bins",
            )
        with right:
            _weeks(finding, report, psi=psi)
        _facts(finding)


def _draw(drawn: Drawn, title: str, note: str, key: str) -> None:
    chart(drawn.figure, title=title, alt=drawn.alt, table=drawn.table, key=key, note=note)


def _weeks(finding: Finding, report: DriftReport, *, psi: bool) -> None:
    if psi:
        _draw(
            figures_series.psi_weeks(finding, report.reference, report.current),
            "PSI by week",
            "The lines at 0.1 and 0.25 are custom, and decide nothing here.",
            "drift_psi",
        )
        return
    _draw(
        figures_series.weeks(finding, report.reference, report.current),
        "Distance by week",
        "Grey: reference. Blue: current window. Orange: between which days it changed.",
        "drift_weeks",
    )


def _facts(finding: Finding) -> None:
    with st.expander("Every distance, and how sure", type="compact"):
        table.small(distances(finding), key="drift_distances", title=f"{finding.label}: distances")


def distances(finding: Finding) -> pd.DataFrame:
    """Each distance by its name and method, what it rests on, and its value."""
    found, evidence = finding.distances, finding.evidence
    rows: list[tuple[str, str, str]] = []
    if found is not None:
        for name, field, method in (
            ("Jensen–Shannon distance", "jensen_shannon", "js"),
            ("PSI", "psi", "psi"),
            ("Kolmogorov–Smirnov", "kolmogorov_smirnov", "ks"),
            ("Wasserstein, in reference sd", "wasserstein", "w"),
            ("L-infinity", "l_infinity", "linf"),
            ("Chi-square", "chi_square", "chi"),
            ("Chi-square p, rows taken as independent", "chi_square_p", "chi"),
        ):
            value = getattr(found, field)
            if value is not None:
                rows.append((name, numbers.decimal(value, 4), _method(found.methods, method)))
    if evidence is not None:
        shuffled = f"{evidence.permutations:,} shufflings of whole days within weekday"
        rows += [
            ("By chance (p)", words.chance(evidence.p), shuffled),
            ("By chance, adjusted for the family", words.chance(evidence.p_adjusted), "BH"),
            ("Shuffled days stay below, 95%", numbers.decimal(evidence.null_95, 4), shuffled),
        ]
    if finding.twin_distance is not None:
        rows.append(
            (
                "Distance from the year before",
                numbers.decimal(finding.twin_distance, 4),
                f"p {words.chance(finding.twin_p)}",
            )
        )
    if finding.impact is not None:
        impact = finding.impact
        rows.append(
            (
                "Impact",
                f"{words.points(impact.points)} points",
                f"{words.points(impact.log_odds, 4)} log odds × slope {impact.slope:.3f}; "
                f"{words.percent(impact.explained)} explained",
            )
        )
    if finding.since is not None:
        rows.append(("Since", words.since(finding.since), words.since_range(finding.since)))
    rows.append(
        ("Predictions", f"{finding.n_reference:,} and {finding.n_current:,}", "both windows")
    )
    return pd.DataFrame(rows, columns=["What", "Value", "Method, or what it rests on"])


def _method(methods: Sequence[str], start: str) -> str:
    return next((one for one in methods if one.split("/")[0].split(":")[0].startswith(start)), "")


def segments(finding: Finding, narrow: Narrow) -> None:
    """Where it moved: each segment's distance; the split by mix; a way into one segment.

    ``narrow(dimension, segment)`` sets the page's filter.
    """
    dimensions = list(dict.fromkeys(one.dimension for one in finding.segments))
    if not dimensions:
        return
    st.header("By segment", anchor=False)
    columns = st.columns(len(dimensions), gap="medium")
    for column, dimension in zip(columns, dimensions, strict=True):
        shifts = [one for one in finding.segments if one.dimension == dimension]
        name = words.DIMENSIONS.get(dimension, dimension)
        split = next((one for one in finding.splits if one.dimension == dimension), None)
        with column:
            drawn = figures_series.segments(shifts, what=finding.label)
            _draw(drawn, name, "" if split is None else split_words(split), f"drift_{dimension}")
            _into(shifts, dimension, narrow)


def _into(shifts: Sequence[SegmentShift], dimension: str, narrow: Narrow) -> None:
    order = sorted(shifts, key=lambda one: one.jensen_shannon, reverse=True)[:3]
    with st.container(horizontal=True, gap="small", key=f"drift_into_{dimension}"):
        for place, one in enumerate(order):
            st.button(
                f"Only {one.segment}",
                icon=":material/filter_alt:",
                type="tertiary",
                key=f"into_{dimension}_{place}",
                on_click=narrow,
                args=(dimension, one.segment),
            )


def split_words(split: MixtureSplit) -> str:
    """The exact split of the divergence in words."""
    if split.total <= 0:
        return "No divergence to split."
    return (
        f"Of the divergence, {split.mix / split.total:.0%} is the mix of segments, "
        f"{split.within / split.total:.0%} lies within them."
    )
