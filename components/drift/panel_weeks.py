"""The heat map of features and weeks, a page of features at a time."""

from __future__ import annotations

import streamlit as st

from components.drift import figures_layers
from components.drift.types import DriftReport
from components.layout import states
from components.layout.chart import chart

PAGE_SIZE = 25


def weeks(report: DriftReport) -> None:
    """Distance of each feature from the reference, week by week."""
    heat = report.heat_map
    if not heat.weeks or not heat.variables:
        states.empty("No week has enough data for a distance.", "Choose a longer current window.")
        return
    pages = -(-len(heat.variables) // PAGE_SIZE)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key="weeks_page", bind="query-params")
        page = min(max(1, page), pages)
    first = (page - 1) * PAGE_SIZE
    names = {one.variable: one.label for one in report.findings}
    changed = {one.variable: one.since.day for one in report.in_alarm if one.since is not None}
    drawn = figures_layers.heat_map(heat, first, PAGE_SIZE, names, changed)
    chart(
        drawn.figure,
        title="Distance of each feature from the reference, by week",
        alt=drawn.alt,
        table=drawn.table,
        key="drift_heat",
        note="Jensen–Shannon distance. ◆ the week in which a feature moved.",
    )
