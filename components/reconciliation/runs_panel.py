"""From one mock conversion to the next, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.layout import numbers, states, table, tile
from components.reconciliation.runs import COUNTS, Measure, Point, Series
from components.reconciliation.runs_forecast import FURTHEST, Forecast, Outlook


def movement(found: Sequence[Series]) -> None:
    """Each measure over the runs, and the run in which its gate is expected to be met."""
    known = [series for series in found if series.points]
    if not known:
        states.notice("No run has ended yet, so there is nothing to follow.")
        return
    tile.tiles([_tile(series) for series in known], key="run_measures")
    table.records(frame(known), key="run_forecasts", title="Each measure from run to run")
    st.caption(
        "Forecast: a straight line through the logarithms of all runs that have ended, with its "
        "95% prediction interval. There is none from fewer than three runs, nor where chance "
        "alone could have made the trend. Exceptions count whatever has become of them since; "
        "critical fields are as the pipeline reports them."
    )


def frame(found: Sequence[Series]) -> pd.DataFrame:
    """One row a measure, one column a run, then its limit and the forecast."""
    runs = {point.run.id: point.run for series in found for point in series.points}
    ordered = sorted(runs.values(), key=lambda run: (run.number, run.id))
    columns: dict[str, list[str]] = {"Measure": [series.measure.value for series in found]}
    for run in ordered:
        columns[run.id] = [_in_run(series, run.id) for series in found]
    columns["Limit"] = [limit(series) for series in found]
    columns["Forecast"] = [outlook(series) for series in found]
    return pd.DataFrame(columns)


def value(measure: Measure, point: Point) -> str:
    """A measure in its own unit."""
    if measure in COUNTS:
        return f"{point.value:,.0f}"
    if measure is Measure.PACE:
        return f"{numbers.decimal(point.value, 1)} s"
    return numbers.percentage(point.part or 0, point.whole or 0)


def limit(series: Series) -> str:
    """The limit of the gate that the measure belongs to."""
    if series.limit is None:
        return "no limit in the policy"
    if series.measure in COUNTS:
        return f"at most {series.limit:,.0f}"
    return f"at most {numbers.proportion_text(float(series.limit), float(series.limit))}"


def outlook(series: Series) -> str:
    """In which run the limit is expected to be met, or why nobody can say."""
    found = series.forecast
    if found is None:
        return numbers.MISSING
    if found.outlook is Outlook.MET:
        return f"met in {series.points[-1].run.id}"
    if found.outlook is not Outlook.FORECAST:
        return f"no forecast: {found.outlook.value}"
    return f"expected in {_run(found.expected)} ({_between(found)})"


def _between(found: Forecast) -> str:
    return f"95% interval {_run(found.earliest)} to {_run(found.latest)}"


def _run(number: int | None) -> str:
    return f"run {number}" if number is not None else f"more than {FURTHEST} runs ahead"


def _in_run(series: Series, run_id: str) -> str:
    point = next((point for point in series.points if point.run.id == run_id), None)
    return numbers.MISSING if point is None else value(series.measure, point)


def _tile(series: Series) -> tile.Tile:
    first, last = series.points[0], series.points[-1]
    trend = f"{value(series.measure, first)} in {first.run.id}" if first is not last else ""
    note = f"{last.run.id}; limit {limit(series)}" if series.limit is not None else last.run.id
    return tile.Tile(
        series.measure.value,
        value(series.measure, last),
        note,
        trend,
        tuple(point.value for point in series.points),
    )
