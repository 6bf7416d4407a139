"""Charts of overrides: weeks with limits, groups with both shares, reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
import plotly.graph_objects as go

from components.feedback.assess import FEWEST_IN_GROUP
from components.feedback.types import Group, Reason, Weeks
from components.feedback.words import plain, weighted
from components.layout import numbers, theme
from components.pipeline.assess_changes import Change
from components.pipeline.figures import ROW_HEIGHT, Drawn, faded, mark
from components.pipeline.shares import day_text

_HATCH = {"shape": "/", "size": 6, "solidity": 0.25, "fgcolor": theme.REFERENCE}
_WEEK_MS = 7 * 86_400_000
_SHORTEST = 150
"""A lower figure has no room for its axis and legend."""


def weeks(found: Weeks, limit: float | None, changes: Sequence[Change]) -> Drawn:
    """The share of overturned reviews by week, with p′ limits."""
    items = found.weeks
    middles = [_middle(week.monday) for week in items]
    figure = go.Figure()
    for edge, fill in (("high", None), ("low", "tonexty")):
        figure.add_scatter(
            x=middles,
            y=[getattr(week.point, edge) for week in items],
            mode="lines",
            line={"width": 0, "shape": "hvh"},
            fill=fill,
            fillcolor=faded(theme.REFERENCE),
            hoverinfo="skip",
            name="Limits",
            showlegend=fill is not None,
        )
    figure.add_scatter(
        x=middles,
        y=[week.point.rate for week in items],
        mode="lines+markers",
        name="Overturned",
        line_color=theme.PRODUCTION,
        marker={
            "size": [10 if week.point.signal else 6 for week in items],
            "color": [theme.THRESHOLD if week.point.signal else theme.PRODUCTION for week in items],
        },
        customdata=[[numbers.share(week.share.part, week.share.whole)] for week in items],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    theme.apply(figure)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip"})
    top = max([0.05, *(max(week.point.high, week.point.rate) for week in items)]) * 1.1
    hatch(figure, [m for m, week in zip(middles, items, strict=True) if not week.mature], top)
    figure.update_yaxes(tickformat=".0%", range=[0, top])
    if limit is not None and limit < top:
        theme.threshold(figure, limit, f"at most {limit:.0%}, weighted")
    mark(figure, changes)
    table = pd.DataFrame(
        {
            "Week from": [week.monday for week in items],
            "Overturned": [week.share.part for week in items],
            "Reviewed": [week.share.whole for week in items],
            "Share": [week.point.rate for week in items],
            "Lower limit": [week.point.low for week in items],
            "Upper limit": [week.point.high for week in items],
            "Weighted share": [w.share.weighted.value if w.share.weighted else None for w in items],
            "Signal": [week.point.signal for week in items],
            "Labels complete": [week.mature for week in items],
        }
    )
    return Drawn(figure, _week_words(found), table)


def _week_words(found: Weeks) -> str:
    signals = [week for week in found.weeks if week.point.signal]
    lead = f"Share of overturned reviews over {len(found.weeks)} weeks"
    if found.centre is not None:
        lead += f", {found.centre:.1%} on the whole"
    if not signals:
        return f"{lead}; no week leaves the limits."
    days = ", ".join(day_text(week.monday) for week in signals)
    return f"{lead}; outside the limits: weeks from {days}."


def hatch(figure: go.Figure, middles: Sequence[object], top: float) -> None:
    """Weeks that still wait for labels."""
    if middles:
        figure.add_bar(
            x=list(middles),
            y=[top] * len(middles),
            width=_WEEK_MS,
            name="Labels still due",
            marker={"color": "rgba(138, 143, 152, 0.12)", "line_width": 0, "pattern": _HATCH},
            hoverinfo="skip",
        )


def groups(items: Sequence[Group], *, what: str) -> Drawn:
    """Both shares of each group: as reviewed, and weighted to all tickets with its interval."""
    shown = [item for item in items if item.share.whole >= FEWEST_IN_GROUP]
    figure = go.Figure()
    names = [item.name for item in shown]
    figure.add_scatter(
        x=[item.share.naive for item in shown],
        y=names,
        mode="markers",
        name="As reviewed",
        marker={"color": theme.REFERENCE, "size": 9, "symbol": "circle-open"},
        customdata=[[numbers.share(item.share.part, item.share.whole)] for item in shown],
        hovertemplate="%{customdata[0]}<extra>as reviewed</extra>",
    )
    known = [(item, item.share.weighted) for item in shown if item.share.weighted is not None]
    figure.add_scatter(
        x=[mean.value for _, mean in known],
        y=[item.name for item, _ in known],
        mode="markers",
        name="Weighted to all tickets",
        marker={
            "color": [
                theme.THRESHOLD if item.stands_out else theme.PRODUCTION for item, _ in known
            ],
            "size": 9,
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(mean.high or mean.value) - mean.value for _, mean in known],
            "arrayminus": [mean.value - (mean.low or 0.0) for _, mean in known],
            "thickness": 1.4,
            "width": 0,
            "color": theme.PRODUCTION,
        },
        hovertemplate="%{x:.1%}<extra>weighted</extra>",
    )
    theme.apply(figure, height=max(_SHORTEST, 84 + ROW_HEIGHT * len(shown)), zero=False)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", showgrid=True)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=names, dtick=1
    )
    return Drawn(figure, _group_words(shown, what), group_table(items))


def _group_words(items: Sequence[Group], what: str) -> str:
    words = "; ".join(
        f"{item.name} {plain(item.share)} as reviewed, {weighted(item.share)} weighted"
        for item in items[:6]
    )
    rest = f"; and {len(items) - 6} more" if len(items) > 6 else ""
    return f"{what}: {words or 'no reviews'}{rest}."


def group_table(items: Sequence[Group]) -> pd.DataFrame:
    """Every group with both shares and what they rest on."""
    means = [item.share.weighted for item in items]
    return pd.DataFrame(
        {
            "Group": [item.name for item in items],
            "Overturned": [item.share.part for item in items],
            "Reviewed": [item.share.whole for item in items],
            "As reviewed": [item.share.naive for item in items],
            "Weighted": [mean.value if mean else None for mean in means],
            "Low (95%)": [mean.low if mean else None for mean in means],
            "High (95%)": [mean.high if mean else None for mean in means],
            "Effective n": [round(mean.effective_n) if mean else None for mean in means],
            "Unknown propensity": [item.share.unknown for item in items],
            "Unlike the others": [item.stands_out for item in items],
        }
    )


def reasons(items: Sequence[Reason]) -> Drawn:
    """Why decisions were changed, by the direction of the change."""
    figure = go.Figure()
    for added, name, colour in (
        (True, "Raised to priority", theme.CANDIDATE),
        (False, "Lowered to standard", theme.PRODUCTION),
    ):
        own = [item for item in items if item.added is added]
        if own:
            figure.add_bar(
                x=[item.n for item in own],
                y=[said(item.code) for item in own],
                orientation="h",
                name=name,
                marker={"color": colour, "line_width": 0},
                hovertemplate="%{x:,}<extra></extra>",
            )
    theme.apply(figure, height=84 + 26 * max(1, len({item.code for item in items})), zero=True)
    figure.update_layout(barmode="stack", hovermode="closest", bargap=0.35)
    figure.update_xaxes(showgrid=True, tickformat=",d")
    order = list(dict.fromkeys(said(item.code) for item in items))
    figure.update_yaxes(
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=order, dtick=1
    )
    words = "; ".join(f"{said(item.code)} {item.n:,}" for item in items)
    table = pd.DataFrame(
        {
            "Reason": [said(item.code) for item in items],
            "Raised to priority": [item.added for item in items],
            "Reviews": [item.n for item in items],
            "Share": [item.share for item in items],
            "Share, weighted": [item.weighted_share for item in items],
        }
    )
    return Drawn(figure, f"Why decisions were changed: {words or 'none were'}.", table)


def said(code: str) -> str:
    """A code as words."""
    text = code.replace("_", " ")
    return text[:1].upper() + text[1:]


def _middle(monday: object) -> datetime:
    stamp = pd.Timestamp(str(monday)).to_pydatetime()
    return stamp + timedelta(days=3.5)
