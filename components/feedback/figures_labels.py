"""Charts of reviewers and of labels: differences, weeks, arrival, the random share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pandas as pd
import plotly.graph_objects as go

from components.feedback.figures import hatch
from components.feedback.types import Arrival, RandomReview, ReviewerPoint, Reviewers
from components.feedback.words import arrival as arrival_words
from components.feedback.words import random_review as random_words
from components.feedback.words import reviewers as reviewer_words
from components.layout import numbers, theme
from components.pipeline.figures import Drawn, faded


def differences(found: Reviewers) -> Drawn:
    """Each reviewer's distance from the others on like tickets, and where others would lie."""
    items = found.differences
    names = [item.rater for item in items]
    figure = go.Figure()
    ranges = [(i.rater, i.usual_low, i.usual_high) for i in items]
    known = [(name, lo, hi) for name, lo, hi in ranges if lo is not None and hi is not None]
    figure.add_bar(
        x=[high - low for _, low, high in known],
        base=[low for _, low, _ in known],
        y=[name for name, _, _ in known],
        orientation="h",
        name="Usual for a reviewer",
        marker={"color": faded(theme.REFERENCE), "line_width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[item.difference for item in items],
        y=names,
        mode="markers",
        name="Difference from the others",
        marker={
            "size": 9,
            "color": [theme.THRESHOLD if i.stands_out else theme.PRODUCTION for i in items],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [item.high - item.difference for item in items],
            "arrayminus": [item.difference - item.low for item in items],
            "thickness": 1.4,
            "width": 0,
            "color": theme.PRODUCTION,
        },
        customdata=[[i.positive, i.n, round(i.expected, 1)] for i in items],
        hovertemplate="%{customdata[0]:,} of %{customdata[1]:,} overturned, "
        "%{customdata[2]} expected<extra>%{y}</extra>",
    )
    theme.apply(figure, height=84 + 26 * max(1, len(items)), zero=False)
    figure.update_layout(hovermode="closest", bargap=0.3)
    figure.update_xaxes(tickformat="+.0%", showgrid=True, zeroline=True, zerolinewidth=1)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=names, dtick=1
    )
    return Drawn(figure, reviewer_words(found, named=True), reviewer_table(found))


def reviewer_table(found: Reviewers) -> pd.DataFrame:
    """Everyone with counts, tests and verdict."""
    items = found.differences
    return pd.DataFrame(
        {
            "Reviewer": [item.rater for item in items],
            "Reviews": [item.n for item in items],
            "Overturned": [item.positive for item in items],
            "Expected": [round(item.expected, 1) for item in items],
            "Difference": [item.difference for item in items],
            "Low (95%)": [item.low for item in items],
            "High (95%)": [item.high for item in items],
            "Change from before": [item.change for item in items],
            "p, unlike the others": [item.p_unlike for item in items],
            "p, changed": [item.p_changed for item in items],
            "Stands out": [item.stands_out for item in items],
        }
    )


def reviewer_weeks(name: str, points: Sequence[ReviewerPoint]) -> Drawn:
    """One reviewer's weeks beside everybody else's."""
    days = [point.monday for point in points]
    rates = [point.overturned / point.n for point in points]
    figure = go.Figure()
    figure.add_scatter(
        x=days,
        y=[point.others for point in points],
        mode="lines",
        name="All others",
        line_color=theme.REFERENCE,
        hovertemplate="%{y:.0%}<extra>others</extra>",
    )
    figure.add_scatter(
        x=days,
        y=rates,
        mode="lines+markers",
        name=name,
        line_color=theme.THRESHOLD,
        customdata=[[numbers.share(point.overturned, point.n)] for point in points],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    theme.apply(figure)
    figure.update_yaxes(tickformat=".0%")
    table = pd.DataFrame(
        {
            "Week from": days,
            "Overturned": [point.overturned for point in points],
            "Reviewed": [point.n for point in points],
            "Share": rates,
            "All others": [point.others for point in points],
        }
    )
    last = f"{rates[-1]:.0%} in the last week" if rates else "no week"
    return Drawn(figure, f"Overturned reviews of {name} over {len(days)} weeks; {last}.", table)


def arrival(found: Arrival) -> Drawn:
    """The share of labels that has arrived after so many days."""
    points = found.delays.points if found.delays else ()
    days = [0.0, *(point.delay / 24 for point in points)]
    figure = go.Figure()
    for values, fill in (
        ([0.0, *(point.high for point in points)], None),
        ([0.0, *(point.low for point in points)], "tonexty"),
    ):
        figure.add_scatter(
            x=days,
            y=values,
            mode="lines",
            line_width=0,
            fill=fill,
            fillcolor=faded(theme.PRODUCTION),
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=days,
        y=[0.0, *(point.share for point in points)],
        mode="lines",
        line_color=theme.PRODUCTION,
        hovertemplate="%{y:.0%} after %{x:.1f} days<extra></extra>",
        showlegend=False,
    )
    theme.apply(figure)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip"})
    figure.update_layout(hovermode="closest")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    horizon = max(7.0, 1.8 * (found.mature_hours or 24.0) / 24)
    figure.update_xaxes(title="Days after scoring", range=[0, horizon])
    for hours, words in (
        (found.half_hours, "half"),
        (found.mature_hours, f"{found.mature_share:.0%}"),
    ):
        if hours is not None:
            figure.add_vline(
                x=hours / 24,
                line={"color": theme.REFERENCE, "width": 1, "dash": "dot"},
                annotation={"text": words, "font": {"size": 11, "color": theme.REFERENCE}},
                annotation_position="bottom right",
            )
    table = pd.DataFrame(
        [(p.delay, p.share, p.low, p.high) for p in points],
        columns=["Hours", "Arrived", "Low (95%)", "High (95%)"],
    )
    return Drawn(figure, arrival_words(found), table)


def random_review(found: RandomReview) -> Drawn:
    """Tickets reviewed by chance, as a share of all, by week."""
    items = found.weeks
    middles = [datetime.combine(week.start, time()) + timedelta(days=3.5) for week in items]
    figure = go.Figure()
    figure.add_bar(
        x=middles,
        y=[week.share for week in items],
        name="Chosen by chance",
        showlegend=False,
        marker={
            "color": [
                theme.THRESHOLD if w.missed and w.mature else theme.PRODUCTION for w in items
            ],
            "line_width": 0,
        },
        customdata=[[numbers.share(week.drawn, week.predictions)] for week in items],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    theme.apply(figure)
    top = max([found.floor * 1.6, *(week.share * 1.1 for week in items)])
    hatch(figure, [m for m, week in zip(middles, items, strict=True) if not week.mature], top)
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(tickformat=".1%" if top < 0.05 else ".0%", range=[0, top])
    theme.threshold(figure, found.floor, f"at least {found.floor:.0%}")
    table = pd.DataFrame(
        {
            "Week from": [week.start for week in items],
            "Chosen by chance": [week.drawn for week in items],
            "Predictions": [week.predictions for week in items],
            "Share": [week.share for week in items],
            "Low (95%)": [week.interval.low for week in items],
            "High (95%)": [week.interval.high for week in items],
            "Labels complete": [week.mature for week in items],
            "Floor missed": [week.missed for week in items],
        }
    )
    return Drawn(figure, random_words(found), table)
