"""The LLM: why it ran, where it should not have or should have, and who was right; drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.layout import numbers, states, table
from components.layout.chart import chart
from components.pipeline import figures
from components.pipeline.assess_changes import Change
from components.pipeline.assess_correctness import Correctness, LayerCorrectness
from components.pipeline.assess_firing import FAULT_WORDS, WITHOUT_CAUSE, Firing
from components.pipeline.panel_records import listing
from queries.audit_rows import FiringFault, FiringFaultRow


def calls(firing: Firing, changes: Sequence[Change]) -> None:
    """Calls per day, and what contradicts the rule."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        if firing.asked.part == 0:
            states.empty(
                "The LLM did not run in this period and segment.",
                "Choose a longer period, or another segment.",
            )
        else:
            drawn = figures.calls_by_day(firing, changes)
            chart(
                drawn.figure,
                title="LLM calls by trigger",
                alt=drawn.alt,
                table=drawn.table,
                key="llm_calls",
                note="Calls a day",
            )
    with right:
        _faults(firing)


def _faults(firing: Firing) -> None:
    st.markdown("**Calls held against the rule**")
    st.caption(
        "The LLM should run if, and only if, the ticket is escalated or rules and model lie "
        "further apart than the agreement threshold of the configuration that the row names."
    )
    frame = pd.DataFrame(
        [
            (
                "Without cause" if fault in WITHOUT_CAUSE else "Missed",
                FAULT_WORDS[fault],
                numbers.count(n),
            )
            for fault, n in firing.faults
        ],
        columns=["Kind", "What happened", "Predictions"],
    )
    table.small(frame, key="llm_faults", title="LLM calls held against the rule")
    if firing.unjudged:
        states.notice(
            f"{firing.unjudged:,} predictions cannot be judged: a score is missing or outside "
            "0 to 1, or the configuration that they name is unknown."
        )
    if firing.other_trigger:
        states.notice(f"{firing.other_trigger:,} calls have a trigger that the contract lacks.")


def fault_list(rows: Sequence[FiringFaultRow], *, filters: str, page_size: int) -> None:
    """The predictions behind the counts."""
    st.markdown("**Predictions at fault**")
    if not rows:
        st.markdown("None: every call has its cause, and none is missing.")
        return
    listing(
        rows,
        {
            "Prediction": [str(row.prediction_id) for row in rows],
            "Ticket": [str(row.ticket_id) for row in rows],
            "Scored (UTC)": [row.scored_at for row in rows],
            "Why": [FAULT_WORDS[FiringFault(row.fault)] for row in rows],
            "Rules": [row.rules_score for row in rows],
            "Model": [row.ml_score for row in rows],
            "Apart": [row.gap for row in rows],
            "Threshold": [row.agreement_threshold for row in rows],
            "Escalated": [row.escalated for row in rows],
            "Configuration": [row.workflow_config or "" for row in rows],
            "Region": [row.region or "" for row in rows],
            "Work type": [row.work_type or "" for row in rows],
        },
        key="firing_faults",
        filters=filters,
        page_size=page_size,
        title="LLM calls at fault",
    )


def correctness(found: Correctness) -> None:
    """Who was right where the LLM ran, and over all reviewed tickets."""
    if not found.overall:
        states.empty(
            "No reviewed ticket lies in this period and segment.",
            "Reviews arrive days after a ticket: choose a longer period.",
        )
        return
    for item in (*found.where_asked, *found.overall):
        if item.striking:
            _striking(item, where_asked=item in found.where_asked)
            break
    left, right = st.columns(2, gap="large")
    with left:
        _layers(found.where_asked, "Who was right where the LLM ran", "asked")
    with right:
        _layers(found.overall, "Who was right on all reviewed tickets", "overall")


def _striking(item: LayerCorrectness, *, where_asked: bool) -> None:
    if item.weighted is None:
        return
    place = "where the LLM ran" if where_asked else "on all tickets"
    st.warning(
        f"{figures.LAYER_WORDS[item.layer]} {place}: {figures.percent(item.naive)} right as "
        f"reviewed, {numbers.proportion_text(item.weighted.value)} when each review counts for "
        "the tickets it stands for. They differ by more than two standard errors: which tickets "
        "were reviewed shapes the first number. Use the weighted one.",
        title="Reviewed tickets are not like the others",
        icon=":material/balance:",
    )


def _layers(layers: Sequence[LayerCorrectness], title: str, key: str) -> None:
    if not layers:
        states.empty(
            "No ticket on which the LLM ran has been reviewed here.", "Choose a longer period."
        )
        return
    drawn = figures.correctness(layers)
    effective = [item.weighted.effective_n for item in layers if item.weighted]
    worth = f", worth {min(effective):,.0f} independent ones" if effective else ""
    chart(
        drawn.figure,
        title=title,
        alt=drawn.alt,
        table=drawn.table,
        key=f"correctness_{key}",
        note=f"{layers[0].naive.whole:,} reviews{worth}; lines are 95% intervals",
    )
