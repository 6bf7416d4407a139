"""Agreement of the layers, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.layout import numbers, states, theme
from components.layout.chart import chart
from components.layout.exporting import offer
from components.pipeline import figures
from components.pipeline.assess_changes import Change
from components.pipeline.assess_layers import Agreement, Cell, SegmentShare, WeekShare

_DEEPEST = 42


def agreement(
    found: Agreement,
    weeks: Sequence[WeekShare],
    limit: float | None,
    changes: Sequence[Change],
) -> None:
    """The matrix, the weeks, and the segments."""
    if found.share.value is None:
        states.empty(
            "No prediction has a decision of rules and of the model.",
            "Choose a longer period, or look under Versions and at the errors.",
        )
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        _matrix(found)
    with right:
        drawn = figures.agreement_by_week(weeks, limit, changes)
        chart(
            drawn.figure,
            title="Agreement by week",
            alt=drawn.alt,
            table=drawn.table,
            key="agreement_weeks",
            note="Share of predictions on which rules and model decide the same; band: 95%",
        )
    left, right = st.columns(2, gap="large")
    with left:
        _segments(found.by_work_type, "work type", limit)
    with right:
        _segments(found.by_region, "region", limit)


def _segments(items: Sequence[SegmentShare], name: str, limit: float | None) -> None:
    drawn = figures.shares(
        [(item.segment, item.share) for item in items],
        what=f"Agreement by {name}",
        limit=limit,
    )
    chart(
        drawn.figure,
        title=f"Agreement by {name}",
        alt=drawn.alt,
        table=drawn.table,
        key=f"agreement_{name.replace(' ', '_')}",
        note="Lowest first; lines are 95% intervals",
    )


def _matrix(found: Agreement) -> None:
    st.markdown("**What rules and model decide**")
    cells = {(cell.rules, cell.ml): cell for cell in found.cells}
    rules = sorted({cell.rules for cell in found.cells})
    models = sorted({cell.ml for cell in found.cells})
    total = found.share.whole
    head = "".join(f'<th scope="col">{escape(ml)}</th>' for ml in models)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(_cell(cells.get((name, ml)), total) for ml in models)
        + "</tr>"
        for name in rules
    )
    st.html(
        f"<style>{_STYLE}</style>"
        '<table class="pl-matrix"><caption>Rows: rules. Columns: model. In each cell how often, '
        "how often the LLM ran, and the final decision.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    kappa = (
        "" if found.kappa is None else f" Cohen’s κ, agreement beyond chance: {found.kappa:.2f}."
    )
    undecided = (
        f" {found.undecided:,} more lack a decision of one layer." if found.undecided else ""
    )
    share = numbers.share(found.share.part, found.share.whole)
    st.caption(f"They agree on {share}.{kappa}{undecided}")
    offer(matrix_table(found.cells), title="Layer agreement", key="agreement_matrix")


def matrix_table(cells: Sequence[Cell]) -> pd.DataFrame:
    """The matrix as rows, for a file."""
    return pd.DataFrame(
        [
            (cell.rules, cell.ml, final, n, cell.n, cell.asked)
            for cell in cells
            for final, n in cell.finals
        ],
        columns=["Rules", "Model", "Final", "Predictions", "In cell", "LLM ran in cell"],
    )


def _cell(cell: Cell | None, total: int) -> str:
    if cell is None:
        return "<td>0</td>"
    depth = round(_DEEPEST * cell.n / total)
    colour = theme.PRODUCTION if cell.rules == cell.ml else theme.CANDIDATE
    finals = ", ".join(f"{escape(name)} {numbers.percentage(n, cell.n)}" for name, n in cell.finals)
    return (
        f'<td style="background: color-mix(in srgb, {colour} {depth}%, transparent)">'
        f"<strong>{cell.n:,}</strong> {numbers.percentage(cell.n, total)}"
        f"<span>LLM ran on {numbers.percentage(cell.asked, cell.n)}</span>"
        f"<span>Final: {finals}</span></td>"
    )


_STYLE = """
.pl-matrix { border-collapse: separate; border-spacing: 3px; width: 100%; margin: 0; }
.pl-matrix caption { caption-side: top; text-align: left; font-size: 0.86rem; padding: 0 0 0.35rem;
  color: color-mix(in srgb, currentColor 78%, transparent); }
.pl-matrix th { font-weight: 400; font-size: 0.9rem; text-align: left; padding: 0.2rem 0.5rem; }
.pl-matrix th[scope=row] { width: 1%; padding-left: 0; }
.pl-matrix td { padding: 0.6rem 0.7rem; border: 0; border-radius: 3px; vertical-align: top; }
.pl-matrix thead td { padding: 0; }
.pl-matrix strong { font-size: 1.15rem; font-weight: 600; }
.pl-matrix span { display: block; font-size: 0.86rem; }
"""
