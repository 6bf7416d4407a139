"""The Explanations page's head, its attestation over time and the list of mismatches."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.explanations import figures, words
from components.explanations.assess_days import Attestation
from components.gates.status import Status
from components.layout import numbers, states, table
from components.layout.chart import chart
from components.layout.glossary import help_for
from components.layout.numbers import signed
from components.layout.tile import Tile, tiles
from components.pipeline import panel_records
from queries.explanation_rows import LatestRow, MismatchRow

ATTESTATION = "Attestation"
IMPORTANCE = "What matters"
DEPENDENCE = "One feature"
NAMED = "Named features"
PREDICTIONS = "Predictions"
VIEWS = (ATTESTATION, IMPORTANCE, DEPENDENCE, NAMED, PREDICTIONS)
MISMATCHES = "explanation_mismatches"


def choose_view() -> str:
    """The section to look at; it lives in the URL, and only its own questions are asked."""
    chosen = st.segmented_control(
        "Section",
        VIEWS,
        default=ATTESTATION,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or ATTESTATION


def headline(found: Attestation) -> None:
    """Four numbers with their counts."""
    exact = Status.FAIL if found.mismatched else Status.PASS
    tiles(
        [
            Tile(
                "Verified",
                numbers.percentage(found.verified, found.checked),
                note=f"{found.mismatched:,} of {found.checked:,} differ",
                status=exact if found.checked else Status.NO_DATA,
                help=help_for("Attestation"),
            ),
            Tile(
                "Not recomputed",
                numbers.count(found.unverified),
                note=f"of {found.explained:,} stored; neither right nor wrong",
            ),
            Tile(
                "Explained",
                numbers.percentage(found.covered, found.predictions),
                note=f"{found.predictions - found.covered:,} of {found.predictions:,} are not",
                help=help_for("SHAP"),
            ),
            Tile(
                "Same reasons",
                numbers.percentage(found.alike, found.pairs),
                note=f"in {found.alike:,} of {found.pairs:,} pairs of near-identical tickets",
            ),
        ],
        key="explanation_tiles",
    )


def over_time(found: Attestation) -> None:
    """Recomputed explanations by day or week, and why some could not be."""
    drawn = figures.attested(found)
    largest = (
        f"largest difference among the verified {found.largest_gap:.1e} log-odds"
        if found.largest_gap is not None
        else "nothing could be recomputed"
    )
    chart(
        drawn.figure,
        title=f"Explanations recomputed, by {'week' if found.weekly else 'day'}",
        alt=drawn.alt,
        table=drawn.table,
        key="explanation_days",
        note=f"Every stored value against the verified model's; {largest}",
    )
    if not found.reasons:
        return
    st.header("Not recomputed", anchor=False)
    frame = pd.DataFrame(
        [
            (one.model_version, one.n, one.reason, one.first, one.last, one.detail)
            for one in found.reasons
        ],
        columns=["Model", "Explanations", "Why", "First day", "Last day", "Detail"],
    )
    table.records(
        frame,
        key="explanation_reasons",
        title="Explanations that could not be recomputed",
        columns={"Detail": st.column_config.TextColumn(width="large")},
        height="content",
    )


def mismatches(rows: Sequence[MismatchRow], *, filters: str, page_size: int) -> None:
    """One page of the mismatches, every element named; choosing a row opens the prediction."""
    st.header("Mismatches", anchor=False)
    if not rows:
        st.markdown("Every explanation that was recomputed holds.")
        return
    panel_records.listing(
        rows,
        {
            panel_records.SCORED: [row.scored_at for row in rows],
            "Prediction": [row.prediction_id for row in rows],
            "Model": [row.model_version for row in rows],
            "Values that differ": [len(row.elements) for row in rows],
            "Stored, and what the model gives": [elements(row) for row in rows],
            "Sum off by": [
                numbers.MISSING if row.sum_gap is None else f"{row.sum_gap:+.1e}" for row in rows
            ],
        },
        key=MISMATCHES,
        filters=filters,
        page_size=page_size,
        title="Explanations that are not what the model says",
    )


def elements(row: MismatchRow) -> str:
    """The elements that differ, in one line."""
    return "; ".join(
        f"{words.label(str(name))} {number(stored)}, model {number(recomputed)}"
        for name, stored, recomputed in row.elements
    )


def number(value: float | None) -> str:
    """An attribution with the decimals that tell two apart."""
    return "none" if value is None else signed(value, 5)


def latest(rows: Sequence[LatestRow], *, filters: str) -> None:
    """Explained predictions, newest first; choosing a row opens its explanation."""
    if not rows:
        states.empty(
            "No prediction of this period has an explanation.",
            "Choose a longer period, or take a filter away.",
        )
        return
    st.caption("Choose a prediction to see its reasons.")
    panel_records.listing(
        rows,
        {
            panel_records.SCORED: [row.scored_at for row in rows],
            "Prediction": [str(row.prediction_id) for row in rows],
            "Ticket": [str(row.ticket_id) for row in rows],
            "Work type": [row.work_type for row in rows],
            "Region": [row.region for row in rows],
            "Model": [row.ml_version for row in rows],
            "Score": [numbers.decimal(row.ml_score, 4) for row in rows],
            "Decision": [row.ml_decision for row in rows],
        },
        key="explained_latest",
        filters=filters,
        page_size=len(rows),
        title="Latest explained predictions",
    )
