"""Reconciliation, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from components.layout import chart, states, table
from components.reconciliation import figures, tables
from components.reconciliation.assess import Run
from components.reconciliation.assess_evidence import title, totals_sentence
from components.reconciliation.assess_totals import Totals
from queries.migration_rows import ExceptionRow


def records(run: Run) -> None:
    """Where the records of one run went."""
    chart.chart(
        figures.waterfall(run),
        title=f"{title(run)}: where the records went",
        note="Loaded must end where filtered ends. Batches that are still running are left out.",
        alt=figures.waterfall_alt(run),
        table=tables.step_frame(run),
        key="waterfall",
    )


def batches(run: Run) -> None:
    """The batches of one run; on request only those that need attention."""
    attention = [batch for batch in run.batches if batch.flags]
    every = st.toggle(
        f"Show all {len(run.batches):,} batches",
        value=not attention,
        key="all_batches",
        bind="query-params",
    )
    shown = run.batches if every else attention
    if not shown:
        states.notice("No batch needs attention.")
        return
    number = st.column_config.NumberColumn(format="localized")
    counts = ("Extracted", "Rejected", "Filtered", "Loaded", "Unaccounted", "Attempts")
    table.records(
        tables.batch_frame(shown),
        key="batches",
        title=f"Batches of {title(run)}",
        columns=dict.fromkeys(counts, number),
    )


def totals(run: Run, found: Totals) -> None:
    """Control totals: net and gross by kind, then each one, contradictions first."""
    if not found.totals:
        states.empty(
            "No control totals were taken in this run.",
            "The pipeline's validation tool writes them to migration_control_totals.",
        )
        return
    words = totals_sentence(found)
    st.markdown(f"{words[0].upper()}{words[1:]}.")
    table.small(
        tables.group_frame(found.groups), key="total_groups", title="Control totals by kind"
    )
    st.caption(
        "Net adds the differences up, so errors in two directions cancel out; gross does not. "
        "Minima and maxima do not add up."
    )
    table.records(
        tables.total_frame(found.totals),
        key="totals",
        title=f"Control totals of {title(run)}",
        columns={
            name: st.column_config.TextColumn(alignment="right")
            for name in ("Source", "Target", "Difference")
        },
    )


def history(runs: Sequence[Run], exceptions: Mapping[str, ExceptionRow]) -> None:
    """All runs so far."""
    table.small(tables.run_frame(runs, exceptions), key="runs", title="Runs so far")
