"""Charts of what labels say: three estimates of one difference, and what a score stands for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from components.layout import numbers, theme
from components.pipeline.figures import ROW_HEIGHT, Drawn
from components.shadow import panel_words as words
from components.shadow.panel_words import Ranged
from components.shadow.types import Quality
from components.statistics.bootstrap import Bootstrapped
from components.statistics.calibration import ReliabilityBin
from components.statistics.estimate import Estimate

CANDIDATE_SYMBOL, PRODUCTION_SYMBOL = "diamond", "circle"
_NAIVE = "As reviewed (naive)"


def estimates(quality: Quality, margin: float) -> Drawn:
    """The accuracy difference as reviewed, and corrected for who was reviewed."""
    rows = estimate_rows(quality)
    figure = go.Figure()
    for name, found in rows:
        naive = name == _NAIVE
        dots(
            figure,
            [found],
            [name],
            name=name,
            colour=theme.REFERENCE if naive else theme.CANDIDATE,
            symbol="circle-open" if naive else CANDIDATE_SYMBOL,
            scale=100,
            text=[words.points_text(found)],
        )
    lines(figure, [(0.0, "no difference"), (100 * margin, f"margin {words.points(margin, 1)}")])
    theme.apply(figure, height=96 + ROW_HEIGHT * max(1, len(rows)), zero=False)
    rowed(figure, "percentage points, candidate minus production")
    said = "; ".join(f"{name} {words.points_text(found)}" for name, found in rows)
    alt = f"Difference of right decisions, candidate minus production: {said or 'no reviews'}."
    return Drawn(figure, alt, estimate_table(quality))


def estimate_rows(quality: Quality) -> list[tuple[str, Estimate | Bootstrapped]]:
    """The estimates there are, the naive one first."""
    accuracy = quality.accuracy
    if accuracy is None:
        return []
    found: tuple[tuple[str, Estimate | Bootstrapped | None], ...] = (
        (_NAIVE, accuracy.naive),
        ("Corrected (Hájek)", accuracy.hajek),
        ("Corrected (AIPW)", accuracy.aipw),
        ("Hájek, bootstrap", quality.bootstrap),
    )
    return [(name, one) for name, one in found if one is not None]


def estimate_table(quality: Quality) -> pd.DataFrame:
    """Each estimate with its interval and what it rests on."""
    rows = estimate_rows(quality)
    accuracy = quality.accuracy
    return pd.DataFrame(
        {
            "Estimate": [name for name, _ in rows],
            "Difference": [one.value for _, one in rows],
            "Low (95%)": [one.low for _, one in rows],
            "High (95%)": [one.high for _, one in rows],
            "Reviews": [accuracy.reviewed if accuracy else 0 for _ in rows],
            "Effective n": [
                accuracy.reviewed if name == _NAIVE else round(accuracy.effective_n)
                for name, _ in rows
                if accuracy
            ],
        }
    )


def calibration(quality: Quality) -> Drawn:
    """How often a score came true, for both models, beside the line where it says what it means."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": theme.REFERENCE, "dash": "dot", "width": 1},
        name="Score equals share",
        hoverinfo="skip",
    )
    for name, bins, colour, symbol, dash in (
        (
            "Production",
            quality.production_reliability,
            theme.PRODUCTION,
            PRODUCTION_SYMBOL,
            "solid",
        ),
        ("Candidate", quality.candidate_reliability, theme.CANDIDATE, CANDIDATE_SYMBOL, "dash"),
    ):
        figure.add_scatter(
            x=[one.mean_score for one in bins],
            y=[one.observed for one in bins],
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash},
            marker={"color": colour, "size": 7, "symbol": symbol},
            error_y=_upright(bins, colour),
            customdata=[[one.n, one.effective_n] for one in bins],
            hovertemplate=f"{name}: score %{{x:.2f}}, priority in %{{y:.1%}}, "
            "n %{customdata[0]:,}, effective %{customdata[1]:,.0f}<extra></extra>",
        )
    theme.apply(figure, height=300, zero=True)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title="score", range=[0, 1.02], showgrid=True)
    figure.update_yaxes(title="held to be priority", tickformat=".0%", range=[0, 1.02])
    return Drawn(figure, _calibration_words(quality), calibration_table(quality))


def _upright(bins: Sequence[ReliabilityBin], colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [one.interval.high - one.observed for one in bins],
        "arrayminus": [one.observed - one.interval.low for one in bins],
        "thickness": 1.1,
        "width": 0,
        "color": colour,
    }


def _calibration_words(quality: Quality) -> str:
    parts = []
    for name, found in (
        ("candidate", quality.candidate_calibration),
        ("production", quality.production_calibration),
    ):
        if found is not None:
            parts.append(
                f"{name} slope {words.plain_text(found.slope, 2)}, observed over expected "
                f"{words.plain_text(found.observed_over_expected, 2)}"
            )
    return f"Share of priority tickets by score: {'; '.join(parts) or 'too few reviews'}."


