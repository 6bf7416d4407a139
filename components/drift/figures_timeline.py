"""The time line: volume by day, the two windows, and what was done to the programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import plotly.graph_objects as go

from components.drift import panel_words as words
from components.drift.material import Span, Windows
from components.drift.types import ProgrammeChange
from components.layout import theme
from components.pipeline.figures import Drawn

HEIGHT = 186
_ONE_DAY = timedelta(days=1)
_NAME_ROOM = 0.18


@dataclass(frozen=True, slots=True)
class DayVolume:
    """Predictions of one day; ``rows`` is None where the day is not covered."""

    day: date
    rows: int | None


def timeline(
    days: Sequence[DayVolume],
    windows: Windows,
    changes: Sequence[ProgrammeChange],
) -> Drawn:
    """Volume by day (by week over 400 days), with windows as bands and changes as verticals."""
    figure = go.Figure()
    shown = _thinned(days)
    figure.add_scatter(
        x=[one.day for one in shown],
        y=[one.rows for one in shown],
        mode="lines",
        line={"color": theme.REFERENCE, "width": 1, "shape": "hv"},
        fill="tozeroy",
        fillcolor="rgba(138, 143, 152, 0.18)",
        connectgaps=False,
        hovertemplate="%{y:,} predictions<extra></extra>",
    )
    theme.apply(figure, height=HEIGHT)
    top = max((one.rows or 0 for one in shown), default=0)
    figure.update_layout(
        showlegend=False,
        margin={"l": 7, "r": 7, "t": 22, "b": 30},
        dragmode="select",
        selectdirection="h",
    )
    figure.update_yaxes(
        range=[0, top * 1.55 or 1], showticklabels=False, showgrid=False, automargin=False
    )
    figure.update_xaxes(range=[days[0].day, days[-1].day + _ONE_DAY], automargin=False, type="date")
    for span, name, colour in (
        (windows.twin, "Year before", theme.CANDIDATE),
        (windows.reference, "Reference", theme.REFERENCE),
        (windows.current, "Current", theme.PRODUCTION),
    ):
        if span is not None:
            _window(figure, span, name, colour, at_end=_at_end(span, days))
    theme.events(figure, [(one.at, _label(one)) for one in _within(changes, days)])
    return Drawn(figure, _words(days, windows, changes), _table(days, changes))


def _thinned(days: Sequence[DayVolume]) -> list[DayVolume]:
    """Days as they are, or weeks where there are more than 400 of them."""
    if len(days) <= 400:
        return list(days)
    weeks: dict[date, list[int]] = {}
    for one in days:
        monday = one.day - timedelta(days=one.day.weekday())
        rows = weeks.setdefault(monday, [])
        if one.rows is not None:
            rows.append(one.rows)
    return [
        DayVolume(monday, round(sum(rows) / len(rows)) if rows else None)
        for monday, rows in sorted(weeks.items())
    ]


def _at_end(span: Span, days: Sequence[DayVolume]) -> bool:
    """Whether the window begins where its name would not fit beside it any more."""
    whole = (days[-1].day - days[0].day).days
    return (days[-1].day - span[0]).days < _NAME_ROOM * whole


def _window(figure: go.Figure, span: Span, name: str, colour: str, *, at_end: bool) -> None:
    figure.add_vrect(
        x0=span[0],
        x1=span[1],
        fillcolor=colour,
        opacity=0.2,
        line_width=0,
        layer="below",
    )
    figure.add_shape(
        type="line",
        x0=span[0],
        x1=span[1],
        y0=1,
        y1=1,
        yref="paper",
        line={"color": colour, "width": 3},
    )
    figure.add_annotation(
        x=span[1] if at_end else span[0],
        y=1,
        yref="paper",
        text=f"<b>{name}</b>",
        showarrow=False,
        xanchor="right" if at_end else "left",
        yanchor="bottom",
        font={"size": 11, "color": colour},
    )


def _label(change: ProgrammeChange) -> str:
    return f"{words.CHANGE_SIGNS[change.kind]} {change.label}"


def _within(changes: Sequence[ProgrammeChange], days: Sequence[DayVolume]) -> list[ProgrammeChange]:
    start, end = midnight(days[0].day), midnight(days[-1].day + _ONE_DAY)
    return [one for one in changes if start <= one.at < end]


def midnight(day: date) -> datetime:
    """The moment a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def _words(days: Sequence[DayVolume], windows: Windows, changes: Sequence[ProgrammeChange]) -> str:
    rows = sum(one.rows or 0 for one in days)
    count = len(_within(changes, days))
    return (
        f"{rows:,} predictions from {words.span(days[0].day, days[-1].day)}. Reference: "
        f"{_span_words(windows.reference)}. Current window: {_span_words(windows.current)}. "
        f"{count} deployments, configuration changes and migrations are marked."
    )


def _span_words(span: Span) -> str:
    return words.span(span[0], span[1] - _ONE_DAY)


def _table(days: Sequence[DayVolume], changes: Sequence[ProgrammeChange]) -> pd.DataFrame:
    done: dict[date, list[str]] = {}
    for one in changes:
        name = f"{words.CHANGE_WORDS[one.kind]}: {one.label}"
        done.setdefault(one.at.astimezone(UTC).date(), []).append(name)
    return pd.DataFrame(
        {
            "Day": [one.day for one in days],
            "Predictions": [one.rows for one in days],
            "Changes": ["; ".join(done.get(one.day, ())) for one in days],
        }
    )
