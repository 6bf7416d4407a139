"""Charts of test suites: segment by segment, and run by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from components.evaluations.assess_runs import Cell, Head, MeasureRow
from components.evaluations.suites import CANDIDATE, PRODUCTION
from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from queries.evaluation_history import PointRow

_LOOKS = {CANDIDATE: (theme.CANDIDATE, "diamond"), PRODUCTION: (theme.PRODUCTION, "circle")}
_OTHER = (theme.REFERENCE, "circle-open")


def segments(measure: MeasureRow, heads: Sequence[Head]) -> Drawn:
    """One measure in each segment, version beside version, with 95% intervals."""
    names = [name for name, _ in measure.segments]
    figure = go.Figure()
    for place, head in enumerate(heads):
        known = [(name, cells[place]) for name, cells in measure.segments]
        points = [(name, cell) for name, cell in known if cell and cell.value is not None]
        if points:
            figure.add_scatter(**_points(head, points), orientation="h")
    form = ".0%" if measure.is_share else ",.4~g"
    theme.apply(figure, height=96 + 2 * ROW_HEIGHT * max(1, len(names)), zero=False)
    figure.update_layout(hovermode="closest", scattermode="group")
    figure.update_xaxes(tickformat=form, showgrid=True, title=measure.title.lower())
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    figure.update_yaxes(categoryorder="array", categoryarray=names)
    return Drawn(figure, _segment_words(measure, heads), segment_table(measure, heads))


def _points(head: Head, points: Sequence[tuple[str, Cell]]) -> dict[str, object]:
    colour, symbol = _LOOKS.get(head.role, _OTHER)
    return {
        "x": [cell.value for _, cell in points],
        "y": [name for name, _ in points],
        "mode": "markers",
        "name": label(head),
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(cell.value, cell.high) for _, cell in points],
            "arrayminus": [_reach(cell.low, cell.value) for _, cell in points],
            "thickness": 1.4,
            "width": 0,
            "color": colour,
        },
        "customdata": [[cell.text] for _, cell in points],
        "hovertemplate": "%{y}: %{customdata[0]}<extra>" + label(head) + "</extra>",
    }


def _reach(near: float | None, far: float | None) -> float:
    return far - near if near is not None and far is not None else 0.0


def label(head: Head) -> str:
    """A version with its role: ``lgb-1 (candidate)``."""
    return f"{head.version} ({head.role})" if head.role else head.version


def _segment_words(measure: MeasureRow, heads: Sequence[Head]) -> str:
    parts = []
    for place, head in enumerate(heads):
        known = [
            (cell.value, name, cell.text)
            for name, cells in measure.segments
            if (cell := cells[place]) is not None and cell.value is not None
        ]
        if known:
            low, high = min(known), max(known)
            parts.append(f"{label(head)}: from {low[2]} in {low[1]} to {high[2]} in {high[1]}")
    return f"{measure.title} by segment. {'; '.join(parts)}."


def segment_table(measure: MeasureRow, heads: Sequence[Head]) -> pd.DataFrame:
    """The numbers behind :func:`segments`."""
    columns: dict[str, list[str]] = {"Segment": [name for name, _ in measure.segments]}
    for place, head in enumerate(heads):
        cells = [cells[place] for _, cells in measure.segments]
        columns[label(head)] = [cell.text if cell else numbers.MISSING for cell in cells]
        columns[f"{head.version}: 95%"] = [
            numbers.interval(cell.low, cell.high, as_share=measure.is_share) if cell else ""
            for cell in cells
        ]
    return pd.DataFrame(columns)


def over_time(measure: MeasureRow, points: Sequence[PointRow], roles: Mapping[str, str]) -> Drawn:
    """One measure run by run, and the gate's limit."""
    own = [point for point in points if point.metric == measure.metric]
    figure = go.Figure()
    for version in dict.fromkeys(point.model_version for point in own):
        mine = [point for point in own if point.model_version == version]
        colour, symbol = _LOOKS.get(roles.get(version, ""), _OTHER)
        figure.add_scatter(
            x=[point.started_at for point in mine],
            y=[point.value for point in mine],
            mode="lines+markers",
            name=version,
            line={"color": colour},
            marker={"color": colour, "symbol": symbol, "size": 8},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_reach(point.value, point.interval_high) for point in mine],
                "arrayminus": [_reach(point.interval_low, point.value) for point in mine],
                "thickness": 1.2,
                "width": 0,
            },
            customdata=[[point.n, point.suite_version] for point in mine],
            hovertemplate="%{y} · n %{customdata[0]:,} · %{customdata[1]}",
        )
    theme.apply(figure, zero=not measure.is_share)
    figure.update_yaxes(tickformat=".1%" if measure.is_share else ",.4~g")
    if measure.gate is not None:
        limit = float(measure.gate.requirement.threshold)
        theme.threshold(figure, limit, measure.gate.limit_text)
    table = pd.DataFrame(
        {
            "Run": [numbers.moment(point.started_at) for point in own],
            "Version": [point.model_version for point in own],
            "Suite": [point.suite_version for point in own],
            "Value": [point.value for point in own],
            "95% from": [point.interval_low for point in own],
            "95% to": [point.interval_high for point in own],
            "n": [point.n for point in own],
        }
    )
    last = own[-1]
    words = f"{measure.title}: {len(own)} runs, the last {last.value:,.4g} on {last.model_version}."
    return Drawn(figure, words, table)
