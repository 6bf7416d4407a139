"""Drift charts of meaning: expected beside realised accuracy, and what a score stands for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.drift.types import AccuracyPoint, Calibration, ConceptSegment
from components.layout import numbers, theme
from components.layout.numbers import signed
from components.pipeline.figures import Drawn, faded
from components.pipeline.shares import day_text
from components.statistics.weighting import WeightedMean

FEWEST_DRAWN = 5
"""Reviews from which the share of a score bin is drawn; the table holds the others too."""
_HATCH = {
    "shape": "/",
    "size": 6,
    "solidity": 0.25,
    "fgcolor": theme.REFERENCE,
    "bgcolor": "rgba(0,0,0,0)",
}


def accuracy(segment: ConceptSegment) -> Drawn:
    """CBPE as a band, the realised value as dots; periods whose labels are due are hatched."""
    points = segment.points
    figure = go.Figure()
    middles = [one.start + (one.end - one.start) / 2 for one in points]
    low, high = _range(points)
    _immature(figure, points, middles, low, high)
    expected = [
        (middle, one)
        for middle, one in zip(middles, points, strict=True)
        if one.expected is not None
    ]
    days = [middle for middle, _ in expected]
    figure.add_scatter(
        x=days,
        y=[one.expected_high for _, one in expected],
        mode="lines",
        line_width=0,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=days,
        y=[one.expected_low for _, one in expected],
        mode="lines",
        line_width=0,
        fill="tonexty",
        fillcolor=faded(theme.REFERENCE),
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=days,
        y=[one.expected for _, one in expected],
        mode="lines",
        name="Expected from the scores (CBPE)",
        line={"color": theme.REFERENCE, "dash": "dash"},
        hovertemplate="expected %{y:.1%}<extra></extra>",
    )
    known = [(m, one, one.realised) for m, one in zip(middles, points, strict=True)]
    _means(
        figure,
        [(middle, mean) for middle, _, mean in known if mean is not None],
        "Realised, weighted",
        theme.PRODUCTION,
        [one.reviews for _, one, mean in known if mean is not None],
    )
    theme.apply(figure, height=270, zero=False)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip", "type": "scatter"})
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(tickformat=".0%", range=[low, high], title="right decisions")
    return Drawn(figure, _accuracy_words(segment), accuracy_table(points))


def _range(points: Sequence[AccuracyPoint]) -> tuple[float, float]:
    values = [
        value
        for one in points
        for value in (
            one.expected_low,
            one.expected_high,
            one.realised.low if one.realised else None,
            one.realised.high if one.realised else None,
        )
        if value is not None
    ]
    if not values:
        return 0.0, 1.0
    return max(0.0, min(values) - 0.03), min(1.02, max(values) + 0.03)


def _immature(
    figure: go.Figure,
    points: Sequence[AccuracyPoint],
    middles: Sequence[object],
    low: float,
    high: float,
) -> None:
    due = [(m, one) for m, one in zip(middles, points, strict=True) if not one.mature]
    if not due:
        return
    figure.add_bar(
        x=[middle for middle, _ in due],
        y=[high - low for _ in due],
        base=low,
        width=[(one.end - one.start).days * 86_400_000 for _, one in due],
        name="Labels still due",
        marker={"color": "rgba(138, 143, 152, 0.12)", "line_width": 0, "pattern": _HATCH},
        hoverinfo="skip",
    )


def _means(
    figure: go.Figure,
    rows: Sequence[tuple[object, WeightedMean]],
    name: str,
    colour: str,
    reviews: Sequence[int],
) -> None:
    figure.add_scatter(
        x=[at for at, _ in rows],
        y=[mean.value for _, mean in rows],
        mode="markers",
        name=name,
        marker={"color": colour, "size": 7},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(mean.high or mean.value) - mean.value for _, mean in rows],
            "arrayminus": [
                mean.value - (mean.value if mean.low is None else mean.low) for _, mean in rows
            ],
            "thickness": 1.3,
            "width": 0,
            "color": colour,
        },
        customdata=[[n, mean.effective_n] for n, (_, mean) in zip(reviews, rows, strict=True)],
        hovertemplate=f"{name} %{{y:.1%}}, n %{{customdata[0]:,}}, "
        "effective %{customdata[1]:,.0f}<extra></extra>",
    )


def _accuracy_words(segment: ConceptSegment) -> str:
    known = [one for one in segment.points if one.realised is not None]
    if not known:
        return f"{segment.segment}: no period has reviews."
    last = known[-1]
    assert last.realised is not None
    expected = numbers.proportion_text(last.expected)
    return (
        f"{segment.segment}: in the period from {day_text(last.start)} the realised share of right "
        f"decisions is {numbers.proportion_text(last.realised.value)}, expected {expected}, on "
        f"{last.reviews:,} reviews. {sum(not one.mature for one in segment.points)} periods wait "
        "for labels."
    )


def accuracy_table(points: Sequence[AccuracyPoint]) -> pd.DataFrame:
    """Each period with both values, their intervals and the reviews behind them."""
    means = [one.realised for one in points]
    return pd.DataFrame(
        {
            "From": [one.start for one in points],
            "To (before)": [one.end for one in points],
            "Expected": [one.expected for one in points],
            "Expected low": [one.expected_low for one in points],
            "Expected high": [one.expected_high for one in points],
            "Realised": [mean.value if mean else None for mean in means],
            "Realised low (95%)": [mean.low if mean else None for mean in means],
            "Realised high (95%)": [mean.high if mean else None for mean in means],
            "Reviews": [one.reviews for one in points],
            "Effective n": [mean.effective_n if mean else None for mean in means],
            "Labels complete": [one.mature for one in points],
        }
    )


def calibration(segment: ConceptSegment) -> Drawn:
    """What a score stood for in the reference, and what it stands for now."""
    curve = segment.curve
    figure = go.Figure()
    for name, colour, side in (
        ("Reference", theme.REFERENCE, "reference"),
        ("Current", theme.PRODUCTION, "current"),
    ):
        rows = [
            ((one.low + one.high) / 2, getattr(one, side))
            for one in curve
            if _drawn(getattr(one, side))
        ]
        _means(figure, rows, name, colour, [mean.n for _, mean in rows])
    figure.update_traces(mode="lines+markers")
    theme.apply(figure, height=270, zero=True)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title="score of the model", range=[0, 1], showgrid=True)
    figure.update_yaxes(title="held to be priority", tickformat=".0%", range=[0, 1.02])
    return Drawn(figure, _calibration_words(segment), calibration_table(curve))


def _drawn(mean: WeightedMean | None) -> bool:
    return mean is not None and mean.n >= FEWEST_DRAWN


def _calibration_words(segment: ConceptSegment) -> str:
    both = [one for one in segment.curve if _drawn(one.reference) and _drawn(one.current)]
    if not both:
        return f"{segment.segment}: no score bin has {FEWEST_DRAWN} reviews in both windows."

    def gap(one: Calibration) -> float:
        return (one.current.value if one.current else 0) - (
            one.reference.value if one.reference else 0
        )

    widest = max(both, key=lambda one: abs(gap(one)))
    return (
        f"{segment.segment}: share that reviewers hold to be priority, by score. Largest change at "
        f"scores from {widest.low:.2f} to {widest.high:.2f}: {signed(100 * gap(widest))} "
        "percentage points."
    )


def calibration_table(curve: Sequence[Calibration]) -> pd.DataFrame:
    """Each score bin with both shares and what they rest on."""
    table: dict[str, list[object]] = {
        "Score from": [one.low for one in curve],
        "Score to": [one.high for one in curve],
    }
    for name, means in (
        ("Reference", [one.reference for one in curve]),
        ("Current", [one.current for one in curve]),
    ):
        table[name] = [mean.value if mean else None for mean in means]
        table[f"{name} low"] = [mean.low if mean else None for mean in means]
        table[f"{name} high"] = [mean.high if mean else None for mean in means]
        table[f"{name} reviews"] = [mean.n if mean else 0 for mean in means]
    return pd.DataFrame(table)
