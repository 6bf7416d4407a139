"""Charts of scores: how far the candidate's lie from production's, in all and over time."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.layout import theme
from components.pipeline.figures import Drawn, faded
from components.pipeline.shares import day_text
from components.shadow import panel_words as words
from components.shadow.figures_time import mark
from components.shadow.types import Change, DayDifference, Scores

_POINTS = 100
_STRIPE = "rgba(255, 255, 255, 0.75)"


def differences(found: Scores) -> Drawn:
    """The distribution of candidate minus production score, in score points."""
    whole = sum(one.n for one in found.bins)
    figure = go.Figure()
    figure.add_bar(
        x=[_POINTS * (one.low + one.high) / 2 for one in found.bins],
        y=[one.n / whole if whole else 0.0 for one in found.bins],
        width=[_POINTS * (one.high - one.low) * 0.94 for one in found.bins],
        marker={"color": theme.CANDIDATE, "line_width": 0},
        customdata=[[_POINTS * one.low, _POINTS * one.high, one.n] for one in found.bins],
        hovertemplate="%{customdata[0]:+.0f} to %{customdata[1]:+.0f} points: %{y:.1%}, "
        "n %{customdata[2]:,}<extra></extra>",
    )
    theme.apply(figure, height=270)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.add_vline(x=0, line={"color": theme.REFERENCE, "width": 1})
    figure.update_xaxes(title="score points, candidate minus production", range=_reach(found))
    figure.update_yaxes(title="share of predictions", tickformat=".0%")
    near = sum(one.n for one in found.bins if one.low >= -0.1001 and one.high <= 0.1001)
    mean = words.signed(None if found.mean is None else _POINTS * found.mean, 2)
    share = f"{near / whole:.1%}" if whole else "none"
    alt = (
        f"Score differences of {whole:,} predictions: mean {mean} points; {share} lie within 10 "
        "points of production's score."
    )
    return Drawn(figure, alt, difference_table(found))


def _reach(found: Scores) -> list[float]:
    """All but the farthest one in two hundred; symmetric."""
    whole = sum(one.n for one in found.bins)
    wide, beyond = 0.05, 0
    for one in sorted(found.bins, key=lambda b: -max(abs(b.low), abs(b.high))):
        beyond += one.n
        if beyond > 0.005 * whole:
            wide = max(abs(one.low), abs(one.high))
            break
    return [-_POINTS * wide * 1.05, _POINTS * wide * 1.05]


def difference_table(found: Scores) -> pd.DataFrame:
    """Each bin with its count."""
    whole = sum(one.n for one in found.bins)
    return pd.DataFrame(
        {
            "From": [one.low for one in found.bins],
            "To (before)": [one.high for one in found.bins],
            "Predictions": [one.n for one in found.bins],
            "Share": [one.n / whole if whole else 0.0 for one in found.bins],
        }
    )


def over_time(days: Sequence[DayDifference], switches: Sequence[Change]) -> Drawn:
    """The median difference of each day, with the middle 80% as a band."""
    figure = go.Figure()
    at = [day.day for day in days]
    for ends, fill in (([day.p90 for day in days], None), ([day.p10 for day in days], "tonexty")):
        figure.add_scatter(
            x=at,
            y=[_POINTS * end for end in ends],
            mode="lines",
            line_width=0,
            fill=fill,
            fillcolor=faded(theme.CANDIDATE),
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=at,
        y=[_POINTS * day.median for day in days],
        mode="lines",
        line={"color": theme.CANDIDATE},
        customdata=[[_POINTS * day.p10, _POINTS * day.p90, day.n] for day in days],
        hovertemplate="median %{y:+.1f} points, 80% from %{customdata[0]:+.1f} to "
        "%{customdata[1]:+.1f}, n %{customdata[2]:,}<extra></extra>",
    )
    theme.apply(figure, height=270, zero=False)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip"})
    figure.update_layout(showlegend=False)
    figure.add_hline(y=0, line={"color": theme.REFERENCE, "width": 1})
    figure.update_yaxes(title="score points")
    mark(figure, switches)
    alt = "No day has scores of both models."
    if days:
        first, last = days[0], days[-1]
        alt = (
            f"Median score difference: {words.signed(_POINTS * first.median, 1)} points on "
            f"{day_text(first.day)}, {words.signed(_POINTS * last.median, 1)} on "
            f"{day_text(last.day)}."
        )
    return Drawn(figure, alt, day_table(days))


def day_table(days: Sequence[DayDifference]) -> pd.DataFrame:
    """Each day with its spread."""
    return pd.DataFrame(
        {
            "Day": [day.day for day in days],
            "Predictions": [day.n for day in days],
            "Mean": [day.mean for day in days],
            "10%": [day.p10 for day in days],
            "Median": [day.median for day in days],
            "90%": [day.p90 for day in days],
        }
    )


def tenths(found: Scores) -> Drawn:
    """The share of predictions in each tenth of the score, for both models."""
    figure = go.Figure()
    count = len(found.production_tenths)
    labels = [f"{place / count:.1f}–{(place + 1) / count:.1f}" for place in range(count)]
    for name, counts, colour, shape in (
        ("Production", found.production_tenths, theme.PRODUCTION, ""),
        ("Candidate", found.candidate_tenths, theme.CANDIDATE, "/"),
    ):
        whole = sum(counts)
        figure.add_bar(
            x=labels,
            y=[n / whole if whole else 0.0 for n in counts],
            name=name,
            marker={"color": colour, "line_width": 0,
                    "pattern": {"shape": shape, "size": 6, "solidity": 0.2,
                                "fillmode": "overlay", "fgcolor": _STRIPE}},
            customdata=[[n] for n in counts],
            hovertemplate=f"{name} %{{y:.1%}}, n %{{customdata[0]:,}}<extra></extra>",
        )  # fmt: skip
    theme.apply(figure, height=250)
    figure.update_layout(barmode="group")
    figure.update_xaxes(title="score")
    figure.update_yaxes(tickformat=".0%", title="share of predictions")
    psi = "unknown" if found.psi is None else f"{found.psi:.3f}"
    table = pd.DataFrame(
        {
            "Score": labels,
            "Production": list(found.production_tenths),
            "Candidate": list(found.candidate_tenths),
        }
    )
    return Drawn(figure, f"Scores of both models in tenths; PSI {psi}.", table)
