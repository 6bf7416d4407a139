"""How long ways out took, drawn over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.artifacts.assess_history import DEMOTE, ROLLBACK, WORDS, Release
from components.layout import numbers, theme

_MARKS = {ROLLBACK: (theme.PRODUCTION, "circle"), DEMOTE: (theme.CANDIDATE, "diamond")}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, what it says in words, and the numbers behind it."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


def time_to_leave(found: Sequence[Release]) -> Drawn | None:
    """Seconds that each rollback and demotion took; hollow marks are drills. None without any."""
    timed = [item for item in reversed(found) if item.done and item.seconds is not None]
    timed = [item for item in timed if item.action in _MARKS]
    if not timed:
        return None
    figure = go.Figure()
    words = []
    for action, (colour, symbol) in _MARKS.items():
        own = [item for item in timed if item.action == action]
        if not own:
            continue
        figure.add_scatter(
            x=[item.at for item in own],
            y=[item.seconds for item in own],
            mode="lines+markers",
            name=WORDS[action],
            line_color=colour,
            marker={
                "size": 9,
                "symbol": [f"{symbol}-open" if item.drill else symbol for item in own],
            },
            customdata=[[item.version, item.to, _kind(item)] for item in own],
            hovertemplate="%{y:.0f} s, %{customdata[0]} to %{customdata[1]}, %{customdata[2]}"
            "<extra>%{fullData.name}</extra>",
        )
        last = own[-1]
        words.append(
            f"{WORDS[action]}: {len(own)} timed, the last on {numbers.day(last.at)} "
            f"took {last.seconds:.0f} seconds"
        )
    theme.apply(figure, height=240)
    figure.update_yaxes(ticksuffix=" s")
    return Drawn(figure, f"{'. '.join(words)}.", _table(timed))


def _kind(item: Release) -> str:
    return "drill" if item.drill else "in earnest"


def _table(timed: Sequence[Release]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (item.at, WORDS[item.action], item.version, item.to, _kind(item), item.seconds)
            for item in timed
        ],
        columns=["When", "What", "From", "To", "Kind", "Seconds"],
    )
