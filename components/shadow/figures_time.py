"""Charts of evidence as it grows: the confidence sequence, the e-values, and the labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import plotly.graph_objects as go

from components.layout import theme
from components.pipeline.figures import Drawn, faded
from components.pipeline.shares import day_text
from components.shadow import panel_words as words
from components.shadow.types import Change, DayEvidence, Sequential

_LOWEST_E, _HIGHEST_E = 1e-3, 1e6
# The first looks are so wide that they would flatten all others.
_WIDEST = 2.0
_HATCH = {
    "shape": "/",
    "size": 6,
    "solidity": 0.25,
    "fgcolor": theme.REFERENCE,
    "bgcolor": "rgba(0,0,0,0)",
}


def sequence(found: Sequential, switches: Sequence[Change]) -> Drawn:
    """The accuracy difference so far with the band that holds at every look, and the margin."""
    known = [day for day in found.days if day.mean is not None]
    figure = go.Figure()
    low, high = _range(known, found.margin)
    _immature(figure, found.days, low, high)
    spread = [day for day in known if day.low is not None and day.high is not None]
    for ends, fill in (
        ([day.high for day in spread], None),
        ([day.low for day in spread], "tonexty"),
    ):
        figure.add_scatter(
            x=[day.day for day in spread],
            y=[None if end is None else 100 * end for end in ends],
            mode="lines",
            line={"width": 0.8, "color": theme.CANDIDATE},
            fill=fill,
            fillcolor=faded(theme.CANDIDATE),
            hoverinfo="skip",
            showlegend=False,
        )  # fmt: skip
    figure.add_scatter(
        x=[day.day for day in known],
        y=[100 * (day.mean or 0.0) for day in known],
        mode="lines",
        name="Difference so far",
        line={"color": theme.CANDIDATE},
        customdata=[
            [words.points_range(day.low, day.high), day.labels, day.predictions] for day in known
        ],
        hovertemplate="%{y:+.2f} pp (%{customdata[0]})<br>%{customdata[1]:,} labelled "
        "disagreements, %{customdata[2]:,} predictions<extra></extra>",
        showlegend=False,
    )
    theme.apply(figure, height=300, zero=False)
    figure.update_traces(line_width=0.8, selector={"hoverinfo": "skip", "type": "scatter"})
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(title="percentage points", range=[low, high])
    _limit(figure, 100 * found.margin, f"margin {words.points(found.margin, 1)}", below=True)
    figure.add_hline(y=0, line={"color": theme.REFERENCE, "width": 1})
    mark(figure, switches)
    return Drawn(figure, _sequence_words(found, known), day_table(found.days))


def mark(figure: go.Figure, switches: Sequence[Change]) -> None:
    """Whatever was switched in the middle of the window, as marked verticals."""
    theme.events(figure, [(one.at, one.version) for one in switches])


def _limit(
    figure: go.Figure, value: float, label: str, *, below: bool = False, log: bool = False
) -> None:
    """A labelled limit; on a log axis Plotly wants the label at the logarithm."""
    figure.add_hline(y=value, line={"color": theme.THRESHOLD, "width": 1, "dash": "dash"})
    figure.add_annotation(
        x=0.01,
        xref="paper",
        xanchor="left",
        y=math.log10(value) if log else value,
        yanchor="top" if below else "bottom",
        text=label,
        showarrow=False,
        font={"size": 11, "color": theme.REFERENCE},
    )


def _range(known: Sequence[DayEvidence], margin: float) -> tuple[float, float]:
    """Room for the last look, the margin and zero, and for earlier looks as far as they fit."""
    ends = [(day.low, day.high) for day in known if day.low is not None and day.high is not None]
    if not ends:
        return -5.0, 5.0
    reach = 100 * max(abs(ends[-1][0]), abs(ends[-1][1]), 2 * abs(margin))
    low, high = (100 * min(low for low, _ in ends), 100 * max(high for _, high in ends))
    return max(low, -_WIDEST * reach) * 1.05, min(high, _WIDEST * reach) * 1.05


def _immature(figure: go.Figure, days: Sequence[DayEvidence], low: float, high: float) -> None:
    due = [day for day in days if day.immature]
    if not due:
        return
    figure.add_bar(
        x=[day.day for day in due],
        y=[high - low for _ in due],
        base=low,
        width=timedelta(days=1).total_seconds() * 1000,
        name="Labels still due",
        marker={"color": "rgba(138, 143, 152, 0.12)", "line_width": 0, "pattern": _HATCH},
        hoverinfo="skip",
    )


def _sequence_words(found: Sequential, known: Sequence[DayEvidence]) -> str:
    if not known:
        return "No day has labels yet, so the difference is unknown."
    last = known[-1]
    ends = words.points_range(last.low, last.high) or "no interval yet"
    return (
        f"Accuracy difference over {len(found.days)} days: {words.points(last.mean)} on "
        f"{day_text(last.day)} ({ends}), margin {words.points(found.margin, 1)}. "
        f"{last.labels:,} labelled disagreements."
    )


def evidence(found: Sequential, switches: Sequence[Change]) -> Drawn:
    """E-values on a log axis with their limit: for harm, for benefit, and unweighted."""
    days = found.days
    figure = go.Figure()
    for name, values, colour, dash in (
        ("For harm, weighted", [day.e_harm for day in days], theme.CANDIDATE, "solid"),
        ("For benefit, weighted", [day.e_benefit for day in days], theme.REFERENCE, "dash"),
        ("Unweighted, either way", [day.e_plain for day in days], theme.REFERENCE, "dot"),
    ):
        figure.add_scatter(
            x=[day.day for day in days],
            y=[_drawable(value) for value in values],
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash},
            customdata=[[words.e_value(value)] for value in values],
            hovertemplate=f"{name}: %{{customdata[0]}}<extra></extra>",
        )
    theme.apply(figure, height=300, zero=False)
    figure.update_yaxes(title="e-value, log scale", type="log", range=_log_range(found))
    figure.update_yaxes(
        tickvals=[10.0**power for power in range(-3, 7)],
        ticktext=["0.001", "0.01", "0.1", "1", "10", "100", "1,000", "10⁴", "10⁵", "10⁶"],
        nticks=None,
    )
    _limit(figure, found.e_limit, f"limit {found.e_limit:.0f}: stop the shadow run", log=True)
    figure.add_hline(y=1, line={"color": theme.REFERENCE, "width": 1})
    mark(figure, switches)
    return Drawn(figure, _evidence_words(found), day_table(days))


def _drawable(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return min(max(value, _LOWEST_E), _HIGHEST_E)


def _log_range(found: Sequential) -> list[float]:
    values = [
        value
        for day in found.days
        for value in map(_drawable, (day.e_harm, day.e_benefit, day.e_plain))
        if value is not None
    ]
    lowest, highest = min([0.1, *values]), max([100.0, *values])
    return [math.log10(lowest) - 0.1, math.log10(highest) + 0.15]


def _evidence_words(found: Sequential) -> str:
    if not found.days:
        return "No day has labels yet, so there is no evidence either way."
    last = found.days[-1]
    return (
        f"E-values on {day_text(last.day)}: {words.e_value(last.e_harm)} for harm, "
        f"{words.e_value(last.e_benefit)} for benefit, {words.e_value(last.e_plain)} unweighted; "
        f"the limit is {found.e_limit:.0f}."
    )


def labels(found: Sequential, needed: int) -> Drawn:
    """Labelled disagreements so far: those the candidate won and those production won."""
    days = found.days
    figure = go.Figure()
    for name, values, colour, dash in (
        ("Candidate was right", [day.wins for day in days], theme.CANDIDATE, "solid"),
        ("Production was right", [day.losses for day in days], theme.PRODUCTION, "dash"),
        ("Both together", [day.labels for day in days], theme.REFERENCE, "dot"),
    ):
        figure.add_scatter(
            x=[day.day for day in days],
            y=values,
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash},
            hovertemplate=f"{name} %{{y:,}}<extra></extra>",
        )
    theme.apply(figure, height=260)
    theme.threshold(figure, needed, f"{needed:,} needed")
    figure.update_yaxes(title="labelled disagreements", tickformat=",d")
    last = days[-1] if days else None
    alt = (
        f"Labelled disagreements: {last.labels:,} of {needed:,} needed; the candidate was right "
        f"in {last.wins:,}, production in {last.losses:,}."
        if last
        else "No labelled disagreements yet."
    )
    return Drawn(figure, alt, day_table(days))


def day_table(days: Sequence[DayEvidence]) -> pd.DataFrame:
    """Each day with everything known after it."""
    return pd.DataFrame(
        {
            "Day": [day.day for day in days],
            "Predictions so far": [day.predictions for day in days],
            "Labelled disagreements": [day.labels for day in days],
            "Candidate right": [day.wins for day in days],
            "Production right": [day.losses for day in days],
            "Difference": [day.mean for day in days],
            "Low (anytime 95%)": [day.low for day in days],
            "High (anytime 95%)": [day.high for day in days],
            "E for harm": [day.e_harm for day in days],
            "E for benefit": [day.e_benefit for day in days],
            "E unweighted": [day.e_plain for day in days],
            "Labels complete": [not day.immature for day in days],
        }
    )
