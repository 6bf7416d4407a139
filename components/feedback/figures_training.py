"""Charts of training: data windows of versions, what followed promotions, other families."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go

from components.feedback.types import Families, Followed, Metric, Run
from components.layout import numbers, theme
from components.layout.numbers import signed
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.pipeline.shares import day_text
from components.statistics.estimate import Estimate

_DAY_MS = 86_400_000


def lineage(runs: Sequence[Run]) -> Drawn:
    """The data window of each run, when it was trained, and when it was promoted."""
    shown = list(reversed(runs))
    figure = go.Figure()
    windows = [(r.version, r.window_start, r.window_end, r.rows) for r in shown]
    spans = [(v, a, b, n) for v, a, b, n in windows if a is not None and b is not None]
    figure.add_bar(
        x=[(end - start).total_seconds() * 1000 for _, start, end, _ in spans],
        base=[start for _, start, _, _ in spans],
        y=[version for version, *_ in spans],
        orientation="h",
        name="Data it learned from",
        marker={"color": theme.REFERENCE, "opacity": 0.45, "line_width": 0},
        customdata=[[n] for *_, n in spans],
        hovertemplate="%{customdata[0]:,} tickets<extra>%{y}</extra>",
    )
    for name, colour, symbol, points in (
        ("Trained", theme.REFERENCE, "circle", [(r.version, r.started_at) for r in shown]),
        ("Promoted", theme.PRODUCTION, "diamond", _promoted(shown)),
    ):
        figure.add_scatter(
            x=[at for _, at in points],
            y=[version for version, _ in points],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9, "symbol": symbol},
            hovertemplate="%{x|%d %b %Y}<extra>" + name + "</extra>",
        )
    theme.apply(figure, height=84 + 26 * max(1, len(shown)), zero=False)
    figure.update_layout(hovermode="closest", bargap=0.45)
    figure.update_xaxes(type="date", showgrid=True)
    figure.update_yaxes(showgrid=False, dtick=1, categoryorder="array")
    figure.update_yaxes(categoryarray=[run.version for run in reversed(shown)])
    promoted = "; ".join(f"{version} on {day_text(at.date())}" for version, at in _promoted(shown))
    words = f"{len(shown)} training runs; promoted: {promoted or 'none'}."
    return Drawn(figure, words, lineage_table(runs))


def _promoted(runs: Sequence[Run]) -> list[tuple[str, datetime]]:
    return [(run.version, run.promoted_at) for run in runs if run.promoted_at is not None]


def lineage_table(runs: Sequence[Run]) -> pd.DataFrame:
    """Every run: descent, data, metrics with intervals, who, and when it went live."""
    return pd.DataFrame(
        {
            "Version": [run.version for run in runs],
            "From": [run.parent or "" for run in runs],
            "Family": [run.family for run in runs],
            "Trained": [numbers.day(run.started_at) for run in runs],
            "By": [run.trained_by for run in runs],
            "State": [run.status for run in runs],
            "Learned from": [numbers.count(run.rows) for run in runs],
            "Data": [_window(run) for run in runs],
            "AUC (95%)": [_metric(run.auc) for run in runs],
            "Brier": [numbers.decimal(run.brier.value, 3) for run in runs],
            "Measured on": [numbers.count(run.holdout_n) for run in runs],
            "In production": [
                f"{numbers.day(run.promoted_at)}, by {run.promoted_by}" if run.promoted_at else ""
                for run in runs
            ],
        }
    )


def _window(run: Run) -> str:
    if run.window_start is None or run.window_end is None:
        return ""
    return f"{numbers.day(run.window_start)} to {numbers.day(run.window_end)}"


def _metric(metric: Metric) -> str:
    if metric.value is None:
        return numbers.MISSING
    if metric.low is None or metric.high is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"


def followed(items: Sequence[Followed]) -> Drawn:
    """The change of the weighted override rate at each promotion."""
    known = [(item.version, item.change) for item in items if item.change is not None]
    drawn = _forest(known, "Change of the override rate", "+.0%")
    table = pd.DataFrame(
        {
            "Version": [item.version for item in items],
            "Took over": [numbers.day(item.at) for item in items],
            "From": [item.before_version or "" for item in items],
            "Before": [_weighted(item, before=True) for item in items],
            "After": [_weighted(item, before=False) for item in items],
            "Change": [_points(item.change) for item in items],
            "In words": [item.sentence for item in items],
        }
    )
    return Drawn(drawn, " ".join(item.sentence for item in items), table)


def _weighted(item: Followed, *, before: bool) -> str:
    share = item.before if before else item.after
    if share is None or share.weighted is None:
        return numbers.MISSING
    mean = share.weighted
    return f"{numbers.proportion_text(mean.value, mean.standard_error)} of {share.whole:,} reviews"


def _points(change: Estimate | None) -> str:
    if change is None:
        return numbers.MISSING
    if change.low is None or change.high is None:
        return signed(100 * change.value)
    low, high = 100 * change.low, 100 * change.high
    return f"{signed(100 * change.value)} points ({signed(low)} to {signed(high)})"


def families(found: Families) -> Drawn:
    """The difference of AUC between each version and the reference."""
    rows = [
        (f"{c.version} · {c.family}{' · same tickets' if c.paired else ''}", c.auc)
        for c in found.challengers
    ]
    figure = _forest(rows, f"AUC less that of {found.reference}", "+.3f")
    table = pd.DataFrame(
        {
            "Version": [c.version for c in found.challengers],
            "Family": [c.family for c in found.challengers],
            "Compared": ["paired" if c.paired else "unpaired" for c in found.challengers],
            "AUC difference": [c.auc.value for c in found.challengers],
            "Low (95%)": [c.auc.low for c in found.challengers],
            "High (95%)": [c.auc.high for c in found.challengers],
            "Brier difference": [c.brier for c in found.challengers],
            "In words": [c.sentence for c in found.challengers],
        }
    )
    return Drawn(figure, " ".join(c.sentence for c in found.challengers), table)


def _forest(rows: Sequence[tuple[str, Estimate]], what: str, form: str) -> go.Figure:
    names = [name for name, _ in rows]
    figure = go.Figure()
    figure.add_scatter(
        x=[change.value for _, change in rows],
        y=names,
        mode="markers",
        marker={"color": theme.PRODUCTION, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_reach(change.high, change.value) for _, change in rows],
            "arrayminus": [_reach(change.value, change.low) for _, change in rows],
            "thickness": 1.4,
            "width": 0,
            "color": theme.PRODUCTION,
        },
        hovertemplate="%{x:" + form + "}<extra>%{y}</extra>",
    )
    theme.apply(figure, height=96 + ROW_HEIGHT * max(1, len(rows)), zero=False)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(tickformat=form, showgrid=True, zeroline=True, zerolinewidth=1, title=what)
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    figure.update_yaxes(categoryorder="array", categoryarray=names)
    return figure


def _reach(far: float | None, near: float | None) -> float:
    return far - near if far is not None and near is not None else 0.0
