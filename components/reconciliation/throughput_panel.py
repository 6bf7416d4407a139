"""Throughput of each load beside its own history, drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.gates.status import Status
from components.layout import chart, icons, numbers, states, theme
from components.reconciliation.throughput import FALSE_ALARMS, SLOWER_BY, Load, Throughput

ROW_HEIGHT = 26
SHOWN = 24
"""Loads in the chart: the slowest against their history; the table holds all."""


def loads(found: Throughput, title: str) -> None:
    """How fast each batch was loaded, and which were slower than their history explains."""
    if not found.loads:
        states.notice("No batch of this run has ended with records, so there is no pace yet.")
        return
    st.markdown(sentence(found))
    shown = found.loads[:SHOWN]
    chart.chart(
        figure(shown),
        title=f"{title}: seconds per 1,000 records",
        note="Grey: the same batch in earlier runs. The bar ends where chance does.",
        alt=sentence(found),
        table=frame(found),
        key="throughput",
    )
    st.caption(
        f"A load is called slower beyond the prediction limit of its own history: at most "
        f"{FALSE_ALARMS:.0%} false alarms in a run, and never for less than {SLOWER_BY:.0%}."
    )


def sentence(found: Throughput) -> str:
    """What the loads say, in words."""
    pace = f"{numbers.decimal(found.pace, 1)} seconds per 1,000 records over all loads"
    left = f" {found.left_out:,} read no record and are left out." if found.left_out else ""
    if not found.compared:
        return f"{_upper(pace)}; no earlier run to compare them with.{left}"
    if not found.slower:
        return f"{_upper(pace)}; none of {found.compared:,} is slower than its history.{left}"
    worst = found.slower[0]
    verb = "is slower than its" if len(found.slower) == 1 else "are slower than their"
    return (
        f"{len(found.slower):,} of {found.compared:,} loads {verb} history "
        f"explains, most of all {worst.name}: {numbers.decimal(worst.pace, 1)} seconds per 1,000 "
        f"records against {numbers.decimal(worst.usual, 1)} before. {_upper(pace)}.{left}"
    )


def figure(shown: tuple[Load, ...]) -> go.Figure:
    """One row a load: its pace, the earlier ones, and the limit of chance."""
    names = _labels(shown)
    result = go.Figure()
    with_limit = [(name, load) for name, load in zip(names, shown, strict=True) if load.limit]
    result.add_bar(
        orientation="h",
        y=[name for name, _ in with_limit],
        x=[load.limit for _, load in with_limit],
        marker_color=theme.REFERENCE,
        opacity=theme.BAND_OPACITY,
        hovertemplate="limit %{x:.1f} s<extra></extra>",
    )
    result.add_scatter(
        mode="markers",
        y=[name for name, load in zip(names, shown, strict=True) for _ in load.earlier],
        x=[pace for load in shown for pace in load.earlier],
        marker={"color": theme.REFERENCE, "size": 6},
        hovertemplate="earlier %{x:.1f} s<extra></extra>",
    )
    colours = [theme.STATUS_MARK[Status.FAIL] if x.slower else theme.PRODUCTION for x in shown]
    result.add_scatter(
        mode="markers",
        y=names,
        x=[load.pace for load in shown],
        marker={
            "color": colours,
            "size": 10,
            "symbol": ["x" if load.slower else "circle" for load in shown],
        },
        customdata=[[load.row.extracted, load.seconds] for load in shown],
        hovertemplate="%{x:.1f} s per 1,000: %{customdata[0]:,} records in %{customdata[1]:,.0f} s"
        "<extra></extra>",
    )
    theme.apply(result, height=ROW_HEIGHT * len(shown) + 48)
    result.update_layout(showlegend=False, hovermode="closest")
    result.update_yaxes(autorange="reversed", showgrid=False, nticks=None, tickmode="linear")
    result.update_xaxes(title="seconds per 1,000 records", rangemode="tozero", showgrid=True)
    return result


def frame(found: Throughput) -> pd.DataFrame:
    """Every load, regressions first."""
    return pd.DataFrame(
        {
            "State": [_state(load) for load in found.loads],
            "Batch": [load.row.batch_id for load in found.loads],
            "Attempt": [load.row.attempt for load in found.loads],
            "Records": [load.row.extracted for load in found.loads],
            "Seconds": [round(load.seconds, 1) for load in found.loads],
            "Seconds per 1,000": [round(load.pace, 1) for load in found.loads],
            "Usual": [numbers.decimal(load.usual, 1) for load in found.loads],
            "Limit": [numbers.decimal(load.limit, 1) for load in found.loads],
            "Change": [_change(load) for load in found.loads],
            "Earlier loads": [len(load.earlier) for load in found.loads],
            "Status": [load.row.status for load in found.loads],
            "Started": [numbers.moment(load.row.started_at) for load in found.loads],
        }
    )


def _state(load: Load) -> str:
    if load.limit is None:
        return f"{icons.status_glyph(Status.NO_DATA)} no history"
    if load.slower:
        return f"{icons.status_glyph(Status.FAIL)} slower"
    return f"{icons.status_glyph(Status.PASS)} as before"


def _change(load: Load) -> str:
    return numbers.MISSING if load.change is None else f"{load.change:+.0%}".replace("-", "−")


def _labels(shown: Sequence[Load]) -> list[str]:
    """One name for each row: the batch without its run, unless several would then have one."""
    times = Counter((load.name, load.row.attempt) for load in shown)
    names = []
    for load in shown:
        attempt = load.row.attempt
        name = load.name if times[load.name, attempt] == 1 else load.row.batch_id
        names.append(f"{name} ({attempt})" if attempt > 1 else name)
    return names


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
