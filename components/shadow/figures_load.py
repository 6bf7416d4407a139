"""Charts of what promoting would do to response times and to workload."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.shadow import panel_words as words
from components.shadow.figures_quality import CANDIDATE_SYMBOL, PRODUCTION_SYMBOL, lines, rowed
from components.shadow.types import Induced, Latency, LoadChange


def latency(found: Latency) -> Drawn:
    """How long both models take for one ticket: share by time, with their 95th percentiles."""
    figure = go.Figure()
    for name, counts, p95, colour, dash in (
        ("Production", found.production, found.production_p95, theme.PRODUCTION, "solid"),
        ("Candidate", found.candidate, found.candidate_p95, theme.CANDIDATE, "dash"),
    ):
        whole = sum(counts)
        figure.add_scatter(
            x=list(found.edges),
            y=[n / whole if whole else 0.0 for n in counts],
            mode="lines",
            line={"color": colour, "dash": dash, "shape": "vh"},
            name=name,
            customdata=[[n] for n in counts],
            hovertemplate=f"{name} up to %{{x:.3g}} ms: %{{y:.1%}}, n %{{customdata[0]:,}}"
            "<extra></extra>",
        )
        if p95 is not None:
            figure.add_vline(x=p95, line={"color": colour, "width": 1, "dash": "dot"})
    theme.apply(figure, height=280)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(
        type="log", title="milliseconds, log scale", dtick="D2", range=_reach(found)
    )
    figure.update_yaxes(title="share of predictions", tickformat=".0%")
    return Drawn(figure, latency_words(found), latency_table(found))


def _reach(found: Latency) -> list[float] | None:
    """The times that occur."""
    from math import log10

    used = [
        edge
        for edge, mine, theirs in zip(found.edges, found.candidate, found.production, strict=False)
        if mine or theirs
    ]
    positive = [edge for edge in used if edge > 0]
    if not positive:
        return None
    return [log10(min(positive)) - 0.05, log10(max(positive)) + 0.05]


def latency_words(found: Latency) -> str:
    """Both 95th percentiles and their ratio."""
    ratio = words.plain_text(found.ratio, 2)
    return (
        f"95% of predictions take the candidate up to "
        f"{numbers.milliseconds(found.candidate_p95)}, production up to "
        f"{numbers.milliseconds(found.production_p95)}; ratio {ratio}, n {found.n:,}."
    )


def latency_table(found: Latency) -> pd.DataFrame:
    """Each bin that holds anything."""
    rows = [
        (edge, mine, theirs)
        for edge, mine, theirs in zip(found.edges, found.candidate, found.production, strict=False)
        if mine or theirs
    ]
    return pd.DataFrame(rows, columns=["Up to (ms)", "Candidate", "Production"])


def loads(found: Sequence[LoadChange], limits: Sequence[tuple[float, str]]) -> Drawn:
    """The relative change of each load, beside its limits."""
    known = [(one, one.change) for one in found if one.change is not None]
    figure = go.Figure()
    for one, change in known:
        figure.add_scatter(
            x=[0, 100 * change],
            y=[one.name, one.name],
            mode="lines",
            line={"color": theme.REFERENCE},
            hoverinfo="skip",
        )
    for values, colour, symbol in (
        ([0.0 for _ in known], theme.PRODUCTION, PRODUCTION_SYMBOL),
        ([100 * change for _, change in known], theme.CANDIDATE, CANDIDATE_SYMBOL),
    ):
        figure.add_scatter(
            x=values,
            y=[one.name for one, _ in known],
            mode="markers",
            marker={"color": colour, "size": 9, "symbol": symbol},
            customdata=[[load_words(one)] for one, _ in known],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    theme.apply(figure, height=90 + ROW_HEIGHT * max(1, len(known)), zero=False)
    lines(figure, [(100 * value, label) for value, label in limits])
    rowed(figure, "% change against production")
    said = "; ".join(load_words(one) for one in found)
    return Drawn(figure, f"Workload under the candidate: {said or 'unknown'}.", load_table(found))


def load_words(one: LoadChange) -> str:
    """One load in words: ``LLM calls 412 to 436 a day (+5.8%)``."""
    before, after = _amount(one.production), _amount(one.candidate)
    return f"{one.name} {before} to {after} {one.unit} ({words.change(one.change)})"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def load_table(found: Sequence[LoadChange]) -> pd.DataFrame:
    """Each load under both models."""
    return pd.DataFrame(
        {
            "Load": [one.name for one in found],
            "Production": [_amount(one.production) for one in found],
            "Candidate": [_amount(one.candidate) for one in found],
            "Unit": [one.unit for one in found],
            "Change": [words.change(one.change) for one in found],
            "n": [numbers.count(one.n) for one in found],
        }
    )


def decisions(found: Induced) -> Drawn:
    """Under the candidate: final decisions that are known, and those that are not."""
    unknown = found.counterfactual_n - found.counterfactual_known
    same = found.counterfactual_known - found.final_changed
    figure = go.Figure()
    for name, n, colour, shape in (
        ("Same final decision", same, theme.REFERENCE, ""),
        ("Another final decision", found.final_changed, theme.CANDIDATE, ""),
        ("Unknown: the LLM was never asked", unknown, theme.REFERENCE, "/"),
    ):  # fmt: skip
        figure.add_bar(
            y=[""],
            x=[n],
            orientation="h",
            name=name,
            marker={"color": colour if not shape else "rgba(138, 143, 152, 0.12)",
                    "line_width": 0, "pattern": {"shape": shape, "size": 6, "fgcolor": colour}},
            hovertemplate=f"{name}: {numbers.share(n, found.counterfactual_n)}<extra></extra>",
        )  # fmt: skip
    theme.apply(figure, height=120, zero=False)
    figure.update_layout(barmode="stack", hovermode="closest", bargap=0.3)
    figure.update_xaxes(tickformat=",d", title="predictions", range=[0, found.counterfactual_n])
    figure.update_yaxes(visible=False)
    table = pd.DataFrame(
        {
            "Under the candidate": [
                "Final decision known",
                "of these, another than today",
                "Unknown: needs an LLM call that was never made",
                "Saved: an LLM call that would not be made",
            ],
            "Predictions": [
                found.counterfactual_known,
                found.final_changed,
                found.newly_called,
                found.spared,
            ],
        }
    )
    alt = (
        "Final decision under the candidate known for "
        f"{numbers.share(found.counterfactual_known, found.counterfactual_n)}, another than "
        f"today's for {numbers.share(found.final_changed, found.counterfactual_n)}."
    )
    return Drawn(figure, alt, table)
