"""Charts by segment: who decides otherwise, and who is covered."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.layout import numbers, theme
from components.pipeline.figures import Drawn, faded
from components.shadow import panel_words as words
from components.shadow.figures_quality import (
    CANDIDATE_SYMBOL,
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
    SegmentChurn,
    SegmentCoverage,
)
from components.statistics.estimate import Estimate
from components.statistics.intervals import Interval, wilson


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
