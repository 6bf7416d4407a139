"""Version snapshots, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.layout import numbers, states, table
from components.layout.chart import chart
from components.pipeline import figures
from components.pipeline.assess_versions import KNOB_WORDS, KNOBS, STATE_WORDS, Snapshots
from components.pipeline.panel_records import listing
from queries.audit_rows import SnapshotFaultRow, SnapshotState


def snapshots(found: Snapshots) -> None:
    """Which snapshots are at fault, where, and since when."""
    if not found.faults:
        st.markdown(
            f"**Nothing is at fault.** All {found.n:,} predictions carry their snapshots, and "
            "every version was known and in force."
            if not found.unjudged
            else f"**No fault was found** in {found.n:,} predictions."
        )
    else:
        left, right = st.columns([2, 3], gap="large")
        with left:
            _faults(found)
        with right:
            drawn = figures.faults_by_day(found.days)
            chart(
                drawn.figure,
                title="Predictions with a snapshot at fault",
                alt=drawn.alt,
                table=drawn.table,
                key="snapshot_days",
                note="Predictions a day",
            )
    if found.unjudged:
        states.notice(
            f"{found.unjudged:,} predictions carry a version whose knob has no configuration "
            "history: whether it was in force cannot be said."
        )
    states.notice(
        "A version counts as in force from the moment the history names to that of its "
        "successor, with 60 seconds of grace on both sides."
    )


def _faults(found: Snapshots) -> None:
    st.markdown("**What is at fault**")
    frame = pd.DataFrame(
        [
            (
                KNOB_WORDS[fault.knob],
                STATE_WORDS[fault.state],
                numbers.count(fault.n),
                _sentence(fault.where),
            )
            for fault in found.faults
        ],
        columns=["Snapshot", "Fault", "Predictions", "Where"],
    )
    table.small(frame, key="snapshot_faults", title="Snapshots at fault")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def fault_list(rows: Sequence[SnapshotFaultRow], *, filters: str, page_size: int) -> None:
    """The predictions behind the counts."""
    if not rows:
        return
    st.markdown("**Predictions at fault**")
    listing(
        rows,
        {
            "Prediction": [str(row.prediction_id) for row in rows],
            "Ticket": [str(row.ticket_id) for row in rows],
            "Scored (UTC)": [row.scored_at for row in rows],
            "Fault": [fault_words(row) for row in rows],
            "Rules": [row.rules_version or "" for row in rows],
            "Model": [row.ml_version or "" for row in rows],
            "LLM": [row.llm_version or "" for row in rows],
            "Configuration": [row.workflow_config or "" for row in rows],
            "Region": [row.region or "" for row in rows],
            "Work type": [row.work_type or "" for row in rows],
        },
        key="snapshot_records",
        filters=filters,
        page_size=page_size,
        title="Predictions with a snapshot at fault",
    )


def fault_words(row: SnapshotFaultRow) -> str:
    """What is wrong with one prediction's snapshots."""
    parts = []
    for knob in KNOBS:
        state = SnapshotState(getattr(row, knob))
        if state in (SnapshotState.MISSING, SnapshotState.UNKNOWN, SnapshotState.NOT_IN_FORCE):
            parts.append(f"{KNOB_WORDS[knob]}: {STATE_WORDS[state].lower()}")
    return "; ".join(parts)
