"""Drift charts of scores and decisions: the split of the shift, and each layer's scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import plotly.graph_objects as go

from components.drift import panel_words as words
from components.drift.types import Attribution, HeatMap, LayerDrift, Part
from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.pipeline.shares import day_text

_FULL_COLOUR = 0.3  # one season must not take the colour from all other features


def waterfall(attribution: Attribution) -> Drawn:
    """From nothing to the whole shift of the mean final score, part by part."""
    parts = attribution.parts
    names = [words.PARTS.get(part.name, part.name) for part in parts]
    values = [part.points for part in parts]
    figure = go.Figure()
    figure.add_waterfall(
        x=[*names, "Whole shift"],
        y=[*values, attribution.total_points],
        measure=["relative"] * len(parts) + ["total"],
        text=[words.points(value) for value in (*values, attribution.total_points)],
        textposition="outside",
        cliponaxis=False,
        connector={"line": {"color": theme.REFERENCE, "width": 1, "dash": "dot"}},
        increasing={"marker": {"color": theme.PRODUCTION}},
        decreasing={"marker": {"color": theme.PRODUCTION}},
        totals={"marker": {"color": theme.REFERENCE}},
        customdata=[_versions(part) for part in parts] + [""],
        hovertemplate="%{x}: %{text} points<br>%{customdata}<extra></extra>",
    )
    theme.apply(figure, height=280, zero=False)
    figure.update_layout(showlegend=False, hovermode="closest", bargap=0.4)
    figure.update_layout(margin={"t": 26})
    figure.update_yaxes(title="score points", zeroline=True)
    return Drawn(figure, _waterfall_words(attribution), part_table(parts))


def _versions(part: Part) -> str:
    if not part.versions_before and not part.versions_after:
        return ""
    before, after = (", ".join(one) for one in (part.versions_before, part.versions_after))
    return before if before == after else f"{before or 'none'} → {after or 'none'}"


def _waterfall_words(attribution: Attribution) -> str:
    said = "; ".join(
        f"{words.PARTS.get(part.name, part.name)} {words.points(part.points)}"
        for part in attribution.parts
    )
    return (
        f"The mean final score moved by {words.points(attribution.total_points)} score points, "
        f"from {100 * attribution.reference_mean:.2f} to {100 * attribution.current_mean:.2f}: "
        f"{said}."
    )


def part_table(parts: Sequence[Part]) -> pd.DataFrame:
    """Each part with the versions on both sides."""
    return pd.DataFrame(
        {
            "Part": [words.PARTS.get(part.name, part.name) for part in parts],
            "Score points": [part.points for part in parts],
            "Versions before": [", ".join(part.versions_before) for part in parts],
            "Versions after": [", ".join(part.versions_after) for part in parts],
            "In words": [part.sentence for part in parts],
        }
    )


def layer_table(layers: Sequence[LayerDrift]) -> pd.DataFrame:
    """Each layer: mean score in both windows, its distance, its decisions."""
    scores = [layer.score for layer in layers]
    return pd.DataFrame(
        {
            "Layer": [words.LAYERS.get(layer.layer, layer.layer) for layer in layers],
            "Verdict": [words.VERDICTS[s.verdict].text if s else numbers.MISSING for s in scores],
            "Mean score before": [_points(layer.reference_mean) for layer in layers],
            "Mean score now": [_points(layer.current_mean) for layer in layers],
            "Change, points": [
                words.points(
                    100 * (layer.current_mean - layer.reference_mean)
                    if layer.current_mean is not None and layer.reference_mean is not None
                    else None
                )
                for layer in layers
            ],
            "JS distance": [
                numbers.decimal(s.distances.jensen_shannon if s and s.distances else None, 4)
                for s in scores
            ],
            "p, adjusted": [words.adjusted(s.evidence if s else None) for s in scores],
            "Since": [words.since(s.since if s else None) for s in scores],
            "Ran before": [numbers.count(layer.ran_reference) for layer in layers],
            "Ran now": [numbers.count(layer.ran_current) for layer in layers],
        }
    )


def _points(mean: float | None) -> str:
    return numbers.decimal(None if mean is None else 100 * mean, 2)


def decisions(layers: Sequence[LayerDrift]) -> Drawn:
    """The share of each layer's priority decisions, before and now, as a dumbbell."""
    rows = [
        (words.LAYERS.get(layer.layer, layer.layer), rate)
        for layer in layers
        for rate in layer.decisions
        if rate.reference_whole and rate.current_whole
    ]
    names = [f"{layer}: {rate.decision}" for layer, rate in rows]
    before = [rate.reference_part / rate.reference_whole for _, rate in rows]
    now = [rate.current_part / rate.current_whole for _, rate in rows]
    figure = go.Figure()
    for name, old, new in zip(names, before, now, strict=True):
        figure.add_scatter(
            x=[old, new],
            y=[name, name],
            mode="lines",
            line={"color": theme.REFERENCE},
            showlegend=False,
            hoverinfo="skip",
        )
    for label, values, colour, symbol, counts in (
        (
            "Reference",
            before,
            theme.REFERENCE,
            "circle-open",
            [(rate.reference_part, rate.reference_whole) for _, rate in rows],
        ),
        (
            "Current",
            now,
            theme.PRODUCTION,
            "circle",
            [(rate.current_part, rate.current_whole) for _, rate in rows],
        ),
    ):
        figure.add_scatter(
            x=values,
            y=names,
            mode="markers",
            name=label,
            marker={"color": colour, "size": 9, "symbol": symbol},
            customdata=[numbers.share(part, whole) for part, whole in counts],
            hovertemplate=f"{label}: %{{customdata}}<extra></extra>",
        )
    theme.apply(figure, height=84 + ROW_HEIGHT * max(1, len(rows)), zero=False)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickformat=".0%", showgrid=True, rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    said = "; ".join(
        f"{name} from {words.percent(old)} to {words.percent(new)}"
        for name, old, new in zip(names, before, now, strict=True)
    )
    table = pd.DataFrame(
        {
            "Layer and decision": names,
            "Before": [rate.reference_part for _, rate in rows],
            "Of": [rate.reference_whole for _, rate in rows],
            "Share before": before,
            "Now": [rate.current_part for _, rate in rows],
            "Of (now)": [rate.current_whole for _, rate in rows],
            "Share now": now,
        }
    )
    return Drawn(figure, f"Share of decisions by layer: {said or 'no data'}.", table)


