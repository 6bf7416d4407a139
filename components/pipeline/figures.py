"""Pipeline charts of shares and counts: each with its figure, its words and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.assess_changes import Change
from components.pipeline.assess_correctness import LayerCorrectness
from components.pipeline.assess_firing import Firing
from components.pipeline.assess_layers import WeekShare
from components.pipeline.assess_versions import FaultDay
from components.pipeline.shares import Share, day_text
from queries.audit_rows import Layer

ROW_HEIGHT = 30
LAYER_WORDS = {
    Layer.RULES: "Rules",
    Layer.ML: "Model",
    Layer.LLM: "LLM",
    Layer.FINAL: "Final decision",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, what it says in words, and the numbers behind it."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


def agreement_by_week(
    weeks: Sequence[WeekShare], limit: float | None, changes: Sequence[Change]
) -> Drawn:
    """Agreement of rules and model per week, with its interval as a band."""
    known = [week for week in weeks if week.share.value is not None]
    days = [week.monday for week in known]
    figure = go.Figure()
    low, high = ([getattr(week.share, end) for week in known] for end in ("low", "high"))
    figure.add_scatter(x=days, y=high, mode="lines", line_width=0, hoverinfo="skip")
    figure.add_scatter(
        x=days,
        y=low,
        mode="lines",
        line_width=0,
        fill="tonexty",
        fillcolor=faded(theme.PRODUCTION),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=days,
        y=[week.share.value for week in known],
        mode="lines+markers",
        line_color=theme.PRODUCTION,
        customdata=[[week.share.part, week.share.whole] for week in known],
        hovertemplate="%{y:.1%}, %{customdata[0]:,} of %{customdata[1]:,}<extra></extra>",
    )
    theme.apply(figure)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip"})
    figure.update_layout(showlegend=False)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    if limit is not None:
        theme.threshold(figure, limit, f"at least {limit:.0%}")
    mark(figure, changes)
    return Drawn(figure, _week_words(known), _share_table("Week from", days, known))


def _week_words(weeks: Sequence[WeekShare]) -> str:
    if not weeks:
        return "No week has predictions to compare."
    lowest = min(weeks, key=lambda week: week.share.value or 0.0)
    last = weeks[-1]
    return (
        f"Weekly agreement of rules and model over {len(weeks)} weeks: lowest "
        f"{percent(lowest.share)} in the week of {day_text(lowest.monday)}, last "
        f"{percent(last.share)}."
    )


def _share_table(name: str, keys: Sequence[object], items: Sequence[WeekShare]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: list(keys),
            "Agree": [item.share.part for item in items],
            "Compared": [item.share.whole for item in items],
            "Share": [item.share.value for item in items],
            "Low (95%)": [item.share.low for item in items],
            "High (95%)": [item.share.high for item in items],
        }
    )


def shares(rows: Sequence[tuple[str, Share]], *, what: str, limit: float | None = None) -> Drawn:
    """One dot with its interval for each row, lowest first."""
    known = [(name, share) for name, share in rows if share.value is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[share.value for _, share in known],
        y=[name for name, _ in known],
        mode="markers",
        marker={"color": theme.PRODUCTION, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(share.high or 0) - (share.value or 0) for _, share in known],
            "arrayminus": [(share.value or 0) - (share.low or 0) for _, share in known],
            "thickness": 1.4,
            "width": 0,
            "color": theme.PRODUCTION,
        },
        customdata=[[numbers.share(share.part, share.whole)] for _, share in known],
        hovertemplate="%{y}: %{customdata[0]}<extra></extra>",
    )
    theme.apply(figure, height=70 + ROW_HEIGHT * max(1, len(known)), zero=False)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], showgrid=True)
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    if limit is not None:
        _vertical(figure, limit, f"at least {limit:.1%}".replace(".0%", "%"))
    table = pd.DataFrame(
        [(name, s.part, s.whole, s.value, s.low, s.high) for name, s in rows],
        columns=["Segment", "Agree", "Compared", "Share", "Low (95%)", "High (95%)"],
    )
    words = "; ".join(f"{name} {numbers.share(s.part, s.whole)}" for name, s in known[:6])
    rest = f"; and {len(known) - 6} more" if len(known) > 6 else ""
    return Drawn(figure, f"{what}, lowest first: {words or 'no data'}{rest}.", table)


def calls_by_day(firing: Firing, changes: Sequence[Change]) -> Drawn:
    """Calls of the LLM per day, by what triggered them."""
    days = [row.day for row in firing.days]
    series = (
        ("Disagreement", [row.asked_disagreement for row in firing.days], theme.PRODUCTION),
        ("Escalation", [row.asked_escalation for row in firing.days], theme.REFERENCE),
        (
            "No trigger",
            [row.asked_untriggered for row in firing.days],
            theme.STATUS_MARK[Status.FAIL],
        ),
    )
    figure = stacked(days, series)
    mark(figure, changes)
    table = pd.DataFrame({"Day": days, **{name: values for name, values, _ in series}})
    table["Predictions"] = [row.n for row in firing.days]
    table["Without cause"] = [
        row.no_trigger + row.below_threshold + row.not_escalated for row in firing.days
    ]
    table["Missed"] = [row.missed_escalation + row.missed_disagreement for row in firing.days]
    alt = (
        f"Daily LLM calls by trigger: {firing.disagreement:,} for disagreement, "
        f"{firing.escalation:,} for escalation, {firing.untriggered:,} without a trigger, "
        f"over {len(days)} days."
    )
    return Drawn(figure, alt, table)


def correctness(layers: Sequence[LayerCorrectness]) -> Drawn:
    """Naive and weighted share of right decisions for each layer."""
    names = [LAYER_WORDS[item.layer] for item in layers]
    figure = go.Figure()
    figure.add_scatter(
        x=[item.naive.value for item in layers],
        y=names,
        mode="markers",
        name="As reviewed",
        marker={"color": theme.REFERENCE, "size": 9, "symbol": "circle-open"},
        hovertemplate="As reviewed %{x:.1%}<extra></extra>",
    )
    weighted = [(name, item.weighted) for name, item in zip(names, layers, strict=True)]
    known = [(name, mean) for name, mean in weighted if mean is not None]
    figure.add_scatter(
        x=[mean.value for _, mean in known],
        y=[name for name, _ in known],
        mode="markers",
        name="Weighted to all tickets",
        marker={"color": theme.PRODUCTION, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(mean.high or mean.value) - mean.value for _, mean in known],
            "arrayminus": [mean.value - (mean.low or 0.0) for _, mean in known],
            "thickness": 1.4,
            "width": 0,
            "color": theme.PRODUCTION,
        },
        hovertemplate="Weighted %{x:.1%}<extra></extra>",
    )
    theme.apply(figure, height=100 + ROW_HEIGHT * max(1, len(layers)), zero=False)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], showgrid=True)
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    return Drawn(figure, correctness_words(layers), correctness_table(layers))


def correctness_words(layers: Sequence[LayerCorrectness]) -> str:
    """The same in words."""
    parts = []
    for item in layers:
        weighted = numbers.proportion_text(item.weighted.value) if item.weighted else "unknown"
        naive = numbers.share(item.naive.part, item.naive.whole)
        parts.append(f"{LAYER_WORDS[item.layer]} {naive}, weighted {weighted}")
    return f"Right decisions by layer: {'; '.join(parts) or 'no reviews'}."


def correctness_table(layers: Sequence[LayerCorrectness]) -> pd.DataFrame:
    """Every layer with both estimates and what they rest on."""
    means = [item.weighted for item in layers]
    return pd.DataFrame(
        {
            "Layer": [LAYER_WORDS[item.layer] for item in layers],
            "Right": [item.naive.part for item in layers],
            "Reviewed": [item.naive.whole for item in layers],
            "As reviewed": [item.naive.value for item in layers],
            "Weighted": [mean.value if mean else None for mean in means],
            "Low (95%)": [mean.low if mean else None for mean in means],
            "High (95%)": [mean.high if mean else None for mean in means],
            "Effective n": [round(mean.effective_n) if mean else None for mean in means],
            "Weights capped": [mean.capped if mean else None for mean in means],
            "Unknown propensity": [item.unknown_propensity for item in layers],
        }
    )


def faults_by_day(days: Sequence[FaultDay]) -> Drawn:
    """Predictions with a snapshot at fault, per day and kind."""
    series = (
        ("Missing", [day.missing for day in days], theme.STATUS_MARK[Status.FAIL]),
        ("Unknown version", [day.unknown for day in days], theme.STATUS_MARK[Status.ERROR]),
        ("Not in force", [day.not_in_force for day in days], theme.STATUS_MARK[Status.WARN]),
    )
    dates = [day.day for day in days]
    table = pd.DataFrame({"Day": dates, "Predictions": [day.n for day in days]})
    for name, values, _ in series:
        table[name] = values
    totals = ", ".join(f"{sum(values):,} {name.lower()}" for name, values, _ in series)
    alt = f"Predictions with a snapshot at fault over {len(days)} days: {totals}."
    return Drawn(stacked(dates, series), alt, table)


def stacked(days: Sequence[object], series: Sequence[tuple[str, Sequence[int], str]]) -> go.Figure:
    """Counts per day as stacked bars; kinds that never occur are left out."""
    figure = go.Figure()
    for name, values, colour in series:
        if any(values):
            figure.add_bar(
                x=days,
                y=values,
                name=name,
                marker={"color": colour, "line_width": 0},
                hovertemplate=f"{name} %{{y:,}}<extra></extra>",
            )
    theme.apply(figure)
    figure.update_layout(barmode="stack", showlegend=True)
    figure.update_yaxes(tickformat=",d")
    return figure


def mark(figure: go.Figure, changes: Sequence[Change]) -> None:
    """Deployments and configuration changes as marked verticals."""
    theme.events(figure, [(change.at, change.label) for change in changes])


def percent(share: Share) -> str:
    """A share as a percentage, with the decimals its counts support."""
    return numbers.percentage(share.part, share.whole)


def faded(colour: str) -> str:
    """The colour of a band around a line of this colour."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {theme.BAND_OPACITY})"


def _vertical(figure: go.Figure, value: float, label: str) -> None:
    figure.add_vline(
        x=value,
        line={"color": theme.THRESHOLD, "width": 1, "dash": "dash"},
        annotation={"text": label, "font": {"size": 11, "color": theme.REFERENCE}},
        annotation_position="top left",
    )
