"""Pipeline charts of time and of thresholds: each with its figure, its words and its table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.assess_changes import Change
from components.pipeline.assess_latency import (
    PATH_WORDS,
    Costs,
    DayLatency,
    ErrorDay,
    PathLatency,
)
from components.pipeline.assess_threshold import Step, ThresholdEffect
from components.pipeline.figures import ROW_HEIGHT, Drawn, mark
from components.pipeline.shares import day_text
from queries.audit_rows import Path


def quantiles(paths: Sequence[PathLatency]) -> Drawn:
    """p50, p95 and p99 of each path on one logarithmic axis."""
    figure = go.Figure()
    for item in paths:
        name = PATH_WORDS[item.path]
        values = [item.p50.value, item.p95.value, item.p99.value]
        figure.add_scatter(
            x=values,
            y=[name] * 3,
            mode="lines+markers+text",
            text=["", numbers.milliseconds(item.p95.value), ""],
            textposition="top center",
            textfont={"size": 11},
            marker={
                "color": theme.PRODUCTION,
                "size": [9, 9, 7],
                "symbol": ["circle", "diamond", "line-ns-open"],
            },
            line={"color": theme.PRODUCTION},
            cliponaxis=False,
            customdata=["p50", "p95", "p99"],
            hovertemplate="%{customdata} %{x:.4~g} ms<extra></extra>",
        )
    theme.apply(figure, height=80 + (ROW_HEIGHT + 16) * max(1, len(paths)), zero=False)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(type="log", title="milliseconds, logarithmic", showgrid=True, dtick=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    return Drawn(figure, _quantile_words(paths), quantile_table(paths))


def _quantile_words(paths: Sequence[PathLatency]) -> str:
    parts = [
        f"{PATH_WORDS[item.path]} p50 {numbers.milliseconds(item.p50.value)}, "
        f"p95 {numbers.milliseconds(item.p95.value)}, p99 {numbers.milliseconds(item.p99.value)}"
        for item in paths
    ]
    return f"Latency by path: {'; '.join(parts) or 'nothing measured'}."


def quantile_table(paths: Sequence[PathLatency]) -> pd.DataFrame:
    """Each quantile with the bin that surely holds its p95."""
    return pd.DataFrame(
        {
            "Path": [PATH_WORDS[item.path] for item in paths],
            "Requests": [item.n for item in paths],
            "p50 (ms)": [round(item.p50.value, 2) for item in paths],
            "p95 (ms)": [round(item.p95.value, 2) for item in paths],
            "p95 at least": [round(item.p95.lower, 2) for item in paths],
            "p95 at most": [
                None if item.p95.upper is None else round(item.p95.upper, 2) for item in paths
            ],
            "p99 (ms)": [round(item.p99.value, 2) for item in paths],
        }
    )


def daily_p95(
    days: Sequence[DayLatency], path: Path, limit: float | None, changes: Sequence[Change]
) -> Drawn:
    """p95 of one path per day, with the service level as a line."""
    own = [day for day in days if day.path is path]
    figure = go.Figure()
    figure.add_scatter(
        x=[day.day for day in own],
        y=[day.p95 for day in own],
        mode="lines",
        line_color=theme.PRODUCTION,
        customdata=[day.n for day in own],
        hovertemplate="p95 %{y:,.0f} ms, %{customdata:,} requests<extra></extra>",
    )
    theme.apply(figure, height=220)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(tickformat=",d", title="ms")
    if limit is not None:
        theme.threshold(figure, limit, f"limit {numbers.milliseconds(limit)}")
    mark(figure, changes)
    table = pd.DataFrame(
        {
            "Day": [day.day for day in own],
            "Requests": [day.n for day in own],
            "p95 (ms)": [round(day.p95, 2) for day in own],
        }
    )
    return Drawn(figure, _daily_words(own, path, limit), table)


def _daily_words(days: Sequence[DayLatency], path: Path, limit: float | None) -> str:
    if not days:
        return f"{PATH_WORDS[path]}: no request was measured."
    slowest = max(days, key=lambda day: day.p95)
    words = (
        f"{PATH_WORDS[path]}: daily p95 up to {numbers.milliseconds(slowest.p95)}, "
        f"on {day_text(slowest.day)}"
    )
    if limit is None:
        return f"{words}."
    over = sum(day.p95 > limit for day in days)
    return f"{words}; above {numbers.milliseconds(limit)} on {over} of {len(days)} days."


def errors_by_day(days: Sequence[ErrorDay], limit: float | None) -> Drawn:
    """Share of failed predictions per day."""
    figure = go.Figure()
    figure.add_bar(
        x=[day.day for day in days],
        y=[day.share.value for day in days],
        marker={"color": theme.STATUS_MARK[Status.NO_DATA], "line_width": 0},
        customdata=[[numbers.share(day.share.part, day.share.whole)] for day in days],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    theme.apply(figure, height=220)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(tickformat=".2%")
    if limit is not None:
        theme.threshold(figure, limit, f"at most {limit:.2%} over the period")
    failed, n = sum(day.share.part for day in days), sum(day.share.whole for day in days)
    worst = max(days, key=lambda day: day.share.value or 0.0, default=None)
    alt = f"Errors over {len(days)} days: {numbers.share(failed, n)}"
    if worst is not None and failed:
        alt += (
            f"; most on {day_text(worst.day)}, {numbers.share(worst.share.part, worst.share.whole)}"
        )
    table = pd.DataFrame(
        {
            "Day": [day.day for day in days],
            "Errors": [day.share.part for day in days],
            "Predictions": [day.share.whole for day in days],
            "Share": [day.share.value for day in days],
        }
    )
    return Drawn(figure, f"{alt}.", table)


def cost_table(costs: Costs) -> pd.DataFrame:
    """Calls and cost of each layer, exact."""
    return pd.DataFrame(
        {
            "Layer": [PATH_WORDS[layer.layer] for layer in costs.layers],
            "Calls": [numbers.count(layer.calls) for layer in costs.layers],
            "Cost": [numbers.money(layer.cost) for layer in costs.layers],
            "Per 1,000 predictions": [
                numbers.money(layer.cost * 1000 / costs.n) if costs.n else numbers.MISSING
                for layer in costs.layers
            ],
            "Calls without a price": [numbers.count(layer.unpriced) for layer in costs.layers],
        }
    )


def threshold_effect(found: ThresholdEffect, chosen: float) -> Drawn:
    """Calls and known changes against the agreement threshold."""
    x = [step.threshold for step in found.steps]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12, row_heights=[0.55, 0.45]
    )
    line = {"width": theme.LINE_WIDTH}
    for row, name, values, colour in (
        (1, "LLM calls", [step.calls for step in found.steps], theme.PRODUCTION),
        (1, "of these, answer known", [step.observed for step in found.steps], theme.REFERENCE),
        (
            2,
            "Decisions known to change",
            [step.changed for step in found.steps],
            theme.CANDIDATE,
        ),
    ):
        figure.add_scatter(
            x=x,
            y=values,
            mode="lines",
            name=name,
            line={**line, "color": colour},
            hovertemplate=f"{name} %{{y:,}}<extra></extra>",
            row=row,
            col=1,
        )
    theme.apply(figure, height=380)
    figure.update_yaxes(tickformat=",d")
    figure.update_yaxes(title="calls", row=1, col=1)
    figure.update_yaxes(title="decisions", row=2, col=1)
    figure.update_xaxes(range=[0, 1], title="agreement threshold", row=2, col=1)
    known = found.setting.agreement_threshold
    if known is not None:
        figure.add_vline(x=known, line={"color": theme.THRESHOLD, "width": 1, "dash": "dash"})
        figure.add_annotation(
            x=known,
            y=1,
            yref="paper",
            text=f" in force {known:g}",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            font={"size": 11, "color": theme.REFERENCE},
        )
    if known is None or abs(chosen - known) > 1e-9:
        figure.add_vline(x=chosen, line={"color": theme.REFERENCE, "width": 1})
    return Drawn(figure, threshold_words(found, chosen), threshold_table(found.steps))


def threshold_words(found: ThresholdEffect, chosen: float) -> str:
    """What the chosen threshold would have meant, in words."""
    step = found.at(chosen)
    return (
        f"LLM calls and changed decisions against the agreement threshold. At "
        f"{step.threshold:g}: {step.calls:,} calls, of which {step.unobserved:,} were never made; "
        f"{step.changed:,} decisions are known to change."
    )


def threshold_table(steps: Sequence[Step]) -> pd.DataFrame:
    """Every candidate threshold."""
    return pd.DataFrame(
        {
            "Threshold": [step.threshold for step in steps],
            "LLM calls": [step.calls for step in steps],
            "Cost": [None if step.cost is None else str(step.cost) for step in steps],
            "Answer known": [step.observed for step in steps],
            "Never asked": [step.unobserved for step in steps],
            "No longer asked": [step.no_longer_asked for step in steps],
            "Decisions changed": [step.changed for step in steps],
            "Of these reviewed": [step.reviewed for step in steps],
            "LLM was right": [step.recorded_right for step in steps],
            "Rules and model were right": [step.mean_right for step in steps],
        }
    )