def heat_map(
    found: HeatMap, first: int, rows: int, names: dict[str, str], changed: dict[str, date]
) -> Drawn:
    """Distance of each feature in each week; the week in which a feature moved is marked."""
    chosen = range(first, min(first + rows, len(found.variables)))
    labels = [names.get(found.variables[row], found.variables[row]) for row in chosen]
    cells = [list(found.distances[row]) for row in chosen]
    figure = go.Figure()
    figure.add_heatmap(
        x=list(found.weeks),
        y=labels,
        z=cells,
        colorscale=[[0, "rgba(0, 114, 178, 0.05)"], [1, "rgba(0, 114, 178, 1)"]],
        zmin=0,
        zmax=_FULL_COLOUR,
        xgap=1,
        ygap=2,
        colorbar={
            "tickvals": [0, 0.1, 0.2, _FULL_COLOUR],
            "ticktext": ["0", "0.1", "0.2", f"≥ {_FULL_COLOUR}"],
            "title": {"text": "JS", "side": "right"},
            "thickness": 8,
            "len": 0.9,
            "x": 1.0,
        },
        hovertemplate="%{y}, week of %{x|%d %b %Y}: %{z:.4f}<extra></extra>",
    )
    marks = [
        (_week_of(changed[name], found.weeks), label)
        for name, label in zip((found.variables[row] for row in chosen), labels, strict=True)
        if name in changed
    ]
    figure.add_scatter(
        x=[week for week, _ in marks],
        y=[label for _, label in marks],
        mode="markers",
        marker={"symbol": "diamond", "size": 9, "color": theme.STATUS_MARK[Status.WARN]},
        hoverinfo="skip",
    )
    theme.apply(figure, height=64 + 24 * max(1, len(labels)), zero=False)
    figure.update_layout(showlegend=False, hovermode="closest")
    half = timedelta(days=3.5)
    figure.update_xaxes(range=[_noon(found.weeks[0]) - half, _noon(found.weeks[-1]) + half])
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    return Drawn(figure, _heat_words(found, marks), heat_table(found, names))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time())


def _week_of(day: date, weeks: Sequence[date]) -> date:
    return max((week for week in weeks if week <= day), default=weeks[0])


def _heat_words(found: HeatMap, marks: Sequence[tuple[date, str]]) -> str:
    if not found.weeks:
        return "No week has enough data."
    said = "; ".join(
        f"{label} changed in the week of {day_text(week)}" for week, label in marks[:5]
    )
    return (
        f"Distance of {len(found.variables)} features from the reference over "
        f"{len(found.weeks)} weeks to {day_text(found.weeks[-1])}. {said or 'None has moved'}."
    )


def heat_table(found: HeatMap, names: dict[str, str]) -> pd.DataFrame:
    """All features and weeks, one column a week."""
    return pd.DataFrame(
        {"Feature": [names.get(name, name) for name in found.variables]}
        | {
            str(week): [line[place] for line in found.distances]
            for place, week in enumerate(found.weeks)
        }
    )
