"""Colours with a meaning, the shape of a chart, and the few rules Streamlit's theme lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from components.gates.status import Status, Verdict
from components.layout import icons

PRODUCTION = "#0072B2"
CANDIDATE = "#D55E00"
REFERENCE = "#8A8F98"
THRESHOLD = "#D9473D"
BAND_OPACITY = 0.18

CHART_HEIGHT = 260
LINE_WIDTH = 1.6
# Share of a chart's width that the label of a marked vertical needs.
LABEL_ROOM = 0.14


@dataclass(frozen=True, slots=True)
class Tone:
    """One meaning in two lights; each is readable as text on its background (WCAG AA)."""

    light: str
    dark: str

    @property
    def css(self) -> str:
        """A CSS colour that follows the theme."""
        return f"light-dark({self.light}, {self.dark})"


STATUS: dict[Status, Tone] = {
    Status.PASS: Tone("#0B6B4F", "#5FD0A5"),
    Status.WARN: Tone("#8A5300", "#F0B955"),
    Status.WAIVED: Tone("#6B3FA0", "#C9ADF2"),
    Status.RUNNING: Tone("#0B57A4", "#8AB4F8"),
    Status.NO_DATA: Tone("#555C66", "#AEB6C0"),
    Status.STALE: Tone("#6E5A0C", "#D8C27A"),
    Status.ERROR: Tone("#97206A", "#F29BCB"),
    Status.FAIL: Tone("#B3261E", "#FF9A8F"),
}
VERDICT: dict[Verdict, Tone] = {
    Verdict.GO: STATUS[Status.PASS],
    Verdict.HOLD: STATUS[Status.WARN],
    Verdict.NO_GO: STATUS[Status.FAIL],
}
# Seen on either background, for marks inside charts.
STATUS_MARK: dict[Status, str] = {
    Status.PASS: "#1E9E77",
    Status.WARN: "#C98500",
    Status.WAIVED: "#9064CC",
    Status.RUNNING: "#3B82D0",
    Status.NO_DATA: "#8A8F98",
    Status.STALE: "#A58B2A",
    Status.ERROR: "#C2478F",
    Status.FAIL: "#D9473D",
}

MARK = Path(__file__).with_name("mark.svg").read_text(encoding="utf-8")
WORDMARK = Path(__file__).with_name("wordmark.svg").read_text(encoding="utf-8")
_STYLE = Path(__file__).with_name("style.css")


def inject() -> None:
    """Add the product's own style rules to the page."""
    st.html(f"<style>{_style()}</style>")


@cache
def _style() -> str:
    return f"{_STYLE.read_text(encoding='utf-8')}\n{icons.style()}"


def apply(figure: go.Figure, *, height: int = CHART_HEIGHT, zero: bool = True) -> go.Figure:
    """Give a figure the product's shape: few grid lines, thin lines, direct words.

    ``zero`` lets the value axis start at zero, as counts and rates must.
    """
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 12, "t": 8, "b": 4},
        font={"size": 12},
        hovermode="x unified",
        hoverlabel={"font": {"size": 12}},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "title": None,
            "font": {"size": 12},
        },
        bargap=0.25,
        colorway=[PRODUCTION, CANDIDATE, "#007A5A", "#8C2D7A", REFERENCE],
    )
    figure.update_xaxes(showgrid=False, ticks="outside", ticklen=4, automargin=True, title=None)
    figure.update_yaxes(
        gridwidth=1, nticks=5, zeroline=False, automargin=True, title={"font": {"size": 12}}
    )
    if zero:
        figure.update_yaxes(rangemode="tozero")
    figure.update_traces(line={"width": LINE_WIDTH}, selector={"type": "scatter"})
    return figure


def threshold(figure: go.Figure, value: float, label: str) -> go.Figure:
    """A limit as a labelled line."""
    figure.add_hline(
        y=value,
        line={"color": THRESHOLD, "width": 1, "dash": "dash"},
        annotation={"text": label, "font": {"size": 11, "color": REFERENCE}},
        annotation_position="top left",
    )
    return figure


def events(figure: go.Figure, marks: Sequence[tuple[datetime, str]]) -> go.Figure:
    """Deployments and configuration changes as marked verticals.

    Neighbours too close for two labels share one that counts them; its hover names them.
    """
    for when, _ in marks:
        figure.add_vline(x=when, line={"color": REFERENCE, "width": 1, "dash": "dot"})
    for group in _readable(marks, _span(figure)):
        when, label = group[0]
        figure.add_annotation(
            x=when,
            y=1,
            yref="paper",
            text=label if len(group) == 1 else f"{len(group)} changes",
            hovertext="<br>".join(text for _, text in group),
            showarrow=False,
            xanchor="left",
            yanchor="top",
            textangle=0,
            font={"size": 11, "color": REFERENCE},
        )
    return figure


def _readable(
    marks: Sequence[tuple[datetime, str]], span: timedelta
) -> list[list[tuple[datetime, str]]]:
    """The marks in groups that start far enough apart for a label each."""
    groups: list[list[tuple[datetime, str]]] = []
    for mark in sorted(marks):
        if groups and mark[0] - groups[-1][0][0] < span * LABEL_ROOM:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def _span(figure: go.Figure) -> timedelta:
    """How much time the figure's traces cover."""
    shown = pd.to_datetime([x for trace in figure.data for x in trace.x], utc=True)
    return timedelta(0) if shown.empty else (shown.max() - shown.min()).to_pytimedelta()
