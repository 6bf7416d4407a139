"""Explanations as Plotly figures: each with its words and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from components.explanations import words
from components.explanations.assess_days import Attestation
from components.explanations.assess_global import Bin, Importance, Weekly
from components.explanations.assess_one import Waterfall
from components.gates.status import Status
from components.layout import numbers, theme
from components.layout.numbers import signed

RAISES, LOWERS = "#D55E00", "#0072B2"
ROW = 30


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, what it says in words, and the numbers in it."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


def waterfall(found: Waterfall) -> Drawn:
    """From the average ticket's risk to this one's, a bar a step."""
    labels = ["Average ticket", *(_short(step.label) for step in found.steps), "This ticket"]
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            measure=["absolute", *(["relative"] * len(found.steps)), "total"],
            y=labels,
            x=[found.base, *(step.size for step in found.steps), 0],
            base=0,
            text=[f"{found.base:.2f}", *(_signed(step.size) for step in found.steps),
                  f"{found.total:.2f}"],
            textposition="outside",
            cliponaxis=False,
            connector={"line": {"color": theme.REFERENCE, "width": 1}},
            increasing={"marker": {"color": RAISES}},
            decreasing={"marker": {"color": LOWERS}},
            totals={"marker": {"color": theme.REFERENCE}},
            hovertemplate="%{y}<br>%{text}<extra></extra>",
        )
    )  # fmt: skip
    theme.apply(figure, height=70 + ROW * len(labels))
    figure.update_layout(hovermode="closest", showlegend=False)
    reach = max(found.base, found.total, *(max(s.before, s.after) for s in found.steps))
    figure.update_xaxes(range=[-0.16 * reach, 1.16 * reach], nticks=6, title={"text": "Risk"})
    _every_label(figure)
    table = pd.DataFrame(
        [
            (step.label, step.attribution, step.before, step.after, step.size)
            for step in found.steps
        ],
        columns=["Feature", "Log-odds", "Risk before", "Risk after", "Change of risk"],
    )
    told = "; ".join(f"{step.label} {words.change(step.size)}" for step in found.steps)
    alt = f"Average ticket {found.base:.3f}; {told}; this ticket {found.total:.3f}."
    return Drawn(figure, alt, table)


def _signed(size: float) -> str:
    """A change of risk, with a third decimal where two would say nothing."""
    return signed(size, 2) if abs(size) >= 0.005 else signed(size, 3)


def _every_label(figure: go.Figure) -> None:
    """One label a bar, the first bar on top."""
    figure.update_yaxes(
        autorange="reversed", ticks="", rangemode="normal", nticks=0, dtick=1, showgrid=False
    )


def _short(label: str, most: int = 34) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def attested(found: Attestation) -> Drawn:
    """Explanations by what recomputing them found, a bar a day or week."""
    days = [period.start for period in found.periods]
    series = [
        ("Verified", [p.verified for p in found.periods], theme.STATUS_MARK[Status.PASS]),
        ("Not recomputed", [p.unverified for p in found.periods], theme.REFERENCE),
        ("Mismatch", [p.mismatched for p in found.periods], theme.STATUS_MARK[Status.FAIL]),
    ]
    figure = go.Figure(
        [
            go.Bar(x=days, y=values, name=name, marker={"color": colour, "line": {"width": 0}})
            for name, values, colour in series
            if any(values)
        ]
    )
    theme.apply(figure)
    figure.update_layout(barmode="stack", bargap=0.15, showlegend=True)
    figure.update_yaxes(title={"text": "Explanations"})
    for period in found.periods:
        if period.mismatched:
            figure.add_annotation(
                x=period.start,
                y=period.verified + period.unverified + period.mismatched,
                text=str(period.mismatched),
                showarrow=False,
                yshift=8,
                font={"size": 11, "color": theme.STATUS_MARK[Status.FAIL]},
            )
    table = pd.DataFrame(
        [(p.start, p.verified, p.mismatched, p.unverified) for p in found.periods],
        columns=["Week of" if found.weekly else "Day", "Verified", "Mismatch", "Not recomputed"],
    )
    wrong = [p for p in found.periods if p.mismatched]
    alt = f"{found.verified:,} verified, {found.mismatched:,} mismatches"
    if wrong:
        alt += f" on {len(wrong)} {'weeks' if found.weekly else 'days'}, the last {wrong[-1].start}"
    return Drawn(figure, f"{alt}; {found.unverified:,} not recomputed.", table)


def importance(items: Sequence[Importance]) -> Drawn:
    """Mean size of each feature's contribution."""
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[words.label(item.feature) for item in items],
            x=[item.mean for item in items],
            marker={"color": theme.PRODUCTION},
            text=[f"{item.share:.1%}" for item in items],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.3f} log-odds, %{text} of all<extra></extra>",
        )
    )
    theme.apply(figure, height=60 + 22 * len(items))
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(
        title={"text": "Mean size of the contribution, log-odds"}, rangemode="tozero"
    )
    _every_label(figure)
    table = pd.DataFrame(
        [(words.label(item.feature), item.mean, item.share) for item in items],
        columns=["Feature", "Mean |contribution|, log-odds", "Share"],
    )
    leading = "; ".join(f"{words.label(i.feature)} {i.share:.0%}" for i in items[:5])
    return Drawn(figure, f"Largest shares of attribution: {leading}.", table)


