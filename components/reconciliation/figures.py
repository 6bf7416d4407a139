"""Assessments of reconciliation as Plotly figures."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from components.gates.status import Status
from components.layout import theme
from components.reconciliation.assess import Run

BAR_HEIGHT = 44


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: where it begins, how long it is, and its words."""

    name: str
    begin: int
    length: int
    colour: str
    words: str


def steps(run: Run) -> tuple[Step, ...]:
    """Extracted, less rejected, less filtered, beside loaded; what is left is unaccounted for."""
    after_rejects = run.extracted - run.rejected
    to_load = after_rejects - run.filtered
    fault = theme.STATUS_MARK[Status.FAIL if run.unaccounted else Status.PASS]
    return (
        Step("Extracted", 0, run.extracted, theme.PRODUCTION, f"{run.extracted:,}"),
        Step("Rejected", after_rejects, run.rejected, theme.REFERENCE, _less(run.rejected)),
        Step("Filtered", to_load, run.filtered, theme.REFERENCE, _less(run.filtered)),
        Step("Loaded", 0, run.loaded, theme.PRODUCTION, f"{run.loaded:,}"),
        Step(
            "Unaccounted for",
            min(run.loaded, to_load),
            abs(run.unaccounted),
            fault,
            f"{run.unaccounted:,}" if run.unaccounted else "0: it closes",
        ),
    )


def waterfall(run: Run) -> go.Figure:
    """The records of one run: loaded must end where filtered ends."""
    shown = steps(run)
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[step.name for step in shown],
            x=[step.length for step in shown],
            base=[step.begin for step in shown],
            marker={"color": [step.colour for step in shown]},
            text=[step.words for step in shown],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text} records<extra></extra>",
        )
    )
    theme.apply(figure, height=BAR_HEIGHT * len(shown))
    figure.update_layout(showlegend=False, hovermode="closest", margin={"r": 90})
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None)
    figure.update_xaxes(title="records", rangemode="tozero", showgrid=True)
    return figure


def waterfall_alt(run: Run) -> str:
    """What the waterfall shows, in words."""
    return (
        f"Of {run.extracted:,} records extracted, {run.rejected:,} were rejected, "
        f"{run.filtered:,} filtered and {run.loaded:,} loaded; "
        f"{run.unaccounted:,} are unaccounted for."
    )


def _less(number: int) -> str:
    return f"−{number:,}" if number else "0"