def calibration_table(quality: Quality) -> pd.DataFrame:
    """Each bin of both models with its interval and its reviews."""
    rows = [
        (name, one.mean_score, one.observed, one.interval.low, one.interval.high, one.n,
         round(one.effective_n))
        for name, bins in (
            ("Production", quality.production_reliability),
            ("Candidate", quality.candidate_reliability),
        )
        for one in bins
    ]  # fmt: skip
    columns = ["Model", "Mean score", "Priority", "Low (95%)", "High (95%)", "Reviews"]
    return pd.DataFrame(rows, columns=[*columns, "Effective n"])


def dots(
    figure: go.Figure,
    found: Sequence[Ranged],
    names: Sequence[str],
    *,
    name: str,
    colour: str,
    symbol: str,
    scale: float,
    text: Sequence[str],
) -> None:
    """A mark with its interval in each row."""
    figure.add_scatter(
        x=[scale * one.value for one in found],
        y=list(names),
        mode="markers",
        name=name,
        marker={"color": colour, "size": 9, "symbol": symbol,
                "line": {"width": 1.4, "color": colour}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [scale * ((one.value if one.high is None else one.high) - one.value)
                      for one in found],
            "arrayminus": [scale * (one.value - (one.value if one.low is None else one.low))
                           for one in found],
            "thickness": 1.4,
            "width": 0,
            "color": colour,
        },
        customdata=[[one] for one in text],
        hovertemplate="%{y}: %{customdata[0]}<extra></extra>",
    )  # fmt: skip


def lines(figure: go.Figure, marks: Sequence[tuple[float, str]]) -> None:
    """Upright lines with their words above: zero as a plain line, limits dashed."""
    for value, label in marks:
        zero = value == 0
        figure.add_vline(
            x=value,
            line={
                "color": theme.REFERENCE if zero else theme.THRESHOLD,
                "width": 1,
                "dash": "solid" if zero else "dash",
            },
        )
        figure.add_annotation(
            x=value,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left" if zero else "right",
            text=label,
            showarrow=False,
            font={"size": 11, "color": theme.REFERENCE},
        )


def rowed(figure: go.Figure, title: str) -> None:
    """The axes of a chart of rows."""
    figure.update_layout(showlegend=False, hovermode="closest", margin={"t": 24})
    figure.update_xaxes(title=title, showgrid=True, zeroline=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, nticks=None, dtick=1)


def quality_table(quality: Quality) -> pd.DataFrame:
    """Both models measure by measure: the value of each, and the paired difference."""
    rows: list[tuple[str, str, str, str, str]] = []
    candidate, production = quality.candidate_accuracy, quality.production_accuracy
    accuracy = quality.accuracy
    if accuracy is not None and candidate is not None and production is not None:
        rows.append(
            ("Right decisions, as reviewed", words.share_text(production.naive),
             words.share_text(candidate.naive), words.points_text(accuracy.naive),
             numbers.count(accuracy.reviewed))
        )  # fmt: skip
        rows.append(
            ("Right decisions, corrected", words.share_text(production.best),
             words.share_text(candidate.best), words.points_text(accuracy.best),
             f"{accuracy.effective_n:,.0f} effective")
        )  # fmt: skip
    if quality.critical_recall is not None:
        recall = quality.critical_recall
        rows.append(
            ("Critical tickets found", words.share_text(recall.production),
             words.share_text(recall.candidate), words.points_text(recall.difference),
             numbers.count(recall.n))
        )  # fmt: skip
    if quality.auroc is not None:
        area = quality.auroc
        both = Estimate(area.difference, area.standard_error, area.low, area.high)
        rows.append(
            ("AUROC (DeLong, paired)", words.plain_text(area.production),
             words.plain_text(area.candidate), words.difference_text(both),
             numbers.count(area.positives + area.negatives))
        )  # fmt: skip
    if quality.brier is not None:
        brier = quality.brier
        rows.append(
            ("Brier score, less is better", words.plain_text(brier.production, 4),
             words.plain_text(brier.candidate, 4), words.difference_text(brier.difference),
             numbers.count(brier.n))
        )  # fmt: skip
    rows += _calibration_rows(quality)
    columns = ["Measure", "Production", "Candidate", "Difference (95% interval)", "n"]
    return pd.DataFrame(rows, columns=columns)


def _calibration_rows(quality: Quality) -> list[tuple[str, str, str, str, str]]:
    mine, theirs = quality.candidate_calibration, quality.production_calibration
    if mine is None or theirs is None:
        return []
    return [
        (label, words.plain_text(getattr(theirs, name), 2),
         words.plain_text(getattr(mine, name), 2),
         words.signed(getattr(mine, name).value - getattr(theirs, name).value, 2),
         numbers.count(mine.n))
        for label, name in (
            ("Calibration slope, 1 is right", "slope"),
            ("Observed over expected, 1 is right", "observed_over_expected"),
        )
    ]  # fmt: skip
