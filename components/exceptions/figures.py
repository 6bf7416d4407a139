"""Assessments of exceptions as Plotly figures."""

from __future__ import annotations

from itertools import groupby

import pandas as pd
import plotly.graph_objects as go

from components.exceptions.assess_rates import Rates
from components.gates.status import Status
from components.layout import numbers, theme

_BAND = "rgba(138, 143, 152, 0.16)"


def rate_chart(found: Rates, limit: float | None) -> go.Figure:
    """Rates by batch in the order of loading, limits by chance, moving average, threshold."""
    places = list(range(len(found.batches)))
    figure = go.Figure()
    if found.control is not None and found.average is not None:
        _limits(figure, places, found)
    figure.add_scatter(
        x=places,
        y=[100 * batch.rate for batch in found.batches],
        name="Exceptions per 100 records",
        mode="lines+markers",
        marker={
            "size": [10 if place in found.above else 5 for place in places],
            "symbol": ["diamond" if place in found.above else "circle" for place in places],
            "color": [
                theme.STATUS_MARK[Status.FAIL] if place in found.above else theme.PRODUCTION
                for place in places
            ],
        },
        line={"color": theme.PRODUCTION},
        customdata=[
            (batch.batch_id, f"{batch.exceptions:,} of {batch.records:,}", f"{batch.open:,}")
            for batch in found.batches
        ],
        hovertemplate=(
            "%{customdata[0]}<br>%{y:.2f}%: %{customdata[1]}<br>%{customdata[2]} open"
            "<extra></extra>"
        ),
    )
    theme.apply(figure, height=280)
    figure.update_layout(hovermode="closest")
    figure.update_yaxes(title="exceptions per 100 records", ticksuffix="%")
    if limit is not None:
        theme.threshold(
            figure, 100 * limit, f"limit for open {numbers.proportion_text(limit, 1e-3)}"
        )
    _runs(figure, found)
    return figure


def _limits(figure: go.Figure, places: list[int], found: Rates) -> None:
    assert found.control is not None
    assert found.average is not None
    points = found.control.points
    edge = {"shape": "hvh", "color": "rgba(0, 0, 0, 0)"}
    figure.add_scatter(
        x=places, y=[100 * point.low for point in points], mode="lines", line=edge,
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=places, y=[100 * point.high for point in points], mode="lines", line=edge,
        fill="tonexty", fillcolor=_BAND, name="Within chance (Laney p′)", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=places,
        y=[100 * point.average for point in found.average.points],
        mode="lines",
        name="Moving average (EWMA)",
        line={"color": theme.REFERENCE, "dash": "dot"},
        hovertemplate="moving average %{y:.2f}%<extra></extra>",
    )


def _runs(figure: go.Figure, found: Rates) -> None:
    """The runs under their batches, parted by thin lines."""
    middles, names, begin = [], [], 0
    for run_id, batches in groupby(found.batches, key=lambda batch: batch.run_id):
        length = len(list(batches))
        if begin:
            figure.add_vline(
                x=begin - 0.5, line={"color": theme.REFERENCE, "width": 1, "dash": "dot"}
            )
        middles.append(begin + (length - 1) / 2)
        names.append(run_id)
        begin += length
    figure.update_xaxes(
        tickvals=middles, ticktext=names, range=[-0.5, begin - 0.5], ticks="", nticks=None
    )


def rate_alt(found: Rates) -> str:
    """What the chart of rates shows, in words."""
    if not found.batches:
        return found.sentence
    last = found.batches[-1]
    return (
        f"Exceptions per record in {len(found.batches)} batches of {found.table}, from "
        f"{found.batches[0].batch_id} to {last.batch_id}. {found.sentence}"
    )


def rate_frame(found: Rates) -> pd.DataFrame:
    """The numbers behind the chart."""
    points = found.control.points if found.control else [None] * len(found.batches)
    averages = found.average.points if found.average else [None] * len(found.batches)
    return pd.DataFrame(
        [
            (
                batch.run_id,
                batch.batch_id,
                batch.records,
                batch.exceptions,
                batch.open,
                batch.rate,
                point.low if point else None,
                point.high if point else None,
                average.average if average else None,
                "beyond chance" if point and point.signal else "",
            )
            for batch, point, average in zip(found.batches, points, averages, strict=True)
        ],
        columns=[
            "Run",
            "Batch",
            "Records",
            "Exceptions",
            "Open",
            "Rate",
            "Lower limit",
            "Upper limit",
            "Moving average",
            "Signal",
        ],
    )
