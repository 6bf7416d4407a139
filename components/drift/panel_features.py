"""The ranked list of features: what matters first, searchable, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.drift import figures_small
from components.drift import panel_words as words
from components.drift.types import DriftReport, Finding, Verdict
from components.layout import numbers, table
from components.layout.exporting import offer
from components.layout.numbers import signed

CHOSEN = "variable"
PAGE_SIZE = 8
_MATTER = (Verdict.MOVED, Verdict.UNCONFIRMED, Verdict.SEASONAL, Verdict.SMALL)
MATTERS, EVERYTHING = "What matters", "Everything"
_HEAD = (
    ("Feature", "pl-drift-name"),
    ("Reference and current", ""),
    ("Score points", ""),
    ("Distance", ""),
    ("By chance", ""),
    ("Since, and where", ""),
)


def kept(findings: Sequence[Finding], search: str, everything: bool) -> list[Finding]:
    """The features whose name holds every word searched for; without words, what matters.

    Where nothing matters, the five with the largest impact.
    """
    wanted = search.casefold().split()
    if wanted:
        return [one for one in findings if all(w in one.label.casefold() for w in wanted)]
    if everything:
        return list(findings)
    matters = [one for one in findings if one.verdict in _MATTER]
    return matters or list(findings[:5])


def ranked(report: DriftReport) -> str | None:
    """Draw the list; the variable that is open, or None where there are no features."""
    findings = report.findings
    if not findings:
        return None
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="drift_search"
    ):
        search = st.text_input(
            "Find a feature",
            key="find",
            bind="query-params",
            placeholder="Part of a name",
            width=220,
        )
        show = st.segmented_control(
            "Show", (MATTERS, EVERYTHING), default=MATTERS, required=True, key="show",
            bind="query-params",
        )  # fmt: skip
        slot = st.container(width="content")
    listed = kept(findings, search or "", show == EVERYTHING)
    with slot:
        st.caption(f"{len(listed):,} of {len(findings):,} features")
    if not listed:
        st.markdown("No feature has this name.")
        return None
    page = _page(len(listed))
    shown = listed[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    opened = st.query_params.get(CHOSEN)
    if opened not in {one.variable for one in findings}:
        opened = shown[0].variable
    _rows(shown, opened, max((abs(_size(one)) for one in findings), default=0.0))
    offer(frame(report), title="Drift by feature", key="drift_features_export")
    return opened


def _page(count: int) -> int:
    pages = -(-count // PAGE_SIZE)
    if pages == 1:
        return 1
    chosen = st.pagination(pages, key="features_page", bind="query-params", max_visible_pages=7)
    return min(max(1, chosen), pages)


def _size(one: Finding) -> float:
    return one.impact.points if one.impact is not None else 0.0


def _rows(shown: Sequence[Finding], opened: str, largest: float) -> None:
    with st.container(key="drift_list", gap="xxsmall"):
        head = "".join(f"<span>{escape(name)}</span>" for name, _ in _HEAD[1:])
        with st.container(horizontal=True, gap="small", key="drift_row_head"):
            st.html('<span class="pl-drift-head">Feature</span>', width=200)
            st.html(f'<div class="pl-drift-row pl-drift-head">{head}</div>')
        for place, one in enumerate(shown):
            with st.container(
                horizontal=True,
                vertical_alignment="center",
                gap="small",
                key=f"drift_row_{place}",
            ):
                is_open = one.variable == opened
                st.button(
                    one.label,
                    key=f"open_{place}",
                    type="tertiary",
                    icon=":material/arrow_right:" if is_open else None,
                    on_click=open_variable,
                    args=(one.variable,),
                    width=200,
                )
                st.html(_row(one, largest))


def open_variable(variable: str) -> None:
    """Put the variable into the URL, which opens it."""
    st.query_params[CHOSEN] = variable


def _row(one: Finding, largest: float) -> str:
    distance = one.distances
    moved = "" if one.mean_shift is None else f"{signed(one.mean_shift, 2)} sd"
    changed = words.since(one.since) if one.since is not None else ""
    carrier = "" if one.carrier is None else f"{one.carrier.segment}, {one.carrier.carries:.0%}"
    cells = (
        ("Reference and current", figures_small.histogram(one)),
        ("Score points", figures_small.impact(one.impact.points if one.impact else None, largest)),
        (
            "Distance",
            f"{numbers.decimal(distance.jensen_shannon if distance else None, 3)}"
            f'<span class="pl-quiet"> {escape(moved)}</span>',
        ),
        ("By chance", escape(words.adjusted(one.evidence))),
        (
            "Since, and where",
            f"{words.VERDICTS[one.verdict].html} {escape(changed)}"
            f'<span class="pl-quiet"> {escape(carrier)}</span>',
        ),
    )
    return '<div class="pl-drift-row">' + "".join(
        f'<span data-name="{escape(name, quote=True)}">{cell}</span>' for name, cell in cells
    ) + "</div>"  # fmt: skip


def frame(report: DriftReport) -> pd.DataFrame:
    """Every feature with every distance, for the file; the methods stand in the last columns."""
    findings, family = report.findings, report.family
    return pd.DataFrame(
        {
            "Feature": [one.label for one in findings],
            "Verdict": [words.VERDICTS[one.verdict].word for one in findings],
            "Score points": [one.impact.points if one.impact else None for one in findings],
            "Log odds": [one.impact.log_odds if one.impact else None for one in findings],
            "JS distance": [_distance(one, "jensen_shannon") for one in findings],
            "PSI": [_distance(one, "psi") for one in findings],
            "KS": [_distance(one, "kolmogorov_smirnov") for one in findings],
            "Wasserstein, sd": [_distance(one, "wasserstein") for one in findings],
            "L-infinity": [_distance(one, "l_infinity") for one in findings],
            "p": [one.evidence.p if one.evidence else None for one in findings],
            "p, adjusted": [one.evidence.p_adjusted if one.evidence else None for one in findings],
            "Year before": [one.twin_distance for one in findings],
            "p, year before": [one.twin_p for one in findings],
            "Since": [one.since.day if one.since else None for one in findings],
            "Since, from": [one.since.low if one.since else None for one in findings],
            "Since, to": [one.since.high if one.since else None for one in findings],
            "Carried by": [one.carrier.segment if one.carrier else None for one in findings],
            "Reference n": [one.n_reference for one in findings],
            "Current n": [one.n_current for one in findings],
            "Reference window": [words.days(report.reference)] * len(findings),
            "Current window": [words.days(report.current)] * len(findings),
            "Tests in family": [family.tests] * len(findings),
            "Methods": [
                ", ".join(one.distances.methods) if one.distances else "" for one in findings
            ],
            "In words": [one.sentence for one in findings],
        }
    )


def _distance(one: Finding, name: str) -> float | None:
    return getattr(one.distances, name) if one.distances is not None else None


def whole_table(report: DriftReport) -> None:
    """The whole list as a table, for those who would rather sort it."""
    drawer = st.expander(
        "All numbers of all features", type="compact", on_change="rerun", key="drift_all"
    )
    if drawer.open:
        with drawer:
            table.records(
                frame(report),
                key="drift_all_table",
                title="Drift by feature, all numbers",
            )
