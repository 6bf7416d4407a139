"""Drift charts of one variable over weeks and over segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go

from components.drift import panel_words as words
from components.drift.types import Finding, SegmentShift, Since, Verdict, WeekPoint, Window
from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.pipeline.shares import day_text

PSI_CUSTOM = (0.1, 0.25)
MOVED_MARK = theme.STATUS_MARK[Status.WARN]
_WEEKS_HEIGHT = 250


def weeks(finding: Finding, reference: Window, current: Window) -> Drawn:
    """The distance of each week from the reference, with both windows and the change marked.

    A single week differs more by chance than a whole window does, so no limit is drawn.
    """
    known = [point for point in finding.weeks if point.jensen_shannon is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[point.week for point in known],
        y=[point.jensen_shannon for point in known],
        mode="lines",
        line_color=theme.PRODUCTION,
        customdata=[[point.rows, _number(point.psi)] for point in known],
        hovertemplate="%{y:.4f}, PSI %{customdata[1]}, n %{customdata[0]:,}<extra></extra>",
    )
    theme.apply(figure, height=_WEEKS_HEIGHT)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(title="JS distance")
    _marked(figure, finding.since, reference, current)
    return Drawn(figure, _week_words(finding, known), _week_table(finding.weeks))


def psi_weeks(finding: Finding, reference: Window, current: Window) -> Drawn:
    """PSI of each week with the customary lines, which decide nothing here."""
    known = [point for point in finding.weeks if point.psi is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[point.week for point in known],
        y=[point.psi for point in known],
        mode="lines",
        line_color=theme.REFERENCE,
        customdata=[point.rows for point in known],
        hovertemplate="PSI %{y:.4f}, n %{customdata:,}<extra></extra>",
    )
    theme.apply(figure, height=_WEEKS_HEIGHT)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(title="PSI")
    _marked(figure, finding.since, reference, current)
    for value, name in zip(PSI_CUSTOM, ("customary 0.1", "customary 0.25"), strict=True):
        _line(figure, value, name)
    highest = max(known, key=lambda point: point.psi or 0.0, default=None)
    alt = (
        f"{finding.label}: weekly PSI, "
        + ("no week with enough data." if highest is None else "")
        + (
            f"highest {highest.psi:.3f} in the week of {day_text(highest.week)}."
            if highest is not None and highest.psi is not None
            else ""
        )
    )
    return Drawn(figure, alt, _week_table(finding.weeks))


def _line(figure: go.Figure, value: float, label: str) -> None:
    figure.add_hline(
        y=value,
        line={"color": theme.REFERENCE, "width": 1, "dash": "dot"},
        annotation={"text": label, "font": {"size": 11}},
        annotation_position="top left",
    )


def _marked(figure: go.Figure, since: Since | None, reference: Window, current: Window) -> None:
    """Both windows as bands, and between which days the variable changed."""
    for span, colour in ((reference, theme.REFERENCE), (current, theme.PRODUCTION)):
        figure.add_vrect(
            x0=span.start, x1=span.end, fillcolor=colour, opacity=0.14, line_width=0, layer="below"
        )
    if since is not None:
        figure.add_vrect(
            x0=since.low,
            x1=since.high + timedelta(days=1),
            fillcolor=MOVED_MARK,
            opacity=0.45,
            line_width=0,
            layer="below",
            annotation={
                "text": f"since {day_text(since.day)}",
                "font": {"size": 11},
                "xanchor": "right",
            },
            annotation_position="top left",
        )


def _week_words(finding: Finding, known: Sequence[WeekPoint]) -> str:
    if not known:
        return f"{finding.label}: no week has enough data."
    highest = max(known, key=lambda point: point.jensen_shannon or 0.0)
    changed = "" if finding.since is None else f" It changed on {day_text(finding.since.day)}."
    return (
        f"{finding.label}: weekly Jensen–Shannon distance from the reference over {len(known)} "
        f"weeks, highest {highest.jensen_shannon:.3f} in the week of {day_text(highest.week)}."
        f"{changed}"
    )


def _week_table(points: Sequence[WeekPoint]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Week from": [point.week for point in points],
            "Predictions": [point.rows for point in points],
            "JS distance": [point.jensen_shannon for point in points],
            "PSI": [point.psi for point in points],
            "Missing": [point.missing for point in points],
        }
    )


def segments(shifts: Sequence[SegmentShift], *, what: str) -> Drawn:
    """The distance in each segment, largest first, beside what shuffled days show there."""
    order = sorted(shifts, key=lambda one: one.jensen_shannon, reverse=True)
    names = [one.segment for one in order]
    figure = go.Figure()
    nulls = [(one.segment, one.evidence.null_95) for one in order if one.evidence is not None]
    figure.add_bar(
        x=[value for _, value in nulls],
        y=[name for name, _ in nulls],
        orientation="h",
        name="Shuffled days: 95 of 100 below",
        marker={"color": theme.REFERENCE, "opacity": 0.35, "line_width": 0},
        hovertemplate="shuffled days up to %{x:.4f}<extra></extra>",
    )
    figure.add_scatter(
        x=[one.jensen_shannon for one in order],
        y=names,
        mode="markers",
        name="Distance from the reference",
        marker={
            "size": 9,
            "color": [_mark(one) for one in order],
            "symbol": [
                "triangle-up" if one.verdict is Verdict.MOVED else "circle" for one in order
            ],
        },
        customdata=[[one.n_reference, one.n_current] for one in order],
        hovertemplate="%{y}: %{x:.4f}, n %{customdata[0]:,} and %{customdata[1]:,}<extra></extra>",
    )
    theme.apply(figure, height=76 + ROW_HEIGHT * max(1, len(order)), zero=False)
    figure.update_layout(hovermode="closest", showlegend=True, bargap=0.35)
    figure.update_xaxes(rangemode="tozero", showgrid=True, title="JS distance")
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    return Drawn(figure, _segment_words(order, what), segment_table(order))


def _mark(shift: SegmentShift) -> str:
    return MOVED_MARK if shift.verdict is Verdict.MOVED else theme.PRODUCTION


def _segment_words(order: Sequence[SegmentShift], what: str) -> str:
    said = "; ".join(
        f"{one.segment} {one.jensen_shannon:.3f}, {words.VERDICTS[one.verdict].word.lower()}"
        for one in order[:5]
    )
    return f"{what}, distance by segment, largest first: {said or 'no data'}."


def segment_table(order: Sequence[SegmentShift]) -> pd.DataFrame:
    """Every segment with its distance, its chance and what it carries."""
    return pd.DataFrame(
        {
            "Segment": [one.segment for one in order],
            "Verdict": [words.VERDICTS[one.verdict].text for one in order],
            "JS distance": [one.jensen_shannon for one in order],
            "Shuffled days, 95%": [
                None if one.evidence is None else one.evidence.null_95 for one in order
            ],
            "p, adjusted": [
                None if one.evidence is None else one.evidence.p_adjusted for one in order
            ],
            "Carries": [one.carries for one in order],
            "Reference n": [one.n_reference for one in order],
            "Current n": [one.n_current for one in order],
        }
    )


def _number(value: float | None) -> str:
    return numbers.decimal(value, 3)
