"""The bins of one variable in both windows, and what each adds to the score."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.drift import panel_words as words
from components.drift.types import Bin, Finding
from components.gates.status import Status
from components.layout import theme
from components.pipeline.figures import Drawn

MOVED_MARK = theme.STATUS_MARK[Status.WARN]
_HATCH = "/"


def shares(bins: Sequence[Bin]) -> tuple[list[float], list[float]]:
    """The share of each bin in the reference and in the current window."""
    before, after = sum(b.reference for b in bins), sum(b.current for b in bins)
    return (
        [b.reference / before if before else 0.0 for b in bins],
        [b.current / after if after else 0.0 for b in bins],
    )


def used(bins: Sequence[Bin]) -> tuple[Bin, ...]:
    """Every ordinary bin, and those special ones that hold anything in either window."""
    return tuple(b for b in bins if not b.is_special or b.reference or b.current)


def histogram(finding: Finding) -> Drawn:
    """Reference against current, bin by bin; below it what each bin adds to the score.

    Special bins stand at the left with a scale of their own: a column that is mostly empty
    would flatten all the rest.
    """
    bins = used(finding.bins)
    parts = [part for part in (_places(bins, True), _places(bins, False)) if part]
    rows = 2 if any(b.impact is not None for b in bins) else 1
    widths = [len(part) + 1.5 for part in parts]
    figure = make_subplots(
        rows=rows,
        cols=len(parts),
        vertical_spacing=0.1,
        horizontal_spacing=0.09,
        row_heights=[0.7, 0.3][:rows] if rows == 2 else [1.0],
        column_widths=[max(width, sum(widths) / 6) for width in widths],
    )
    for column, part in enumerate(parts, start=1):
        _bars(figure, bins, part, column)
        if rows == 2:
            _impact(figure, bins, part, column)
    theme.apply(figure, height=340 if rows == 2 else 260)
    figure.update_layout(barmode="group", bargap=0.22, bargroupgap=0.04, showlegend=True)
    figure.update_yaxes(tickformat=".0%", row=1)
    figure.update_yaxes(title="share", row=1, col=1)
    if rows == 2:
        figure.update_yaxes(rangemode="normal", zeroline=True, nticks=3, row=2)
        figure.update_yaxes(title="points", row=2, col=1)
        if len(parts) == 2:
            figure.update_yaxes(matches="y3", row=2, col=2)
        figure.update_xaxes(showticklabels=False, row=1)
    for column, part in enumerate(parts, start=1):
        figure.update_xaxes(range=[part[0] - 0.7, part[-1] + 0.7], col=column)
        figure.update_xaxes(
            tickvals=list(part),
            ticktext=[_wrapped(bins[place].label) for place in part],
            row=rows,
            col=column,
        )
    return Drawn(figure, _histogram_words(finding, bins), bin_table(bins))


def _places(bins: Sequence[Bin], special: bool) -> list[int]:
    return [place for place, one in enumerate(bins) if one.is_special is special]


def _bars(figure: go.Figure, bins: Sequence[Bin], part: Sequence[int], column: int) -> None:
    before, after = shares(bins)
    hatch = _HATCH if bins[part[0]].is_special else ""
    for name, values, counts, colour in (
        ("Reference", before, [b.reference for b in bins], theme.REFERENCE),
        ("Current", after, [b.current for b in bins], theme.PRODUCTION),
    ):
        figure.add_bar(
            x=list(part),
            y=[values[place] for place in part],
            name=name,
            marker={
                "color": colour,
                "line_width": 0,
                "pattern": {"shape": hatch, "fillmode": "replace", "size": 5, "solidity": 0.45},
            },
            customdata=[[bins[place].label, counts[place]] for place in part],
            hovertemplate=f"{name} %{{y:.2%}}, n %{{customdata[1]:,}}<extra></extra>",
            showlegend=False,
            row=1,
            col=column,
        )
        # A legend would show the first bin's hatching as if it stood for the whole window.
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"symbol": "square", "size": 10, "color": colour},
            showlegend=column == 1,
            row=1,
            col=column,
        )
    _twin(figure, bins, part, column)


def _twin(figure: go.Figure, bins: Sequence[Bin], part: Sequence[int], column: int) -> None:
    whole = sum(b.twin or 0 for b in bins)
    if not whole:
        return
    figure.add_scatter(
        x=list(part),
        y=[(bins[place].twin or 0) / whole for place in part],
        mode="markers",
        name="Same weeks a year before",
        marker={"symbol": "line-ew-open", "size": 13, "color": theme.CANDIDATE, "line_width": 2},
        hovertemplate="A year before %{y:.2%}<extra></extra>",
        showlegend=column == 1,
        row=1,
        col=column,
    )


def _impact(figure: go.Figure, bins: Sequence[Bin], part: Sequence[int], column: int) -> None:
    figure.add_bar(
        x=list(part),
        y=[bins[place].impact for place in part],
        marker={"color": MOVED_MARK, "line_width": 0},
        showlegend=False,
        hovertemplate="%{y:+.3f} score points<extra></extra>",
        row=2,
        col=column,
    )


def _wrapped(label: str, longest: int = 16) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


def _histogram_words(finding: Finding, bins: Sequence[Bin]) -> str:
    before, after = shares(bins)
    moves = sorted(
        zip(bins, before, after, strict=True), key=lambda one: abs(one[2] - one[1]), reverse=True
    )[:3]
    said = "; ".join(
        f"{b.label} from {words.percent(old)} to {words.percent(new)}" for b, old, new in moves
    )
    return (
        f"{finding.label}: {finding.n_reference:,} predictions in the reference, "
        f"{finding.n_current:,} in the current window. Largest changes: {said or 'none'}."
    )


def bin_table(bins: Sequence[Bin]) -> pd.DataFrame:
    """Every bin with counts and shares of both windows, and its part of the impact."""
    before, after = shares(bins)
    return pd.DataFrame(
        {
            "Bin": [b.label for b in bins],
            "Reference": [b.reference for b in bins],
            "Current": [b.current for b in bins],
            "Year before": [b.twin for b in bins],
            "Reference share": before,
            "Current share": after,
            "Change": [new - old for old, new in zip(before, after, strict=True)],
            "Score points": [b.impact for b in bins],
        }
    )
