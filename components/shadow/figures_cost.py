"""The map of where promoting pays, and what both models cost for a thousand predictions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import plotly.graph_objects as go

from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.figures import Drawn
from components.shadow import panel_words as words
from components.shadow.types import Cost
from components.statistics.cost import MapPoint, Pays

_TEN_THOUSAND = 10_000
SIGNS = {Pays.YES: "✓", Pays.OPEN: "◷", Pays.NO: "✕"}
WORDS = {Pays.YES: "pays", Pays.OPEN: "open", Pays.NO: "costs more"}
_SHADE = {Pays.NO: 0, Pays.OPEN: 1, Pays.YES: 2}


def _scale() -> list[tuple[float, str]]:
    """Three flat colours, pale enough for the words in the cells."""
    worse = _pale(theme.STATUS_MARK[Status.FAIL])
    still_open = _pale(theme.STATUS_MARK[Status.NO_DATA])
    pays = _pale(theme.STATUS_MARK[Status.PASS])
    third = 1 / 3
    return [
        (0.0, worse), (third, worse), (third, still_open), (2 * third, still_open),
        (2 * third, pays), (1.0, pays),
    ]  # fmt: skip


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.24)"


def pays_map(cost: Cost) -> Drawn:
    """For each price of a missed ticket and of an LLM call: does promoting pay?

    Every cell says so with a sign and the difference for a thousand predictions.
    """
    columns = [words.price(call) for call in cost.llm_calls]
    rows = [ratio_words(ratio) for ratio in cost.miss_ratios]
    at = {(point.miss_ratio, point.llm_call): point for point in cost.map}
    grid = [[at.get((ratio, call)) for call in cost.llm_calls] for ratio in cost.miss_ratios]
    figure = go.Figure()
    figure.add_heatmap(
        x=columns,
        y=rows,
        z=[[_SHADE[one.pays] if one else None for one in line] for line in grid],
        zmin=0,
        zmax=2,
        colorscale=_scale(),
        showscale=False,
        xgap=2,
        ygap=2,
        text=[[_cell(one) for one in line] for line in grid],
        texttemplate="%{text}",
        textfont={"size": 11},
        customdata=[[_hover(one) for one in line] for line in grid],
        hovertemplate="%{customdata}<extra></extra>",
    )
    theme.apply(figure, height=90 + 36 * len(rows), zero=False)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title="one LLM call", type="category", showgrid=False)
    figure.update_yaxes(title="a missed ticket costs", type="category", showgrid=False, nticks=None)
    _here(figure, cost)
    return Drawn(figure, map_words(cost.map), map_table(cost.map))


def _here(figure: go.Figure, cost: Cost) -> None:
    """Where the prices in force lie on the map: a place on a category axis is its number."""
    costs = cost.costs
    if not costs.false_positive:
        return
    across = _place(costs.llm_call, cost.llm_calls)
    up = _place(costs.false_negative / costs.false_positive, cost.miss_ratios)
    figure.add_shape(
        type="rect", x0=across - 0.5, x1=across + 0.5, y0=up - 0.5, y1=up + 0.5,
        line={"color": theme.CANDIDATE, "width": 2},
    )  # fmt: skip


def _place(value: Decimal, places: Sequence[Decimal]) -> float:
    """Between which places a value lies, as a number; beyond the ends, just outside."""
    if value <= places[0]:
        return 0.0 if value == places[0] else -0.4
    for number, (low, high) in enumerate(itertools.pairwise(places)):
        if value <= high:
            return number + float((value - low) / (high - low))
    return len(places) - 0.6


def ratio_words(ratio: Decimal) -> str:
    """How many false alarms a missed ticket is worth."""
    return f"{numbers.decimal(ratio, 0 if ratio == ratio.to_integral() else 1)}×"


def _cell(one: MapPoint | None) -> str:
    """Its sign, and below it the difference in short: it has to fit a narrow screen."""
    if one is None:
        return ""
    return f"{SIGNS[one.pays]}<br>{_short(words.per_thousand(one.cost.difference))}"


def _short(value: Decimal) -> str:
    """Dollars in at most four signs: ``−34k``."""
    amount = abs(value)
    sign = "−" if value < 0 else "+" if value > 0 else ""
    if amount >= _TEN_THOUSAND:
        return f"{sign}{amount / 1000:,.0f}k"
    return f"{sign}{amount / 1000:.1f}k" if amount >= 1000 else f"{sign}{amount:.0f}"


def _hover(one: MapPoint | None) -> str:
    if one is None:
        return ""
    low, high = (
        words.signed_money(words.per_thousand(end)) for end in (one.cost.low, one.cost.high)
    )
    return (
        f"a missed ticket {ratio_words(one.miss_ratio)} a false alarm, a call "
        f"{words.price(one.llm_call)}:<br>"
        f"{words.signed_money(words.per_thousand(one.cost.difference))} a thousand "
        f"({low} to {high})<br>promoting {WORDS[one.pays]}"
    )  # fmt: skip


def map_words(points: Sequence[MapPoint]) -> str:
    """On how many points of the map promoting pays, is open, or costs more."""
    counts = {kind: sum(one.pays is kind for one in points) for kind in Pays}
    return (
        f"Of {len(points)} combinations of costs, promoting pays in {counts[Pays.YES]}, is open in "
        f"{counts[Pays.OPEN]} and costs more in {counts[Pays.NO]}."
    )


def map_table(points: Sequence[MapPoint]) -> pd.DataFrame:
    """Each combination of costs with the difference and its interval."""
    return pd.DataFrame(
        {
            "Missed ticket, in false alarms": [one.miss_ratio for one in points],
            "LLM call": [one.llm_call for one in points],
            "Difference a prediction": [one.cost.difference for one in points],
            "Low (95%)": [one.cost.low for one in points],
            "High (95%)": [one.cost.high for one in points],
            "Promoting": [f"{SIGNS[one.pays]} {WORDS[one.pays]}" for one in points],
        }
    )


def cost_table(cost: Cost) -> pd.DataFrame:
    """Both models for a thousand predictions, and their difference."""
    found = cost.difference
    low, high = (words.signed_money(words.per_thousand(end)) for end in (found.low, found.high))
    relative = words.change(found.relative)
    if found.relative_low is not None and found.relative_high is not None:
        relative += f" ({words.change(found.relative_low)} to {words.change(found.relative_high)})"
    return pd.DataFrame(
        {
            "For 1,000 predictions": [
                "Production",
                "Candidate",
                "Difference (95% interval)",
                "Difference, of production's cost",
            ],
            "Cost": [
                words.money(words.per_thousand(found.production)),
                words.money(words.per_thousand(found.candidate)),
                f"{words.signed_money(words.per_thousand(found.difference))} ({low} to {high})",
                relative,
            ],
        }
    )
