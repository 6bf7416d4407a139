"""A key number: label, value, what it rests on, and its trend as a line and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from components.gates.status import Status
from components.layout import icons, theme

_WIDTH, _HEIGHT, _PAD = 120.0, 28.0, 3.0
_INK = "#7A8794"  # read on white and on black


@dataclass(frozen=True, slots=True)
class Tile:
    """One key number.

    ``note`` says n, interval or limit; ``trend`` says in words what ``series`` draws. A
    missing point in the series is None and leaves a gap. ``status`` marks a number that a
    gate judges.
    """

    label: str
    value: str
    note: str = ""
    trend: str = ""
    series: tuple[float | None, ...] = ()
    help: str = ""
    status: Status | None = None


def tiles(items: Sequence[Tile], *, key: str) -> None:
    """Draw key numbers side by side; they wrap where the screen is narrow."""
    lines = any(item.series for item in items)
    body = "".join(_tile(item, line=lines) for item in items)
    st.container(key=key).html(f'<dl class="pl-tiles">{body}</dl>')


def _tile(item: Tile, *, line: bool) -> str:
    title = f' title="{escape(item.help, quote=True)}"' if item.help else ""
    sign = ""
    if item.status is not None and item.status is not Status.PASS:
        tone = theme.STATUS[item.status].css
        sign = (
            f'<span class="pl-tile-status" style="color:{tone}">'
            f"{icons.status_icon(item.status)}{escape(item.status.word)}</span>"
        )
    return (
        f'<div class="pl-tile"><dt{title}>{escape(item.label)}{sign}</dt>'
        f'<dd class="pl-tile-value">{escape(item.value)}</dd>'
        f"{_line(item) if line else ''}"
        f'<dd class="pl-tile-note">{escape(item.trend)}</dd>'
        f'<dd class="pl-tile-note">{escape(item.note)}</dd></div>'
    )


def _line(item: Tile) -> str:
    return f'<dd class="pl-tile-line">{sparkline(item.series)}</dd>'


def sparkline(series: Sequence[float | None]) -> str:
    """A line without axes; the words beside it say what it shows, so it is hidden from readers."""
    known = [value for value in series if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (_WIDTH - 2 * _PAD) / (len(series) - 1)
    path, pen, last = [], "M", (0.0, 0.0)
    for index, value in enumerate(series):
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        x = _PAD + index * step
        y = _HEIGHT - _PAD - (value - low) / span * (_HEIGHT - 2 * _PAD)
        path.append(f"{pen}{x:.1f} {y:.1f}")
        pen, last = "L", (x, y)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}">'
        f'<path fill="none" stroke="{_INK}" stroke-width="1.4" stroke-linejoin="round" '
        f'd="{"".join(path)}"/><circle cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="2.4" '
        f'fill="{_INK}"/></svg>'
    )
    return f'<img class="pl-spark" alt="" src="{icons.svg_uri(drawing)}">'
