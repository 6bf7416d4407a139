"""Decisions against reviewers, weighted by harm, as two small tables."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from components.feedback.assess import HARM
from components.feedback.figures import said
from components.feedback.types import Confusion
from components.layout import numbers, table, theme
from components.layout.exporting import offer

_DEEPEST = 42


def confusion(found: Confusion) -> None:
    """The matrix over all tickets, and each kind of error with its harm."""
    st.markdown("**What was decided, and what was right**")
    answers = sorted({d for d, *_ in found.cells} | {c for _, c, *_ in found.cells})
    cells = {(decided, correct): (n, share) for decided, correct, n, share in found.cells}
    head = "".join(f'<th scope="col">Right: {escape(said(each))}</th>' for each in answers)
    body = "".join(
        f'<tr><th scope="row">{escape(said(decided))}</th>'
        + "".join(_cell(cells.get((decided, right)), decided == right) for right in answers)
        + "</tr>"
        for decided in answers
    )
    st.html(
        f"<style>{_STYLE}</style>"
        '<table class="pl-matrix"><caption>Rows: the platform. Columns: the reviewer. Share of '
        "all tickets, weighted, and reviews counted.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    offer(_matrix_table(found), title="Decided and right", key="feedback_matrix")
    points = ", ".join(f"{name} {value:.0f}" for name, value in HARM.items())
    total = "" if found.harm is None else f" Together {found.harm:,.0f} points a thousand tickets."
    st.caption(f"Harm counts points for each wrong decision: {points}.{total}")
    if found.errors:
        table.small(_errors(found), key="feedback_errors", title="Wrong decisions by severity")


def _errors(found: Confusion) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                f"{said(error.decided)}, should be {error.correct}",
                said(error.severity),
                numbers.count(error.n),
                numbers.decimal(error.per_thousand, 1),
                numbers.decimal(
                    None if error.per_thousand is None else error.per_thousand * error.points, 0
                ),
            )
            for error in found.errors
        ],
        columns=["Wrong decision", "Severity", "Reviews", "Per thousand tickets", "Harm points"],
    )


def _cell(cell: tuple[int, float | None] | None, right: bool) -> str:
    n, share = cell or (0, None)
    depth = round(_DEEPEST * (share or 0.0))
    colour = theme.PRODUCTION if right else theme.CANDIDATE
    words = numbers.MISSING if share is None else numbers.proportion_text(share, 0.01)
    return (
        f'<td style="background: color-mix(in srgb, {colour} {max(depth, 4)}%, transparent)">'
        f"<strong>{words}</strong><span>{n:,} reviews</span></td>"
    )


def _matrix_table(found: Confusion) -> pd.DataFrame:
    return pd.DataFrame(
        list(found.cells), columns=["Decided", "Right", "Reviews", "Share of all tickets"]
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
