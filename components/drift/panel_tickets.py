"""The tickets behind a bin: which bin, which window, and the predictions one page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from components.drift import figures
from components.drift.types import Bin, DriftReport, Finding, Window
from components.layout import numbers
from components.pipeline import panel_records
from queries.drift_records import BinRow

LONGEST = timedelta(days=90)
CURRENT, REFERENCE = "Current window", "Reference"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets are asked for: a place of the variable, in one of the windows."""

    place: int
    label: str
    window: Window
    cut: bool

    @property
    def key(self) -> str:
        """What the position in the list belongs to."""
        return f"{self.label} {self.window.start} {self.window.end}"


def choose(finding: Finding, report: DriftReport) -> Wanted | None:
    """The bin and the window to list; None where the variable has no bins."""
    filled = [
        (place, one) for place, one in enumerate(finding.bins) if one.current or one.reference
    ]
    if not filled:
        return None
    st.header("The tickets", anchor=False)
    names = {one.label: place for place, one in filled}
    default = list(names).index(_moved_most(finding.bins).label)
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="drift_tickets"
    ):
        label = st.selectbox(
            f"Tickets with {finding.label}",
            list(names),
            index=default,
            key=f"bin_{finding.variable}",
            width=260,
        )
        which = st.segmented_control(
            "In", (CURRENT, REFERENCE), default=CURRENT, required=True, key="tickets_in"
        )
    window = report.reference if which == REFERENCE else report.current
    start = max(window.start, window.end - LONGEST)
    cut = start > window.start
    return Wanted(names[label], label, Window(start, window.end, window.days, window.rows), cut)


def _moved_most(bins: Sequence[Bin]) -> Bin:
    before, after = figures.shares(bins)
    moves = zip(after, before, bins, strict=True)
    return max(moves, key=lambda one: one[0] - one[1])[2]


def listing(rows: Sequence[BinRow], wanted: Wanted, finding: Finding, page_size: int) -> None:
    """One page of the predictions; choosing a row opens it."""
    if not rows:
        st.markdown("No prediction of this window has such a value.")
        return
    if wanted.cut:
        st.caption("Of a window this long, the last 90 days are listed.")
    panel_records.listing(
        rows,
        {
            panel_records.SCORED: [row.scored_at for row in rows],
            "Prediction": [str(row.prediction_id) for row in rows],
            "Ticket": [str(row.ticket_id) for row in rows],
            "Work type": [row.work_type for row in rows],
            "Region": [row.region for row in rows],
            finding.label: [row.value for row in rows],
            "Model score": [numbers.decimal(row.ml_score, 4) for row in rows],
            "Final score": [numbers.decimal(row.final_score, 4) for row in rows],
            "Decision": [row.final_decision for row in rows],
        },
        key="drift_tickets_list",
        filters=wanted.key,
        page_size=page_size,
        title=f"Predictions, {finding.label}: {wanted.label}",
    )
