"""Charts by segment: who decides otherwise, who is covered, and where the candidate is worse."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.gates.status import Status
from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn, faded
from components.shadow import panel_words as words
from components.shadow.figures_quality import (
    CANDIDATE_SYMBOL,
    PRODUCTION_SYMBOL,
    dots,
    lines,
    rowed,
)
from components.shadow.figures_time import mark
from components.shadow.types import (
    Agreement,
    Change,
    Coverage,
    DayShare,
    Fairness,
    NamedSlice,
    SegmentChurn,
    SegmentCoverage,
)
from components.statistics.estimate import Estimate
from components.statistics.fairness import Gap, Rate
from components.statistics.intervals import Interval, wilson
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


def churn(found: Agreement, limits: Sequence[tuple[float, str]]) -> Drawn:
    """Decisions that would differ in each segment, raised and lowered, most first."""
    rows = [found.total, *found.segments]
    names = [words.segment(row.dimension, row.segment) for row in rows]
    figure = go.Figure()
    for label, counts, pattern in (
        ("Raised to priority", [row.raised for row in rows], ""),
        ("Lowered to standard", [row.lowered for row in rows], "/"),
    ):
        figure.add_bar(
            y=names,
            x=[100 * n / row.n if row.n else 0.0 for n, row in zip(counts, rows, strict=True)],
            orientation="h",
            name=label,
            marker={
                "color": theme.CANDIDATE if not pattern else faded(theme.CANDIDATE),
                "line": {"width": 1, "color": theme.CANDIDATE},
                "pattern": {"shape": pattern, "size": 5, "fgcolor": theme.CANDIDATE},
            },
            customdata=[[numbers.share(n, row.n)] for n, row in zip(counts, rows, strict=True)],
            hovertemplate=f"{label}: %{{customdata[0]}}<extra></extra>",
        )
    theme.apply(figure, height=84 + 26 * len(rows), zero=False)
    figure.update_layout(barmode="stack", hovermode="y unified", bargap=0.35)
    figure.update_layout(margin={"t": 40}, legend={"y": 1.0, "yref": "container", "yanchor": "top"})
    lines(figure, [(100 * value, label) for value, label in limits])
    figure.update_xaxes(title="% of decisions", showgrid=True, rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)
    worst = found.segments[0] if found.segments else None
    alt = f"Decisions that differ: {_churn_share(found.total)} in all"
    if worst is not None:
        alt += (
            f"; most in {words.segment(worst.dimension, worst.segment)} with {_churn_share(worst)}"
        )
    return Drawn(figure, f"{alt}.", churn_table(rows))


def _churn_share(row: SegmentChurn) -> str:
    return numbers.share(row.raised + row.lowered, row.n)


def churn_table(rows: Sequence[SegmentChurn]) -> pd.DataFrame:
    """Each segment with both kinds of difference, churn with its interval, and kappa."""
    return pd.DataFrame(
        {
            "Segment": [words.segment(row.dimension, row.segment) for row in rows],
            "Compared": [row.n for row in rows],
            "Raised": [row.raised for row in rows],
            "Lowered": [row.lowered for row in rows],
            "Churn": [row.churn for row in rows],
            "Low (95%)": [row.interval.low if row.interval else None for row in rows],
            "High (95%)": [row.interval.high if row.interval else None for row in rows],
            "Cohen's kappa": [row.kappa for row in rows],
        }
    )


def by_day(
    days: Sequence[DayShare],
    *,
    what: str,
    limit: tuple[float, str] | None,
    switches: Sequence[Change] = (),
) -> Drawn:
    """A share for each day with Wilson's band."""
    known = [day for day in days if day.whole]
    spread = [wilson(day.part, day.whole) for day in known]
    figure = go.Figure()
    _band(figure, [day.day for day in known], spread)
    figure.add_scatter(
        x=[day.day for day in known],
        y=[day.part / day.whole for day in known],
        mode="lines",
        name=what,
        line={"color": theme.CANDIDATE},
        customdata=[[numbers.share(day.part, day.whole)] for day in known],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    highest = max((one.high for one in spread), default=1.0)
    lowest = min((one.low for one in spread), default=0.0)
    theme.apply(figure, height=240, zero=limit is None or limit[0] < 0.5)
    figure.update_traces(line_width=0, selector={"hoverinfo": "skip", "type": "scatter"})
    figure.update_layout(showlegend=False)
    figure.update_yaxes(tickformat=".1%")
    if limit is not None:
        high_share = limit[0] >= 0.5
        bottom = min(lowest, limit[0]) - 0.01 if high_share else 0.0
        figure.update_yaxes(
            range=[bottom, 1.004 if high_share else 1.1 * max(highest, limit[0])],
            tickformat=".0%" if high_share else ".1%",
        )
        theme.threshold(figure, *limit)
    mark(figure, switches)
    table = pd.DataFrame(
        {
            "Day": [day.day for day in known],
            what: [day.part for day in known],
            "Of": [day.whole for day in known],
            "Share": [day.part / day.whole for day in known],
            "Low (95%)": [one.low for one in spread],
            "High (95%)": [one.high for one in spread],
        }
    )
    part, whole = sum(day.part for day in known), sum(day.whole for day in known)
    return Drawn(figure, f"{what} over {len(known)} days: {numbers.share(part, whole)}.", table)


def _band(figure: go.Figure, days: Sequence[object], spread: Sequence[Interval]) -> None:
    for ends, fill in (
        ([one.high for one in spread], None),
        ([one.low for one in spread], "tonexty"),
    ):
        figure.add_scatter(
            x=days,
            y=ends,
            mode="lines",
            line_width=0,
            fill=fill,
            fillcolor=faded(theme.CANDIDATE),
            hoverinfo="skip",
            showlegend=False,
        )  # fmt: skip


def coverage(found: Coverage, limit: float | None) -> Drawn:
    """The share that the candidate scored in each segment, smallest first."""
    rows = [found.total, *(one for one in found.segments if one.enough)]
    known = [(row, row.share) for row in rows if row.share is not None]
    figure = go.Figure()
    dots(
        figure,
        [_as_estimate(row, share) for row, share in known],
        [words.segment(row.dimension, row.segment) for row, _ in known],
        name="Scored by the candidate",
        colour=theme.CANDIDATE,
        symbol=CANDIDATE_SYMBOL,
        scale=100,
        text=[numbers.share(row.scored, row.predictions) for row, _ in known],
    )
    if limit is not None:
        lines(figure, [(100 * limit, f"at least {limit:.0%}")])
    theme.apply(figure, height=90 + 26 * max(1, len(known)), zero=False)
    rowed(figure, "% of production's predictions")
    small = [one for one in found.segments if not one.enough]
    alt = f"Predictions that the candidate scored: {_scored(found.total)}"
    if len(known) > 1:
        worst = known[1][0]
        alt += f"; least in {words.segment(worst.dimension, worst.segment)}, {_scored(worst)}"
    if small:
        alt += f"; {len(small)} segments are too small to judge"
    return Drawn(figure, f"{alt}.", coverage_table([found.total, *found.segments]))


def _as_estimate(row: SegmentCoverage, share: float) -> Estimate:
    ends = row.interval
    return Estimate(share, None, ends.low if ends else None, ends.high if ends else None)


def _scored(row: SegmentCoverage) -> str:
    return numbers.share(row.scored, row.predictions)


def coverage_table(rows: Sequence[SegmentCoverage]) -> pd.DataFrame:
    """Each segment with what was scored; those too small are named as no data."""
    return pd.DataFrame(
        {
            "Segment": [words.segment(row.dimension, row.segment) for row in rows],
            "Predictions": [row.predictions for row in rows],
            "Scored": [row.scored for row in rows],
            "Share": [row.share for row in rows],
            "Low (95%)": [row.interval.low if row.interval else None for row in rows],
            "High (95%)": [row.interval.high if row.interval else None for row in rows],
            "Judged": ["yes" if row.enough else "no data: too few" for row in rows],
        }
    )


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
