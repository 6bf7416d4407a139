"""Field accuracy as a heat map: tables beside each other, their fields below."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from components.field_accuracy import words
from components.field_accuracy.assess import Accuracy, Count, Field, Limits, by_place
from components.gates.status import Status
from components.layout import icons, numbers, theme

ROW_HEIGHT = 28
CRITICAL_MARK = "◆"
_SHADES = (Status.PASS, Status.NO_DATA, Status.WARN, Status.FAIL)
_OPACITY = 0.32
_NARROW = 2
"""Tables of which the cells have room for both counts, even on a telephone."""
_LONG = 100_000
"""From here on a narrow cell shows thousands, rounded down; hover and table are exact."""


def heat_map(found: Accuracy, allowed: Limits | None) -> go.Figure:
    """One cell for each field of each table: sign, differing values, values compared."""
    fields = by_place(found.fields)
    names = sorted({field.name for field in found.fields})
    cells = [[fields.get((table, name)) for table in found.tables] for name in names]
    figure = go.Figure(
        go.Heatmap(
            x=list(found.tables),
            y=names,
            z=[[_shade(cell) for cell in row] for row in cells],
            text=[[_text(cell, len(found.tables)) for cell in row] for row in cells],
            customdata=[[_hover(cell, allowed) for cell in row] for row in cells],
            texttemplate="%{text}",
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            colorscale=_scale(),
            zmin=0,
            zmax=len(_SHADES) - 1,
            opacity=_OPACITY,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    # Words must not fade with the colour behind them.
    labels = go.Scatter(
        x=[field.table for field in found.fields],
        y=[field.name for field in found.fields],
        mode="text",
        text=[_text(field, len(found.tables)) for field in found.fields],
        hoverinfo="skip",
    )
    figure.data[0].texttemplate = None
    figure.add_trace(labels)
    theme.apply(figure, height=ROW_HEIGHT * len(names) + 36, zero=False)
    figure.update_layout(hovermode="closest", showlegend=False)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, nticks=None, tickmode="linear", type="category"
    )
    figure.update_xaxes(side="top", type="category", ticks="")
    return figure


def heat_map_alt(found: Accuracy) -> str:
    """What the heat map shows, in words."""
    counts = [(status, sum(f.status is status for f in found.fields)) for status in Status]
    said = ", ".join(f"{number:,} {status.word.lower()}" for status, number in counts if number)
    worst = "; ".join(_described(field) for field in found.failing)
    tail = f" Over their limit: {worst}." if worst else ""
    return f"{len(found.fields):,} fields of {len(found.tables):,} tables: {said}.{tail}"


def _described(field: Field) -> str:
    critical = ", critical" if field.critical else ""
    return f"{field.table}.{field.name} {words.differs(field.count)}{critical}"


def _shade(field: Field | None) -> int | None:
    if field is None:
        return None
    return _SHADES.index(field.status) if field.status in _SHADES else _SHADES.index(Status.NO_DATA)


def _scale() -> list[tuple[float, str]]:
    last = len(_SHADES) - 1
    return [(place / last, theme.STATUS_MARK[status]) for place, status in enumerate(_SHADES)]


def _text(field: Field | None, tables: int) -> str:
    if field is None:
        return ""
    mark = f"{CRITICAL_MARK} " if field.critical else ""
    return f"{mark}{icons.status_glyph(field.status)} {_counts(field.count, tables)}"


def _counts(count: Count | None, tables: int) -> str:
    if count is None:
        return numbers.MISSING
    counts = f"{count.differing:,}"
    if tables > _NARROW and count.differing >= _LONG:
        counts = f"{count.differing // 1000:,}k"
    if tables <= _NARROW:
        counts += f" of {count.compared:,}"
    return f"{counts}{' (sample)' if count.sampled and tables <= _NARROW else ''}"


def _hover(field: Field | None, allowed: Limits | None) -> str:
    if field is None or field.count is None:
        return ""
    lines: Sequence[str] = (
        f"<b>{field.table}.{field.name}</b>{' (critical)' if field.critical else ''}",
        f"{words.differs(field.count)} values differ, by {field.count.origin}",
        words.coverage(field.count),
        f"limit: {words.limit(field, allowed)}",
    )
    return "<br>".join(lines)
