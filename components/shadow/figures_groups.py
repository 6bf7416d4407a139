"""Charts of groups: where the candidate is worse, and whether errors are alike."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.shadow import panel_words as words
from components.shadow.figures_quality import (
    CANDIDATE_SYMBOL,
    PRODUCTION_SYMBOL,
    dots,
    lines,
    rowed,
)
from components.shadow.types import (
    Fairness,
    NamedSlice,
)
from components.statistics.estimate import Estimate
from components.statistics.fairness import Gap, Rate
from components.statistics.slices import SliceState

_STATE_LOOK = {
    SliceState.WORSE: (theme.STATUS_MARK[Status.FAIL], "x"),
    SliceState.OPEN: (theme.STATUS_MARK[Status.WARN], "circle-open"),
    SliceState.HOLDS: (theme.STATUS_MARK[Status.PASS], "circle"),
}
_LONGEST_LIST = 8
RATES = {
    Rate.TRUE_POSITIVE: "Priority tickets found",
    Rate.FALSE_POSITIVE: "False alarms",
    Rate.SELECTION: "Decided as priority",
}


def slices(found: Sequence[NamedSlice], margin: float) -> Drawn:
    """Each group's difference with its sequence, the worst first; small groups are not drawn."""
    judged = [one for one in found if one.slice.state is not SliceState.NO_DATA and one.slice.look]
    figure = go.Figure()
    for state, (colour, symbol) in _STATE_LOOK.items():
        rows = [one for one in judged if one.slice.state is state]
        if rows:
            dots(
                figure,
                [_look(one) for one in rows],
                [slice_name(one) for one in rows],
                name=words.STATES[state],
                colour=colour,
                symbol=symbol,
                scale=100,
                text=[f"{words.points_text(_look(one))}, {one.slice.labels:,} labelled "
                      f"disagreements: {words.STATES[state]}" for one in rows],
            )  # fmt: skip
    lines(figure, [(0.0, "no difference"), (100 * margin, f"margin {words.points(margin, 0)}")])
    theme.apply(figure, height=110 + ROW_HEIGHT * max(1, len(judged)), zero=False)
    rowed(figure, "percentage points, candidate minus production")
    figure.update_layout(showlegend=True, margin={"t": 44})
    figure.update_layout(legend={"y": 1.0, "yref": "container", "yanchor": "top"})
    order = [slice_name(one) for one in judged]
    figure.update_yaxes(categoryorder="array", categoryarray=order)
    return Drawn(figure, slice_words(found), slice_table(found))


def _look(one: NamedSlice) -> Estimate:
    look = one.slice.look
    assert look is not None
    return Estimate(look.mean, look.standard_error, look.low, look.high)


def slice_name(one: NamedSlice) -> str:
    """The group with its dimension."""
    return words.segment(one.dimension, one.slice.group.rpartition("=")[2])


def slice_words(found: Sequence[NamedSlice]) -> str:
    """The worst group, the groups that are worse, and how many are too small, in words."""
    judged = [one for one in found if one.slice.state is not SliceState.NO_DATA]
    small = [one for one in found if one.slice.state is SliceState.NO_DATA]
    worse = [slice_name(one) for one in judged if one.slice.state is SliceState.WORSE]
    parts = []
    if judged:
        parts.append(
            f"Worst group: {slice_name(judged[0])}, {words.points_text(_look(judged[0]))}."
        )
    if worse:
        parts.append(f"The candidate is worse in {words.listed(worse[:_LONGEST_LIST])}.")
    if small:
        parts.append(f"{len(small)} of {len(found)} groups have too few labels to judge.")
    return " ".join(parts) or "No group is known."


def slice_table(found: Sequence[NamedSlice]) -> pd.DataFrame:
    """Each group, the worst first; those too small last, by name."""
    judged = [one.slice.state is not SliceState.NO_DATA for one in found]
    looks = [one.slice.look if known else None for one, known in zip(found, judged, strict=True)]
    return pd.DataFrame(
        {
            "Group": [slice_name(one) for one in found],
            "State": [words.STATES[one.slice.state] for one in found],
            "Difference": [
                words.points(look.mean, 1) if look else numbers.MISSING for look in looks
            ],
            "Anytime interval, all groups": [
                (words.points_range(look.low, look.high, 1) if look else "") or numbers.MISSING
                for look in looks
            ],
            "Labelled disagreements": [numbers.count(one.slice.labels) for one in found],
            "Reviewed": [numbers.count(one.reviewed) for one in found],
            "Predictions": [numbers.count(one.predictions) for one in found],
        }
    )


def fairness(found: Fairness, rate: Rate) -> Drawn:
    """One rate of each group under both models."""
    figure = go.Figure()
    for name, rates, colour, symbol in (
        ("Production", found.production, theme.PRODUCTION, PRODUCTION_SYMBOL),
        ("Candidate", found.candidate, theme.CANDIDATE, CANDIDATE_SYMBOL),
    ):
        known = [(o, o.estimate) for o in rates if o.rate is rate and o.estimate is not None]
        dots(
            figure,
            [estimate for _, estimate in known],
            [one.group for one, _ in known],
            name=name,
            colour=colour,
            symbol=symbol,
            scale=100,
            text=[f"{name} {words.share_text(e)}, n {one.n:,}" for one, e in known],
        )
    rows = sum(one.rate is rate and one.estimate is not None for one in found.candidate)
    theme.apply(figure, height=100 + 26 * max(1, rows), zero=False)
    rowed(figure, "%")
    figure.update_layout(showlegend=True, margin={"t": 30})
    said = [_gap_words("candidate", found.candidate_gaps, rate)]
    said.append(_gap_words("production", found.production_gaps, rate))
    alt = f"{RATES[rate]} by {words.DIMENSIONS.get(found.dimension, found.dimension).lower()}"
    return Drawn(figure, f"{alt}; {'; '.join(said)}.", fairness_table(found, rate))


def _gap_words(model: str, gaps: Sequence[Gap], rate: Rate) -> str:
    gap = next((one for one in gaps if one.rate is rate and one.difference is not None), None)
    if gap is None or gap.difference is None:
        return f"{model}: no gap known"
    return (
        f"{model}: {abs(100 * gap.difference.value):.1f} pp between {gap.highest} and {gap.lowest}"
    )


def fairness_table(found: Fairness, rate: Rate) -> pd.DataFrame:
    """Each group's rate under both models; small groups are named as no data."""
    theirs = {(one.group, one.rate): one for one in found.production}
    rows = [
        (
            one.group,
            one.rate.value,
            words.share_text(
                theirs[one.group, one.rate].estimate if (one.group, one.rate) in theirs else None
            ),
            words.share_text(one.estimate) if one.estimate else "no data: too few",
            numbers.count(one.n),
        )
        for one in found.candidate
        if one.rate is rate
    ]
    return pd.DataFrame(rows, columns=["Group", "Rate", "Production", "Candidate", "n"])
