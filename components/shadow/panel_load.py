"""What promoting would do to response times, to the LLM and to people."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.layout import numbers, table
from components.layout.chart import chart
from components.shadow import figures_load
from components.shadow.types import Induced, Latency


def load(found: Induced, times: Latency, limits: Sequence[tuple[float, str]]) -> None:
    """Workload, final decisions that are unknown, and response times."""
    loads = (found.escalations, found.llm_calls, found.review_queue)
    left, right = st.columns(2, gap="medium")
    with left:
        drawn = figures_load.loads(loads, limits)
        chart(
            drawn.figure,
            title="Workload under the candidate",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_loads",
            note="Replayed on every prediction with the configuration in force at the time.",
        )
        table.small(figures_load.load_table(loads), key="shadow_load_rows", title="Workload")
    with right:
        drawn = figures_load.latency(times)
        chart(
            drawn.figure,
            title="Response time of one ticket",
            alt=drawn.alt,
            table=drawn.table,
            key="shadow_latency",
            note=figures_load.latency_words(times),
        )
    st.header("Final decisions under the candidate", anchor=False)
    drawn = figures_load.decisions(found)
    chart(
        drawn.figure,
        title="What is known of the final decision",
        alt=drawn.alt,
        table=drawn.table,
        key="shadow_decisions",
        note=f"Known for {numbers.share(found.counterfactual_known, found.counterfactual_n)}. "
        f"{found.newly_called:,} would need an LLM call that was never made; {found.spared:,} "
        "calls would be saved.",
    )