def weeks(found: Weekly) -> Drawn:
    """Shares of the top features, a line each; weeks beyond the noise floor are marked."""
    days = [week.start for week in found.weeks]
    figure = go.Figure()
    for feature in found.top:
        shares = [week.shares[feature] for week in found.weeks]
        figure.add_scatter(x=days, y=shares, mode="lines+markers", name=words.label(feature),
            marker={"size": 5}, hovertemplate="%{y:.1%}")  # fmt: skip
    theme.apply(figure, height=300)
    figure.update_layout(showlegend=True)
    figure.update_yaxes(tickformat=".0%", title={"text": "Share of attribution"})
    beyond = [week for week in found.weeks if week.beyond]
    for week in beyond:
        figure.add_vline(x=week.start, line={"color": theme.THRESHOLD, "width": 1, "dash": "dot"})
    table = pd.DataFrame(
        [
            {
                "Week of": week.start,
                "Explained": week.explained,
                "Model": ", ".join(week.versions),
                **{words.label(name): week.shares[name] for name in found.top},
                "Largest change": week.change,
                "In": words.label(week.feature),
                "Beyond retraining": week.beyond,
            }
            for week in found.weeks
        ]
    )
    alt = f"{len(found.weeks)} weeks of {len(found.top)} features; "
    alt += (
        f"{len(beyond)} changed more than retraining alone does." if found.floor is not None
        else "how far retraining alone moves them is not known."
    )  # fmt: skip
    return Drawn(figure, alt, table)


def dependence(bins: Sequence[Bin], label: str) -> Drawn:
    """Mean contribution of a feature by its value."""
    names = [one.label for one in bins]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[one.mean for one in bins],
            marker={"color": [RAISES if one.mean > 0 else LOWERS for one in bins]},
            customdata=[numbers.count(one.n) for one in bins],
            hovertemplate="%{x}: %{y:+.3f} log-odds, n = %{customdata}<extra></extra>",
        )
    )
    theme.apply(figure, zero=False)
    figure.update_layout(hovermode="closest")
    figure.add_hline(y=0, line={"color": theme.REFERENCE, "width": 1})
    figure.update_xaxes(type="category", title={"text": label})
    figure.update_yaxes(title={"text": "Mean contribution, log-odds"})
    table = pd.DataFrame(
        [(one.label, one.n, one.mean) for one in bins],
        columns=["Value", "Explanations", "Mean contribution, log-odds"],
    )
    low, high = min(bins, key=lambda one: one.mean), max(bins, key=lambda one: one.mean)
    alt = (
        f"{label} raises most at {high.label} ({signed(high.mean, 2)}) and least at "
        f"{low.label} ({signed(low.mean, 2)})."
    )
    return Drawn(figure, alt, table)
